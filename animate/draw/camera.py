"""The camera: a picture as it is seen after a move. Pure functions of float32 tensors on the CPU; knows nothing of models or films.

A picture is taken as a sum of waves: it is known between its pixels, and beyond its border it continues as in a mirror.
"""

from __future__ import annotations

import cmath
import math
from functools import lru_cache

import torch
from scipy import fft
from torch import Tensor

from ..story.motion import Move

ROLL_OFF = 0.1  # share of the frequencies, the highest, that fade: a hard end rings at the borders, a softer one blurs
SEAM = 24  # pixels in which the end of a line fades into its beginning: a Fourier transform goes around in a circle
GUARD = 8  # pixels between what is seen and a seam, from which little more than rounding is felt there
KEPT_READINGS = 4  # of a camera that moves evenly: two of every frame, 1 MB each at 512 pixels


def warp(image: Tensor, move: Move) -> Tensor:
    """The picture after the camera's move, (..., C, H, W), computed in float32; without a move, the image itself.

    A film moves hundreds of times. The kernels of bicubic and Lanczos strengthen some frequencies by some 3 % each time, which
    burns in, and a spline through the pixels weakens the finest, which blurs. Waves do neither: they are read as they are.
    A turn is three shears, each of which slides whole lines (Unser, Thévenaz and Yaroslavsky 1995).
    Zooming out first removes what would alias. No value leaves the range of the picture.
    """
    if move == Move():
        return image
    pictures = image.float().reshape(-1, *image.shape[-3:])
    return _limited(_seen(pictures, move), pictures, move).to(image.dtype).view_as(image)


def _seen(pictures: Tensor, move: Move) -> Tensor:
    """The pictures after the move, (B, C, H, W): read where it looks, turned by quarters; what is left of the turn and of a pixel, slid."""
    height, width = pictures.shape[-2:]
    quarters = round(move.turn / 90)
    rest = math.radians(90 * quarters - move.turn)
    if not rest and move.zoom != 1:
        return _read(pictures, move, quarters, height, width)[0]
    sideways, down = math.tan(rest / 2), -math.sin(rest)  # pixels that a line slides for each that it is away from the middle
    wide = _enlarged(width, abs(sideways) * height / 2)
    high = _enlarged(height, abs(down) * wide / 2)
    widest = _enlarged(wide, abs(sideways) * high / 2) if rest else wide
    seen, left = _read(pictures, move, quarters, high, widest)
    left *= cmath.rect(1, rest)
    faded = move.zoom == 1  # otherwise they are as they were read
    if rest:
        seen = _slid(seen, -1, sideways * _line(high), wide, faded=False)
    seen = _slid(seen, -2, down * _line(wide) + left.imag, height, faded)
    return _slid(seen, -1, sideways * (_line(height) + left.imag) + left.real, width, faded)


def _line(count: int) -> Tensor:
    """Places of so many pixels, (count,), float64, from their middle."""
    return torch.arange(count, dtype=torch.float64) - (count - 1) / 2


def _enlarged(side: int, slide: float) -> int:
    """Pixels of which so many are left once lines have slid as far as this, and what is between pixels; a length that transforms quickly."""
    margin = math.ceil(slide + 1) + GUARD + SEAM
    while (length := side + 2 * margin - SEAM) != fft.next_fast_len(length, real=True):
        margin += 1
    return side + 2 * margin


def _read(pictures: Tensor, move: Move, quarters: int, height: int, width: int) -> tuple[Tensor, complex]:
    """What is seen of the pictures around the middle after quarters of a turn, a zoom and a pan: (B, C, height, width).

    Without a zoom, whole pixels are taken; how much farther to look, x + iy in what is seen, comes with them.
    """
    back = (1 + 0j, 1j, -1 + 0j, -1j)[quarters % 4]
    upright = not back.imag
    counts, signs = ((width, height), (back.real, back.real)) if upright else ((height, width), (-back.imag, back.imag))
    left = []
    for axis, count, sign, by in zip((-1, -2), counts, signs, (move.right, move.down), strict=True):
        pictures, rest = _read_along(pictures, axis, by, sign / move.zoom, count)
        left.append(rest)
    return pictures if upright else pictures.transpose(-1, -2), complex(*left) / back


def _read_along(pictures: Tensor, axis: int, by: float, step: float, count: int) -> tuple[Tensor, float]:
    """So many readings along an axis, `step` pixels apart, their middle `by` from that of the pictures; in whole pixels, and what is left."""
    side = pictures.shape[axis]
    middle = (side - 1) / 2 + by
    if abs(step) != 1:
        weights = _readings(side, middle, step, count)
        return weights @ pictures if axis == -2 else pictures @ weights.T, 0.0
    places = middle + step * _line(count)
    left = float(places[0] - places[0].round())
    whole = _mirrored((places - left).round().long(), side)
    return torch.from_numpy(pictures.numpy().take(whole.numpy(), axis)), left  # torch takes columns four times as long


@lru_cache(KEPT_READINGS)
def _readings(side: int, middle: float, step: float, count: int) -> Tensor:
    """The weights of a line's pixels in so many readings, `step` pixels apart, of its cosines (their transform): (count, side)."""
    places = middle + step * _line(count)
    frequency = torch.arange(side, dtype=torch.float64) / side
    waves = torch.cos(math.pi * (places[:, None] + 0.5) * frequency) * math.sqrt(2 / side)
    waves[:, 0] /= math.sqrt(2)
    kept = _kept(frequency * max(abs(step), 1))  # zooming out, fewer can be seen
    return torch.from_numpy(fft.idct((waves * kept).float().numpy(), norm="ortho"))


def _kept(frequency: Tensor) -> Tensor:
    """The share that is kept of waves of these frequencies, 1 the highest that can be seen: none of the highest."""
    return torch.cos(math.pi / 2 * ((frequency - 1) / ROLL_OFF + 1).clamp(0, 1))


def _slid(pictures: Tensor, axis: int, by: Tensor, count: int, faded: bool) -> Tensor:
    """The middle `count` readings along an axis, each line's `by` pixels farther; (B, C, H, W) -> as many there. faded: without the highest waves.

    What is nearer to the ends than `GUARD` and `SEAM` is not right.
    """
    side = pictures.shape[axis]
    length = side - SEAM
    mixes = torch.arange(1, SEAM + 1) / (SEAM + 1)
    end, begin = pictures.narrow(axis, length, SEAM).movedim(axis, -1), pictures.narrow(axis, 0, SEAM).movedim(axis, -1)
    seam = torch.lerp(end, begin, mixes**2 * (3 - 2 * mixes)).movedim(-1, axis)
    waves = torch.fft.rfft(torch.cat([seam, pictures.narrow(axis, SEAM, length - SEAM)], axis), dim=axis)
    frequency = torch.arange(waves.shape[axis], dtype=torch.float64) / length * 2
    along, across = (frequency, by[:, None]) if axis == -1 else (frequency[:, None], by)
    angle = (math.pi * along * across).float()
    share = _kept(along).float() if faded else 1.0
    waves *= torch.complex(angle.cos() * share, angle.sin() * share)  # half of polar's time
    slid: Tensor = torch.fft.irfft(waves, n=length, dim=axis).narrow(axis, (side - count) // 2, count)
    return slid


def _limited(seen: Tensor, pictures: Tensor, move: Move) -> Tensor:
    """What is seen, within the range of its picture, and beyond the border within that of the pixels around each place.

    There, a picture is continued from its own border time and again, and what little rings would grow.
    """
    lowest, highest = pictures.amin((-2, -1), keepdim=True), pictures.amax((-2, -1), keepdim=True)
    seen = seen.contiguous().clamp_(lowest, highest)
    height, width = pictures.shape[-2:]
    x, y = _places(height, width, move)
    beyond = ((x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)).flatten().nonzero()[:, 0]
    reach = round(1 / min(move.zoom, 1))  # pixels of the picture in one of what is seen
    around = torch.arange(-reach, reach + 1)
    near = _nearest(pictures, x.flatten()[beyond].round().long() + around[:, None], y.flatten()[beyond].round().long() + around[:, None, None])
    cells = seen.flatten(-2)
    cells[..., beyond] = cells[..., beyond].clamp(near.amin((2, 3)), near.amax((2, 3)))
    return seen


def _places(height: int, width: int, move: Move) -> tuple[Tensor, Tensor]:
    """Where in the picture each pixel of the new one lies: x and y, each (H, W), float64, in pixels; 0 is the middle of the first one."""
    x, y, back = _line(width), _line(height)[:, None], 1 / move.scale_and_turn
    return back.real * x - back.imag * y + (move.right + (width - 1) / 2), back.imag * x + back.real * y + (move.down + (height - 1) / 2)


def _nearest(pictures: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """(B, C, h, w) at these whole places, mirrored beyond the border: (B, C, *places)."""
    height, width = pictures.shape[-2:]
    near: Tensor = pictures[..., _mirrored(y, height), _mirrored(x, width)]
    return near


def _mirrored(places: Tensor, side: int) -> Tensor:
    """Which pixel is seen at whole places on and beyond a side of so many."""
    around = places % (2 * side)
    return torch.minimum(around, 2 * side - 1 - around)
