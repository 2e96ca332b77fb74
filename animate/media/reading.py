"""A film file or a folder of pictures -> images, one after the other, whoever made it. Never holds the film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import AnimateError
from ..pixels import Image
from ..places import is_file, is_folder, path_of
from ..report import REPORT, Report
from . import decoders
from .formats import format_of, names, pictures, readable


def frames(path: Path, report: Report = REPORT, stills: bool = False) -> Iterator[Image]:
    """Every frame that is in the file, uint8 (H, W, 3) RGB, none dropped or doubled for the sake of time; transparent parts
    on white. Of a folder its pictures, in the order of the numbers in their names. stills: a file that holds only one picture
    will do, too. Raises AnimateError, also midway.
    """
    size: tuple[int, ...] = ()
    for number, image in enumerate(_decoded(path_of(path), report, stills)):
        size = size or image.shape
        if image.shape != size:
            raise AnimateError(f"{path}: frame {number} has {_extent(image.shape)} pixels, those before {_extent(size)}; give pictures of one size")
        yield image
    if not size:
        raise AnimateError(f"{path}: no pictures in it; give a film, or a folder of {names(pictures())}")


def _extent(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"


def _decoded(path: Path, report: Report, stills: bool) -> Iterator[Image]:
    if not is_folder(path) and not is_file(path):
        raise AnimateError(f"{path}: no such file, or no film; give a film, or a folder of pictures")
    format = format_of(path)
    if stills and format and format.still:
        return decoders.animation(path, report)
    if format is None or format.decoder is None:
        raise AnimateError(f'{path}: suffix "{path.suffix}" is not known; allowed: {names(readable())}, or a folder of pictures')
    return format.decoder(path, report)
