"""Anchors: every third frame is drawn first, stays where it is, and no picture is drawn for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animate import Store, Storyboard, render, render_together
from animate.film import anchors
from animate.film.film import Film
from animate.models.families.unet import UNetModel
from animate.plan.cel import MIX_UNIT, Plan
from animate.plan.curve import LINEAR, Curve
from animate.report import Report
from conftest import Work

SAMPLING = {"steps": 4, "guidance": 2.0}


def story(*keys: Any, **settings: Any) -> Storyboard:
    return Storyboard.of(*(keys or ("a seed", "a tree")), **{"frames": 24, "sampling": SAMPLING, **settings})


def film(model: UNetModel, what: Storyboard) -> Film:
    return Film.of(what, model, None, Report())


def mixes(plan: Plan) -> list[float]:
    """Of its frames, 0 for the first end and 1 for the last."""
    last = plan.cels[plan.order[-1]].blend.a
    return [cel.blend.mix if cel.blend.a != cel.blend.b else float(cel.blend.a == last) for cel in (plan.cels[key] for key in plan.order)]


class Eye:
    """Sees how far along the path each picture is, and remembers how many it was asked for."""

    def __init__(self, path: Any):
        self.path, self.asked = path, list[int]()

    def __call__(self, plan: Plan) -> Iterable[np.ndarray]:
        self.asked.append(len(plan.order))
        places = mixes(plan)
        return [np.array(self.path(place)) for place in places]


def apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(abs(a - b))


def test_anchors_stay_where_they_were_drawn_and_the_others_are_shared_out_by_what_is_seen(tiny: UNetModel) -> None:
    """A path that is three times as fast in its second half, of which the probes knew nothing."""

    def path(t: float) -> float:
        return t if t < 0.5 else 0.5 + 3 * (t - 0.5)

    made, eye = film(tiny, story()), Eye(path)
    (curve, _) = anchors.settled(made, (LINEAR, LINEAR), eye, apart)
    assert eye.asked == [8]
    before, after = mixes(made.plan((LINEAR, LINEAR))), mixes(made.plan((curve, LINEAR)))
    drawn = [round(23 * i / 7) / 23 for i in range(8)]
    assert all(any(abs(place - mix) < 1 / MIX_UNIT * 16 for mix in after) for place in drawn)
    steps = [np.abs(np.diff([path(mix) for mix in shown])) for shown in (before, after)]
    assert steps[0].std() / steps[0].mean() > 0.45
    assert steps[1].std() / steps[1].mean() < 0.25
    assert all(low < high for low, high in pairwise(after))


@pytest.mark.parametrize("fast", [False, True])
def test_part_of_a_paced_film_is_as_in_the_whole_though_it_lies_in_one_of_its_segments(fast: bool, tiny: UNetModel) -> None:
    """Anchors are chosen from the whole film."""
    made = story("a seed", "a tree", "a house", frames=31, sampling={**SAMPLING, "fast": fast})
    whole = [*render(made, tiny)]
    for frames in (range(3, 7), [20, 28]):
        part = [*render(made, tiny, frames=frames)]
        assert all(np.array_equal(image, whole[frame]) for image, frame in zip(part, frames, strict=True))


def test_in_a_fast_film_those_that_told_of_the_pace_are_those_that_lend(tiny: UNetModel) -> None:
    """However the pace bends: nothing is drawn whole but them."""
    made = film(tiny, story(sampling={"steps": 12, "guidance": 2.0, "fast": True}))
    drawn = list[str]()

    def see(plan: Plan) -> Iterable[np.ndarray]:
        drawn.extend(plan.order)
        return [np.array(place**3) for place in mixes(plan)]

    curves = anchors.settled(made, (LINEAR, LINEAR), see, apart)
    plan = made.plan(curves)
    assert {key for key, cel in plan.cels.items() if not cel.start.deep} == {*drawn}
    assert len(drawn) == 8
    assert len(plan.cels) == 24
    numbers = [plan.order.index(key) for key in drawn]
    assert numbers == sorted(numbers)
    assert len({*np.diff(numbers)}) > 2, "they are not evenly spread over the frames"


@pytest.mark.parametrize(
    ("gaps", "steps", "parts"),
    [([1.0, 1.0, 1.0], 6, [2, 2, 2]), ([1.0, 3.0], 4, [1, 3]), ([0.0, 1.0], 3, [1, 2]), ([1.0, 5.1, 1.0], 9, [2, 6, 1])],
)
def test_every_gap_has_as_many_steps_as_make_the_widest_least(gaps: list[float], steps: int, parts: list[int]) -> None:
    shares = anchors._shares(gaps, steps)
    assert np.diff(np.asarray(shares) * steps).round().tolist() == parts
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_a_curve_goes_through_its_places_and_keeps_its_jumps() -> None:
    curve = Curve(((0, 0.0), (1 << 18, 1.0), (3 << 18, 1.5), (MIX_UNIT, 4.0)), jumps=(1,))
    bent = curve.through([(0, 0.0), (1 << 16, 1 / 3), (MIX_UNIT, 1.0)])
    assert bent.valid
    assert bent.at(1 / 3).parts == 1 << 16
    assert [(bent.knots[i][0], bent.knots[i + 1][0]) for i in bent.jumps] == [(1 << 18, 3 << 18)]
    assert curve.through([(0, 0.0), (MIX_UNIT, 1.0)]).at(0.7) == curve.at(0.7)


@pytest.mark.parametrize(
    "settings",
    [
        {"frames": 12}, {"ease": "in-out"}, {"feedback": 0.5}, {"sampling": {**SAMPLING, "sharing": 0.9}},
        {"sampling": {"steps": 4, "guidance": "2 + x"}},
    ],
)  # fmt: skip
def test_films_that_have_none(tiny: UNetModel, settings: dict[str, Any]) -> None:
    made, eye = film(tiny, story(**settings)), Eye(lambda t: t)
    assert anchors.settled(made, (LINEAR,) * 2, eye, apart) == (LINEAR,) * 2
    assert eye.asked == []


@pytest.mark.parametrize(
    ("settings", "count"), [({}, 8), ({"frames": 48}, 16), ({"frames": 2000}, 128), ({"loop": "cycle"}, 8), ({"loop": "bounce"}, 0)]
)
def test_they_fill_batches(tiny: UNetModel, settings: dict[str, Any], count: int) -> None:
    made, eye = film(tiny, story(**settings)), Eye(lambda t: t)
    anchors.settled(made, (LINEAR,) * 2, eye, apart)
    assert sum(eye.asked) == count


def test_many_segments_have_their_share(tiny: UNetModel) -> None:
    keys = [f"a {word}" for word in ("seed", "tree", "house", "boat")]
    made, eye = film(tiny, story(*keys, frames=73)), Eye(lambda t: t)
    anchors.settled(made, (LINEAR,) * 4, eye, apart)
    assert eye.asked == [24]


def test_no_picture_is_drawn_for_nothing(tiny: UNetModel, work: Work, tmp_path: Path) -> None:
    pictures = render(story(), tiny)
    assert len([*pictures]) == 24
    coarse = 2  # steps of a probe
    assert work.samples == 2 * 4 * 24 + coarse * -(-pictures.probes // 4) * 4
    drawn = work.samples
    again = render(story(), tiny, store=Store(tmp_path))
    assert len([*again]) == 24
    assert work.samples == 2 * drawn
    assert len([*render(story(), tiny, store=Store(tmp_path))]) == 24
    assert work.samples == 2 * drawn, "all of it is kept"


def test_with_a_store_without_and_together_the_pictures_are_the_same(tiny: UNetModel, tmp_path: Path) -> None:
    alone = np.stack([*render(story(), tiny)])
    assert np.array_equal(alone, np.stack([*render(story(), tiny, store=Store(tmp_path))]))
    first, second = render_together([story(), story(seed=1)], tiny)
    assert np.array_equal(alone, np.stack([*first]))
    assert np.array_equal(np.stack([*second]), np.stack([*render(story(seed=1), tiny)]))


def test_a_recipe_draws_none(tiny: UNetModel, work: Work) -> None:
    pictures = render(story(), tiny)
    whole, before = np.stack([*pictures]), work.samples
    again = np.stack([*render(story(), tiny, curves=pictures.pace().curves)])
    assert np.array_equal(whole, again)
    assert work.samples - before == 2 * 4 * 24
