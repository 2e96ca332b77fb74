"""animate bench: how fast this machine draws, in which settings, and what an hour gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ..errors import AnimateError, counted
from ..story.storyboard import DEFAULT_FPS
from .console import Console, printable
from .options import check_sides, model_options, setup
from .values import Whole

if TYPE_CHECKING:
    from ..film.bench import Speed
    from ..models.base import Model

LITTLE = 1.15  # times as fast: less is not worth another batch size, and on a busy machine says nothing


@click.command("bench")
@model_options
@click.option("--width", type=Whole(), help="Pixels. Default: the model's.")
@click.option("--height", type=Whole(), help="Pixels. Default: the model's.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(width: int | None, height: int | None, as_json: bool, **options: Any) -> None:
    """Measure how fast this machine draws a model: seconds a step by the size of a batch, a frame, films of usual lengths, an hour.

    Nothing is written or kept. It takes some batches of two steps: seconds for sprout, minutes for a large model on a CPU.
    """
    drawn_by = setup(options)
    if drawn_by.spread:
        raise AnimateError("bench measures one process, and workers are as fast each; leave out --workers and --cluster")
    if drawn_by.folder:
        raise AnimateError(f"--store {drawn_by.folder}: bench keeps nothing, and finds nothing that is kept; leave it out")
    check_sides(width, height)
    from ..film import bench

    with Console() as console, drawn_by.loaded(console) as model:
        speed = bench.measure(model, width, height, console)
    if as_json:
        click.echo(json.dumps(_facts(model, speed)))
        return
    for line in _lines(model, speed):
        click.echo(printable(line))


def _facts(model: Model, speed: Speed) -> dict[str, Any]:
    from ..film import bench

    n = model.numerics
    return {
        "model": model.name, "device": n.device, "hardware": n.hardware, "dtype": n.dtype, "batch_size": speed.batch_size, "steps": speed.steps,
        "step_seconds": {str(size): round(seconds, 5) for size, seconds in speed.sample.items()}, "decode_seconds": round(speed.decode, 5),
        "frame_seconds": round(speed.picture, 4), "probes": speed.probes,
        "film_seconds": {str(frames): round(seconds, 2) for frames, seconds in bench.lengths(speed)},
        "fast_film_seconds": {str(frames): round(speed.fast_film(frames), 2) for frames in speed.fast},
        "frames_an_hour": int(bench.HOUR / speed.picture),
    }  # fmt: skip


def _lines(model: Model, speed: Speed) -> list[str]:
    from ..film import bench

    n, d = model.numerics, model.defaults
    lines = [f"{model.name} on {n.device} ({n.hardware}), {n.dtype}, {counted(d.steps, 'step')}, guidance {d.guidance:g}"]
    for size, seconds in speed.sample.items():
        lines.append(f"  batches of {size:<3} {1000 * seconds:8.1f} ms a step of a picture{_mark(size, speed)}")
    lines.append(f"  decoding       {1000 * speed.decode:8.1f} ms a picture")
    films = ", ".join(f"{frames} in {_duration(seconds)}" for frames, seconds in bench.lengths(speed))
    lines.append(f"a frame takes {speed.picture:.2f} s, {1 / speed.picture:.1f} a second; frames of a film from one prompt to another: {films}")
    if speed.lent is not None:
        fast = ", ".join(f"{frames} in {_duration(speed.fast_film(frames))}" for frames in bench.LENGTHS)
        lines.append(f"with --fast, a step of a picture between two others takes {1000 * speed.lent:.1f} ms: {fast}")
    hour = int(bench.HOUR / speed.picture)
    lines.append(f"an hour gives {hour} frames: {_duration(hour / DEFAULT_FPS)} of film at {DEFAULT_FPS:g} frames per second")
    return lines


def _mark(size: int, speed: Speed) -> str:
    """Which one is used, and whether another is better."""
    if size == speed.batch_size:
        return "   <- films are drawn in these"
    better = size == speed.quickest and speed.sample[size] * LITTLE < speed.sample[speed.batch_size]
    return f"   <- quicker here: --batch-size {size}" if better else ""


def _duration(seconds: float) -> str:
    """For people: "12 s", "5 min", "2 h 10 min"."""
    if seconds < 100:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 100 else f"{minutes} min"
