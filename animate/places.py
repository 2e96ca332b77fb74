"""Where things lie on this machine: paths as people write them, the cache, the file of a person's settings. Knows nothing of what files hold.

A path that a person gives may be anything: too long, in a folder that nobody may look into, a pipe that never ends.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import platformdirs

from .errors import AnimateError, amount, one_line

TEXT = 2**24  # bytes of the largest text that is read: a storyboard of 100,000 keyframes has half as many
NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL)  # a name that no file has, or can have


def path_of(name: str | os.PathLike[str]) -> Path:
    """The path that a person means: a "~" at its beginning is the home folder, wherever the name comes from (a shell turns only some).

    Raises AnimateError for an empty name, which would mean the current folder, and for what is no name at all.
    """
    if not isinstance(name, str | os.PathLike):
        raise AnimateError(f"{one_line(repr(name), 60)} where a file or folder belongs; allowed: its name as a text, or a Path")
    if not os.fspath(name):
        raise AnimateError("an empty name; name a file or folder, or leave it out")
    return Path(os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser raises for a user that is not known, this leaves the name as it is


def is_file(path: Path) -> bool:
    """Whether it is a file with a beginning and an end: no folder, pipe or device. Raises AnimateError where the system does not tell."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: Path) -> bool:
    """Whether it is a folder. Raises AnimateError where the system does not tell: Path.is_dir would raise OSError."""
    return stat.S_ISDIR(_mode(path))


def _mode(path: Path) -> int:
    """As os.stat has it; 0 of a path where nothing is."""
    try:
        return path.stat().st_mode
    except ValueError:  # a NUL in it
        return 0
    except OSError as error:
        if error.errno in NOTHING_THERE:
            return 0
        raise AnimateError(f"{path}: cannot be looked at ({one_line(error)}); name another, or change the permissions of its folder") from error


def regular(path: Path) -> Path:
    """The same path, to be opened: it is a file that ends. Raises OSError if it is none, or a folder, pipe or device; ValueError for a NUL in it."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "a pipe or a device, and no file", str(path))
    return path


def read_bytes(path: Path, largest: int = TEXT) -> bytes:
    """What is in a file. Raises OSError as `regular` does, and for one of more bytes than `largest`; ValueError for a NUL in the path."""
    with regular(path).open("rb") as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise OSError(errno.EFBIG, f"more than {amount(largest)}", str(path))
    return data


def absolute(path: Path) -> Path:
    """The path from the root. Raises AnimateError if that is asked of a folder that is gone."""
    try:
        return path.absolute()
    except OSError as error:
        raise AnimateError(f"{path}: the current folder was removed; change to one that is there") from error


def cache() -> Path:
    """The folder for states and fingerprints: ANIMATE_CACHE, or the system's folder for caches. It need not exist."""
    folder = os.environ.get("ANIMATE_CACHE")
    return path_of(folder) if folder else platformdirs.user_cache_path("animate")


def config() -> Path:
    """The file of a person's own settings: ANIMATE_CONFIG, or animate.toml in the system's folder for settings. It need not exist."""
    path = os.environ.get("ANIMATE_CONFIG")
    return path_of(path) if path else platformdirs.user_config_path("animate") / "animate.toml"
