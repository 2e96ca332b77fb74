"""A picture file -> pixels of the size that a film has."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import PIL.Image
from PIL import ImageOps

from ..errors import AnimateError, AnimateWarning

MOST = 100_000_000  # pixels of a file: more than any camera takes
UNIT = 8  # a model draws multiples of so many pixels


def size(path: str) -> tuple[int, int]:
    """Width and height of the picture, upright, rounded down to multiples of 8. Raises AnimateError."""
    width, height = (side // UNIT * UNIT for side in _opened(path).size)
    if not width or not height:
        raise AnimateError(f"{path}: smaller than {UNIT} x {UNIT} pixels; give a larger picture")
    return width, height


def read(path: str, width: int, height: int) -> np.ndarray:
    """uint8 (height, width, 3), RGB: upright, alpha on white, scaled to cover this size and cut evenly at both sides.

    Says so if that changes its size. Raises AnimateError.
    """
    picture = _opened(path)
    if picture.size != (width, height):
        warnings.warn(f"{path} is {picture.width} x {picture.height} pixels: drawn as {width} x {height}", AnimateWarning, stacklevel=4)
    clear = picture.convert("RGBA")
    flat = PIL.Image.alpha_composite(PIL.Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
    pixels = np.asarray(ImageOps.fit(flat, (width, height), PIL.Image.Resampling.LANCZOS)).copy()
    pixels.setflags(write=False)
    return pixels


def _opened(path: str) -> PIL.Image.Image:
    """The picture, upright as its EXIF says."""
    try:
        with PIL.Image.open(Path(path).expanduser()) as picture:
            if picture.width * picture.height > MOST:
                raise AnimateError(f"{path}: {picture.width} x {picture.height} pixels; allowed: up to {MOST // 10**6} million; scale it down")
            return ImageOps.exif_transpose(picture)
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise AnimateError(f"{path}: no picture that can be read ({' '.join(str(error).split())}); give a PNG, JPEG or WebP") from error
