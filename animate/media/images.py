"""Single pictures: a picture file -> pixels of the size that a film has, and images -> a contact sheet. Knows nothing of films."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    width, height = (side // MULTIPLE * MULTIPLE for side in _extent(path))
    if not width or not height:
        raise AnimateError(f"{path}: smaller than {MULTIPLE} x {MULTIPLE} pixels; give a larger picture")
    return width, height


def scaled(path: str, pixels: int, width: int | None = None, height: int | None = None) -> tuple[int, int]:
    """Width and height of about so many pixels in the shape of the picture, upright: the nearest multiples of 8. A side that is given stays.

    Raises AnimateError.
    """
    own = _extent(path)
    factor = width / own[0] if width else height / own[1] if height else math.sqrt(pixels / (own[0] * own[1]))
    near = [max(1, round(side * factor / MULTIPLE)) * MULTIPLE for side in own]
    return width or near[0], height or near[1]


def _extent(path: str) -> tuple[int, int]:
    """Width and height of the picture, upright."""
    with _opened(path) as picture:
        return picture.size if picture.getexif().get(ExifTags.Base.Orientation, 1) < 5 else picture.size[::-1]


def read(path: str, width: int, height: int, report: Report = REPORT) -> Image:
    """uint8 (height, width, 3), sRGB: upright, on white (media/srgb), scaled to cover this size and cut evenly at both sides.

    Warns if that enlarges it or cuts it, by more than rounding to multiples of 8 does. The array is read-only. Raises AnimateError.
    """
    with _opened(path) as picture:
        picture = as_srgb(picture, path, report)
    if changed := " and ".join(_changes(picture.size, (width, height))):
        report.warn(f"{path} is {picture.width} x {picture.height} pixels: drawn as {width} x {height}, {changed}")
    pixels = np.asarray(ImageOps.fit(picture, (width, height), PIL.Image.Resampling.LANCZOS)).copy()
    pixels.setflags(write=False)
    return pixels


def _changes(own: tuple[int, int], wanted: tuple[int, int]) -> list[str]:
    """What a size does to a picture that a person should know. Plain scaling down is not among it."""
    across, down = (new / old for old, new in zip(own, wanted, strict=True))
    rounding = MULTIPLE / 2 * (1 / own[0] + 1 / own[1])  # by so much the two differ where each side is the nearest multiple of 8
    enlarged = ["enlarged"] if max(across, down) > 1 + rounding else []
    return [*enlarged, f"cut in its {'height' if across > down else 'width'}"] if abs(across - down) > rounding else enlarged


@contextlib.contextmanager
def _opened(path: str) -> Iterator[PIL.Image.Image]:
    """The picture as Pillow has it; what goes wrong with it inside the block is told as AnimateError."""
    if not isinstance(path, str) or not path:
        raise AnimateError(f"image {one_line(repr(path), 60)}; allowed: the name of a PNG, JPEG or WebP, as a text; or leave it out")
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


@dataclass(frozen=True)
class Layout:
    """Where pictures of one size lie on a contact sheet, row by row, and how large it is. All in pixels."""

    count: int  # of pictures
    width: int  # of a picture
    height: int  # of a picture
    line: int  # height of a caption; 0 without captions
    columns: int

    @classmethod
    def of(cls, count: int, width: int, height: int, captioned: bool, columns: int | None = None) -> Layout:
        """columns: pictures in a row; left out: so many that the sheet is about 1.6 times as wide as it is high."""
        line = GAP + math.ceil(_font(width).getbbox("Ag")[3]) if captioned else 0
        return cls(count, width, height, line, columns or min(count, max(1, round(math.sqrt(count * 1.6)))))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the sheet."""
        rows = math.ceil(self.count / self.columns)
        return GAP + self.columns * (self.width + GAP), GAP + rows * (self.height + self.line + GAP)

    def place(self, number: int) -> tuple[int, int]:
        """Left and upper edge of a picture."""
        row, column = divmod(number, self.columns)
        return GAP + column * (self.width + GAP), GAP + row * (self.height + self.line + GAP)

    def cut(self, sheet: Image) -> Iterator[Image]:
        """The pictures of a sheet of this size, in order."""
        for left, top in map(self.place, range(self.count)):
            yield sheet[top : top + self.height, left : left + self.width]


def _font(width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """That of captions under pictures of so many pixels."""
    return ImageFont.load_default(max(11, width // 16))


def contact_sheet(images: Sequence[Image], captions: Sequence[str], columns: int | None = None) -> Image:
    """Images of one size, row by row, on one sheet, each with its caption beneath. Captions are cut to their image's width; none take no room."""
    height, width = images[0].shape[:2]
    layout, font = Layout.of(len(images), width, height, bool(captions), columns), _font(width)
    sheet = PIL.Image.new("RGB", layout.size, PAPER)
    pen = ImageDraw.Draw(sheet)
    for i, (image, caption) in enumerate(zip(images, captions or [""] * len(images), strict=True)):
        x, y = layout.place(i)
        sheet.paste(PIL.Image.fromarray(image), (x, y))
        pen.text((x, y + height + GAP // 2), _shortened(caption, font, width), fill=INK, font=font)
    return np.asarray(sheet)


def _shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """The text on one line, or as much of its beginning as fits into so many pixels."""
    # No more letters than pixels: measuring takes as long as the text, and a prompt may have a million of them. Line breaks, which
    # are measured otherwise, and letters that no line has, are spaces.
    whole = "".join(letter if letter.isprintable() else " " for letter in text[: width + 1])
    if len(text) <= width and font.getlength(whole) <= width:
        return whole
    text = whole[:width]
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"
