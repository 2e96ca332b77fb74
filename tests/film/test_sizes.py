"""A size that a model was not trained for is told before anything is drawn."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest

from animate import AnimateWarning, Sampling, Storyboard, render
from animate.film.stills import stills
from animate.models.families.unet import UNetModel
from conftest import Work

ONE_STEP = Sampling(steps=1, guidance=1.0)


@pytest.mark.parametrize(("width", "height", "outcome"), [(128, 128, "fall apart"), (512, 64, "fall apart"), (32, 32, "lose their shapes")])
def test_far_from_the_models_own_size(tiny: UNetModel, work: Work, width: int, height: int, outcome: str) -> None:
    story = Storyboard.of("a seed", "a tree", width=width, height=height, sampling=ONE_STEP)
    said = rf"^{width} x {height} pixels, and {tiny.name} was trained on 64 x 64: pictures {outcome}.*; leave out --width and --height"
    with pytest.warns(AnimateWarning, match=said):
        render(story, tiny)
    with pytest.warns(AnimateWarning, match=said):
        stills(story, story.keyframes, tiny)
    assert work.samples == 0, "before anything is drawn"


@pytest.mark.parametrize(("width", "height"), [(96, 64), (64, 96), (96, 96), (48, 48)])
def test_a_model_that_knows_one_size_is_told_to_be_out_of_it_sooner(
    tiny: UNetModel, monkeypatch: pytest.MonkeyPatch, width: int, height: int
) -> None:
    monkeypatch.setattr(tiny, "defaults", replace(tiny.defaults, one_size=True))
    with pytest.warns(AnimateWarning, match=f"^{width} x {height} pixels, and {tiny.name} was trained on 64 x 64"):
        render(Storyboard.of("a seed", "a tree", width=width, height=height, sampling=ONE_STEP), tiny)


@pytest.mark.parametrize("side", [56, 64, 72])
def test_and_nothing_is_said_of_its_own(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch, side: int) -> None:
    monkeypatch.setattr(tiny, "defaults", replace(tiny.defaults, one_size=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        render(Storyboard.of("a seed", "a tree", width=side, height=64, sampling=ONE_STEP), tiny)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (96, 64), (96, 96), (48, 48)])
def test_near_it_nothing_is_said(tiny: UNetModel, width: int, height: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        render(Storyboard.of("a seed", "a tree", width=width, height=height, sampling=ONE_STEP), tiny)
