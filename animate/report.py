"""Where messages go while something is loaded, drawn or written: a log line, a warning, progress. Knows nothing of who listens.

Whoever starts the work passes a `Report` in, and all that is said on the way reaches that one: two films that are drawn in two
threads each tell their own. Nothing global is patched or silenced.
"""

from __future__ import annotations

import sys
import warnings
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
        """The newest picture there is, uint8 (H, W, 3) RGB: a probe of the pace, then every frame."""


REPORT = Report()
