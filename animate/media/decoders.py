"""Files -> images, a decoder for each kind of container: every frame that is in the file, none dropped or doubled. Never holds the film."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import PIL.Image
from PIL import ImageSequence

from ..errors import AnimateError, one_line
from ..pixels import Image
from ..places import regular
from ..report import Report
from . import ffmpeg
from .srgb import KINDS, UNREADABLE, as_srgb

Decoder = Callable[[Path, Report], Iterator[Image]]  # raises AnimateError, also midway


def video(demuxer: str) -> Decoder:
    """Through ffmpeg. The demuxer is named, so that it does not guess, and open what another kind of file names."""
    return partial(_video, demuxer=demuxer)


def animation(path: Path, report: Report) -> Iterator[Image]:
    """The pictures of a file, each as it is shown: Pillow lays partial frames over those before. In sRGB, on white."""
    try:
        with PIL.Image.open(regular(path), formats=KINDS) as film:
            for picture in ImageSequence.Iterator(film):
                yield np.asarray(as_srgb(picture, str(path), report))
    except UNREADABLE as error:
        raise AnimateError(f"{path}: cannot be read as a picture or animation ({one_line(error)}); give a whole file") from error


def folder(path: Path, report: Report, suffixes: Collection[str]) -> Iterator[Image]:
    """The pictures in a folder, in the order of the numbers in their names."""
    try:
        pictures = [file for file in path.iterdir() if file.suffix.lower() in suffixes and not file.name.startswith(".")]
    except OSError as error:
        raise AnimateError(f"{path}: cannot be read ({one_line(error)}); change its permissions, or give another folder") from error
    for picture in sorted(pictures, key=_natural_order):
        yield next(animation(picture, report))


def _natural_order(file: Path) -> list[tuple[int, str]]:
    """As people sort: frame 9 before frame 10."""
    return [(int(digits or 0), letters) for letters, digits in re.findall(r"(\D*)(\d*)", file.name)]


def _video(path: Path, report: Report, demuxer: str) -> Iterator[Image]:
    """As a stream of PPM pictures, which say their size themselves."""
    ffmpeg.check()
    source = ("-protocol_whitelist", "file", "-xerror", "-f", demuxer, "-i", f"file:{path}", "-map", "0:v:0", "-fps_mode", "passthrough")
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            ffmpeg.command(*source, "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-"),
            stdout=subprocess.PIPE, stderr=stderr, **ffmpeg.OWN_SESSION,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            while (image := _ppm(process.stdout)) is not None:
                yield image
            failed = process.wait()
        finally:
            process.kill()  # where not all frames were asked for
            process.stdout.close()
            process.wait()
        stderr.seek(0)
        words = stderr.read()
    if failed:
        raise AnimateError(f"{path}: cannot be read as a film ({_cause(words, failed)}); give a whole file with a video in it")
    if words:  # ffmpeg takes a webm that was cut off for a whole one
        report.warn(f"{path}: frames may be missing ({_cause(words)})")


def _cause(stderr: bytes, code: int = 1) -> str:
    """The first line of ffmpeg's messages: what comes after follows from it."""
    return ffmpeg.message(stderr.strip().split(b"\n")[0], code)


def _ppm(stream: IO[bytes]) -> Image | None:
    """The next picture of a stream of binary PPMs of 8 bits (Netpbm), None at its end."""
    if not stream.readline():
        return None
    width, height = map(int, stream.readline().split())
    stream.readline()
    pixels = stream.read(width * height * 3)
    if len(pixels) < width * height * 3:
        return None  # ffmpeg has failed, and says so
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
