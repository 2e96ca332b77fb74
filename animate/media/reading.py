"""A film file or a folder of pictures -> images, one after the other, whoever made it. Never holds the film."""

from __future__ import annotations

import re
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import PIL.Image
from PIL import ImageSequence

from ..errors import AnimateError, AnimateWarning
from . import ffmpeg

Image = np.ndarray  # uint8 (H, W, 3), RGB

# Suffix -> ffmpeg's reader, named so that it does not guess, and open what another kind of file names.
VIDEOS = {".mp4": "mov", ".m4v": "mov", ".mov": "mov", ".webm": "matroska", ".mkv": "matroska", ".avi": "avi"}
ANIMATIONS = (".gif", ".webp", ".png", ".apng")
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


def frames(path: Path) -> Iterator[Image]:
    """Every frame that is in the file, uint8 (H, W, 3) RGB, none dropped or doubled for the sake of time; transparent parts
    on white. Of a folder its pictures, in the order of the numbers in their names. Raises AnimateError, also midway.
    """
    size: tuple[int, ...] = ()
    for number, image in enumerate(_opened(path)):
        size = size or image.shape
        if image.shape != size:
            raise AnimateError(f"{path}: frame {number} has {_extent(image.shape)} pixels, those before {_extent(size)}; give pictures of one size")
        yield image
    if not size:
        raise AnimateError(f"{path}: no pictures in it; give a film, or a folder of {', '.join(PICTURES)}")


def _extent(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"


def _opened(path: Path) -> Iterator[Image]:
    suffix = path.suffix.lower()
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise AnimateError(f"{path}: no such file; give a film, or a folder of pictures")
    if suffix in VIDEOS:
        return _video(path, VIDEOS[suffix])
    if suffix in ANIMATIONS:
        return _animation(path)
    raise AnimateError(f'{path}: suffix "{path.suffix}" is not known; allowed: {", ".join((*VIDEOS, *ANIMATIONS))}, or a folder of pictures')


def _folder(folder: Path) -> Iterator[Image]:
    found = [file for file in folder.iterdir() if file.suffix.lower() in PICTURES and not file.name.startswith(".")]
    for file in sorted(found, key=_counted):
        yield next(_animation(file))


def _counted(file: Path) -> list[tuple[int, str]]:
    """As people sort: frame 9 before frame 10."""
    return [(int(digits or 0), letters) for letters, digits in re.findall(r"(\D*)(\d*)", file.name)]


def _animation(path: Path) -> Iterator[Image]:
    """The pictures of a file, each as it is shown: Pillow lays partial frames over those before."""
    try:
        with PIL.Image.open(path) as film:
            for picture in ImageSequence.Iterator(film):
                yield np.asarray(_flat(picture))
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise AnimateError(f"{path}: cannot be read as a picture or animation ({' '.join(str(error).split())}); give a whole file") from error


def _flat(picture: PIL.Image.Image) -> PIL.Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    return PIL.Image.alpha_composite(PIL.Image.new("RGBA", clear.size, "white"), clear).convert("RGB")


def _video(path: Path, kind: str) -> Iterator[Image]:
    """Through ffmpeg, as a stream of PPM pictures, which say their size themselves."""
    source = ("-protocol_whitelist", "file", "-xerror", "-f", kind, "-i", f"file:{path}", "-map", "0:v:0", "-fps_mode", "passthrough")
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            ffmpeg.command(*source, "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-"), stdout=subprocess.PIPE, stderr=words, **ffmpeg.ALONE
        )
        assert process.stdout is not None
        try:
            while (image := _ppm(process.stdout)) is not None:
                yield image
            failed = process.wait()
        finally:
            process.kill()  # one who has seen enough
            process.stdout.close()
            process.wait()
        words.seek(0)
        said = words.read()
    if failed:
        raise AnimateError(f"{path}: cannot be read as a film ({_cause(said)}); give a whole file with a video in it")
    if said:  # ffmpeg takes a webm that was cut off for a whole one
        warnings.warn(f"{path}: frames may be missing ({_cause(said)})", AnimateWarning, stacklevel=3)


def _cause(said: bytes) -> str:
    """The first line of ffmpeg's words, without the name of its part that speaks: what comes after follows from it."""
    return re.sub(r"^(\[[^]]*\] )+", "", ffmpeg.words(said.strip().split(b"\n")[0]))


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
