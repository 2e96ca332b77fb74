"""Finished states on disk: what makes a film resumable, and cheap to edit. Knows nothing of storyboards or images.

    <folder>/states/<surroundings>/<cel key>    one state: the SHA-256 of the rest, then the tensor as safetensors
    <folder>/films/<digest>.json                what was drawn: a name, its surroundings and its cels

*Surroundings* are the model's weights and the Numerics: what changes bits without changing what a cel says. A state is
written under another name, synced and renamed; one that is torn or foreign does not match its digest and counts as absent.
Several processes may use one store: they write the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from dataclasses import asdict, dataclass
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor

from ..models.base import Numerics
from ..places import cache, path_of
from ..plan.cel import Plan
from ..report import REPORT, Report

LIMIT = 20 * 2**30  # bytes: some 300,000 states of 512 x 512 pixels
RECENT = 64  # states that are kept in memory, too, beside those of two batches
DIGEST = 32  # bytes of a SHA-256
STALE = 3600.0  # seconds after which a temporary file has no owner any more
DRAWING = 2  # to be raised when a change in here makes other pictures of the same cels
OURS = re.compile(r"[0-9a-f]{32}(\.json)?|\.[0-9a-f]{16}")  # names that a store writes: it removes no others


@dataclass(frozen=True)
class Film:
    """What `animate store` says of one film."""

    name: str
    frames: int
    kept: int  # cels that are in the store
    cels: int
    used: float  # seconds since 1970


class Store:
    """A folder of states with a limit to its size. The oldest go first."""

    def __init__(self, folder: str | os.PathLike[str] | None = None, limit: int = LIMIT):
        self.folder = path_of(folder) if folder is not None else cache()
        self.limit = limit
        self.kept = self.drawn = 0  # cels of this process's films that were found here, and that were not
        self.probed: set[str] = set()  # cels of no film that this process has drawn: a film that shows them was not kept here
        self._size = self._since = 0  # bytes when last measured, and written since
        self._measured = self._warned = False

    def states(self, plan: Plan, name: str, fingerprint: str, numerics: Numerics, report: Report = REPORT) -> States:
        """The states of one film, drawn by a model with these weights in this place. Without a name they are of no film, and are not counted."""
        around = hashlib.sha256(json.dumps([DRAWING, fingerprint, asdict(numerics)], sort_keys=True).encode()).hexdigest()[:32]
        entry = {"name": name, "frames": len(plan.order), "around": around, "cels": sorted(plan.cels)}
        digest = hashlib.sha256(json.dumps([around, *plan.order]).encode()).hexdigest()[:32]
        if name:
            self.write(self.folder / "films" / f"{digest}.json", json.dumps(entry).encode(), report)
        return States(self, self.folder / "states" / around, RECENT + 2 * numerics.batch_size, bool(name), report)

    def write(self, path: Path, data: bytes, report: Report = REPORT) -> bool:
        """Whole or not at all. False, with one warning, if the disk will not take it: a film goes on without its store."""
        temporary = path.with_name(f".{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._make_room(len(data))
            try:
                with temporary.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            if not self._warned:
                report.warn(f"{self.folder}: what is drawn cannot be kept ({error.strerror or error}); drawing goes on")
            self._warned = True
            return False
        return True

    def _make_room(self, extra: int) -> None:
        """Remove what was not used for longest, down to nine tenths of the limit.

        Measured anew after every hundredth of it: other processes write here, too.
        """
        self._since += extra
        if not self._measured or self._since > self.limit / 100:
            self._size, self._since, self._measured = self.size(), extra, True
        if self._size + self._since <= self.limit:
            return
        listed = sorted((stat.st_mtime, stat.st_size, path) for path, stat in self._entries())
        total, now = sum(size for _, size, _ in listed), time.time()
        for used, size, path in listed:
            if total + extra > 0.9 * self.limit or (path.name.startswith(".") and now - used > STALE):
                path.unlink(missing_ok=True)
                total -= size
        self._size, self._since = total, extra

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        for pattern in ("states/*/*", "films/*"):
            for path in self.folder.glob(pattern):
                with contextlib.suppress(FileNotFoundError):  # another process was faster
                    if OURS.fullmatch(path.name):
                        yield path, path.stat()

    def size(self) -> int:
        """Bytes of all states."""
        return sum(stat.st_size for _, stat in self._entries())

    def films(self) -> list[Film]:
        """The films that were drawn with this store, the newest first."""
        films = []
        for path in self.folder.glob("films/*.json"):
            try:
                entry, used = json.loads(path.read_bytes()), path.stat().st_mtime
                kept = sum((self.folder / "states" / entry["around"] / key).exists() for key in entry["cels"])
                films.append(Film(str(entry["name"]), int(entry["frames"]), kept, len(entry["cels"]), used))
            except (OSError, ValueError, KeyError, TypeError):
                continue  # of another version, or being written: it says nothing
        return sorted(films, key=lambda film: -film.used)

    def clear(self) -> int:
        """Remove everything that a store has written here, and nothing else. Returns the bytes that are free now."""
        before = self.size()
        for path, _ in self._entries():
            path.unlink(missing_ok=True)
        for folder in sorted([*self.folder.glob("states/*"), *self.folder.glob("states"), *self.folder.glob("films")], reverse=True):
            with contextlib.suppress(OSError):  # somebody else's files are in it
                folder.rmdir()
        self._measured = False
        return before - self.size()


class States(MutableMapping[str, Tensor]):
    """Cel key -> clean latents, of one film. Deleting drops a state from memory only."""

    def __init__(self, store: Store, folder: Path, recent: int, counting: bool, report: Report):
        self.store, self.folder, self.most, self.counting, self.report = store, folder, recent, counting, report
        self.recent: OrderedDict[str, Tensor] = OrderedDict()
        self.unsaved: dict[str, Tensor] = {}  # what the disk did not take: kept until it is shown
        self.counted: set[str] = set()  # cels that are among the store's kept or drawn ones

    def __contains__(self, key: object) -> bool:
        """Whether there is an entry; only reading it tells whether it is sound."""
        return key in self.recent or key in self.unsaved or (self.folder / str(key)).is_file()

    def __getitem__(self, key: str) -> Tensor:
        held = self.recent.get(key, self.unsaved.get(key))
        if held is not None:
            return held
        data = self._sound(key)
        if data is None:
            raise KeyError(key)
        (tensor,) = safetensors.torch.load(data).values()
        if key not in self.counted:
            self.counted.add(key)
            self.store.kept += self.counting and key not in self.store.probed
        self._remember(key, tensor)
        return tensor

    def __setitem__(self, key: str, state: Tensor) -> None:
        data = safetensors.torch.save({"latents": state.contiguous()})
        self.counted.add(key)
        if self.counting:
            self.store.drawn += 1
        else:
            self.store.probed.add(key)
        if self.store.write(self.folder / key, hashlib.sha256(data).digest() + data, self.report):
            self._remember(key, state)
        else:
            self.unsaved[key] = state

    def __delitem__(self, key: str) -> None:
        self.recent.pop(key, None)
        self.unsaved.pop(key, None)

    def __iter__(self) -> Iterator[str]:
        kept = {path.name for path in self.folder.glob("[!.]*")} if self.folder.is_dir() else set()
        return iter(kept | set(self.unsaved))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _remember(self, key: str, state: Tensor) -> None:
        self.recent[key] = state
        while len(self.recent) > self.most:
            self.recent.popitem(last=False)

    def _sound(self, key: str) -> bytes | None:
        """The tensor's bytes, marked as used just now; None if there are none, or they are not what was written."""
        path = self.folder / key
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data[DIGEST:]).digest() != data[:DIGEST]:
            return None
        with contextlib.suppress(OSError):  # a store that is read-only is still read
            os.utime(path)
        return data[DIGEST:]
