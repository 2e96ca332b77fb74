"""animate doctor: what works on this machine and what does not."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import AnimateError, amount, one_line
from ..film.recipe import version_of
from ..media.publish import check_writable
from ..places import cache, config, is_file
from ..story.storyboard import build
from .console import Console, printable
from .options import check_sides, model_options, setup, without_defaults
from .values import Whole

if TYPE_CHECKING:
    from ..film.setup import Setup


@click.command("doctor")
@without_defaults
@model_options
@click.option("--width", type=Whole(), help="Pixels of the picture that --model is tried with. Default: the model's.")
@click.option("--height", type=Whole(), help="Pixels of the picture that --model is tried with. Default: the model's.")
def command(width: int | None, height: int | None, **options: Any) -> int:
    """Say what works on this machine and what does not; exit code 1 if something needed does not.

    With --model: whether that model fits and runs here, found out by one picture of two steps. With --workers or --cluster: who they are,
    whether they can load the model, and whether they draw the same bits.
    """
    drawn_by = setup(options)
    _check_sides(width, height, drawn_by)
    checks: dict[str, Callable[[], Finding]] = {"model": partial(_trial, drawn_by, width, height)} if drawn_by.model else CHECKS
    if drawn_by.spread:
        checks = {"cluster": partial(_workers, drawn_by)}
    failed = False
    for name, check in checks.items():
        for good, line in _told(check):
            failed |= not good
            click.echo(f"{'ok  ' if good else 'FAIL'}  {name:<9}  {printable(line)}")
    return int(failed)


Finding = Iterator[tuple[bool, str]]


def _told(check: Callable[[], Finding]) -> Finding:
    """What it finds; what the system refuses it is a finding, too, and the other checks follow."""
    try:
        yield from check()
    except AnimateError as error:
        yield False, str(error)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        yield False, f"{place}{one_line(error)}"


def _check_sides(width: int | None, height: int | None, drawn_by: Setup) -> None:
    """Raises AnimateError for sides that no picture has, and for sides without a model to try."""
    if (side := width or height) and not drawn_by.model:
        raise AnimateError(f"{side} pixels, and no --model to try them with; name one")
    check_sides(width, height)


def _trial(drawn_by: Setup, width: int | None, height: int | None) -> Finding:
    """Loads a model and draws with it."""
    from ..film.trial import tried

    with Console() as console, ExitStack() as loading:
        model = loading.enter_context(drawn_by.loaded(console))
        loaded = loading.pop_all()
    with loaded:
        n = model.numerics
        yield True, f"{model.name} ({model.fingerprint[:12]}) on {n.device} ({n.hardware}), {n.dtype}"
        found = tried(model, width, height)
        if found.room:
            yield found.fitting > 0, found.room
        yield True, found.pace


def _workers(drawn_by: Setup) -> Finding:
    """Loads a model in workers, and draws a picture with each."""
    from ..cluster.cluster import Cluster
    from ..draw.engine import Batch
    from ..film.film import resolve
    from ..plan.exact import endpoints
    from ..plan.plan import stills

    with Console() as console, ExitStack() as loading:
        model = loading.enter_context(drawn_by.loaded(console))
        loaded = loading.pop_all()
    with loaded:
        if not isinstance(model, Cluster):
            raise TypeError(f"{type(model).__name__} where workers were asked for")
        story = resolve(build({"keyframes": ["a tree"], "loop": "cycle", "sampling": {"steps": 2}}), model.defaults)
        (cel,) = stills(story, endpoints(story)[:1]).cels.values()
        tried = model.tried(Batch((cel,), ((),), (cel.end,)))
        for facts, _ in tried:
            n = facts.numerics
            free = "" if facts.free is None else f", {amount(facts.free)} free"
            yield True, f"{facts.host}, process {facts.process}: {n.device} ({n.hardware}), {n.dtype}{free}; animate {facts.version}, torch {n.torch}"
        yield True, f"all have {model.name} ({model.fingerprint[:12]})"
        alike = len({digest for _, digest in tried}) == 1
        yield alike or drawn_by.mixed, f"a picture drawn by each {'has' if alike else 'does not have'} the same bits"


def _versions() -> Finding:
    names = ("animate", "torch", "diffusers", "transformers", "imageio-ffmpeg", "numpy", "pillow")
    yield True, f"Python {platform.python_version()}, " + ", ".join(f"{name} {version_of(name)}" for name in names)


def _device() -> Finding:
    import torch

    from ..models import LARGE, pick_device, pick_dtype
    from ..models.weights.loading import ORIGINAL

    device = pick_device("auto")
    picked = (pick_dtype("auto", device, kind, size) for kind in (ORIGINAL, "") for size in (0, LARGE + 1))
    dtype = " or ".join(dict.fromkeys(str(one).removeprefix("torch.") for one in picked))
    if device == "cuda":
        free, total = torch.cuda.mem_get_info()
        yield True, f"{torch.cuda.get_device_name()}, {amount(free)} of {amount(total)} free, {dtype}"
    else:
        yield True, f"{device}, threads: {torch.get_num_threads()}, {dtype}"


def _memory() -> Finding:
    import torch

    from ..models import memory

    free = memory.free_bytes(torch.device("cpu"))
    yield free > 10**9, f"{amount(free)} free"


def _disk() -> Finding:
    disk = shutil.disk_usage(Path.cwd())
    yield disk.free > 10**9, f"{amount(disk.free)} free in {Path.cwd()}"


def _settings() -> Finding:
    path = config()
    yield True, f"in {path}" if is_file(path) else f"none; {path} is where they would be"


def _cache() -> Finding:
    """It holds the store of finished drawings. Films can do without."""
    folder = cache()
    try:
        check_writable(folder / "states")
        yield True, f"{folder}; finished drawings are stored in it"
    except AnimateError as error:
        yield True, f"nothing is kept: {error}; every film is drawn anew, or set ANIMATE_CACHE".replace("; choose another with -o", "")


def _extras() -> Finding:
    extras = (("cv2", "flow", "in-betweens by flow"), ("peft", "lora", "LoRAs"), ("gradio", "studio", "the studio"), ("ray", "ray", "many machines"))
    for module, extra, purpose in extras:
        there = find_spec(module) is not None
        yield True, f"{purpose}: " + ("here" if there else f'not installed; pip install "animate[{extra}]" if you want them')


def _ffmpeg() -> Finding:
    import numpy as np

    from ..media import formats
    from ..media.writers import write_video

    good = []
    with tempfile.TemporaryDirectory() as folder:
        for suffix in formats.films():
            try:
                write_video(Path(folder) / f"test{suffix}", [np.zeros((16, 16, 3), np.uint8)] * 2, 12)
                good.append(suffix)
            except AnimateError as error:
                yield False, f"{suffix}: {error}"
    yield bool(good), f"writes {', '.join(good) or 'nothing'}"


def _models() -> Finding:
    from ..models.weights.catalog import CATALOG

    for name, entry in ((name, entry) for name, entry in CATALOG.items() if entry.built_in):
        files = [file for file in Path(entry.where).rglob("*") if file.is_file()]
        size = sum(file.stat().st_size for file in files)
        yield Path(entry.where, "model_index.json").is_file(), f"{name}: {amount(size)} in {entry.where}"


def _command() -> Finding:
    ours, found = Path(sys.argv[0]).resolve(), list[Path]()
    for path in (Path(folder) / "animate" for folder in os.environ.get("PATH", "").split(os.pathsep)):
        try:
            if not is_file(path):
                continue
            found.append(path)
            with path.open("rb") as file:
                head = file.read(200)
        except (AnimateError, OSError) as error:
            yield True, f"{path} cannot be looked at ({one_line(error)})"
            continue
        if path.resolve() != ours and b"python" not in head:
            first = path == found[0]
            yield not first, f'{path} is another "animate" (ImageMagick\'s, perhaps)' + ("; use python -m animate" if first else "")
    yield True, f"python -m animate always works; on the PATH: {', '.join(map(str, found)) or 'none'}"


CHECKS: dict[str, Callable[[], Finding]] = {
    "versions": _versions,
    "device": _device,
    "memory": _memory,
    "disk": _disk,
    "settings": _settings,
    "cache": _cache,
    "ffmpeg": _ffmpeg,
    "extras": _extras,
    "models": _models,
    "command": _command,
}
