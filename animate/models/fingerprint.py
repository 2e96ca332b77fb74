"""Which weights a model has: a digest of its files, computed once and remembered by path, size and time of change."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from pathlib import Path

from ..places import cache

WHAT_COUNTS = (".safetensors", ".bin", ".ckpt", ".pt", ".json", ".txt", ".model")  # weights, configurations, vocabularies


def of_folder(folder: Path) -> str:
    """A digest of the parts that the folder's model_index.json names, by the names and contents of their files; 32 hexadecimal digits."""
    memory, index = _Memory(cache() / "fingerprints.json"), folder / "model_index.json"
    parts = [name for name, told in json.loads(index.read_text()).items() if isinstance(told, list)]
    files = [index, *(path for part in parts for path in (folder / part).rglob("*") if path.suffix in WHAT_COUNTS and path.is_file())]
    lines = sorted(f"{path.relative_to(folder).as_posix()} {memory.digest(path)}" for path in files)
    memory.save()
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


class _Memory:
    def __init__(self, path: Path):
        self.path, self.changed = path, False
        try:
            self.known: dict[str, str] = dict(json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            self.known = {}

    def digest(self, path: Path) -> str:
        stat = path.stat()
        mark = f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
        if mark not in self.known:
            with path.open("rb") as file:
                self.known[mark] = hashlib.file_digest(file, "sha256").hexdigest()
            self.changed = True
        return self.known[mark]

    def save(self) -> None:
        """Where it cannot be written, files are hashed again the next time."""
        if not self.changed:
            return
        temporary = self.path.with_name(f".{secrets.token_hex(8)}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(self.known))
            os.replace(temporary, self.path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
