"""Statistics of a picture (mean, contrast and sharpness of each channel), and pictures that are given the statistics of others.

Knows nothing of models or films. A picture is taken as a sum of cosines (the discrete cosine transform), which continue it beyond
its border as a mirror does: a filter is then a product, and a variance a sum of squares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy import fft
from torch import Tensor

SCALES = (1.0, 2.0, 4.0)  # pixels, standard deviations of the Gaussians that split a picture into bands of detail
GAIN = 2.0  # the most by which anything is strengthened or weakened at a time: noise in a flat picture stays noise
ROUNDS = 100  # at the most, to find the gains of the bands
SETTLED = 1e-5  # a gain that changes by less in a round is found: what is left is some thousandths of a grey level
CLIPPINGS = 4  # rounds, at the most, in which what is cut off at black and white is made up for
NOTHING = 1e-60  # a variance above 0, to divide by: that of a picture of one colour
CUT = 1e-3  # of -1..1, mean over a picture: less than this cut off is not seen

WIDTHS = np.square((0.0, *SCALES))  # of the Gaussians: none, then the scales
COUNT = len(WIDTHS)  # bands: those of detail, the finest first, and the rest, which has none
BANDS = np.eye(COUNT) - np.eye(COUNT, k=1)  # each as a sum of Gaussians: none (the whole picture), then one per scale
MEASURED = np.vstack([BANDS[:-1], np.eye(COUNT)[:1]])  # what has a standard deviation in `Statistics`: bands of detail, the whole


@dataclass(frozen=True, eq=False)
class Tones:
    """How bright and how rich in contrast a picture is, for each channel on its own."""

    mean: Tensor  # (C, 1, 1)
    std: Tensor  # (C, 1, 1)


@dataclass(frozen=True, eq=False)
class Statistics(Tones):
    """What a picture is like apart from what it shows, for each channel on its own."""

    detail: Tensor  # (3, C, 1, 1), standard deviations of the bands of detail, the finest first

    def blend(self, other: Statistics, mix: float) -> Statistics:
        """The statistics `mix` of the way to the other ones; exactly these at 0 and the others at 1."""
        pairs = ((self.mean, other.mean), (self.std, other.std), (self.detail, other.detail))
        return Statistics(*(torch.lerp(a, b, mix) for a, b in pairs))

    def compensated(self, wanted: Tones, measured: Tones) -> Statistics:
        """The next target, where these as a target led to the measured ones instead of those wanted.

        Detail stays: what blurs a picture once seldom blurs it twice.
        """
        gain = (wanted.std / measured.std).clamp(1 / GAIN, GAIN)
        return Statistics(self.mean + wanted.mean - measured.mean, self.std * gain, self.detail)


class Spectrum:
    """A picture, (C, h, w) pixels or latents, as its mean and its cosines. Computed in float32, variances in float64."""

    def __init__(self, x: Tensor):
        self.dtype, self.mean = x.dtype, x.float().mean((-2, -1), keepdim=True)
        self.waves = fft.dctn((x.float() - self.mean).numpy(), axes=(-2, -1), norm="ortho", overwrite_x=True, workers=torch.get_num_threads())
        self.variances = _variances(self.waves)

    @property
    def statistics(self) -> Statistics:
        std = torch.from_numpy(_deviations(self.variances, np.ones((len(self.waves), COUNT)))).float().T[..., None, None]
        return Statistics(self.mean, std[-1], std[:-1])

    def matched(self, target: Statistics) -> Tensor:
        """The picture, (C, h, w), with the mean, standard deviation and detail of the target; one that has them already stays as it is.

        Mean and standard deviation as in Reinhard et al. 2001 and AdaIN (Huang and Belongie 2017), and in the same way the bands,
        so that a picture is neither blurred nor sharpened from frame to frame. Each is changed by a factor of up to `GAIN`.
        """
        gains = _gains(self.variances, target.std[..., 0].double().numpy(), target.detail[..., 0, 0].T.double().numpy())
        weights = (gains @ BANDS).astype(np.float32)[..., None]  # of the Gaussians, (C, COUNT, 1)
        rows, columns = (_gaussians(WIDTHS, side).astype(np.float32) for side in self.waves.shape[1:])
        waves = _product((weights * rows).swapaxes(1, 2), columns)
        waves *= self.waves
        pixels = fft.idctn(waves, axes=(1, 2), norm="ortho", overwrite_x=True, workers=torch.get_num_threads())
        return torch.from_numpy(pixels).add_(target.mean).to(self.dtype)


def colours(picture: Tensor) -> Spectrum:
    """Of an RGB picture, (3, h, w): its brightness and two axes of colour that do not change it.

    Whether edges in red and green go together decides how sharp they look. The axes are orthonormal: variances add up to those of RGB.
    """
    return Spectrum(_on_axes(picture))


def tones(picture: Tensor) -> Tones:
    """Those of the `colours` of an RGB picture, (3, h, w): without their detail, there is nothing to transform."""
    x = _on_axes(picture)
    mean = x.mean((-2, -1), keepdim=True)
    variance = (x - mean).square_().mean((-2, -1), keepdim=True)
    return Tones(mean, variance.double().clamp_min(NOTHING).sqrt().float())


def _on_axes(picture: Tensor) -> Tensor:
    """(3, h, w), RGB -> brightness and colour."""
    seen: Tensor = torch.tensordot(AXES, picture.float(), 1)
    return seen


def match_colours(own: Spectrum, target: Statistics) -> Tensor:
    """An RGB picture, (3, h, w), of which these are the `colours`, with the target's statistics and within -1..1.

    What that range cuts off, the rest makes up for, as far as it can.
    """
    picture, cut = _within(own, target)
    for _ in range(CLIPPINGS - 1):
        if cut < CUT:
            break
        picture, cut = _within(colours(picture), target)
    return picture


def _within(own: Spectrum, target: Statistics) -> tuple[Tensor, float]:
    """The matched picture within -1..1, and how much of it that cuts off, mean."""
    wanted = torch.tensordot(AXES.T, own.matched(target), 1)
    picture = wanted.clamp(-1, 1)
    return picture, float(wanted.sub_(picture).abs_().mean())


def _opponent_axes() -> Tensor:
    """Rows of (3, 3), orthonormal: luma (ITU-R BT.601), blue to yellow, and what is at right angles to both."""
    luma, blue = (torch.tensor(axis, dtype=torch.float64) for axis in ((0.299, 0.587, 0.114), (0.0, 0.0, 1.0)))
    luma /= luma.norm()
    blue -= (blue @ luma) * luma
    blue /= blue.norm()
    return torch.stack([luma, blue, torch.linalg.cross(luma, blue)]).float()


AXES = _opponent_axes()


def _variances(waves: np.ndarray) -> np.ndarray:
    """The variances of what is `MEASURED`, as quadratic forms of the gains of the bands: (C, COUNT, COUNT, COUNT), float64.

    Bands overlap: the gain of one changes the variance of others. Products of Gaussians are Gaussians, so that a sum over all
    cosines for each of these is enough to know the variances for any gains.
    """
    power = np.square(waves, dtype=np.float64)
    widths, places = np.unique(sum(np.ix_(WIDTHS, WIDTHS, WIDTHS, WIDTHS)), return_inverse=True)
    rows, columns = (_gaussians(widths, side) for side in power.shape[1:])
    means = (_product(rows, power) * columns).sum(-1) / power[0].size
    products = means[:, places].reshape(-1, COUNT, COUNT, COUNT, COUNT)
    variances: np.ndarray = np.einsum("ma,mb,ic,jd,zabcd->zmij", MEASURED, MEASURED, BANDS, BANDS, products, optimize=True)
    return variances


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b by torch's threads: those of numpy spin while they wait, and both kinds together take several times as long."""
    product: np.ndarray = (torch.from_numpy(a) @ torch.from_numpy(b)).numpy()
    return product


def _gaussians(widths: np.ndarray, side: int) -> np.ndarray:
    """What Gaussians of these squared widths, in pixels, leave of the cosines along a side, (len(widths), side)."""
    return np.exp(-widths[:, None] / 2 * (np.arange(side) * math.pi / side) ** 2)


def _deviations(variances: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Standard deviations of what is `MEASURED`, (C, COUNT), once the bands are multiplied by these gains, (C, COUNT)."""
    products = (gains[:, :, None] * gains[:, None]).reshape(-1, COUNT**2, 1)
    deviations: np.ndarray = np.sqrt(np.maximum((variances.reshape(-1, COUNT, COUNT**2) @ products)[..., 0], NOTHING))
    return deviations


def _gains(variances: np.ndarray, std: np.ndarray, detail: np.ndarray) -> np.ndarray:
    """By what to multiply each band for this standard deviation, (C, 1), and detail, (C, 3): (C, COUNT)."""
    gains = np.ones((len(std), COUNT))
    now = _deviations(variances, gains)
    std = std.clip(now[:, -1:] / GAIN, now[:, -1:] * GAIN)
    for _ in range(ROUNDS):
        before = gains.copy()
        gains[:, :-1] *= detail / (now[:, :-1] * (std / now[:, -1:]))
        np.minimum(np.maximum(gains, 1 / GAIN), GAIN, out=gains)  # the last is 1
        now = _deviations(variances, gains)
        if np.abs(gains - before).max() < SETTLED:
            break
    scaled: np.ndarray = gains * (std / now[:, -1:])
    return scaled
