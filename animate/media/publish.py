"""Files get their names in one step, when they are whole; until then they lie under a temporary name beside it. Knows nothing of their content."""

from __future__ import annotations

import contextlib
import glob
import itertools
import os
import platform
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import AnimateError
from ..places import absolute
from ..report import Report
from .containers import IN_FOLDER

TEMPORARY = ".animate"  # how names of files begin that are not whole yet
ABANDONED_AFTER = 600.0  # seconds without a change, after which nobody writes to a file whose process is gone
NUMBERED = re.compile(r"\d{5,}\.png")  # the pictures of a film in a folder
LONGEST_NAME = 240  # bytes: file systems take 255, and a number may be added


def check_writable(target: Path) -> None:
    """Raises AnimateError if nothing can be written where `target` would be."""
    try:
        length = len(os.fsencode(target.name))
    except UnicodeEncodeError as error:  # half of a UTF-16 pair
        raise AnimateError(f"{str(target)!a}: no name for a file ({error.reason}); choose another with -o") from error
    if not 0 < length <= LONGEST_NAME:
        raise AnimateError(f"{target}: no name for a file; allowed: 1 to {LONGEST_NAME} bytes")
    if "\0" in str(target):
        raise AnimateError(f"{str(target)!r}: a name with a NUL in it; choose another with -o")
    parent = absolute(target).parent
    try:
        while not parent.exists() and not parent.is_symlink():  # a link to nowhere is no place for a folder
            parent = parent.parent
        with tempfile.TemporaryFile(dir=parent):  # the only sure answer: permissions say yes to root, and mounts do not
            pass
    except OSError as error:
        raise AnimateError(f"{target}: {parent} is not a folder one can write to ({error.strerror}); choose another with -o") from error


@contextlib.contextmanager
def temporary_name(target: Path) -> Iterator[Path]:
    """A name beside the target, with its suffix, to be published under the target's; what is left there at the end is removed."""
    folder = absolute(target).parent
    with write_errors(target):
        folder.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
    temporary = folder / f"{TEMPORARY}-{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}{target.suffix}"
    try:
        yield temporary
    finally:
        _remove(temporary)


@contextlib.contextmanager
def write_errors(target: Path) -> Iterator[None]:
    """Raises what the system says of a write that failed as an AnimateError."""
    try:
        yield
    except OSError as error:
        raise AnimateError(f"{target}: cannot be written ({error.strerror or error}); make room or choose another place with -o") from error


def publish(temporary: Path, target: Path, replace: bool, report: Report) -> Path:
    """Give a whole file its name, in one step: the target's, or a free one (name, name-2, name-3 ...) if `replace` is False, or if the
    target cannot be replaced: it may have become a folder meanwhile, or be open in a player that locks it. Returns that name.
    """
    folder, reason = temporary.is_dir(), ""
    if replace or folder:
        try:
            _replace(temporary, target, replace)
            return target
        except OSError as error:
            reason = error.strerror or str(error)
    name = next(name for name in _numbered(target) if _reserved(name, folder))
    _replace(temporary, name, replace=False)
    if reason:
        report.warn(f"{target} cannot be replaced ({reason}): written to {name}")
    return name


def _replace(temporary: Path, target: Path, replace: bool) -> None:
    if temporary.is_dir() and target.is_dir():
        if replace and holds_only_a_film(target):
            before = target.rename(temporary.with_name(f"{temporary.name}-before"))
            temporary.replace(target)
            shutil.rmtree(before)
            return
        target.rmdir()  # raises OSError if it is not empty
    temporary.replace(target)


def holds_only_a_film(folder: Path) -> bool:
    """Whether a folder is a film that was written here, and nothing else lies in it: then it may be replaced, as a file may."""
    names = [path.name for path in folder.iterdir()]
    return IN_FOLDER in names and all(name == IN_FOLDER or NUMBERED.fullmatch(name) for name in names)


def _numbered(target: Path) -> Iterator[Path]:
    yield target
    yield from (target.with_stem(f"{target.stem}-{number}") for number in itertools.count(2))


def _reserved(name: Path, folder: bool) -> bool:
    """Whether this name was free and is ours now, whoever else may be writing there."""
    try:
        if folder:
            name.mkdir()
        else:
            os.close(os.open(name, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed processes of this machine left under a temporary name."""
    for path in folder.glob(f"{TEMPORARY}-{glob.escape(platform.node())}-*"):
        owner = path.name.removeprefix(f"{TEMPORARY}-{platform.node()}-").split("-")[0]
        with contextlib.suppress(OSError):
            if owner.isdigit() and not _alive(int(owner)) and time.time() - path.stat().st_mtime > ABANDONED_AFTER:
                _remove(path)


def _alive(process: int) -> bool:
    if os.name == "nt":
        return True  # there, signal 0 is no question but Ctrl-C
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is somebody else's
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    path.unlink(missing_ok=True)
