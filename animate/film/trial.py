"""What a model takes on this machine: whether a picture fits, and how long it takes, found out by drawing it in a few steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import amount, counted
from ..models.base import Model
from .stills import still


@dataclass(frozen=True)
class Trial:
    """What was found out."""

    width: int  # pixels
    height: int  # pixels
    takes: int  # bytes that a picture of a batch takes
    free: int | None  # bytes of the device; None where nobody knows
    fitting: int  # pictures in a batch that fit
    most: int  # pictures in a batch at all
    steps: int  # of a frame
    seconds: float  # that a frame of so many steps takes alone

    @property
    def room(self) -> str | None:
        """A line: how much fits."""
        if self.free is None:
            return None
        picture = f"a picture of {self.width} x {self.height} pixels takes about {amount(self.takes)}, {amount(self.free)} are free"
        return f"{picture}: {self.fitting} in a batch of at most {self.most}"

    @property
    def pace(self) -> str:
        """A line: how long it takes."""
        alone = f"a frame of {counted(self.steps, 'step')} takes about {self.seconds:.1f} s alone"
        return f"{alone}; 100 about {100 * self.seconds / 60:.0f} min, less in batches"


def tried(model: Model, width: int | None = None, height: int | None = None) -> Trial:
    """Draws three pictures of a few steps. width, height: left out, the model's. Raises AnimateError for what cannot be drawn."""
    defaults, most = model.defaults, model.numerics.batch_size
    size: dict[str, Any] = {"width": width or defaults.width, "height": height or defaults.height}
    free, takes = model.memory.free_bytes(), model.memory.bytes_per_sample(size["width"], size["height"])
    fitting = most if free is None else min(most, free // takes)
    _, two, four = (_timed(partial(still, "a tree", model, sampling={"steps": steps}, **size)) for steps in (2, 2, 4))  # the first one warms up
    seconds = two + max(0.0, four - two) / 2 * (defaults.steps - 2)
    return Trial(**size, takes=takes, free=free, fitting=fitting, most=most, steps=defaults.steps, seconds=seconds)


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
