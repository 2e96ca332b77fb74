"""Perceived distance between two images, without a download. Knows pixels only.

Two of different making, so that what is tuned on one can be judged on the other:

- "pyramid" compares images scale by scale: colours in Oklab (Ottosson 2020), and their detail as a Laplacian pyramid
  (Burt & Adelson 1983) whose bands are divided by the local contrast, as in the normalised Laplacian pyramid distance
  (Laparra, Ballé, Berardino & Simoncelli 2016) but averaged by magnitude and not by square.
- "structure" is structural similarity (Wang, Bovik, Sheikh & Simoncelli 2004) in the form that is a metric (Brunet, Vrscay &
  Wang 2012), at the scales and weights of multi-scale SSIM (Wang, Simoncelli & Bovik 2003).

Both are averages, over the picture, of local metrics: zero for equal images, symmetric, never longer by a detour, and linear
in small changes, so that the lengths of a path add up. As SSIM's authors advise, images are first averaged down to about 256 pixels
on the short side. "lpips" is the learned one (Zhang et al. 2018), squared by its nature, where it is installed.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import AnimateError, did_you_mean
from ..pixels import Image

Measure = Callable[[Image, Image], float]

SHORT_SIDE = 256  # pixels, about, that images are averaged down to
SMALLEST = 16  # pixels of the short side of a scale


def metric(name: str = "pyramid") -> Measure:
    """The distance of that name: two images of one size -> a number, 0 for equal ones. Raises AnimateError, also when it is called."""
    if name not in METRICS:
        raise AnimateError(f'metric "{name}" is not known; allowed: {", ".join(METRICS)}{did_you_mean(name, METRICS)}')
    measure = METRICS[name]()

    def checked(a: Image, b: Image) -> float:
        if a.shape != b.shape:
            raise AnimateError(f"images of {_extent(a)} and {_extent(b)} pixels cannot be compared; scale one to the size of the other")
        return measure(a, b)

    return checked


def _extent(image: Image) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"


def _averaged_down(images: np.ndarray) -> np.ndarray:
    """Float images (..., H, W), averaged over squares until the short side has about SHORT_SIDE pixels."""
    k = max(1, round(min(images.shape[-2:]) / SHORT_SIDE))
    height, width = (side // k * k for side in images.shape[-2:])
    parts = [images[..., i:height:k, j:width:k] for i in range(k) for j in range(k)]
    return parts[0] if k == 1 else np.asarray(sum(parts[1:], parts[0]) / k**2)


# --- pyramid ----------------------------------------------------------------------------------------------------------------

# Contrast, in Oklab, below which detail is taken as it is; above, it is divided by the contrast around it.
VISIBLE = 0.1
# Weight of colour, that of detail is 1. Differences of detail are bounded and saturate when it has moved by its own size; those of colour add up.
COLOUR = 4.0

# Linear sRGB -> cones' responses, and their cube roots -> lightness and two opponent colours (Ottosson 2020).
_CONES = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566), (0.0883024619, 0.2817188376, 0.6299787005))
_OKLAB = ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099), (0.0259040371, 0.7827717662, -0.8086757660))


def pyramid(a: Image, b: Image) -> float:
    """Mean difference of colour and of detail over all scales: hundredths between neighbouring frames, 1 to 2 between unlike ones."""
    colour, detail = zip(*_scales(np.stack([oklab(a), oklab(b)])), strict=True)
    return float(COLOUR * np.mean(colour) + np.mean(detail))


def oklab(images: np.ndarray) -> np.ndarray:
    """uint8 (..., H, W, 3) sRGB -> float32 (..., 3, H', W') in Oklab, averaged down in linear light."""
    linear = _averaged_down(np.moveaxis(_linear_light()[images], -1, -3))
    cones = np.cbrt(np.tensordot(np.asarray(_CONES, np.float32), linear, (1, -3)))
    return np.moveaxis(np.tensordot(np.asarray(_OKLAB, np.float32), cones, (1, 0)), 0, -3)


@lru_cache
def _linear_light() -> np.ndarray:
    """The light of each of the 256 levels of sRGB (IEC 61966-2-1)."""
    level = np.arange(256) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _scales(pair: np.ndarray) -> Iterator[tuple[float, float]]:
    """At each scale of two images, (2, 3, H, W) in Oklab: their mean difference of colour and of detail."""
    while True:
        low = _blurred(pair)
        band = pair - low
        normal = band / (VISIBLE + _blurred(np.abs(band).sum(1, keepdims=True)))
        yield _difference(low), _difference(normal)
        if min(pair.shape[-2:]) < 2 * SMALLEST:
            return
        pair = low[..., ::2, ::2]


def _difference(pair: np.ndarray) -> float:
    """Over all pixels, the mean of the summed differences of three channels."""
    return float(np.abs(pair[0] - pair[1]).sum(0).mean())


def _blurred(images: np.ndarray) -> np.ndarray:
    """(..., H, W) smoothed with Burt & Adelson's kernel (1, 4, 6, 4, 1) / 16, mirrored at the borders."""
    x = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(2, 2), (2, 2)], mode="symmetric")
    x = (x[..., :-4] + x[..., 4:] + 4 * (x[..., 1:-3] + x[..., 3:-1]) + 6 * x[..., 2:-2]) / 16
    return np.asarray((x[..., :-4, :] + x[..., 4:, :] + 4 * (x[..., 1:-3, :] + x[..., 3:-1, :]) + 6 * x[..., 2:-2, :]) / 16)


# --- structure --------------------------------------------------------------------------------------------------------------

WINDOW = 7  # pixels of the side of the windows that are compared
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2  # SSIM's constants: a mean and a contrast too small to see
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, finest first (Wang, Simoncelli & Bovik 2003)
# Luma and two colour differences of JPEG (ITU-T T.871), the latter centred on 128: SSIM compares means that are positive.
_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
_CHANNELS = (0.5, 0.25, 0.25)


def structure(a: Image, b: Image) -> float:
    """Root of 2 minus SSIM's two factors, averaged over windows and scales: 0 for equal images, up to about 1.4."""
    pair = np.tensordot(np.asarray(_YCC, np.float32), np.stack([a, b]).astype(np.float32), (1, -1))  # (3, 2, H, W)
    pair[1:] += 128
    pair = _averaged_down(pair)
    distances = []
    for _ in WEIGHTS:
        distances.append(_dissimilarity(pair[:, 0], pair[:, 1]))
        if min(pair.shape[-2:]) < 2 * SMALLEST:
            break
        pair = _halved(pair)
    weights = WEIGHTS[: len(distances)]
    return float(np.dot(distances, weights) / sum(weights))


def _dissimilarity(x: np.ndarray, y: np.ndarray) -> float:
    """Of two images (3, H, W) at one scale. 1 - SSIM's factors are written as squares of differences: exact where there are none."""
    from scipy.ndimage import uniform_filter

    d = x - y
    mean_x, mean_d, power, power_d = uniform_filter(np.stack([x, d, x * x + y * y, d * d]), (1, 1, WINDOW, WINDOW))
    mean_y = mean_x - mean_d
    means = mean_x**2 + mean_y**2
    local = mean_d**2 / (means + C1) + np.maximum(power_d - mean_d**2, 0) / (np.maximum(power - means, 0) + C2)
    return float(np.dot(np.sqrt(local).mean((1, 2)), _CHANNELS))


def _halved(images: np.ndarray) -> np.ndarray:
    height, width = (side // 2 * 2 for side in images.shape[-2:])
    return np.asarray(sum(images[..., i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)) / 4)


# --- lpips ------------------------------------------------------------------------------------------------------------------

ALEXNET = "alexnet-owt-7be5be79.pth"  # torchvision's file of the weights that LPIPS stands on


def lpips() -> Measure:
    """Standard LPIPS v0.1 on AlexNet, inputs in -1..1. Raises AnimateError if it or its weights are not on this machine."""
    try:
        package: Any = importlib.import_module("lpips")
    except ImportError as error:
        raise AnimateError(f'metric "lpips" is not installed ({error}): pip install lpips torchvision, or use one of: {_offline()}') from error
    import torch  # second: where there is no lpips, its seconds are saved

    weights = Path(torch.hub.get_dir(), "checkpoints", ALEXNET)
    if not weights.is_file():
        raise AnimateError(
            f'metric "lpips" lacks {weights}; fetch it once with: python -c "import lpips; lpips.LPIPS()", or use one of: {_offline()}'
        )
    warnings.filterwarnings("ignore", category=UserWarning, module=r"torchvision\.models\._utils")  # it asks for weights in a deprecated way
    network = package.LPIPS(net="alex", verbose=False).eval()

    def measure(a: Image, b: Image) -> float:
        x, y = (torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1 for image in (a, b))
        with torch.inference_mode():
            return float(network(x, y))

    return measure


def _offline() -> str:
    return ", ".join(name for name in METRICS if name != "lpips")


METRICS: dict[str, Callable[[], Measure]] = {"pyramid": lambda: pyramid, "structure": lambda: structure, "lpips": lpips}
