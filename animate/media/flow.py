"""In-betweens: so many pictures more between each two of a film, or between its finished latents. Streams: holds two and the first.

Pictures follow the optical flow between their neighbours, latents the arc. Knows nothing of storyboards, models or files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

from .. import blend
from ..errors import AnimateError

Image = np.ndarray  # uint8 (H, W, 3), RGB
Field = np.ndarray  # float32 (H, W): one number for every pixel
Flow = np.ndarray  # float32 (H, W, 2): from every pixel how far right and down, in pixels
T = TypeVar("T")

MOST = 64  # in-betweens of two pictures
LOOSE, RELATIVE = 2.0, 0.1  # pixels, and share of its length, by which two flows that agree may differ
TEARS = 0.5  # pixels by which neighbours part, on the way from one picture to the next, so that the warp is not used
PLAIN = 0.1  # weight of the cross-fade: next to nothing where a picture has a say, all there is where none has
NEAR, LEAST = 27, 9  # the neighbourhood that has a say in a pixel: parts of the height, and pixels
HELP = 4.0  # a flow that makes the pictures alike by a quarter is believed in full


def flowing(images: Iterable[Image], count: int, closed: bool) -> Iterator[Image]:
    """A film, uint8 (H, W, 3) RGB, with `count` in-betweens after each picture; after the last of an open film there are none.

    In-betweens follow the motion (DIS optical flow, Kroeger et al. 2016, of OpenCV). The film's own pictures come through as
    they are, and each must be an array of its own. closed: the last picture leads to the first. Raises AnimateError: at once
    for a count that is not allowed or if OpenCV is missing; when the film has one picture only, before that one is passed on.
    """
    cv = _opencv()
    return _filled(images, _allowed(count), closed, lambda a, b: (lambda t: a) if np.array_equal(a, b) else Motion(cv, a, b).picture)


def blends(latents: Iterable[Tensor], count: int, closed: bool) -> Iterator[Tensor]:
    """The same for finished latents, any one shape: in-betweens lie evenly on the arc between two. Raises AnimateError as `flowing`."""
    return _filled(latents, _allowed(count), closed, lambda a, b: lambda t: blend.slerp(a, b, t))


def counted(frames: int, count: int, closed: bool) -> int:
    """How many pictures a film of `frames` has with its in-betweens. Raises AnimateError if it can have none."""
    if frames < 2:
        raise _alone()
    return frames + (frames if closed else frames - 1) * _allowed(count)


def _filled(items: Iterable[T], count: int, closed: bool, between: Callable[[T, T], Callable[[float], T]]) -> Iterator[T]:
    """Each item, then `count` of what lies between it and the next, at even times in 0..1."""
    for a, b in _paired(items, closed):
        yield a
        if b is not None:
            at = between(a, b)
            yield from (at(i / (count + 1)) for i in range(1, count + 1))


def _paired(items: Iterable[T], closed: bool) -> Iterator[tuple[T, T | None]]:
    """Each item and the one after it. After the last comes the first if closed, otherwise None."""
    rest = iter(items)
    first = before = next(rest, None)
    after = next(rest, None)
    if before is None or after is None:
        raise _alone()
    while after is not None:
        yield before, after
        before, after = after, next(rest, None)
    yield before, first if closed else None


def _allowed(count: int) -> int:
    if not 1 <= count <= MOST:
        raise AnimateError(f"{count} in-betweens; allowed: 1 to {MOST} between two pictures, or leave them out")
    return count


def _alone() -> AnimateError:
    return AnimateError("in-betweens need two pictures, and the film has fewer; ask for more frames, or leave the in-betweens out")


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise AnimateError(f'in-betweens by flow need OpenCV ({error}); pip install "animate[flow]"') from error
    return cv2


class Motion:
    """Two pictures, each one's flow to the other, and what is between them."""

    def __init__(self, cv: Any, a: Image, b: Image):
        self.cv, self.a, self.b = cv, a.astype(np.float32), b.astype(np.float32)
        self.places = np.stack(np.meshgrid(*(np.arange(side, dtype=np.float32) for side in a.shape[1::-1])), -1)
        self.near = max(LEAST, a.shape[0] // NEAR) | 1  # odd: it has a middle
        there, back = self._flows(a, b)
        self.there, self.back = self._mended(there, back), self._mended(back, there)
        self.unlike = self._around(np.abs(self.a - self.b).mean(-1))

    def picture(self, t: float) -> Image:
        """The picture at time t, 0 < t < 1: both warped along both flows, each weighted by time and by whether it shows that place."""
        plain = (1 - t) * self.a + t * self.b
        total, weights, left = PLAIN * plain, np.full(plain.shape[:2], PLAIN, np.float32), np.zeros(plain.shape[:2], np.float32)
        for motion in self._passing(t):
            origin, goal = self.places - t * motion, self.places + (1 - t) * motion
            a, b = self._at(self.a, origin), self._at(self.b, goal)
            # A picture in which another surface lies over this one has another flow there: it has no say.
            whole = self._around(self._whole(motion))
            of_a = (1 - t) * whole * self._around(_alike(self._at(self.there, origin), motion))
            of_b = t * whole * self._around(_alike(-self._at(self.back, goal), motion))
            total += of_a[..., None] * a + of_b[..., None] * b
            weights += of_a + of_b
            left += np.abs(a - b).mean(-1) / 2
        moved, trust = total / weights[..., None], self._trust(left)[..., None]
        made: Image = np.rint(plain + trust * (moved - plain)).clip(0, 255).astype(np.uint8)
        return made

    def _flows(self, a: Image, b: Image) -> tuple[Flow, Flow]:
        """From a to b, and from b to a."""
        dis = self.cv.DISOpticalFlow_create(self.cv.DISOPTICAL_FLOW_PRESET_MEDIUM)
        dis.setFinestScale(0)  # at full size; the preset stops at half
        grey = [self.cv.cvtColor(image, self.cv.COLOR_RGB2GRAY) for image in (a, b)]
        return dis.calc(*grey, None), dis.calc(*grey[::-1], None)

    def _mended(self, flow: Flow, other: Flow) -> Flow:
        """Where the way there and back does not end where it began, the flow goes with the surer ones around it."""
        sure = _alike(flow, -self._at(other, self.places + flow))
        around = self._around(flow * sure[..., None]) / (self._around(sure) + 1e-3)[..., None]
        mended: Flow = around + sure[..., None] * (flow - around)
        return mended

    def _passing(self, t: float) -> tuple[Flow, Flow]:
        """The motion, from a to b, of what passes each pixel at time t: by a's flow and by b's.

        A flow is known where it begins. The beginning of what passes here lies back along its own motion: a fixed point,
        nearly reached after three steps.
        """
        there, back = self.there, self.back
        for _ in range(3):
            there = self._at(self.there, self.places - t * there)
            back = self._at(self.back, self.places - (1 - t) * back)
        return there, -back

    def _whole(self, motion: Flow) -> Field:
        """1 where neighbours move together, 0 where they part: a warp would tear the picture there."""
        across, down = (np.linalg.norm(self.cv.Sobel(motion, -1, *axis, scale=1 / 8), axis=-1) for axis in ((1, 0), (0, 1)))
        return _falling((across + down) / TEARS)

    def _trust(self, left: Field) -> Field:
        """0 where warped pictures differ as much as they do unwarped, and a cross-fade is the best there is; 1 where the flow helps."""
        trust: Field = (HELP * (1 - self._around(left) / np.maximum(self.unlike, 1e-3))).clip(0, 1)
        return trust

    def _at(self, field: np.ndarray, places: Flow) -> np.ndarray:
        """A picture or a flow, looked up between its pixels. Pictures by cubics: lines would blur every in-between."""
        how = self.cv.INTER_CUBIC if field.shape[2] == 3 else self.cv.INTER_LINEAR
        found: np.ndarray = self.cv.remap(field, places, None, how, borderMode=self.cv.BORDER_REPLICATE)
        return found

    def _around(self, field: np.ndarray) -> np.ndarray:
        """The mean of the neighbourhood. Weights are taken from it, too: a mask with hard edges tears what it cuts through."""
        box = (self.near, self.near)
        mean: np.ndarray = self.cv.blur(self.cv.blur(field, box), box)  # a tent: bells take as long as they are wide
        return mean


def _alike(flow: Flow, motion: Flow) -> Field:
    """1 where a flow is this motion, 0 where it is another one."""
    return _falling(np.linalg.norm(flow - motion, axis=-1) / (LOOSE + RELATIVE * np.linalg.norm(motion, axis=-1)))


def _falling(field: Field) -> Field:
    """1 at 0, next to nothing at 2, along a bell."""
    bell: Field = np.exp(-(field**2))
    return bell
