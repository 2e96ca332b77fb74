"""Where messages go while something is loaded, drawn or written: a log line, a warning, progress. Knows nothing of who listens.

Whoever starts the work passes a `Report` in, and all that is said on the way reaches that one: two films that are drawn in two
threads each tell their own. Nothing global is patched or silenced.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING

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


REPORT = Report()
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
