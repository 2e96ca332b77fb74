"""Perceived distance: on films whose truth is known, two metrics of different making put everything in the right order."""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import numpy as np
import PIL.Image
import pytest
import torch
from PIL import ImageDraw

from animate import AnimateError
from animate.measure.distance import ALEXNET, METRICS, Measure, metric

OFFLINE = ("pyramid", "structure")
FINER = 4  # a shape is drawn so many times larger: it moves by parts of a pixel


def texture(side: int = 128, seed: int = 0) -> np.ndarray:
    """Coloured blotches of three sizes, uint8 (side, side, 3)."""
    random, made = np.random.default_rng(seed), np.full((side, side, 3), (120.0, 135.0, 110.0))
    for count, contrast in ((4, 40), (16, 25), (64, 14)):
        for channel in range(3):
            blotches = PIL.Image.fromarray(random.normal(size=(count, count)).astype(np.float32))
            made[..., channel] += contrast * np.asarray(blotches.resize((side, side), PIL.Image.Resampling.BICUBIC))
    return made.clip(0, 255).astype(np.uint8)


def scene(x: float, y: float = 0.5, background: np.ndarray | None = None) -> np.ndarray:
    """A ball at (x, y), in parts of the side, over a texture."""
    background = texture() if background is None else background
    side = len(background) * FINER
    large = PIL.Image.fromarray(background).resize((side, side), PIL.Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(large)
    for radius, dx, colour in ((0.13, 0.0, (220, 70, 40)), (0.04, -0.04, (250, 240, 200))):
        pen.ellipse([(x + dx - radius) * side, (y + dx - radius) * side, (x + dx + radius) * side, (y + dx + radius) * side], fill=colour)
    return np.asarray(large.reduce(FINER))


def motion(places: Iterable[float]) -> list[np.ndarray]:
    """The ball on its way from a quarter (0) to three quarters (1) of the width."""
    background = texture()
    return [scene(0.25 + 0.5 * place, background=background) for place in places]


def even(count: int) -> list[np.ndarray]:
    return motion(np.linspace(0, 1, count).tolist())


def steps(film: list[np.ndarray], measure: Measure) -> np.ndarray:
    return np.array([measure(a, b) for a, b in itertools.pairwise(film)])


def noisy(image: np.ndarray, spread: float, seed: int = 0) -> np.ndarray:
    return np.asarray((image + np.random.default_rng(seed).normal(0, spread, image.shape)).clip(0, 255).astype(np.uint8))


@pytest.fixture(params=OFFLINE)
def measure(request: pytest.FixtureRequest) -> Measure:
    return metric(request.param)


def test_equal_images_have_no_distance_and_order_does_not_matter(measure: Measure) -> None:
    a, b = scene(0.3), scene(0.6)
    assert measure(a, a.copy()) == 0
    assert measure(a, b) == pytest.approx(measure(b, a), rel=1e-6)
    dot = a.copy()
    dot[64, 64] ^= 4
    assert 0 < measure(a, dot) < measure(a, b) / 100


@pytest.mark.parametrize("pixels", [0.5, 1, 2])
def test_steps_twice_as_large_are_about_twice_as_far(measure: Measure, pixels: float) -> None:
    start = scene(0.3)
    once, twice = (measure(start, scene(0.3 + moved / 128)) for moved in (pixels, 2 * pixels))
    assert 1.7 <= twice / once <= 2.05, "and not four times, as squared distances have it"


def test_an_even_motion_has_even_steps(measure: Measure) -> None:
    found = steps(even(24), measure)
    assert found.max() <= 1.2 * np.median(found)
    assert found.min() >= 0.8 * np.median(found)


def test_lengths_add_up(measure: Measure) -> None:
    """The same way in 13, 25 and 49 frames: a path gets a little longer as more of it is seen, never twice as long."""
    lengths = [steps(even(count), measure).sum() for count in (13, 25, 49)]
    assert 1.0 <= lengths[1] / lengths[0] <= 1.25
    assert 1.0 <= lengths[2] / lengths[1] <= 1.15


def test_a_detour_is_never_shorter(measure: Measure) -> None:
    places = [scene(0.3), scene(0.33), scene(0.5), texture(seed=5), noisy(scene(0.4), 10)]
    for a in places:
        for b in places:
            assert all(measure(a, b) <= measure(a, c) + measure(c, b) + 1e-6 for c in places)


def test_a_jump_in_the_middle_is_the_longest_step(measure: Measure) -> None:
    found = steps(motion([*np.linspace(0, 0.4, 12), *np.linspace(0.6, 1, 12)]), measure)
    assert found.argmax() == 11
    assert found.max() >= 2.5 * np.median(found)
    assert np.delete(found, 11).max() <= 1.2 * np.median(found)


@pytest.mark.parametrize("shift", [(1.0, 1.0, 1.0), (1.0, -0.5, 0.0), (0.0, -0.2, 1.0)])
def test_a_larger_shift_of_colour_is_farther_in_proportion(measure: Measure, shift: tuple[float, float, float]) -> None:
    image = scene(0.5)
    found = [measure(image, (image + np.array(shift) * size).clip(0, 255).astype(np.uint8)) for size in (4, 8, 16, 32)]
    ratios = np.divide(found[1:], found[:-1])
    assert ((ratios > 1.5) & (ratios < 2.5)).all()


def test_more_noise_is_farther_in_proportion(measure: Measure) -> None:
    image = scene(0.5)
    found = [measure(image, noisy(image, spread)) for spread in (2, 4, 8, 16)]
    ratios = np.divide(found[1:], found[:-1])
    assert ((ratios > 1.3) & (ratios < 2.2)).all()


def test_half_of_a_cross_fade_is_no_frame_of_the_motion(measure: Measure) -> None:
    """Two half balls: far from the one ball half-way, and farther from every frame of the motion than neighbours are."""
    film = even(25)
    ghost = ((film[0].astype(int) + film[-1]) // 2).astype(np.uint8)
    step = float(np.median(steps(film, measure)))
    assert min(measure(ghost, frame) for frame in film) > 2 * step
    assert measure(ghost, film[12]) > 4 * step


def test_the_metrics_are_two() -> None:
    """Darker everywhere is far in colour and near in structure; grain on a plain is the other way round."""
    image = scene(0.5)
    changes = (image // 2, noisy(image, 12))
    colour, structure = ([metric(name)(image, changed) for changed in changes] for name in OFFLINE)
    assert colour[0] / colour[1] > 2 * structure[0] / structure[1]


@pytest.mark.parametrize("shape", [(8, 8), (17, 31), (100, 300), (260, 390), (511, 513)])
def test_any_size_will_do(measure: Measure, shape: tuple[int, int]) -> None:
    a = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert measure(a, a) == 0
    assert 0 < measure(a, 255 - a) < 10


def test_a_larger_picture_of_the_same_is_as_far(measure: Measure) -> None:
    pair = [scene(x, background=texture(256)) for x in (0.3, 0.34)]
    large = [np.kron(image, np.ones((2, 2, 1), np.uint8)) for image in pair]
    assert measure(large[0], large[1]) == pytest.approx(measure(pair[0], pair[1]), rel=0.01)


def test_what_is_too_fine_to_see_is_averaged(measure: Measure) -> None:
    checks = np.indices((512, 512)).sum(0)[..., None].repeat(3, -1) % 2
    even_checks, odd_checks = ((120 + 20 * pattern).astype(np.uint8) for pattern in (checks, 1 - checks))
    assert measure(even_checks, odd_checks) < 1e-5


def test_other_sizes_and_names_are_refused(measure: Measure) -> None:
    with pytest.raises(AnimateError, match="images of 64 x 32 and 32 x 64 pixels cannot be compared; scale"):
        measure(np.zeros((32, 64, 3), np.uint8), np.zeros((64, 32, 3), np.uint8))
    with pytest.raises(AnimateError, match='metric "piramid" is not known; allowed: pyramid, structure, lpips; did you mean "pyramid"'):
        metric("piramid")


def test_the_first_is_the_default() -> None:
    a, b = scene(0.3), scene(0.5)
    assert metric()(a, b) == metric(next(iter(METRICS)))(a, b) == metric("pyramid")(a, b)


def test_lpips_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(AnimateError, match=r"pip install lpips torchvision, or use one of: pyramid, structure$"):
        metric("lpips")
    monkeypatch.setitem(sys.modules, "lpips", ModuleType("lpips"))
    with pytest.raises(AnimateError, match=rf"lacks {tmp_path}/checkpoints/{ALEXNET}; fetch it once"):
        metric("lpips")


def test_lpips_is_given_what_it_expects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is asked for it without warnings. Its network cannot be had offline: one in its place tells what it is called with."""

    class Network(torch.nn.Module):
        def __init__(self, net: str, verbose: bool):
            super().__init__()
            assert (net, verbose) == ("alex", False)
            warnings.warn_explicit("'pretrained' is deprecated", UserWarning, "_utils.py", 208, module="torchvision.models._utils")

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            assert x.shape == y.shape == (1, 3, 32, 48)
            return (x.amin() * 100 + y.amax()).reshape(1, 1, 1, 1)

    package = ModuleType("lpips")
    package.LPIPS = Network  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lpips", package)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / ALEXNET).touch()
    black, white = np.zeros((32, 48, 3), np.uint8), np.full((32, 48, 3), 255, np.uint8)
    assert metric("lpips")(black, white) == -99, "inputs in -1..1"
