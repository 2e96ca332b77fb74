"""In-betweens of images: so many more between each two of a film, along the motion. Knows nothing of storyboards, models or files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..blend import with_inbetweens
from ..errors import AnimateError
from ..pixels import Image

Field = np.ndarray  # float32 (H, W): one number for every pixel
Flow = np.ndarray  # float32 (H, W, 2): from every pixel how far right and down, in pixels

AGREE, AGREE_SHARE = 2.0, 0.1  # pixels, and share of its length, by which two flows that agree may differ
TEAR = 0.5  # pixels by which neighbours part, on the way from one image to the next, so that the warp is not used
CROSSFADE_WEIGHT = 0.1  # next to nothing where an image has weight, and all there is where none has
WINDOWS, SMALLEST_WINDOW = 27, 9  # the neighbourhood that is averaged: the height in so many parts, but no less than so many pixels
TRUST_GAIN = 4.0  # a flow that makes the images alike by a quarter is trusted in full


def flowing(images: Iterable[Image], count: int, closed: bool) -> Iterator[Image]:
    """A film, uint8 (H, W, 3) RGB, with `count` in-betweens after each image; after the last of an open film there are none.

    In-betweens follow the motion (DIS optical flow, Kroeger et al. 2016, of OpenCV). The film's own images come through as
    they are, and each must be an array of its own. closed: the last image leads to the first. Raises AnimateError: at once
    for a count that is not allowed or if OpenCV is missing; when the film has one image only, before that one is passed on.
    """
    cv = opencv()
    return with_inbetweens(images, count, closed, lambda a, b: (lambda mix: a) if np.array_equal(a, b) else Motion(cv, a, b).image)


def opencv() -> Any:
    """The module. Raises AnimateError if it is missing."""
    try:
        import cv2
    except ImportError as error:
        raise AnimateError(f'in-betweens by flow need OpenCV ({error}); pip install "animate[flow]"') from error
    return cv2


class Motion:
    """Two images, each one's flow to the other, and what is between them."""

    def __init__(self, cv: Any, a: Image, b: Image):
        self.cv, self.a, self.b = cv, a.astype(np.float32), b.astype(np.float32)
        self.grid = np.stack(np.meshgrid(*(np.arange(side, dtype=np.float32) for side in a.shape[1::-1])), -1)
        self.window = max(SMALLEST_WINDOW, a.shape[0] // WINDOWS) | 1  # odd: it has a middle
        forward, backward = self._flows(a, b)
        self.forward, self.backward = self._repaired(forward, backward), self._repaired(backward, forward)
        self.difference = self._smoothed(np.abs(self.a - self.b).mean(-1))

    def image(self, mix: float) -> Image:
        """The image at 0 < mix < 1: both warped along both flows, each weighted by the mix and by whether it shows that place."""
        faded = (1 - mix) * self.a + mix * self.b
        total, weights = CROSSFADE_WEIGHT * faded, np.full(faded.shape[:2], CROSSFADE_WEIGHT, np.float32)
        residual = np.zeros(faded.shape[:2], np.float32)
        for motion in self._motion_at(mix):
            origin, goal = self.grid - mix * motion, self.grid + (1 - mix) * motion
            a, b = self._sampled(self.a, origin), self._sampled(self.b, goal)
            # An image in which another surface lies over this one has another flow there: it gets no weight.
            intact = self._smoothed(self._intact(motion))
            of_a = (1 - mix) * intact * self._smoothed(_agreement(self._sampled(self.forward, origin), motion))
            of_b = mix * intact * self._smoothed(_agreement(-self._sampled(self.backward, goal), motion))
            total += of_a[..., None] * a + of_b[..., None] * b
            weights += of_a + of_b
            residual += np.abs(a - b).mean(-1) / 2
        warped, trust = total / weights[..., None], self._trust(residual)[..., None]
        image: Image = np.rint(faded + trust * (warped - faded)).clip(0, 255).astype(np.uint8)
        return image

    def _flows(self, a: Image, b: Image) -> tuple[Flow, Flow]:
        """From a to b, and from b to a."""
        dis = self.cv.DISOpticalFlow_create(self.cv.DISOPTICAL_FLOW_PRESET_MEDIUM)
        dis.setFinestScale(0)  # at full size; the preset stops at half
        grey = [self.cv.cvtColor(image, self.cv.COLOR_RGB2GRAY) for image in (a, b)]
        return dis.calc(*grey, None), dis.calc(*grey[::-1], None)

    def _repaired(self, flow: Flow, other: Flow) -> Flow:
        """Where the way there and back does not end where it began, the flow is that of the consistent places around."""
        consistent = _agreement(flow, -self._sampled(other, self.grid + flow))
        around = self._smoothed(flow * consistent[..., None]) / (self._smoothed(consistent) + 1e-3)[..., None]
        repaired: Flow = around + consistent[..., None] * (flow - around)
        return repaired

    def _motion_at(self, mix: float) -> tuple[Flow, Flow]:
        """The motion, from a to b, of what passes each pixel at this mix: by a's flow and by b's.

        A flow is known where it begins. The beginning of what passes here lies back along its own motion: a fixed point,
        nearly reached after three steps.
        """
        forward, backward = self.forward, self.backward
        for _ in range(3):
            forward = self._sampled(self.forward, self.grid - mix * forward)
            backward = self._sampled(self.backward, self.grid - (1 - mix) * backward)
        return forward, -backward

    def _intact(self, motion: Flow) -> Field:
        """1 where neighbours move together, 0 where they part: a warp would tear the image there."""
        across, down = (np.linalg.norm(self.cv.Sobel(motion, -1, *axis, scale=1 / 8), axis=-1) for axis in ((1, 0), (0, 1)))
        return _bell((across + down) / TEAR)

    def _trust(self, residual: Field) -> Field:
        """0 where warped images differ as much as they do unwarped, and a cross-fade is the best there is; 1 where the flow helps."""
        trust: Field = (TRUST_GAIN * (1 - self._smoothed(residual) / np.maximum(self.difference, 1e-3))).clip(0, 1)
        return trust

    def _sampled(self, field: np.ndarray, places: Flow) -> np.ndarray:
        """An image or a flow at places between its pixels. Images by cubics: linear interpolation would blur every in-between."""
        method = self.cv.INTER_CUBIC if field.shape[2] == 3 else self.cv.INTER_LINEAR
        values: np.ndarray = self.cv.remap(field, places, None, method, borderMode=self.cv.BORDER_REPLICATE)
        return values

    def _smoothed(self, field: np.ndarray) -> np.ndarray:
        """The mean of the neighbourhood. Weights are smoothed, too: a mask with hard edges tears what it cuts through."""
        box = (self.window, self.window)
        mean: np.ndarray = self.cv.blur(self.cv.blur(field, box), box)  # a tent: Gaussians take as long as they are wide
        return mean


def _agreement(flow: Flow, motion: Flow) -> Field:
    """1 where a flow is this motion, 0 where it is another one."""
    return _bell(np.linalg.norm(flow - motion, axis=-1) / (AGREE + AGREE_SHARE * np.linalg.norm(motion, axis=-1)))


def _bell(field: Field) -> Field:
    """exp(-x^2): 1 at 0, next to nothing at 2."""
    bell: Field = np.exp(-(field**2))
    return bell
