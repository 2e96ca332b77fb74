"""The previous picture becomes the start of the next: what a moved camera sees of it, and the anchor that keeps its colours.

Pure functions of tensors. A picture is taken as a sum of cosines (the discrete cosine transform), which go on beyond the border
as in a mirror: borders are reflected without a copy, a filter is a product, and a variance is a sum of squares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from ..story.motion import Move

FINER = 3  # knots of the spline per pixel; odd: a pixel that does not move lies on a knot
ROLL_OFF = 0.1  # share of the frequencies, the highest, that fade: a hard end rings at the borders, a softer one blurs
SCALES = (1.0, 2.0, 4.0)  # pixels, standard deviations of the Gaussians that part a picture into bands of detail
GAIN = 2.0  # the most by which anything is strengthened or weakened at a time: noise in a flat picture stays noise
ROUNDS = 100  # until the gains no longer change
CLIPPINGS = 4  # rounds, at the most, in which what is cut off at black and white is made up for
CUT = 1e-3  # of -1..1, mean over a picture: less than what is seen is cut off


# --- what the camera sees -------------------------------------------------------------------------------------------------


def warp(image: Tensor, move: Move) -> Tensor:
    """What the camera sees after the move, (..., C, H, W); without a move, the image itself. Computed in float32.

    The picture is made finer as its cosines are, and read with a cubic B-spline (Unser 1999). A film moves hundreds of times:
    the kernels of bicubic and Lanczos strengthen some frequencies by some 3 % each time, which burns in; this one strengthens
    none. Zooming out first takes away what would alias. No value leaves the range of the picture.
    """
    if move == Move():
        return image
    pictures = image.float().reshape(-1, *image.shape[-3:])
    height, width = image.shape[-2:]
    points = _points(height, width, move).to(image.device)
    rows, columns = (_finer(side, move.zoom).to(image.device) for side in (height, width))
    seen = _spline(rows @ pictures @ columns.T, points)
    return seen.clamp(-_highest(-pictures, points, move.zoom), _highest(pictures, points, move.zoom)).to(image.dtype).view_as(image)


def _points(height: int, width: int, move: Move) -> Tensor:
    """Where in the picture each pixel of the new one lies: (H, W, 2), x and y, -1 and 1 at the outer edges of the border."""
    x = torch.arange(width, dtype=torch.float64) - (width - 1) / 2
    y = torch.arange(height, dtype=torch.float64)[:, None] - (height - 1) / 2
    factor = 1 / move.factor
    right = factor.real * x - factor.imag * y + move.right
    down = factor.imag * x + factor.real * y + move.down
    return torch.stack([right * 2 / width, down * 2 / height], -1).float()


def _finer(side: int, zoom: float) -> Tensor:
    """Pixels -> knots of the cubic B-spline through them on a grid `FINER` times as fine: (FINER * side, side)."""
    frequency = torch.arange(side, dtype=torch.float64) / side  # of the highest
    spline = (2 + torch.cos(math.pi * frequency / FINER)) / 3  # what is left of a frequency when a B-spline is read at its knots
    fading = ((frequency / min(zoom, 1) - 1) / ROLL_OFF + 1).clamp(0, 1)
    return (_cosines(side, FINER * side) / spline * torch.cos(math.pi / 2 * fading)).float() @ _cosines(side, side).float().T


def _spline(knots: Tensor, points: Tensor) -> Tensor:
    """The cubic B-spline at these points: each four by four knots in two by two bilinear readings (Sigg and Hadwiger 2005)."""
    size = torch.tensor([knots.shape[-1], knots.shape[-2]], device=knots.device)
    place = (points + 1) / 2 * size - 0.5
    t = place - place.floor()
    weights = ((1 - t) ** 3 / 6, (4 - 6 * t**2 + 3 * t**3) / 6, (4 - 6 * (1 - t) ** 2 + 3 * (1 - t) ** 3) / 6, t**3 / 6)
    sides = []
    for first, second, offset in ((*weights[:2], -1), (*weights[2:], 1)):
        between = place.floor() + offset + second / (first + second)
        sides.append((first + second, (between + 0.5) / size * 2 - 1))
    seen = torch.zeros(1, device=knots.device)
    for along, y in sides:
        for across, x in sides:
            seen = seen + across[..., 0] * along[..., 1] * _read(knots, torch.stack([x[..., 0], y[..., 1]], -1), "bilinear")
    return seen


def _read(pictures: Tensor, points: Tensor, mode: str) -> Tensor:
    return F.grid_sample(pictures, points.expand(len(pictures), *points.shape), mode, "reflection", align_corners=False)


def _highest(pictures: Tensor, points: Tensor, zoom: float) -> Tensor:
    """The most that may be seen at each point: the highest of the picture, and beyond its border of the pixels around the point.

    There, a picture is continued from its own border time and again, and what little rings would grow.
    """
    size = torch.tensor([pictures.shape[-1], pictures.shape[-2]], device=points.device)
    beyond = (points.abs() > 1 - 1 / size).any(-1)
    reach = round(1 / min(zoom, 1))  # pixels of the picture in one of what is seen
    around = _read(F.max_pool2d(pictures, 2 * reach + 1, 1, reach), points, "nearest")
    return torch.where(beyond, around, pictures.amax((-2, -1), keepdim=True))


def _cosines(side: int, samples: int) -> Tensor:
    """The orthonormal cosines of `side` pixels, read at so many places: (samples, side), the slowest first."""
    place = (torch.arange(samples, dtype=torch.float64) + 0.5) / samples
    waves = torch.cos(math.pi * place[:, None] * torch.arange(side)) * math.sqrt(2 / side)
    waves[:, 0] /= math.sqrt(2)
    return waves


# --- what its colours hold on to ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Statistics:
    """What a picture is like apart from what it shows, for every channel on its own."""

    mean: Tensor  # (C, 1, 1)
    spread: Tensor  # (C, 1, 1), standard deviation
    detail: Tensor  # (3, C, 1, 1), standard deviation of its bands, the finest first

    def blend(self, other: Statistics, mix: float) -> Statistics:
        """Those `mix` of the way to the other's; exactly these at 0 and the other's at 1."""
        pairs = ((self.mean, other.mean), (self.spread, other.spread), (self.detail, other.detail))
        return Statistics(*(torch.lerp(a, b, mix) for a, b in pairs))

    def corrected(self, wanted: Statistics, left: Statistics) -> Statistics:
        """What to aim at next, where aiming at these left those of what was wanted. Detail stays: what blurs once is seldom blurred twice."""
        gain = _ratio(wanted.spread, left.spread).clamp(1 / GAIN, GAIN)
        return Statistics(self.mean + wanted.mean - left.mean, self.spread * gain, self.detail)


def statistics(x: Tensor) -> Statistics:
    """Of pixels or latents, (C, h, w). Computed in float32."""
    mean = x.float().mean((-2, -1), keepdim=True)
    waves = _waves(x.float() - mean)
    return Statistics(mean, _spread(waves), _spread(waves * _bands(waves)[:-1, None]))


def follow(x: Tensor, target: Statistics) -> Tensor:
    """x, (C, h, w), with the mean, spread and detail of the target; what has them already stays as it is.

    Mean and spread as in Reinhard et al. 2001 and AdaIN (Huang and Belongie 2017), and in the same way the bands, so that a
    picture is neither blurred nor sharpened from frame to frame. Each is changed by a factor of up to `GAIN`.
    """
    waves = _waves(x.float() - x.float().mean((-2, -1), keepdim=True))
    bands, own = _bands(waves), _spread(waves)
    spread = target.spread.clamp(own / GAIN, own * GAIN)
    shaped = waves * (_gains(waves, bands, spread, target.detail) * bands[:, None]).sum(0)
    return (target.mean + _pixels(shaped * _ratio(spread, _spread(shaped)))).to(x.dtype)


def look(picture: Tensor) -> Statistics:
    """Of an RGB picture, (3, h, w), along brightness and two axes of colour that do not change it.

    Whether edges in red and green go together decides how sharp they are to the eye. The axes are orthonormal: what the spreads
    add up to is that of red, green and blue.
    """
    return statistics(torch.tensordot(_axes(picture), picture.float(), 1))


def fitted(picture: Tensor, target: Statistics) -> Tensor:
    """A picture within -1..1 with this look: what that range cuts off, the rest makes up for, as far as it can."""
    axes = _axes(picture)
    for _ in range(CLIPPINGS):
        wanted = torch.tensordot(axes.T, follow(torch.tensordot(axes, picture.float(), 1), target), 1)
        picture = wanted.clamp(-1, 1)
        if (wanted - picture).abs().mean() < CUT:
            break
    return picture


def _axes(picture: Tensor) -> Tensor:
    """Rows of (3, 3): luma (ITU-R BT.601), blue to yellow, and what is at right angles to both."""
    luma, blue = (torch.tensor(axis, dtype=torch.float64) for axis in ((0.299, 0.587, 0.114), (0.0, 0.0, 1.0)))
    luma /= luma.norm()
    blue -= (blue @ luma) * luma
    blue /= blue.norm()
    return torch.stack([luma, blue, torch.linalg.cross(luma, blue)]).float().to(picture.device)


def _gains(waves: Tensor, bands: Tensor, spread: Tensor, detail: Tensor) -> Tensor:
    """By what to multiply each band for this detail once the whole is given this spread, (3 + 1, C, 1, 1); the last stays.

    Bands overlap, and are part of the spread: one gain changes what the others should be. Each variance is a quadratic form of
    the gains: its matrix is found once, and the gains in rounds.
    """
    pairs = (bands[:, None] * bands).flatten(2).flatten(0, 1)  # ((3 + 1)^2, h * w)
    seen = torch.cat([bands[:-1] ** 2, torch.ones_like(bands[:1])])[:, None] * waves**2  # what detail and spread are made of
    forms = (seen.flatten(2) @ pairs.T / pairs.shape[1]).view(len(bands), -1, len(bands), len(bands))  # (3 + 1, C, 3 + 1, 3 + 1)
    gains = torch.ones_like(forms[0, :, :1])  # (C, 1, 3 + 1)
    for _ in range(ROUNDS):
        found = (gains @ forms @ gains.mT).sqrt()  # (3 + 1, C, 1, 1)
        wanted = gains[..., :-1] * _ratio(detail, found[:-1] * _ratio(spread, found[-1])).permute(1, 3, 2, 0)[..., 0, :]
        gains = torch.cat([wanted.clamp(1 / GAIN, GAIN), gains[..., -1:]], -1)
    return gains.permute(2, 0, 1)[..., None]


def _ratio(wanted: Tensor, found: Tensor) -> Tensor:
    return (wanted / found).nan_to_num(nan=1.0)  # of nothing, any gain makes nothing


def _waves(x: Tensor) -> Tensor:
    """Pixels -> how much of each cosine they hold, both (C, h, w)."""
    rows, columns = (_cosines(side, side).float().to(x.device) for side in x.shape[-2:])
    return rows.T @ x @ columns


def _pixels(waves: Tensor) -> Tensor:
    rows, columns = (_cosines(side, side).float().to(waves.device) for side in waves.shape[-2:])
    return rows @ waves @ columns.T


def _bands(waves: Tensor) -> Tensor:
    """The share that each band has of each cosine, (3 + 1, h, w): the finest first, and the rest, which has no detail."""
    down, right = (torch.arange(side, device=waves.device) * math.pi / side for side in waves.shape[-2:])
    passed = [torch.exp(-(scale**2) / 2 * (down[:, None] ** 2 + right**2)) for scale in (0.0, *SCALES)]
    return torch.stack([*(more - less for more, less in pairwise(passed)), passed[-1]])


def _spread(waves: Tensor) -> Tensor:
    """Standard deviation of each channel of a picture of mean 0 (Parseval)."""
    return waves.square().mean((-2, -1), keepdim=True).sqrt()
