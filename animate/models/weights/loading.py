"""The name of a model, a folder, a file or a hub id -> diffusers' pipeline, on the CPU. Knows nothing of devices and families.

The dtype of its weights is asked for when its class and its size are known, before they are read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import AnimateError, one_line
from ...places import path_of
from ...report import Report
from ..quiet import quiet
from . import files, fingerprint, hub
from .catalog import CATALOG, Entry, suggest
from .files import Snapshot

PickDtype = Callable[[str, int], Any]  # a pipeline's class, bytes of its weights (0: not known yet) -> a torch dtype
ORIGINAL = "StableDiffusionPipeline"  # the class of what single files hold, or near enough: all of them are denoised by UNets


@dataclass(frozen=True)
class Loaded:
    pipe: Any
    folder: Path | None  # None: it is a single file
    fingerprint: str


def check(name: str, entry: Entry | None) -> None:
    """Raises AnimateError for a name that can be no model: at once, without asking the hub or loading torch."""
    where = entry.where if entry else name
    path = path_of(where)
    if path.is_file():
        return
    if path.is_dir():
        if not (path / files.INDEX).is_file():
            raise AnimateError(f"{name}: a folder without {files.INDEX}; give one in diffusers' format")
    elif path.suffix.lower() in files.SINGLE:
        raise AnimateError(f"{path}: no such file; give the path of a .ckpt or .safetensors")
    elif where.startswith((".", "/", "~")) or where.count("/") != 1:
        allowed = f'{", ".join(CATALOG)}, a folder in diffusers\' format, a .ckpt or .safetensors file, or a hub id like "owner/name"'
        raise AnimateError(f'model "{name}" is not known; allowed: {allowed}{suggest(name)}')


def load(name: str, entry: Entry | None, pick_dtype: PickDtype, report: Report) -> Loaded:
    """Raises AnimateError if there is no such model, or it cannot be loaded. report: hears of downloads."""
    check(name, entry)
    where = entry.where if entry else name
    path = path_of(where)
    if path.is_file():
        return _from_file(path, pick_dtype)
    if path.is_dir():
        pipeline_class = files.pipeline_class(path)
        snapshot = files.in_folder(path, _dtype_name(pick_dtype(pipeline_class, 0)))
        if snapshot is None:
            raise AnimateError(f"model {name} cannot be loaded: {path} lacks weights that its {files.INDEX} names; get it again")
        return _from_snapshot(name, snapshot, pick_dtype(pipeline_class, snapshot.bytes))
    pipeline_class = hub.pipeline_class(where)
    snapshot = hub.snapshot(where, _dtype_name(pick_dtype(pipeline_class, 0)), report=report)
    return _from_snapshot(name, snapshot, pick_dtype(pipeline_class, snapshot.bytes))


def _dtype_name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _from_file(path: Path, pick_dtype: PickDtype) -> Loaded:
    """A folder of the same name beside it, in diffusers' format, gives the shapes where they are not those of the published models."""
    from . import checkpoint

    beside = path.with_suffix("")
    config = beside if (beside / files.INDEX).is_file() else None
    settings = [path.with_suffix(".yaml"), *(beside.rglob("*.json") if config else [])]
    names = [path.name, *(file.relative_to(path.parent).as_posix() for file in settings if file.is_file())]
    pipe = checkpoint.load(path, pick_dtype(ORIGINAL, path.stat().st_size), config)
    return Loaded(_without_bar(pipe), None, fingerprint.of_files(path.parent, names))


def _from_snapshot(name: str, snapshot: Snapshot, dtype: Any) -> Loaded:
    from diffusers import DiffusionPipeline
    from safetensors import SafetensorError

    try:
        with quiet():  # it warns of sprout's AutoencoderTiny, which its type hints do not expect and its code does
            pipe = DiffusionPipeline.from_pretrained(str(snapshot.folder), dtype=dtype, local_files_only=True, variant=snapshot.variant)
    except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
        raise AnimateError(f"model {name} cannot be loaded: {one_line(error)}") from error
    return Loaded(_without_bar(pipe), snapshot.folder, fingerprint.of_files(snapshot.folder, snapshot.files))


def _without_bar(pipe: Any) -> Any:
    """Its own progress bar would show for every batch."""
    pipe.set_progress_bar_config(disable=True)
    return pipe
