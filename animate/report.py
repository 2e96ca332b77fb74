"""Where messages go while something is loaded, drawn or written: a log line, a warning, progress. Knows nothing of who listens.

Whoever starts the work passes a `Report` in, and all that is said on the way reaches that one: two films that are drawn in two
threads each tell their own. Nothing global is patched or silenced.
"""

from __future__ import annotations

import base64
import contextlib
import operator
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .errors import AnimateWarning

if TYPE_CHECKING:
    from .pixels import Image


class Report:
    """The default listener: warnings go through the warnings module, log lines to standard error.

    Override what should go elsewhere. Methods may be called from any thread.
    """

    def log(self, line: str) -> None:
        """Something that takes long begins, or a choice was made that the person may want to know."""
        print(f"animate: {line}", file=sys.stderr)

    def warn(self, line: str) -> None:
        """Something that a person should know, and that does not stop the work."""
        warnings.warn(line, AnimateWarning, stacklevel=3)

    def progress(self, stage: str, done: int, total: int) -> None:
        """How far a stage is ("loading", "finding an even pace", "drawing"), in units of that stage; 0 in total: nobody knows."""

    def step(self, done: int, total: int) -> None:
        """How many denoising steps of the batch at work are done: what goes on while no picture is finished."""

    def picture(self, image: Image) -> None:
        """The newest picture there is, uint8 (H, W, 3) RGB: every frame, as it is shown."""


class Cell(Report):
    """In a notebook: what goes on is shown below the cell, with the newest picture, and taken away when it is done."""

    def __init__(self, display: Callable[..., Any], cell: Callable[[], object]):
        """display: IPython's. cell: something that is another one in another cell."""
        self.display, self.cell = display, cell
        self.shown: Any = None  # the handle of what stands below the cell
        self.below: object = None
        self.last, self.newest = 0.0, ""

    def progress(self, stage: str, done: int, total: int) -> None:
        bar = f"<progress value={done} max={total}></progress> {done}/{total}" if total else ""
        self._show(f"{stage} {bar}<br>{self.newest}", done >= total > 0)

    def step(self, done: int, total: int) -> None:
        if not self.newest:  # of a single picture, or of the first batch: nothing else moves
            self._show(f"denoising <progress value={done} max={total}></progress> step {done}/{total}", done >= total)

    def picture(self, image: Image) -> None:
        from .pixels import png  # here: help comes at once, and needs no numpy

        if time.monotonic() - self.last > OFTEN:
            self.newest = f'<img width=128 src="data:image/png;base64,{base64.b64encode(png(image)).decode()}">'

    def _show(self, html: str, done: bool) -> None:
        here = self.cell()
        if not done and here == self.below and time.monotonic() - self.last < OFTEN:
            return
        self.last = time.monotonic()
        bundle = {"text/html": "" if done else html, "text/plain": ""}
        if here == self.below:
            self.shown.update(bundle, raw=True)
        else:
            self.shown, self.below = self.display(bundle, raw=True, display_id=True), here
        if done:
            self.newest = ""


OFTEN = 0.3  # seconds between two changes of what a notebook shows


def _default() -> Report:
    """What suits the program that imports this one: a notebook's kernel, or any other."""
    if "ipykernel" in sys.modules and "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
        if hasattr(shell, "kernel"):
            return Cell(sys.modules["IPython.display"].display, lambda: shell.execution_count)
    return Report()


REPORT = _default()
_LISTENER: ContextVar[Report | None] = ContextVar("listener", default=None)


@contextlib.contextmanager
def heard_by(report: Report) -> Iterator[None]:
    """Within, and in this thread, what a `Relay` is told goes to this report: a model draws for one film at a time, and outlives them."""
    token = _LISTENER.set(report)
    try:
        yield
    finally:
        _LISTENER.reset(token)


class Relay(Report):
    """The report of something that serves many: passes all on to whoever it works for just now, or else to its own listener."""

    def __init__(self, own: Report):
        self.own = own

    @property
    def _listener(self) -> Report:
        return _LISTENER.get() or self.own

    def log(self, line: str) -> None:
        self._listener.log(line)

    def warn(self, line: str) -> None:
        self._listener.warn(line)

    def progress(self, stage: str, done: int, total: int) -> None:
        self._listener.progress(stage, done, total)

    def step(self, done: int, total: int) -> None:
        self._listener.step(done, total)

    def picture(self, image: Image) -> None:
        self._listener.picture(image)


class Told:
    """Images that know how many they are, told one by one as they pass; all else of them is theirs."""

    def __init__(self, images: Any, report: Report):
        self.images, self.report = images, report

    def __iter__(self) -> Iterator[Image]:
        total = operator.length_hint(self.images)
        for done, image in enumerate(self.images, 1):
            self.report.picture(image)
            yield image
            self.report.progress("drawing", done, total)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.images, name)
