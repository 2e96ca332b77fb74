"""A page under test: a server in a process of its own, a real browser, and what is asked of every page. Knows no single page."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page, Request

SWITCHES = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"),
    "--font-render-hinting=none",
)
PATIENCE = 60  # seconds until a server answers, and a page has what is waited for: machines that test are busy
PATIENT = {"timeout": PATIENCE}  # what a client of Gradio's is told; its own is five seconds
AXE = "axe_playwright_python"  # a package that brings axe.min.js


def missing(*modules: str) -> str | None:
    """Why a page cannot be tested here; None where it can."""
    for module in ("gradio", "playwright", *modules):
        if importlib.util.find_spec(module) is None:
            return f"{module} is not installed"
    return None if shutil.which("chromium") else "there is no chromium on this machine"


def launched() -> Any:
    """Playwright and its browser: `with launched() as browser`."""
    from contextlib import contextmanager

    from playwright.sync_api import sync_playwright

    @contextmanager
    def browser() -> Any:
        with sync_playwright() as playwright:
            one = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*SWITCHES])
            yield one
            one.close()

    return browser()


# --- servers --------------------------------------------------------------------------------------------------------------


@dataclass
class Server:
    """A program that serves a page on a port of 127.0.0.1, which is its last argument."""

    command: tuple[str, ...]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> Server:
        """Waits until it answers. A port that somebody else took meanwhile is tried again as another. Raises RuntimeError with its log."""
        for _ in range(3):
            self.port = free_port()
            with self.log.open("wb") as log:
                here = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", **self.environment}
                command = [*self.command, str(self.port)]
                self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={**os.environ, **here})
            if self._answers():
                return self
            self.stop()
        raise RuntimeError(f"{' '.join(self.command)} does not answer:\n{self.log.read_text()}")

    def _answers(self) -> bool:
        assert self.process is not None
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < until:
            try:
                with urllib.request.urlopen(self.url, timeout=5) as answer:
                    return bool(answer.status == 200)
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        return False

    def stop(self) -> None:
        """Ends it."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def python(script: Path) -> tuple[str, ...]:
    """The command that runs a script with this package."""
    return sys.executable, str(script)


# --- pages ----------------------------------------------------------------------------------------------------------------


@dataclass
class Visits:
    """Opens pages, and sees what they ask for and complain of."""

    browser: BrowserContext
    open: list[Page] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)  # addresses that are not on this machine
    complaints: list[str] = field(default_factory=list)  # of the pages' scripts

    def __call__(self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False, **query: str) -> Page:
        """A page in a window of that size. query: what stands behind the "?" of its address."""
        page = self.browser.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.set_default_timeout(PATIENCE * 1000)
        page.on("request", self._saw)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        self.open.append(page)
        page.goto(f"{url}?{urlencode({'__theme': 'dark' if dark else 'light', **query})}")
        return page

    def _saw(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.outside.append(request.url)

    def end(self) -> None:
        """Closes all pages. Fails if one of them asked for anything outside this machine, or its scripts failed."""
        for page in self.open:
            page.close()
        assert not self.outside, f"the page asked for {self.outside}"
        assert not self.complaints, f"the page complains: {self.complaints}"


def see(locator: Any) -> Any:
    """Playwright's assertions, which wait: `see(page.locator("h1")).to_have_text("Film")`."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE * 1000)
    return expect(locator)


def eventually(page: Page, script: str, wanted: Any) -> None:
    """Waits until a JavaScript expression has this value; if it does not come, says what there was."""
    from playwright.sync_api import TimeoutError as Late

    try:
        page.wait_for_function(f"wanted => JSON.stringify({script}) === JSON.stringify(wanted)", arg=wanted, timeout=PATIENCE * 1000)
    except Late:
        assert page.evaluate(script) == wanted


def accessibility_faults(page: Page, within: str = "body") -> list[str]:
    """What axe-core finds wrong with a part of the page, a line for each: how bad, the rule, the element."""
    spec = importlib.util.find_spec(AXE)
    assert spec is not None
    assert spec.origin is not None
    page.evaluate((Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("within => axe.run(within)", within)
    return [f"{fault['impact']} {fault['id']}: {node['html'][:200]}" for fault in found["violations"] for node in fault["nodes"]]


def drag(page: Page, handle: Locator, right: float, down: float = 0) -> None:
    """With the mouse, by so many pixels."""
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2)
    page.mouse.move(x + right, y + down)
    page.mouse.up()
