"""Paths that people give: too long, locked away, or of something that never ends."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from animate.errors import AnimateError
from animate.places import absolute, is_file, is_folder, read_bytes, regular

LONG = "x" * 300


def locked(path: Path, **_: object) -> os.stat_result:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """One that nobody writes to: whoever opens it waits for ever."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_files_and_folders_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert (is_file(tmp_path / "file"), is_folder(tmp_path / "file")) == (True, False)
    assert (is_file(tmp_path), is_folder(tmp_path)) == (False, True)
    assert read_bytes(tmp_path / "file", 3) == b"abc"


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("none", FileNotFoundError, "No such file"),
        (LONG, OSError, "File name too long"),
        (f"{LONG}/{LONG}", OSError, "File name too long"),
        ("a\0b", ValueError, "null byte"),
        ("file/below", NotADirectoryError, "Not a directory"),
    ],
    ids=["none", "long", "longer", "NUL", "below a file"],
)
def test_what_cannot_be_there_is_not_there(tmp_path: Path, name: str, error: type[Exception], said: str) -> None:
    (tmp_path / "file").touch()
    assert not is_file(tmp_path / name)
    assert not is_folder(tmp_path / name)
    with pytest.raises(error, match=said):
        read_bytes(tmp_path / name)


def test_what_may_not_be_looked_at_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "stat", locked)
    for look in (is_file, is_folder):
        with pytest.raises(AnimateError, match=r"^/private: cannot be looked at \(Permission denied\); name another"):
            look(Path("/private"))


@pytest.mark.skipif(os.name == "nt", reason="no named pipes among its files")
def test_only_what_ends_is_read(tmp_path: Path, pipe: Path) -> None:
    assert not is_file(pipe)
    for endless in (pipe, Path("/dev/zero")):
        with pytest.raises(OSError, match="a pipe or a device"):
            regular(endless)
        with pytest.raises(OSError, match="a pipe or a device"):
            read_bytes(endless)
    with pytest.raises(IsADirectoryError):
        regular(tmp_path)


def test_no_more_is_read_than_is_sensible(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**40)  # takes no room
    with pytest.raises(OSError, match=r"more than 16\.8 MB"):
        read_bytes(tmp_path / "large")
    (tmp_path / "small").write_bytes(b"abcd")
    with pytest.raises(OSError, match="more than 1 kB"):
        read_bytes(tmp_path / "small", 3)


@pytest.mark.skipif(os.name == "nt", reason="it does not let one remove the current folder")
def test_a_current_folder_that_is_gone_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    assert absolute(Path("a")) == tmp_path / "gone" / "a"
    (tmp_path / "gone").rmdir()
    with pytest.raises(AnimateError, match=r"^a: the current folder was removed; change to one that is there$"):
        absolute(Path("a"))
    assert absolute(tmp_path) == tmp_path
