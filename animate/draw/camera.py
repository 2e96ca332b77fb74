"""The camera: a picture as it is seen after a move. Pure functions of float32 tensors on the CPU; knows nothing of models or films.

A picture is taken as a sum of cosines (the discrete cosine transform): it is known between its pixels, and beyond its border it
continues as in a mirror.
"""

from __future__ import annotations

import math
from itertools import product

import torch
import torch.nn.functional as F
from scipy import fft
from torch import Tensor

from ..story.motion import Move

FINER = 3  # knots of the spline per pixel; odd: a pixel that does not move lies on a knot
ROLL_OFF = 0.1  # share of the frequencies, the highest, that fade: a hard end rings at the borders, a softer one blurs


def warp(image: Tensor, move: Move) -> Tensor:
    """The picture after the camera's move, (..., C, H, W), computed in float32; without a move, the image itself.

    A film moves hundreds of times. The kernels of bicubic and Lanczos strengthen some frequencies by some 3 % each time, which
    burns in, and a spline through the pixels weakens the finest, which blurs. Cosines do neither: they are read as they are where
    the camera does not turn, and otherwise from a spline through a picture that they make `FINER` times as fine.
    Zooming out first removes what would alias. No value leaves the range of the picture.
    """
    if move == Move():
        return image
    pictures = image.float().reshape(-1, *image.shape[-3:])
    height, width = image.shape[-2:]
    x, y = _places(height, width, move)
    moved = _turned if move.factor.imag else _shifted
    return _limited(moved(pictures, x, y, move.zoom), pictures, x, y, move.zoom).to(image.dtype).view_as(image)


def _places(height: int, width: int, move: Move) -> tuple[Tensor, Tensor]:
    """Where in the picture each pixel of the new one lies: x and y, each (H, W), float64, in pixels; 0 is the middle of the first one."""
    across, down = (width - 1) / 2, (height - 1) / 2
    x = torch.arange(width, dtype=torch.float64) - across
    y = torch.arange(height, dtype=torch.float64)[:, None] - down
    back = 1 / move.factor
    return back.real * x - back.imag * y + (move.right + across), back.imag * x + back.real * y + (move.down + down)


def _kept(side: int, zoom: float) -> Tensor:
    """The share that is kept of each cosine, (side,): none of the highest, and of those that would alias at this zoom."""
    frequency = torch.arange(side, dtype=torch.float64) / side / min(zoom, 1)  # of the highest that can be seen
    return torch.cos(math.pi / 2 * ((frequency - 1) / ROLL_OFF + 1).clamp(0, 1))


def _shifted(pictures: Tensor, x: Tensor, y: Tensor, zoom: float) -> Tensor:
    """The pictures at these places, which are the same in every row and in every column: (B, C, H, W)."""
    return _readings(y[:, 0], zoom) @ pictures @ _readings(x[0], zoom).T


def _readings(places: Tensor, zoom: float) -> Tensor:
    """The weights of as many pixels as there are places in what is read there: (places, pixels)."""
    side = len(places)
    waves = torch.cos(math.pi / side * (places[:, None] + 0.5) * torch.arange(side)) * math.sqrt(2 / side)
    waves[:, 0] /= math.sqrt(2)
    return torch.from_numpy(fft.idct((waves * _kept(side, zoom)).float().numpy(), norm="ortho"))


def _turned(pictures: Tensor, x: Tensor, y: Tensor, zoom: float) -> Tensor:
    """The pictures at these places, (B, C, H, W), by a cubic B-spline: 4 x 4 knots in 2 x 2 bilinear readings (Sigg and Hadwiger 2005)."""
    knots = _knots(pictures, zoom)
    columns, rows = (_pairs((place + 0.5) * FINER - 0.5) for place in (x, y))
    return sum((across * along * _read(knots, u, v, "bilinear") for (across, u), (along, v) in product(columns, rows)), torch.zeros(1))


def _knots(pictures: Tensor, zoom: float) -> Tensor:
    """(B, C, H, W) -> knots of the cubic B-spline (Unser 1999) through the cosines, read at so many places: (B, C, FINER * H, FINER * W)."""
    waves = fft.dctn(pictures.numpy(), axes=(-2, -1), norm="forward")
    rows, columns = (_kept(side, zoom) / _spline_response(side) for side in pictures.shape[-2:])
    waves *= (rows[:, None] * columns).float().numpy()
    for axis in (-2, -1):
        waves = fft.idct(waves, n=FINER * waves.shape[axis], axis=axis, norm="forward")
    return torch.from_numpy(waves)


def _spline_response(side: int) -> Tensor:
    """The share of each cosine, (side,), that is left when a spline with these knots is read at them."""
    return (2 + torch.cos(math.pi / FINER / side * torch.arange(side, dtype=torch.float64))) / 3


def _pairs(place: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Of the four knots around each place, two at a time: their weight, and the place between them where they are read."""
    first = place.floor()
    t = (place - first).float()
    weights = ((1 - t) ** 3 / 6, (4 - 6 * t**2 + 3 * t**3) / 6, (4 - 6 * (1 - t) ** 2 + 3 * (1 - t) ** 3) / 6, t**3 / 6)
    pairs = (*weights[:2], first - 1), (*weights[2:], first + 1)
    return [(a + b, knot.float() + b / (a + b)) for a, b, knot in pairs]


def _read(pictures: Tensor, x: Tensor, y: Tensor, mode: str) -> Tensor:
    """(B, C, h, w) at these places, mirrored beyond the border: (B, C, *x.shape)."""
    height, width = pictures.shape[-2:]
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], -1).float()  # -1 and 1 at the outer edges
    return F.grid_sample(pictures, grid.expand(len(pictures), *grid.shape), mode, "reflection", align_corners=False)


def _limited(seen: Tensor, pictures: Tensor, x: Tensor, y: Tensor, zoom: float) -> Tensor:
    """What is seen, within the range of its picture, and beyond the border within that of the pixels around each place.

    There, a picture is continued from its own border time and again, and what little rings would grow.
    """
    seen.clamp_(pictures.amin((-2, -1), keepdim=True), pictures.amax((-2, -1), keepdim=True))
    height, width = pictures.shape[-2:]
    beyond = (x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)
    x, y = x[beyond].round()[None], y[beyond].round()[None]
    lowest = highest = _read(pictures, x, y, "nearest")
    reach = round(1 / min(zoom, 1))  # pixels of the picture in one of what is seen
    for right, down in product(range(-reach, reach + 1), repeat=2):
        value = _read(pictures, x + right, y + down, "nearest")
        lowest, highest = lowest.minimum(value), highest.maximum(value)
    seen[..., beyond] = seen[..., beyond].clamp(lowest[:, :, 0], highest[:, :, 0])
    return seen
