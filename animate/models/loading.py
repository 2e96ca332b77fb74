"""A name, folder, file or hub id -> diffusers' pipeline, on the CPU, and which files it was made of."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import AnimateError
from . import fingerprint, hub
from .catalog import CATALOG, Entry, suggest
from .quiet import quiet

SINGLE = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")  # suffixes of files that hold a whole model


@dataclass(frozen=True)
class Loaded:
    pipe: Any
    folder: Path | None  # none: it is a single file
    fingerprint: str


def load(name: str, entry: Entry | None, dtype: Any, say: Callable[[str], object]) -> Loaded:
    """Raises AnimateError if there is no such model, or it cannot be loaded."""
    where = entry.where if entry else name
    path = Path(where).expanduser()
    if path.is_file() or path.suffix.lower() in SINGLE:
        return _from_file(path, dtype)
    half = str(dtype).removeprefix("torch.")
    if path.is_dir():
        if not (path / hub.INDEX).is_file():
            raise AnimateError(f"{name}: a folder without {hub.INDEX}; give one in diffusers' format")
        return _from_folder(name, path, hub.opened(path, half), dtype)
    if where.startswith((".", "/", "~")) or where.count("/") != 1:
        allowed = f'{", ".join(CATALOG)}, a folder in diffusers\' format, a .ckpt or .safetensors file, or a hub id like "owner/name"'
        raise AnimateError(f'model "{name}" is not known; allowed: {allowed}{suggest(name)}')
    snapshot = hub.snapshot(where, half, say=say)
    return _from_folder(name, snapshot.folder, snapshot, dtype)


def _from_file(path: Path, dtype: Any) -> Loaded:
    """A folder of the same name beside it, in diffusers' format, says the shapes where they are not those of the published models."""
    from . import checkpoint

    if not path.is_file():
        raise AnimateError(f"{path}: no such file; give the path of a .ckpt or .safetensors")
    beside = path.with_suffix("")
    config = beside if (beside / hub.INDEX).is_file() else None
    told = [path.with_suffix(".yaml"), *(beside.rglob("*.json") if config else [])]
    names = [path.name, *(file.relative_to(path.parent).as_posix() for file in told if file.is_file())]
    return Loaded(_silent(checkpoint.load(path, dtype, config)), None, fingerprint.of_files(path.parent, names))


def _from_folder(name: str, folder: Path, snapshot: hub.Snapshot | None, dtype: Any) -> Loaded:
    from diffusers import DiffusionPipeline
    from safetensors import SafetensorError

    if snapshot is None:
        raise AnimateError(f"model {name} cannot be loaded: {folder} lacks weights that its {hub.INDEX} names; get it again")
    try:
        with quiet():  # it warns of sprout's AutoencoderTiny, which its type hints do not expect and its code does
            pipe = DiffusionPipeline.from_pretrained(
                str(folder), dtype=dtype, local_files_only=True, variant=snapshot.variant,
                low_cpu_mem_usage=find_spec("accelerate") is not None,  # asked for without it, diffusers complains
            )  # fmt: skip
    except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
        first = " ".join(str(error).split())[:300]
        raise AnimateError(f"model {name} cannot be loaded: {first}") from error
    return Loaded(_silent(pipe), folder, fingerprint.of_files(folder, snapshot.files))


def _silent(pipe: Any) -> Any:
    pipe.set_progress_bar_config(disable=True)
    return pipe


def to_stderr(line: str) -> None:
    """For `say`: downloads take long, and are told of before they begin."""
    print(f"animate: {line}", file=sys.stderr)
