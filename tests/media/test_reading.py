"""Films and pictures that are broken, locked away, or something else than their names say."""

from __future__ import annotations

import errno
import os
import signal
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import psutil
import pytest

from animate import AnimateError
from animate.media import decoders, ffmpeg, images, publish
from animate.media.reading import frames
from animate.media.writers import write_video
from animate.pixels import Image
from animate.report import REPORT

IMAGES = [np.full((48, 64, 3), 40 * i, np.uint8) for i in range(3)]


def damaged_avif(path: Path) -> Path:
    """One whose pictures are found, and cannot be decoded: Pillow's RuntimeError."""
    write_video(path.with_suffix(".avif"), IMAGES, 12)
    data = bytearray(path.with_suffix(".avif").read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = bytes(len(data) - start)
    path.write_bytes(data)
    return path


def damaged_dds(path: Path) -> Path:
    """One of a kind that Pillow does not know: its NotImplementedError."""
    path.write_bytes(
        b"DDS " + struct.pack("<7I", 124, 0x1007, 8, 8, 0, 0, 0) + bytes(44) + struct.pack("<8I", 32, 1 << 20, 0, 0, 0, 0, 0, 0) + bytes(200)
    )
    return path


@pytest.mark.parametrize(("broken", "error"), [(damaged_avif, RuntimeError), (damaged_dds, NotImplementedError)])
def test_a_damaged_picture_is_one_line_whatever_its_reader_raises(tmp_path: Path, broken: Any, error: type[Exception]) -> None:
    path = broken(tmp_path / "picture.png")
    with pytest.raises(error), PIL.Image.open(path) as opened:
        opened.load()
    with pytest.raises(AnimateError, match=r"picture\.png: cannot be read as a picture or animation \([^\n]*\); give a whole file$"):
        list(frames(path))
    with pytest.raises(AnimateError, match=r"picture\.png: no picture that can be read \([^\n]*\); give a PNG, JPEG or WebP$"):
        images.read(str(path), 16, 16)


@pytest.mark.parametrize(
    "error", [TypeError("Missing dimensions"), AttributeError("x"), ZeroDivisionError("x"), MemoryError("x"), RecursionError("x")]
)
def test_all_that_pillow_has_raised_for_broken_files_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """TypeError is what a TIFF without a size got, found with files whose bytes were changed at random."""
    (tmp_path / "a.png").touch()

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(PIL.Image, "open", fail)
    with pytest.raises(AnimateError, match="cannot be read as a picture"):
        list(decoders.animation(tmp_path / "a.png", REPORT))
    with pytest.raises(AnimateError, match="no picture that can be read"):
        images.size(str(tmp_path / "a.png"))


def test_a_picture_starts_no_other_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow knows a file by its content, and would have Ghostscript draw this one, whatever its name."""
    PIL.Image.fromarray(IMAGES[1]).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    started: list[object] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *command, **_: started.append(command))
    for look in (lambda path: list(frames(Path(path))), images.size, lambda path: images.read(path, 16, 16)):
        with pytest.raises(AnimateError, match="cannot identify image file"):
            look(str(tmp_path / "a.png"))
    assert not started


@pytest.mark.skipif(os.name == "nt", reason="no named pipes among its files")
@pytest.mark.parametrize("suffix", [".png", ".gif", ".mp4", ".webm", ".avif"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, suffix: str) -> None:
    os.mkfifo(tmp_path / f"a{suffix}")
    with pytest.raises(AnimateError, match="no such file, or no film; give a film, or a folder of pictures"):
        list(frames(tmp_path / f"a{suffix}"))
    with pytest.raises(AnimateError, match=r"no picture that can be read \(a pipe or a device, and no file\)"):
        images.size(str(tmp_path / f"a{suffix}"))


@pytest.mark.skipif(os.name == "nt", reason="no named pipes among its files")
def test_a_pipe_among_pictures_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.png")
    with pytest.raises(AnimateError, match=r"1\.png: cannot be read as a picture or animation \(a pipe or a device, and no file\)"):
        list(frames(tmp_path))


def test_a_folder_that_may_not_be_read_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", locked)
    with pytest.raises(AnimateError, match=r": cannot be read \(Permission denied\); change its permissions, or give another folder$"):
        list(frames(tmp_path))


def test_a_name_that_no_file_can_have_is_one_line(tmp_path: Path) -> None:
    for name in ("x" * 300 + ".mp4", "x" * 300, "a\0.gif"):
        with pytest.raises(AnimateError, match="no such file, or no film"):
            list(frames(tmp_path / name))


def test_ffmpegs_words_come_without_addresses_and_echoes() -> None:
    words = (
        b"[mov,mp4,m4a,3gp,3g2,mj2 @ 0x56011e81d0c0] moov atom not found\n"
        b"[in#0 @ 0x56011e81d0c0] Error opening input: Invalid data found\n"
        b"    Last message repeated 3 times\n"
        b"Error opening input files: Invalid data found\n"
    )
    assert ffmpeg.message(words) == "moov atom not found; Error opening input: Invalid data found"
    assert ffmpeg.message(b"", 3) == "without a word, with exit code 3"


@pytest.mark.skipif(os.name == "nt", reason="there are no signals")
def test_an_ffmpeg_that_the_system_ends_is_told_with_what_to_do(tmp_path: Path) -> None:
    """As where a file may not grow any more (ulimit -f): it cannot say so itself."""
    assert ffmpeg.message(b"", -signal.SIGXFSZ) == "the system ended it (File size limit exceeded)"

    def drawn() -> Any:
        for number in range(1000):
            if number == 1:
                (encoder,) = (child for child in psutil.Process().children() if "ffmpeg" in child.name())
                encoder.send_signal(signal.SIGXFSZ)
            yield IMAGES[1]

    with pytest.raises(
        AnimateError, match=r"the system ended it \(File size limit exceeded\); look at the room on the disk and its limits, or choose"
    ):
        write_video(tmp_path / "film.mp4", drawn(), 12)


@pytest.mark.skipif(os.name == "nt", reason="it does not let one remove the current folder")
def test_a_current_folder_that_is_gone_is_told_before_drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    drawn: list[Image] = []
    for name in ("a.gif", "x/"):
        with pytest.raises(AnimateError, match="the current folder was removed; change to one that is there"):
            write_video(name, (drawn.append(image) or image for image in IMAGES), 12)  # type: ignore[func-returns-value]
    assert not drawn
    with pytest.raises(AnimateError, match="the current folder was removed"), publish.temporary_name(Path("a.gif")):
        pass
