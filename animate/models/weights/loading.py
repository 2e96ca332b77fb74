"""A name, folder, file or hub id -> diffusers' pipeline, on the CPU, and which files it was made of.

Which numbers its weights become is asked when its class is known, and how large it is: before they are read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import AnimateError
from ..quiet import quiet
from . import fingerprint, hub
from .catalog import CATALOG, Entry, suggest

Pick = Callable[[str, int], Any]  # a pipeline's class, bytes of its weights (0: not known yet) -> a torch dtype
ORIGINAL = "StableDiffusionPipeline"  # the class of what single files hold, or near enough: all of them are denoised by UNets


@dataclass(frozen=True)
class Loaded:
    pipe: Any
    folder: Path | None  # none: it is a single file
    fingerprint: str


def load(name: str, entry: Entry | None, pick: Pick, say: Callable[[str], object]) -> Loaded:
    """Raises AnimateError if there is no such model, or it cannot be loaded."""
    where = entry.where if entry else name
    path = Path(where).expanduser()
    if path.is_file() or path.suffix.lower() in hub.SINGLE:
        return _from_file(path, pick)
    if path.is_dir():
        if not (path / hub.INDEX).is_file():
            raise AnimateError(f"{name}: a folder without {hub.INDEX}; give one in diffusers' format")
        kind = hub.kind(path)
        return _from_folder(name, path, hub.opened(path, _named(pick(kind, 0))), kind, pick)
    if where.startswith((".", "/", "~")) or where.count("/") != 1:
        allowed = f'{", ".join(CATALOG)}, a folder in diffusers\' format, a .ckpt or .safetensors file, or a hub id like "owner/name"'
        raise AnimateError(f'model "{name}" is not known; allowed: {allowed}{suggest(name)}')
    kind = hub.kind(where)
    snapshot = hub.snapshot(where, _named(pick(kind, 0)), say=say)
    return _from_folder(name, snapshot.folder, snapshot, kind, pick)


def _named(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _from_file(path: Path, pick: Pick) -> Loaded:
    """A folder of the same name beside it, in diffusers' format, says the shapes where they are not those of the published models."""
    from . import checkpoint

    if not path.is_file():
        raise AnimateError(f"{path}: no such file; give the path of a .ckpt or .safetensors")
    beside = path.with_suffix("")
    config = beside if (beside / hub.INDEX).is_file() else None
    told = [path.with_suffix(".yaml"), *(beside.rglob("*.json") if config else [])]
    names = [path.name, *(file.relative_to(path.parent).as_posix() for file in told if file.is_file())]
    pipe = checkpoint.load(path, pick(ORIGINAL, path.stat().st_size), config)
    return Loaded(_silent(pipe), None, fingerprint.of_files(path.parent, names))


def _from_folder(name: str, folder: Path, snapshot: hub.Snapshot | None, kind: str, pick: Pick) -> Loaded:
    from diffusers import DiffusionPipeline
    from safetensors import SafetensorError

    if snapshot is None:
        raise AnimateError(f"model {name} cannot be loaded: {folder} lacks weights that its {hub.INDEX} names; get it again")
    try:
        with quiet():  # it warns of sprout's AutoencoderTiny, which its type hints do not expect and its code does
            pipe = DiffusionPipeline.from_pretrained(
                str(folder), dtype=pick(kind, snapshot.bytes), local_files_only=True, variant=snapshot.variant,
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
