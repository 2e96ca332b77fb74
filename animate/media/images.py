"""Single pictures: a picture file -> pixels of the size that a film has, and images -> a contact sheet. Knows nothing of films."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence

import numpy as np
import PIL.Image
from PIL import ExifTags, ImageDraw, ImageFont, ImageOps

from ..errors import AnimateError, one_line
from ..pixels import Image
from ..places import path_of, regular
from ..report import REPORT, Report
from .srgb import KINDS, UNREADABLE, as_srgb

LARGEST = 178_000_000  # pixels of a file: about the most that Pillow opens; 108 million are a telephone's photograph
MULTIPLE = 8  # a model draws multiples of so many pixels

GAP = 8  # pixels around every image of a contact sheet
PAPER, INK = (250, 250, 248), (40, 40, 44)


def size(path: str) -> tuple[int, int]:
    """Width and height of the picture, upright, rounded down to multiples of 8. Raises AnimateError."""
    with _opened(path) as picture:
        extent = picture.size if picture.getexif().get(ExifTags.Base.Orientation, 1) < 5 else picture.size[::-1]
    width, height = (side // MULTIPLE * MULTIPLE for side in extent)
    if not width or not height:
        raise AnimateError(f"{path}: smaller than {MULTIPLE} x {MULTIPLE} pixels; give a larger picture")
    return width, height


def read(path: str, width: int, height: int, report: Report = REPORT) -> Image:
    """uint8 (height, width, 3), sRGB: upright, on white (media/srgb), scaled to cover this size and cut evenly at both sides.

    Warns if that changes its size. The array is read-only. Raises AnimateError.
    """
    with _opened(path) as picture:
        picture = as_srgb(picture, path, report)
    if picture.size != (width, height):
        report.warn(f"{path} is {picture.width} x {picture.height} pixels: drawn as {width} x {height}")
    pixels = np.asarray(ImageOps.fit(picture, (width, height), PIL.Image.Resampling.LANCZOS)).copy()
    pixels.setflags(write=False)
    return pixels


@contextlib.contextmanager
def _opened(path: str) -> Iterator[PIL.Image.Image]:
    """The picture as Pillow has it; what goes wrong with it inside the block is told as AnimateError."""
    try:
        with PIL.Image.open(regular(path_of(path)), formats=KINDS) as picture:
            if picture.width * picture.height > LARGEST:
                raise AnimateError(f"{path}: {picture.width} x {picture.height} pixels; allowed: up to {LARGEST // 10**6} million; scale it down")
            yield picture
    except AnimateError:
        raise
    except PIL.Image.DecompressionBombError as error:
        raise AnimateError(f"{path}: too many pixels ({one_line(error)}); allowed: up to {LARGEST // 10**6} million; scale it down") from error
    except UNREADABLE as error:
        raise AnimateError(f"{path}: no picture that can be read ({one_line(error)}); give a PNG, JPEG or WebP") from error


def contact_sheet(images: Sequence[Image], captions: Sequence[str], columns: int | None = None) -> Image:
    """Images of one size, row by row, on one sheet, each with its caption beneath. Captions are cut to their image's width; none take no room."""
    height, width = images[0].shape[:2]
    columns = columns or min(len(images), max(1, round(math.sqrt(len(images) * 1.6))))
    rows = math.ceil(len(images) / columns)
    font = ImageFont.load_default(max(11, width // 16))
    line = GAP + math.ceil(font.getbbox("Ag")[3]) if captions else 0
    sheet = PIL.Image.new("RGB", (GAP + columns * (width + GAP), GAP + rows * (height + line + GAP)), PAPER)
    pen = ImageDraw.Draw(sheet)
    for i, (image, caption) in enumerate(zip(images, captions or [""] * len(images), strict=True)):
        x, y = GAP + i % columns * (width + GAP), GAP + i // columns * (height + line + GAP)
        sheet.paste(PIL.Image.fromarray(image), (x, y))
        pen.text((x, y + height + GAP // 2), _shortened(caption, font, width), fill=INK, font=font)
    return np.asarray(sheet)


def _shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """The text, or as much of its beginning as fits into so many pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"
