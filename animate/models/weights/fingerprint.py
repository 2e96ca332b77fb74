"""A digest of a model's files, computed once and remembered by path, size and time of change. Knows nothing of what they hold."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from ...places import cache


def of_files(folder: Path, names: Iterable[str]) -> str:
    """A digest of these files of a folder, by their names and contents; 32 hexadecimal digits."""
    memory = _Memory(cache() / "fingerprints.json")
    lines = sorted(f"{name} {memory.digest(folder / name)}" for name in names)
    memory.save()
    return joined(lines)


def joined(lines: Iterable[str]) -> str:
    """One digest of several; "" of none."""
    text = "\n".join(lines)
    return hashlib.sha256(text.encode()).hexdigest()[:32] if text else ""


class _Memory:
    """Digests of single files, in a file of the cache."""

    def __init__(self, path: Path):
        self.path, self.changed = path, False
        try:
            self.known: dict[str, str] = dict(json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError, RecursionError):
            self.known = {}

    def digest(self, path: Path) -> str:
        stat = path.stat()
        key = f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
        if key not in self.known:
            with path.open("rb") as file:
                self.known[key] = hashlib.file_digest(file, "sha256").hexdigest()
            self.changed = True
        return self.known[key]

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
