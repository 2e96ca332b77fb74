"""Which weights a model has: a digest of its files, computed once and remembered by path, size and time of change."""

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
    whole = "\n".join(lines)
    return hashlib.sha256(whole.encode()).hexdigest()[:32] if whole else ""


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
