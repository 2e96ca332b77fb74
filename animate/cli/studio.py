"""animate studio: the same in a browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ..studio.limits import Limits
from ..studio.serve import Asked, of_words, serve
from .console import say
from .options import model_options, setup, without_defaults
from .values import Place, Whole

AUTH = "ANIMATE_STUDIO_AUTH"  # users and passwords, where a command line would show them to others on this machine


@click.command("studio")
@without_defaults
@model_options
@click.option("--folder", type=Place(), default=Path("renders/studio"), show_default=True, metavar="DIR", help="Where films and uploads lie.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; any other lets others in, with --auth.")
@click.option("--port", type=Whole(1, 65535), default=7860, show_default=True, help="Port to listen on.")
@click.option("--auth", multiple=True, metavar="USER:PASSWORD", help="Who may come in; may be repeated. Or ANIMATE_STUDIO_AUTH.")
@click.option("--allow-models", is_flag=True, help="Let others, too, name folders, files and hub ids, and download models.")
@click.option("--limit", "limits", multiple=True, metavar="NAME=N", help="The most of: frames, side, steps, keyframes, seeds, upload (MB), queue ...")
@click.option("--no-browser", is_flag=True, help="Do not open the page.")
def command(
    folder: Path, host: str, port: int, auth: tuple[str, ...], allow_models: bool, limits: tuple[str, ...], no_browser: bool, **options: Any
) -> None:
    """Serve the studio: a timeline to drag, drafts, films while they are drawn, stills, sketches, a library.

    It is for this machine alone unless --host says otherwise, and sends nothing anywhere. Ctrl-C ends it.
    """
    pairs = of_words((*auth, *os.environ.get(AUTH, "").split()))
    asked = Asked(folder, setup(options), host, port, pairs, allow_models, Limits.of(limits), not no_browser)
    asked.check()
    say("starting the studio, a few seconds")
    serve(asked, lambda: say(f"the studio is at {asked.address} (Ctrl-C ends it); films go into {folder}"))
    say("the studio has ended")
