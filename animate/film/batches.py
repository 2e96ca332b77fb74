"""How many cels a batch has: as many as there are to draw at a time, and as the device has room for."""

from __future__ import annotations

from ..draw.runner import LENDERS
from ..errors import AnimateError, amount
from ..models.base import Model
from ..report import Report
from ..story.resolved import Resolved


def needed(ready: int, model: Model, scales: int = 1) -> int:
    """The batch size for so many cels that can be drawn at a time: the next power of two, up to what the model was loaded for.

    Powers of two: two threads do not compute all places of a batch of six alike, and bits would depend on the place.
    scales: how many guidance scales the cels have. A model that denoises those of each scale by themselves draws them one at a time:
    otherwise the size of a batch, and with it the bits of a cel, would depend on the scales of others.
    """
    if scales > 1 and not model.mixes_guidance:
        return 1
    return min(model.numerics.batch_size, 1 << (ready - 1).bit_length())


def check_room(model: Model, story: Resolved) -> None:
    """Raises AnimateError if the memory has no room for one picture.

    Of a CPU only: other devices say so themselves, and draw in parts then; a system out of memory ends the process. sprout takes
    1.0 of what is estimated at 1536 x 1536 pixels and 1.3 at 1024 x 1024, most of it in the VAE.
    """
    free, sample = model.memory.free_bytes(), model.memory.bytes_per_sample(story.width, story.height)
    if model.numerics.device == "cpu" and free is not None and sample > free:
        size = f"{story.width} x {story.height} pixels"
        room = f"a picture takes about {amount(sample)} of memory, and {amount(free)} are free"
        raise AnimateError(f"{size}: {room}; use smaller --width and --height, or end other programs")


def fitting(batch_size: int, model: Model, story: Resolved, report: Report) -> int:
    """This batch size, or half, or a quarter ... as the device should have room for. Half: so that a film that goes on finds its cels.

    Raises AnimateError as `check_room` does.
    """
    check_room(model, story)
    free, sample, most = model.memory.free_bytes(), model.memory.bytes_per_sample(story.width, story.height), batch_size
    if story.sampling.fast:
        sample += LENDERS * model.memory.bytes_lent(story.width, story.height, story.sampling.step_count)
    while free is not None and batch_size > 1 and batch_size * sample > free:
        batch_size //= 2
    if free is not None and batch_size < most:
        report.warn(f"{amount(free)} free, and a picture takes about {amount(sample)}: drawing {batch_size} in a batch instead of {most}")
    return batch_size
