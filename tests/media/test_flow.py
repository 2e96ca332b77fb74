"""In-betweens: counted exactly, nearer to the truth than a cross-fade, and never torn where nothing moves."""

from __future__ import annotations

import itertools
import math
import sys
import weakref
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from animate import AnimateError
from animate.media.flow import flowing

SIDE = 128  # pixels
FINE = 4  # subpixels a side: truth is drawn larger and averaged


@pytest.fixture
def opencv() -> object:
    return pytest.importorskip("cv2")


def texture(seed: int, low: int, high: int) -> np.ndarray:
    """Smooth noise, float32 (SIDE * FINE, SIDE * FINE, 3), in low..high."""
    rough = torch.rand(1, 3, SIDE // 4, SIDE // 4, generator=torch.Generator().manual_seed(seed))
    smooth = torch.nn.functional.interpolate(rough, size=(SIDE * FINE, SIDE * FINE), mode="bicubic").clamp(0, 1)
    return low + (high - low) * np.asarray(smooth[0].permute(1, 2, 0))


GROUND, OBJECT = texture(1, 20, 140), texture(2, 90, 255)


def scene(x: float, y: float, shape: str = "disc", radius: float = 22) -> np.ndarray:
    """A textured disc or square at x, y (pixels) before a textured ground that stands still."""
    down, right = np.mgrid[: SIDE * FINE, : SIDE * FINE] / FINE
    inside = (right - x) ** 2 + (down - y) ** 2 < radius**2 if shape == "disc" else np.maximum(abs(right - x), abs(down - y)) < radius
    moved = np.roll(OBJECT, (round(y * FINE), round(x * FINE)), (0, 1))
    drawn = np.where(inside[..., None], moved, GROUND)
    shown: np.ndarray = np.rint(drawn.reshape(SIDE, FINE, SIDE, FINE, 3).mean((1, 3))).astype(np.uint8)
    return shown


def noise(error: np.ndarray) -> float:
    """Peak signal to noise, in dB."""
    return 10 * math.log10(255**2 / float(np.mean(np.square(error, dtype=float))))


def faded(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    return np.rint((1 - t) * a.astype(float) + t * b)


@pytest.mark.parametrize(("shape", "radius", "speed"), [("disc", 22, 4), ("disc", 22, 10), ("square", 18, 8), ("square", 18, 16)])
def test_flow_is_nearer_to_the_truth_than_a_cross_fade(opencv: object, shape: str, radius: float, speed: float) -> None:
    at: Callable[[float], np.ndarray] = lambda t: scene(45 + speed * t, 50 + speed * t / 2, shape, radius)  # noqa: E731
    film = [*flowing([at(0), at(1)], 3, closed=False)]
    for image, t in zip(film[1:4], (0.25, 0.5, 0.75), strict=True):
        gain = noise(image.astype(float) - at(t)) - noise(faded(film[0], film[4], t) - at(t))
        assert gain > 5, f"{gain:.1f} dB at {t}"


def test_what_stands_still_is_untouched_to_the_bit(opencv: object) -> None:
    a, b = scene(40, 50), scene(50, 54)
    film = [*flowing([a, b], 3, closed=False)]
    assert len(film) == 5
    for image in film[1:4]:
        away = np.ones((SIDE, SIDE), bool)
        away[22:82, 12:78] = False  # six pixels around the disc's way
        assert np.array_equal(image[away], a[away])


def test_the_seam_of_a_closed_film_is_filled_with_motion(opencv: object) -> None:
    """A disc that walks in a circle."""
    turned: Callable[[float], np.ndarray] = lambda t: scene(64 + 12 * math.cos(math.tau * t / 8), 64 + 12 * math.sin(math.tau * t / 8))  # noqa: E731
    drawn = [turned(i) for i in range(8)]
    film = [*flowing(drawn, 1, closed=True)]
    assert len(film) == 16
    seam = noise(film[15].astype(float) - turned(7.5))
    others = [noise(film[2 * i + 1].astype(float) - turned(i + 0.5)) for i in range(7)]
    assert seam > min(others) - 1
    assert seam > noise(faded(drawn[7], drawn[0], 0.5) - turned(7.5)) + 5


def test_pictures_without_anything_in_common_are_cross_faded(opencv: object) -> None:
    """A flow between them is found, too, and would shred them."""
    a, b = (texture(seed, 0, 255)[:SIDE, :SIDE].astype(np.uint8) for seed in (5, 6))
    image = [*flowing([a, b], 1, closed=False)][1]
    assert noise(image.astype(float) - faded(a, b, 0.5)) > 25
    assert noise(a.astype(float) - faded(a, b, 0.5)) < 20


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (67, 131), (256, 96)])
def test_any_size_goes(opencv: object, size: tuple[int, int]) -> None:
    a = np.resize(scene(40, 50), (*size, 3))
    film = [*flowing([a, np.roll(a, 2, 1)], 2, closed=True)]
    assert [image.shape for image in film] == [(*size, 3)] * 6
    assert all(image.dtype == np.uint8 for image in film)


def test_bits_are_the_same_every_time_and_with_every_number_of_threads(opencv: object) -> None:
    import cv2

    images, threads = [scene(40, 50), scene(47, 52), scene(52, 58)], cv2.getNumThreads()
    first = np.stack([*flowing(images, 2, closed=True)])
    try:
        for number in (threads, 1, 2, 5):
            cv2.setNumThreads(number)
            assert np.array_equal(np.stack([*flowing(images, 2, closed=True)]), first)
    finally:
        cv2.setNumThreads(threads)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(("frames", "count"), [(2, 1), (2, 5), (3, 2), (7, 3)])
def test_films_have_exactly_as_many_pictures_as_asked_for_and_their_own_unchanged(opencv: object, frames: int, count: int, closed: bool) -> None:
    images = [np.full((64, 64, 3), 9 * i, np.uint8) for i in range(frames)]
    film = [*flowing(iter(images), count, closed)]
    assert len(film) == (frames * (1 + count) if closed else frames + (frames - 1) * count)
    assert all(image is given for image, given in zip(film[:: count + 1], images, strict=True))


def test_what_is_shown_on_is_the_same_picture_again(opencv: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animate.media.flow.Motion", None)  # no flow is asked for
    held = scene(40, 50)
    film = [*flowing([held, held.copy()], 3, closed=False)]
    assert len(film) == 5
    assert all(image is held for image in film[:4])


def test_no_more_than_two_pictures_and_the_first_are_held(opencv: object) -> None:
    alive: list[weakref.ref[np.ndarray]] = []
    held: list[int] = []

    def drawn() -> Iterator[np.ndarray]:
        for i in range(9):
            held.append(sum(ref() is not None for ref in alive))
            image = np.full((64, 64, 3), i, np.uint8)
            alive.append(weakref.ref(image))
            yield image
            del image

    for image in flowing(drawn(), 2, closed=True):
        del image
    assert max(held) == 3


@pytest.mark.parametrize("closed", [False, True])
def test_one_picture_has_nothing_between(opencv: object, closed: bool) -> None:
    for items in ([], [scene(40, 50)]):
        with pytest.raises(AnimateError, match=r"^in-betweens need two pictures, and the film has fewer; ask for more frames"):
            next(flowing(items, 1, closed))


@pytest.mark.parametrize("count", [0, -1, 65])
def test_counts_that_are_none_are_refused_before_anything_is_drawn(opencv: object, count: int) -> None:
    drawn = itertools.count()
    with pytest.raises(AnimateError, match=rf"^{count} in-betweens; allowed: 1 to 64"):
        flowing(drawn, count, False)  # type: ignore[arg-type]
    assert next(drawn) == 0


def test_without_opencv_the_line_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(AnimateError, match=r'OpenCV .*; pip install "animate\[flow\]"'):
        flowing([], 1, closed=False)
