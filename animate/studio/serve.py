"""Starts a studio and keeps it private: this machine only, unless its owner says otherwise, and then with a password."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AnimateError, one_line
from ..film.setup import Setup
from ..media.publish import check_writable
from ..models.weights.catalog import default
from ..places import absolute
from .limits import Limits
from .shelf import Models, Shelf, Warm
from .work import LOOK

if TYPE_CHECKING:
    import gradio as gr

    from .studio import Studio

HERE = ("127.0.0.1", "localhost", "::1")  # addresses that only this machine reaches
INBOX = ".inbox"  # in the studio's folder: where the server keeps what is uploaded and what it shows


@dataclass(frozen=True)
class Asked:
    """How a studio is to be served."""

    folder: Path  # of all that it makes
    setup: Setup
    host: str = "127.0.0.1"
    port: int = 7860
    auth: tuple[tuple[str, str], ...] = ()  # users and passwords
    allow_models: bool = False
    limits: Limits = field(default_factory=Limits)
    browser: bool = True  # whether the page is opened
    public: bool = False  # whether everybody may come in: who does is left to whoever hosts it, such as a Hugging Face Space

    @property
    def local(self) -> bool:
        return self.host in HERE

    @property
    def address(self) -> str:
        """Where its page is."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def check(self) -> None:
        """Raises AnimateError for what cannot be served, or must not be."""
        if not (self.local or self.auth or self.public):
            reach = f"--host {self.host} lets others in"
            raise AnimateError(f"{reach}: give them a password with --auth USER:PASSWORD, or ANIMATE_STUDIO_AUTH, or leave --host out")
        if find_spec("gradio") is None:
            raise AnimateError('the studio needs Gradio; pip install "animate[studio]"')
        self.setup.check()
        check_writable(absolute(self.folder) / "film")
        _check_port(self.host, self.port)


def serve(asked: Asked, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until Ctrl-C; what is being drawn then is closed as a film. ready: called when the page is there. Raises AnimateError."""
    asked.check()
    app, studio = made(asked)
    threading.Thread(target=studio.models.warm, daemon=True, name="loading").start()
    try:
        app.launch(**launching(asked), inbrowser=asked.browser, prevent_thread_lock=True)
    except OSError as error:
        raise AnimateError(f"no server at {asked.address} ({one_line(error)}); try again, or another --port") from error
    try:
        ready()
        while app.is_running:
            time.sleep(LOOK)
    except KeyboardInterrupt:
        studio.stop_all()
    finally:
        app.close(verbose=False)


def made(asked: Asked) -> tuple[gr.Blocks, Studio]:
    """The app, not served yet. Sets the environment that Gradio reads when it is imported."""
    home = absolute(asked.folder)
    inbox = home / INBOX
    inbox.mkdir(parents=True, exist_ok=True)
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1", "GRADIO_TEMP_DIR": str(inbox)}
    _without_proxy(asked.host)
    try:
        from . import app
    except ImportError as error:
        raise AnimateError(f'the studio needs Gradio ({one_line(error)}); pip install "animate[studio]"') from error
    from .studio import Studio

    given = {name: getattr(asked.setup, name) for name in asked.setup.__dataclass_fields__}
    name = asked.setup.model or default()
    models = Models(Warm(**{**given, "model": name}, shelf=Shelf()), asked.local or asked.allow_models, (name,) if name not in _catalog() else ())
    studio = Studio(models, asked.limits, home, inbox, alone=asked.local and not asked.auth)
    return app.build(studio, name), studio


def launching(asked: Asked) -> dict[str, Any]:
    """The arguments of Gradio's `launch`: no share, no file but those that the pages show."""
    from . import app

    return {
        "server_name": asked.host, "server_port": asked.port, "share": False, "auth": [*asked.auth] or None,
        "max_file_size": asked.limits.upload * 10**6, "show_error": True, "footer_links": ["api"], "ssr_mode": False,
        "theme": app.theme(), "css_paths": [app.CSS], "quiet": True,
        "_frontend": False,  # else it asks for its own page, and on a busy machine, where that takes 3 seconds, gives up
    }  # fmt: skip


def of_words(words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """ "ann:secret" -> ("ann", "secret"). Raises AnimateError, which shows no password."""
    pairs = [word.partition(":") for word in words]
    if any(not user or not password for user, _, password in pairs):
        raise AnimateError("--auth: no USER:PASSWORD; allowed: both, with a colon between, such as ann:secret")
    return tuple((user, password) for user, _, password in pairs)


def _without_proxy(host: str) -> None:
    """Let the server ask itself whether it is up: through a proxy that the environment names, this machine is not reached."""
    environ = os.environ
    if any(name.lower() in ("http_proxy", "all_proxy") for name in environ):
        direct = [environ.get("no_proxy") or environ.get("NO_PROXY"), *HERE, host]
        environ["no_proxy"] = ",".join(dict.fromkeys(filter(None, direct)))


def _catalog() -> list[str]:
    from ..models.weights.catalog import CATALOG

    return [*CATALOG]


def _check_port(host: str, port: int) -> None:
    """Raises AnimateError for a port that somebody else listens on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            raise AnimateError(f"{host}:{port} cannot be listened on ({one_line(error)}); choose another --port") from error
