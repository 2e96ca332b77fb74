"""How many cels a batch has: as many as there are to draw at a time, and as the device has room for."""

from __future__ import annotations

from ..errors import amount
from ..models.base import Model
from ..report import Report
from ..story.resolved import Resolved


def needed(ready: int, model: Model) -> int:
    """The batch size for so many cels that can be drawn at a time: the next power of two, up to what the model was loaded for.

    Powers of two: two threads do not compute all places of a batch of six alike, and bits would depend on the place.
    """
    return min(model.numerics.batch_size, 1 << (ready - 1).bit_length())


def fitting(batch_size: int, model: Model, story: Resolved, report: Report) -> int:
    """This batch size, or half, or a quarter ... as the device should have room for. Half: so that a film that goes on finds its cels."""
    free, sample, most = model.memory.free_bytes(), model.memory.bytes_per_sample(story.width, story.height), batch_size
    while free is not None and batch_size > 1 and batch_size * sample > free:
        batch_size //= 2
    if free is not None and batch_size < most:
        report.warn(f"{amount(free)} free, and a picture takes about {amount(sample)}: drawing {batch_size} in a batch instead of {most}")
    return batch_size
