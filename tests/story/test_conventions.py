"""CompVis's conventions in numbers: tables of noise levels, shares of steps, which scales guide."""

from __future__ import annotations

from itertools import pairwise

import pytest

from animate.models.parts.samplers import SAMPLERS
from animate.story.conventions import COMPVIS, DIFFUSERS, TABLED, guides, redrawn, step_count, timesteps


@pytest.mark.parametrize(("steps", "count"), [(10, 10), (12, 13), (15, 16), (20, 20), (30, 31), (50, 50), (60, 63), (75, 77), (1, 1), (999, 999)])
def test_their_tables_have_as_many_steps_as_theirs(steps: int, count: int) -> None:
    for sampler in TABLED:
        table = timesteps(sampler, steps, COMPVIS)
        assert (len(table), step_count(sampler, steps, COMPVIS)) == (count, count)
        assert (table[-1], {high - low for high, low in pairwise(table)} or {1000 // steps}) == (1, {1000 // steps})
        assert step_count(sampler, steps, DIFFUSERS) == steps
    assert timesteps("ddim", 12, COMPVIS)[:2] == (997, 914), "theirs is one more than diffusers', which begins at 914"


@pytest.mark.parametrize(("steps", "count"), [(3, 3), (9, 9), (27, 27), (37, 37), (101, 111), (300, 333)])
def test_a_level_that_there_is_not_is_left_out(steps: int, count: int) -> None:
    """Their tables have level 1000 of 0 to 999, and their scripts fail."""
    table = timesteps("ddim", steps, COMPVIS)
    assert (len(table), max(table) < 1000) == (count, True)


def test_samplers_of_other_places_keep_their_own_levels() -> None:
    assert set(TABLED) < SAMPLERS.keys()
    for sampler in SAMPLERS.keys() - set(TABLED):
        assert (timesteps(sampler, 12, COMPVIS), step_count(sampler, 12, COMPVIS)) == ((), 12)
    assert timesteps("ddim", 12, DIFFUSERS) == ()


@pytest.mark.parametrize(("strength", "steps", "theirs", "ours"), [(0.58, 50, 28, 29), (0.75, 50, 37, 37), (0.29, 100, 28, 29), (1.0, 50, 50, 50)])
def test_strength_is_cut_as_floats_have_it(strength: float, steps: int, theirs: int, ours: int) -> None:
    assert (redrawn(strength, steps, COMPVIS), redrawn(strength, steps, DIFFUSERS)) == (theirs, ours)


def test_every_scale_but_one_guides() -> None:
    assert [guides(scale, COMPVIS) for scale in (0.0, 0.5, 1.0, 7.5)] == [True, True, False, True]
    assert [guides(scale, DIFFUSERS) for scale in (0.0, 0.5, 1.0, 7.5)] == [False, False, False, True]
