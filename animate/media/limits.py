"""What can be written at all: rates, images and sizes, checked before a file is begun. Knows no encoders and opens no files."""

from __future__ import annotations

import os
from numbers import Real
from typing import Any

import numpy as np

from ..errors import AnimateError, one_line
from ..pixels import Image
from ..places import path_of
from ..story.storyboard import FASTEST, SLOWEST
from .formats import FORMATS


def check_rate(fps: Any) -> None:
    """Raises AnimateError for anything but a rate that formats can hold. Python takes True for 1."""
    if isinstance(fps, bool) or not isinstance(fps, Real) or not SLOWEST <= fps <= FASTEST:  # type: ignore[operator]
        raise AnimateError(f"fps {one_line(repr(fps), 60)}; allowed: a number from {SLOWEST:g} to {FASTEST:g}")


def check_image(image: Image, size: tuple[int, int]) -> None:
    """Raises AnimateError for anything but uint8 (height, width, 3). size: the film's width and height; (0, 0): any."""
    if not isinstance(image, np.ndarray):
        raise AnimateError(f"an image that is a {type(image).__name__}; allowed: a numpy array, uint8 (height, width, 3)")
    if not image.size:
        raise AnimateError(f"an image of {image.shape}: it has no pixels; allowed: uint8 (height, width, 3)")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise AnimateError(f"an image of {image.dtype} {image.shape}; allowed: uint8 (height, width, 3)")
    if any(size) and image.shape != (size[1], size[0], 3):
        raise AnimateError(f"an image of {image.shape} in a film of {(size[1], size[0], 3)}; all must have one size")


def check_size(path: str | os.PathLike[str], width: int, height: int) -> None:
    """Raises AnimateError if a file of this name, or a folder with a "/" at its end, cannot hold pictures of so many pixels."""
    suffix = "" if os.fspath(path).endswith("/") else path_of(path).suffix.lower()
    if max(width, height) > FORMATS[suffix].side:
        allowed = f"allowed: up to {FORMATS[suffix].side} on a side"
        raise AnimateError(f"{path}: {width} x {height} pixels are too many for {suffix}; {allowed}; use .png, or smaller pictures")
