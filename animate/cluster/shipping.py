"""Models that a worker's machine lacks: their files, as bytes that are sent, once, and written there."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import AnimateError, amount
from ..places import cache, is_file, is_folder, path_of

MOST = 2 * 10**9  # bytes of a model that is sent
BESIDE = (".yaml",)  # what belongs to a single file of weights, beside a folder of the same name


@dataclass(frozen=True)
class Parcel:
    """A file or folder of a model: what lies in it, by its path from the folder that the file or folder is in."""

    name: str
    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Of the names and what is in the files, 32 hexadecimal digits."""
        whole = hashlib.sha256()
        for name, data in sorted(self.files.items()):
            whole.update(f"{name}\0{len(data)}\0".encode() + data)
        return whole.hexdigest()[:32]


def lacking(paths: Sequence[str]) -> list[str]:
    """Which of these, a source's paths on another machine, are not on this one."""
    return [path for path in paths if not is_file(path_of(path)) and not is_folder(path_of(path))]


def pack(path: str) -> Parcel:
    """Raises AnimateError for what is too much to be sent, or cannot be read."""
    root = Path(path)
    files = [file for file in root.rglob("*") if file.is_file()] if root.is_dir() else _single(root)
    size = sum(file.stat().st_size for file in files)
    if size > MOST:
        advice = "put it at the same place on every machine, or give a hub id"
        raise AnimateError(f"{path}: {amount(size)}, more than the {amount(MOST)} that are sent to workers; {advice}")
    try:
        return Parcel(root.name, {file.relative_to(root.parent).as_posix(): file.read_bytes() for file in files})
    except OSError as error:
        raise AnimateError(f"{path}: cannot be read to be sent ({error.strerror or error})") from error


def _single(root: Path) -> list[Path]:
    """A file of weights, and what says how it is to be read."""
    beside = [root.with_suffix(suffix) for suffix in BESIDE]
    folder = root.with_suffix("")
    settings = [*folder.rglob("*.json"), *folder.rglob("*.txt")] if folder != root and folder.is_dir() else []
    return [root, *(file for file in [*beside, *settings] if file.is_file())]


def unpack(parcel: Parcel) -> str:
    """Where its file or folder lies now: in the cache, under its digest, so that it is written once. Whole or not at all."""
    folder = cache() / "shipped" / parcel.digest
    if not folder.exists():
        temporary = folder.with_name(f".{secrets.token_hex(8)}")
        for name, data in parcel.files.items():
            target = temporary / name
            if not target.resolve().is_relative_to(temporary.resolve()):
                raise AnimateError(f"{name}: a file outside of the model that it was sent with")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        try:
            temporary.rename(folder)
        except OSError:  # another worker was faster
            if not folder.exists():
                raise
    return str(folder / parcel.name)
