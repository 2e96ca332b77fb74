"""Whether colours drift: how a picture differs from another that it should be, and whether it is that one in other colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..pixels import Image

SIDE = 64  # pixels of the short side, about, that pictures are averaged down to
ALIKE = 0.75  # share of the picture that is compared: what moves in front of the rest is left out
ROUNDS = 8  # of leaving out what fits worst, and fitting the rest again
LEAST = 1.0  # grey level, below which there is nothing to be a percentage of


class Appearance(NamedTuple):
    """Statistics of one image, in grey levels."""

    red: float  # mean
    green: float
    blue: float
    spread: float  # RMS of the channels' standard deviations: another hue is no other contrast
    sharpness: float  # RMS of a high-pass band of the luma
    clipped: float  # share of the values that are at their limits, 0 to 1


class Change(NamedTuple):
    """Of one picture against another that came before, in percent of what that one has."""

    colour: float  # mean of that channel which changes most, in percent of the mean of all
    contrast: float
    sharpness: float
    clipped: float  # percent of all values that are at their limits, and were not

    @property
    def worst(self) -> tuple[str, float]:
        """That of colour, contrast and sharpness which changes most."""
        return max(zip(self._fields[:3], self[:3], strict=True), key=lambda change: abs(change[1]))


def change(before: Appearance, after: Appearance) -> Change:
    """From one picture to another, in percent. A channel that is nearly black counts against a brightness of LEAST."""
    level = max(LEAST, float(np.mean(before[:3])))
    channels = [100 * (b - a) / level for a, b in zip(before[:3], after[:3], strict=True)]
    contrast, sharpness = (100 * (after[i] - before[i]) / max(LEAST, before[i]) for i in (3, 4))
    return Change(max(channels, key=abs), contrast, sharpness, 100 * (after.clipped - before.clipped))


def steady(values: Sequence[float]) -> float:
    """Correlation of a value per picture with time, -1 to 1: 1 rises by the same from each to the next."""
    time, offset = np.arange(len(values)) - (len(values) - 1) / 2, np.asarray(values) - np.mean(values)
    lengths = float(np.sqrt((time @ time) * (offset @ offset)))
    return float(time @ offset) / lengths if lengths else 0.0


def recoloured(first: Image, last: Image) -> float:
    """Share of the last picture, 0 to 1, that is the first one with another brightness and contrast of each channel.

    Of its variance, where it fits best: least squares, trimmed (Rousseeuw 1984), so that what moves does not count.
    """
    a, b = _small(first), _small(last)
    if not b.std():
        return 0.0
    used = np.ones(len(a), bool)
    for _ in range(ROUNDS):
        fits = [_line(a[used, channel], b[used, channel]) for channel in range(3)]
        residual = np.sum([(b[:, c] - gain * a[:, c] - offset) ** 2 for c, (gain, offset) in enumerate(fits)], 0)
        used = residual <= np.quantile(residual, ALIKE)
    variance = float(((b[used] - b[used].mean(0)) ** 2).sum())
    return max(0.0, 1 - float(residual[used].sum()) / variance) if variance else 0.0


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Gain and offset of least squares."""
    variance = float(((x - x.mean()) ** 2).sum())
    gain = float((x - x.mean()) @ (y - y.mean())) / variance if variance else 0.0
    return gain, float(y.mean() - gain * x.mean())


def _small(image: Image) -> np.ndarray:
    """Averaged over squares, (places, 3)."""
    k = max(1, round(min(image.shape[:2]) / SIDE))
    height, width = (side // k for side in image.shape[:2])
    squares = image[: height * k, : width * k].astype(float).reshape(height, k, width, k, 3)
    return np.asarray(squares.mean((1, 3)).reshape(-1, 3))
