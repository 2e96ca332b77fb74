"""The name of a model, a folder, a file or a hub id -> diffusers' pipeline, on the CPU. Knows nothing of devices and families.

The dtype of its weights is asked for when its class and its size are known, before they are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import AnimateError, one_line
from ...places import is_file, is_folder, path_of
from ...report import Report
from ..quiet import quiet
from . import files, fingerprint, hub
from .catalog import CATALOG, Entry, suggest
from .files import Snapshot

PickDtype = Callable[[str, int], Any]  # a pipeline's class, bytes of its weights (0: not known yet) -> a torch dtype
ORIGINAL = "StableDiffusionPipeline"  # the class of what single files hold, or near enough: all of them are denoised by UNets

SCHEDULER = "scheduler_config.json"
LONGEST = 10_000  # tokens of a prompt: transformers' word for a length that nobody has said is 10^30


@dataclass(frozen=True)
class Loaded:
    """A pipeline on the CPU, and where it is from. fingerprint: of its files, 32 hexadecimal digits."""

    pipe: Any
    folder: Path | None  # None: it is a single file
    fingerprint: str


def check(name: str, entry: Entry | None) -> None:
    """Raises AnimateError for a name that can be no model: at once, without asking the hub or loading torch."""
    where = entry.where if entry else name
    path = path_of(where)
    if is_file(path):
        if path.suffix.lower() not in files.SINGLE:
            raise AnimateError(f"{path}: no file of weights; allowed: {', '.join(files.SINGLE)}, or a folder in diffusers' format")
        return
    if is_folder(path):
        if not is_file(path / files.INDEX):
            raise AnimateError(f"{name}: a folder without {files.INDEX}; give one in diffusers' format")
    elif path.suffix.lower() in files.SINGLE:
        raise AnimateError(f"{path}: no such file; give the path of a .ckpt or .safetensors")
    elif where.startswith((".", "/", "~")):
        raise AnimateError(f"{name}: no such folder; give one in diffusers' format, or a name of animate models")
    elif where.count("/") != 1:
        allowed = f'{", ".join(CATALOG)}, a folder in diffusers\' format, a .ckpt or .safetensors file, or a hub id like "owner/name"'
        raise AnimateError(f'model "{name}" is not known; allowed: {allowed}{suggest(name)}')


def load(name: str, entry: Entry | None, pick_dtype: PickDtype, report: Report, needs_vae: bool = True) -> Loaded:
    """Raises AnimateError if there is no such model, or it cannot be loaded. report: hears of downloads.

    needs_vae: as in `checkpoint.load`.
    """
    check(name, entry)
    where = entry.where if entry else name
    path = path_of(where)
    if is_file(path):
        return _from_file(path, pick_dtype, needs_vae)
    if is_folder(path):
        pipeline_class = files.pipeline_class(path)
        snapshot = files.in_folder(path, _dtype_name(pick_dtype(pipeline_class, 0)))
        if snapshot is None:
            parts = ", ".join(files.missing_parts(path, "float32"))
            raise AnimateError(f"model {name} cannot be loaded: {path} lacks files of its {parts}; {files.AGAIN}")
        return _from_snapshot(name, snapshot, pick_dtype(pipeline_class, snapshot.bytes))
    pipeline_class = hub.pipeline_class(where)
    snapshot = hub.snapshot(where, _dtype_name(pick_dtype(pipeline_class, 0)), report=report)
    return _from_snapshot(name, snapshot, pick_dtype(pipeline_class, snapshot.bytes))


def _dtype_name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _from_file(path: Path, pick_dtype: PickDtype, needs_vae: bool) -> Loaded:
    """A folder of the same name beside it, in diffusers' format, gives the shapes where they are not those of the published models."""
    from . import checkpoint

    beside = path.with_suffix("")
    config = beside if (beside / files.INDEX).is_file() else None
    settings = [path.with_suffix(".yaml"), *(beside.rglob("*.json") if config else [])]
    names = [path.name, *(file.relative_to(path.parent).as_posix() for file in settings if file.is_file())]
    pipe = checkpoint.load(path, pick_dtype(ORIGINAL, path.stat().st_size), config, needs_vae=needs_vae)
    return Loaded(_without_bar(pipe), None, fingerprint.of_files(path.parent, names))


def _from_snapshot(name: str, snapshot: Snapshot, dtype: Any) -> Loaded:
    from diffusers import DiffusionPipeline

    _check_files(snapshot)
    try:
        with quiet():  # it warns of sprout's AutoencoderTiny, which its type hints do not expect and its code does
            pipe = DiffusionPipeline.from_pretrained(str(snapshot.folder), dtype=dtype, local_files_only=True, variant=snapshot.variant)
    except Exception as error:  # settings that do not fit can fail in any way
        raise AnimateError(f"model {name} cannot be loaded: {_reason(error)}; {files.AGAIN}") from error
    _check_tokenizers(name, pipe)
    return Loaded(_without_bar(pipe), snapshot.folder, fingerprint.of_files(snapshot.folder, snapshot.files))


def _check_files(snapshot: Snapshot) -> None:
    """Raises AnimateError for files that are broken or hold code, with their names: the libraries do not always tell which it was."""
    from safetensors import SafetensorError, safe_open

    from . import tensors

    for path in (snapshot.folder / name for name in snapshot.files):
        if path.suffix == ".json":
            said = files.read_index(path)
            if path.name == SCHEDULER and "_class_name" not in said:
                raise AnimateError(f"{path} says nothing of a scheduler; {files.AGAIN}")
        elif path.suffix == ".bin":
            tensors.refuse_code(path)
        elif path.suffix == ".safetensors":
            try:
                with safe_open(path, "pt"):
                    pass
            except (OSError, SafetensorError) as error:
                raise AnimateError(f"{path} is not a whole file of weights ({one_line(error)}); get it again") from error


def _reason(error: Exception) -> str:
    """What diffusers or transformers say, without advice for programmers."""
    words = one_line(error)
    if isinstance(error, KeyError):
        return f"{words} is missing in its settings"
    if words.startswith("You set `ignore_mismatched_sizes`"):
        return "its text encoder's weights have not the shapes that its config.json says"
    if shapes := re.match(r"Cannot load because (\S+) expected shape torch\.Size\((.+?)\), but got torch\.Size\((.+?)\)", words):
        return f"its weights {shapes[1]} have the shape {shapes[3]}, and its config.json says {shapes[2]}"
    return words


def _check_tokenizers(name: str, pipe: Any) -> None:
    """Raises AnimateError for one of CLIP's that does not know what prompts end with, or how long they are: transformers would not say it."""
    for part, tokenizer in pipe.components.items():
        if type(tokenizer).__name__.startswith("CLIPTokenizer"):
            needed = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)
            if None in needed or tokenizer.model_max_length > LONGEST:
                said = f"{part}/tokenizer_config.json does not say how prompts are padded, or to which length"
                raise AnimateError(f"model {name} cannot be loaded: {said}; {files.AGAIN}")


def _without_bar(pipe: Any) -> Any:
    """Its own progress bar would show for every batch."""
    pipe.set_progress_bar_config(disable=True)
    return pipe
