"""Finished states on disk: what makes a film resumable, and cheap to edit. Knows nothing of storyboards or images.

    <folder>/states/<surroundings>/<cel key>    one state: the SHA-256 of its place and of the rest, then the rest: the tensor as safetensors
    <folder>/films/<digest>.json                what was drawn: a name, its surroundings and its cels

*Surroundings* are the model's weights and the Numerics: what changes bits without changing what a cel says. A state is
written under another name, synced and renamed; one that is torn, foreign or another cel's does not match its digest and counts as absent.
Several processes may use one store: they write the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import stat
import time
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import safetensors

from ..errors import AnimateError, one_line
from ..places import cache, path_of, read_bytes
from ..report import REPORT, Report

if TYPE_CHECKING:
    from torch import Tensor

    from ..models.base import Numerics
    from ..plan.cel import Plan

LIMIT = 20 * 2**30  # bytes: some 300,000 states of 512 x 512 pixels
RECENT = 64  # states that are kept in memory, too, beside those of two batches
DIGEST = 32  # bytes of a SHA-256
LARGEST = 2**30  # bytes of a state, and of a film's list of cels, that are read: a state of 512 x 512 pixels has 64 KB
STALE = 3600.0  # seconds after which a temporary file has no owner any more
LATENTS = "latents"  # the tensor's name in its file
DRAWING = 4  # to be raised when a change in here makes other pictures of the same cels
OURS = re.compile(r"[0-9a-f]{32}(\.json)?|\.[0-9a-f]{16}")  # names that a store writes: it removes no others


@dataclass(frozen=True)
class KeptFilm:
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
        self.probed: set[str] = set()  # cels that this process has drawn before any film of its own had them: they count once a film shows them
        self._size = self._since = 0  # bytes when last measured, and written since
        self._measured = self._warned = False

    def states(self, plan: Plan, name: str, fingerprint: str, numerics: Numerics, report: Report = REPORT) -> States:
        """The states of one film, drawn by a model with these weights in this place. Without a name they are of no film, and are not counted."""
        around = _around(fingerprint, numerics)
        entry = {"name": name, "frames": len(plan.order), "around": around, "cels": sorted(plan.cels)}
        digest = hashlib.sha256(json.dumps([around, *plan.order]).encode()).hexdigest()[:32]
        if name:
            self.write(self.folder / "films" / f"{digest}.json", json.dumps(entry).encode(), report)
        return States(self, self.folder / "states" / around, RECENT + 2 * numerics.batch_size, bool(name), report)

    def holds(self, plan: Plan, fingerprint: str, numerics: Numerics) -> int:
        """How many of the drawings that a plan's frames show are kept."""
        folder = self.folder / "states" / _around(fingerprint, numerics)
        return sum(os.path.isfile(folder / key) for key in {*plan.order})  # noqa: PTH113 - it never raises OSError

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

    def take(self, other: Store, report: Report = REPORT) -> None:
        """Whatever another store has, and this one does not. Raises AnimateError if the other cannot be read."""
        with other._looked_at():
            for path in other._named("states/*/*"):
                target = self.folder / path.relative_to(other.folder)
                if not target.exists():
                    self.write(target, read_bytes(path, LARGEST), report)

    def _make_room(self, extra: int) -> None:
        """Remove what was not used for longest, down to nine tenths of the limit.

        Measured anew after every hundredth of it: other processes write here, too.
        """
        self._since += extra
        if not self._measured or self._since > self.limit / 100:
            self._size, self._since, self._measured = sum(about.st_size for _, about in self._entries()), extra, True
        if self._size + self._since <= self.limit:
            return
        listed = sorted((about.st_mtime, about.st_size, path) for path, about in self._entries())
        total, now = sum(size for _, size, _ in listed), time.time()
        for used, size, path in listed:
            if total + extra > 0.9 * self.limit or (path.name.startswith(".") and now - used > STALE):
                with contextlib.suppress(OSError):  # somebody else's folder, or one that may not be written to
                    path.unlink(missing_ok=True)
                    total -= size
        self._size, self._since = total, extra

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        """The files that a store has written, as far as the system lets one look."""
        for path in self._named("states/*/*", "films/*"):
            with contextlib.suppress(OSError):  # another process was faster
                about = path.lstat()
                if stat.S_ISREG(about.st_mode):
                    yield path, about

    def _named(self, *patterns: str) -> Iterator[Path]:
        """What lies under names that a store gives: its files, or what somebody has put in their place. Raises OSError."""
        for pattern in patterns:
            yield from (path for path in self.folder.glob(pattern) if OURS.fullmatch(path.name))

    @contextlib.contextmanager
    def _looked_at(self) -> Iterator[None]:
        """Raises what the system says of the folder as an AnimateError."""
        try:
            yield
        except OSError as error:
            raise AnimateError(f"{self.folder}: the store cannot be read ({one_line(error)}); name another folder with --store") from error

    def size(self) -> int:
        """Bytes of all states. Raises AnimateError if the folder cannot be read."""
        with self._looked_at():
            return sum(about.st_size for _, about in self._entries())

    def films(self) -> list[KeptFilm]:
        """The films that were drawn with this store, the newest first. Raises AnimateError if the folder cannot be read."""
        with self._looked_at():
            films = [film for path in self._named("films/*.json") if (film := self._film(path))]
        return sorted(films, key=lambda film: -film.used)

    def _film(self, path: Path) -> KeptFilm | None:
        """None of an entry that is damaged, of another version, or gone meanwhile: it says nothing."""
        try:
            entry, used = json.loads(read_bytes(path, LARGEST)), path.stat().st_mtime
            name, frames, around, cels = (entry[key] for key in ("name", "frames", "around", "cels"))
            if not (isinstance(name, str) and isinstance(frames, int) and OURS.fullmatch(around) and isinstance(cels, list)):
                return None
            name.encode()  # half of a letter cannot be printed
            kept = sum(os.path.isfile(self.folder / "states" / around / key) for key in cels)  # noqa: PTH113 - it never raises OSError
            return KeptFilm(name, frames, kept, len(cels), used)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def clear(self, report: Report = REPORT) -> int:
        """Remove everything that a store has written here, and nothing else. Returns the bytes that are free now.

        What cannot be removed is passed over, and told in one warning. Raises AnimateError if the folder cannot be read.
        """
        before, left = self.size(), list[str]()
        with self._looked_at():
            for path in [*self._named("states/*/*", "films/*")]:
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    left.append(f"{path} ({one_line(error)})")
            folders = [*self.folder.glob("states/*"), *self.folder.glob("states"), *self.folder.glob("films")]
        for folder in sorted(folders, reverse=True):
            with contextlib.suppress(OSError):  # somebody else's files are in it
                folder.rmdir()
        self._measured = False
        if left:
            others = f" and {len(left) - 1} more" if left[1:] else ""
            report.warn(f"{left[0]}{others} cannot be removed; change the permissions, or remove what is there by hand")
        return before - self.size()


def _around(fingerprint: str, numerics: Numerics) -> str:
    """The name of the folder for what a model with these weights draws in this place."""
    return hashlib.sha256(json.dumps([DRAWING, fingerprint, asdict(numerics)], sort_keys=True).encode()).hexdigest()[:32]


class States(MutableMapping[str, "Tensor"]):
    """Cel key -> clean latents, of one film. Deleting drops a state from memory only."""

    def __init__(self, store: Store, folder: Path, recent: int, counting: bool, report: Report):
        self.store, self.folder, self.most, self.counting, self.report = store, folder, recent, counting, report
        self.recent: OrderedDict[str, Tensor] = OrderedDict()
        self.unsaved: dict[str, Tensor] = {}  # what the disk did not take: kept until it is shown
        self.counted: set[str] = set()  # cels that are among the store's kept or drawn ones

    def __contains__(self, key: object) -> bool:
        """Whether there is an entry; only reading it tells whether it is sound."""
        return key in self.recent or key in self.unsaved or os.path.isfile(self.folder / str(key))  # noqa: PTH113 - it never raises OSError

    def __getitem__(self, key: str) -> Tensor:
        held = self.recent.get(key, self.unsaved.get(key))
        if held is not None:
            return held
        tensor = self._sound(key)
        if tensor is None:
            raise KeyError(key)
        if key not in self.counted:
            self._count(key)
        self._remember(key, tensor)
        return tensor

    def _count(self, key: str) -> None:
        """A cel that was found here: of a film, it was kept before, or drawn just now, ahead of its film."""
        self.counted.add(key)
        if self.counting and key in self.store.probed:
            self.store.probed.discard(key)  # another film that shows it does find it here
            self.store.drawn += 1
        elif self.counting:
            self.store.kept += 1

    def __setitem__(self, key: str, state: Tensor) -> None:
        from safetensors.torch import save

        data = save({LATENTS: state.contiguous()})
        self.counted.add(key)
        if self.counting:
            self.store.drawn += 1
        else:
            self.store.probed.add(key)
        if self.store.write(self.folder / key, self._digest(key, data) + data, self.report):
            self._remember(key, state)
        else:
            self.unsaved[key] = state

    def __delitem__(self, key: str) -> None:
        self.recent.pop(key, None)
        self.unsaved.pop(key, None)

    def __iter__(self) -> Iterator[str]:
        kept = set[str]()
        with contextlib.suppress(OSError):  # there is none, or it cannot be read
            kept = {path.name for path in self.folder.glob("[!.]*")}
        return iter(kept | set(self.unsaved))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _remember(self, key: str, state: Tensor) -> None:
        self.recent[key] = state
        while len(self.recent) > self.most:
            self.recent.popitem(last=False)

    def _digest(self, key: str, data: bytes) -> bytes:
        """Of a state's place and its content: one that was moved or renamed is no other cel's, nor another model's."""
        return hashlib.sha256(f"{self.folder.name}/{key}\0".encode() + data).digest()

    def _sound(self, key: str) -> Tensor | None:
        """The tensor, marked as used just now; None if there is none, or it is not what was written."""
        from safetensors.torch import load

        path = self.folder / key
        try:
            data = read_bytes(path, LARGEST)
            if self._digest(key, data[DIGEST:]) != data[:DIGEST]:
                return None
            tensor = load(data[DIGEST:])[LATENTS]
        except (OSError, ValueError, KeyError, safetensors.SafetensorError):
            return None
        with contextlib.suppress(OSError):  # a store that is read-only is still read
            os.utime(path)
        return tensor
