"""Even pace: paths of which is known where every picture lies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from animate import Storyboard, render
from animate.film import pacing
from animate.film.pacing import FEWEST, MOST, curves
from animate.film.path import LONG, LOOKS, NARROWEST, SUSPECTS, Measure
from animate.measure import distance
from animate.models.base import Conditioning
from animate.models.families.unet import UNetModel
from animate.plan.cel import MIX_UNIT, Cel, Endpoint, Plan
from animate.plan.curve import LINEAR, Curve
from animate.plan.plan import plan
from animate.story.resolved import Resolved, resolved
from animate.story.timeline import timeline

Path = Callable[[float], float]  # mix -> how far along its picture looks, 0..1
A, B, C = (Endpoint(name, "", 0, 3.0) for name in "abc")
BETWEEN = 22  # frames of a film of 24


def story(*keys: Any, **settings: Any) -> Resolved:
    return resolved(Storyboard.of(*keys, **settings), steps=10, guidance=3.0, sampler="ddim", width=64, height=64)


def mix(cel: Cel, end: Endpoint) -> float:
    return cel.blend.mix if cel.blend.a != cel.blend.b else float(cel.blend.a.prompt == end.prompt)


class Eye:
    """Draws places of a path as their number alone, and remembers what it was asked for."""

    def __init__(self, path: Path):
        self.path, self.plans = path, list[Plan]()

    def __call__(self, probes: Plan) -> list[np.ndarray]:
        self.plans.append(probes)
        return [np.array(self.path(mix(probes.cels[key], B))) for key in probes.order]

    @property
    def probes(self) -> int:
        return sum(len(probes.order) for probes in self.plans)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(abs(a - b))


def paced(path: Path, between: int = BETWEEN, measure: Measure = apart) -> Curve:
    return curves(story("a", "b"), [A, B], {0: between}, Eye(path), measure)[0]


def steps(path: Path, curve: Curve, between: int = BETWEEN) -> np.ndarray:
    """How far each frame is from the one before; in a jump, as far as it is drawn over."""
    points = [curve.at(i / (between + 1)) for i in range(between + 2)]
    seen = [(path(at.low / MIX_UNIT), path(at.high / MIX_UNIT), at.share) for at in points]
    return np.asarray(np.abs(np.diff([low + share * (high - low) for low, high, share in seen])))


def gini(values: Sequence[float] | np.ndarray) -> float:
    x = np.sort(values)
    return float((2 * np.arange(1, len(x) + 1) - len(x) - 1) @ x / (len(x) * x.sum()))


def steep(power: float, at: float) -> Path:
    return lambda t: float(1 / (1 + np.exp(-power * (t - at))))


SMOOTH: dict[str, Path] = {
    "even": lambda t: t,
    "slow at first": lambda t: t**4,
    "fast at first": lambda t: 1 - (1 - t) ** 4,
    "fast in the middle": steep(20, 0.6),
    "very fast": steep(200, 0.61),
    "still in the middle": lambda t: float(np.interp(t, [0, 0.2, 0.7, 1], [0, 0.5, 0.5, 1])),
    "still at the ends": lambda t: float(np.interp(t, [0, 0.4, 0.6, 1], [0, 0, 1, 1])),
    "fast at three places": lambda t: sum(share * steep(80, at)(t) for share, at in ((0.3, 0.1), (0.3, 0.5), (0.4, 0.9))),
}


@pytest.mark.parametrize("between", [6, BETWEEN])
@pytest.mark.parametrize("path", SMOOTH)
def test_a_smooth_path_is_walked_in_even_steps(path: str, between: int) -> None:
    found = paced(SMOOTH[path], between)
    assert found.valid
    assert not found.jumps
    assert gini(steps(SMOOTH[path], found, between)) <= 0.1
    if path not in ("even", "slow at first"):
        assert gini(steps(SMOOTH[path], LINEAR, between)) > 0.3


@pytest.mark.parametrize(("size", "between"), [(0.7, 6), (0.7, BETWEEN), (0.2, BETWEEN), (0.7, 600), (0.2, 600)])
def test_a_jump_is_found_and_bridged(size: float, between: int) -> None:
    def path(t: float) -> float:
        return (1 - size) * t + size * (t > 0.37)

    found = paced(path, between)
    (jump,) = found.jumps
    (low, _), (high, _) = found.knots[jump : jump + 2]
    assert low < 0.37 * MIX_UNIT <= high
    assert high - low <= NARROWEST
    bridged = sum(at.low < at.high for at in (found.at(i / (between + 1)) for i in range(between + 2)))
    assert bridged == pytest.approx(size * between, abs=2)
    assert gini(steps(path, found, between)) <= 0.02


def test_two_jumps_are_two() -> None:
    found = paced(lambda t: 0.4 * t + 0.3 * (t > 0.37) + 0.3 * (t > 0.81))
    for jump, at in zip(found.jumps, (0.37, 0.81), strict=True):
        assert found.knots[jump][0] < at * MIX_UNIT <= found.knots[jump + 1][0]


@pytest.mark.parametrize("between", [98, 600, 2000])
@pytest.mark.parametrize("path", SMOOTH)
def test_the_steep_places_of_a_long_film_are_no_jumps(path: str, between: int) -> None:
    """Every place is further than a frame's step from its neighbours among the probes, and pictures lie between."""
    assert not paced(SMOOTH[path], between).jumps


def test_a_jump_smaller_than_the_steps_of_the_film_is_none() -> None:
    assert not paced(lambda t: 0.9 * t + 0.1 * (t > 0.37), between=6).jumps


@pytest.mark.parametrize("between", [1, BETWEEN, 10_000])
@pytest.mark.parametrize("path", [*SMOOTH.values(), lambda t: float(t > 0.37), lambda t: float(np.sin(400 * t))])
def test_probes_have_a_budget_and_none_is_asked_for_twice(path: Path, between: int) -> None:
    eye = Eye(path)
    curves(story("a", "b"), [A, B], {0: between}, eye, apart)
    assert eye.probes <= MOST + 2 * LOOKS + SUSPECTS * 3 * LOOKS
    assert eye.probes <= MOST + LOOKS or between > LONG or any(cel.steps > 2 for probes in eye.plans for cel in probes.cels.values())
    keys = [key for probes in eye.plans for key in probes.order]
    assert len(keys) == len(set(keys))


def test_short_films_are_probed_less() -> None:
    few, many = Eye(steep(20, 0.6)), Eye(steep(20, 0.6))
    curves(story("a", "b"), [A, B], {0: 2}, few, apart)
    curves(story("a", "b"), [A, B], {0: BETWEEN}, many, apart)
    assert few.probes < many.probes


@pytest.mark.parametrize("least", [0.0, 1e-9])
def test_pictures_that_look_the_same_are_passed_in_equal_steps(least: float) -> None:
    """Nearly the same, too: what cannot be seen is rounded away."""
    assert paced(lambda t: least * t) == LINEAR


def test_probing_twice_says_the_same() -> None:
    assert paced(SMOOTH["very fast"]) == paced(SMOOTH["very fast"])


def test_last_bits_of_a_distance_make_no_other_cel() -> None:
    """On another machine, distances differ in their last bits."""
    rng = np.random.default_rng(0)
    path = SMOOTH["slow at first"]
    here, there = paced(path), paced(path, measure=lambda a, b: apart(a, b) * (1 + 1e-9 * rng.standard_normal()))
    assert [here.at(i / 23) for i in range(24)] == [there.at(i / 23) for i in range(24)]


def test_a_square_that_hurries_is_slowed_by_what_is_seen() -> None:
    """On pictures, with the distance that films are paced by, and judged by where the square is."""

    def picture(place: float) -> np.ndarray:
        x = np.arange(128) - (16 + 80 * place)
        row = np.clip(8.5 - np.abs(x), 0, 1) * 200 + 20
        image = np.full((64, 128), 20.0)
        image[24:40] = row
        return np.repeat(image[..., None], 3, -1).round().astype(np.uint8)

    path = SMOOTH["fast in the middle"]

    def see(probes: Plan) -> list[np.ndarray]:
        return [picture(path(mix(probes.cels[key], B))) for key in probes.order]

    (found, _) = curves(story("a", "b"), [A, B], {0: BETWEEN}, see, distance.metric())
    assert not found.jumps
    assert gini(steps(path, found)) <= 0.1


def test_segments_are_probed_together_and_only_those_that_are_asked_for() -> None:
    eye = Eye(lambda t: 0.0)
    found = curves(story("a", "b", "c"), [A, B, C], {0: 6, 1: 6}, eye, apart)
    assert len(eye.plans) == 1
    assert len(eye.plans[0].order) == 12
    assert len(eye.plans[0].cels) == 11, "the keyframe between them is one cel"
    assert found == (LINEAR,) * 3
    assert curves(story("a", "b", "c"), [A, B, C], {}, eye, apart) == (LINEAR,) * 3


def test_probes_and_film_encode_every_prompt_once(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rounds of probes, and the film after them."""
    encoded, embed = list[str](), tiny.embed

    def counted(prompt: str, *arguments: Any) -> Conditioning:
        encoded.append(prompt)
        return embed(prompt, *arguments)

    monkeypatch.setattr(tiny, "embed", counted)
    film = render(Storyboard.of("a seed", "a tree", frames=12, sampling={"steps": 2, "guidance": 2.0}), tiny)
    assert len(list(film)) == 12
    assert film.probes > 0
    assert sorted(encoded) == ["", "a seed", "a tree"]


def test_probes_are_not_decoded(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded, decode = list[int](), tiny.decode

    def counted(latents: torch.Tensor) -> np.ndarray:
        decoded.append(len(latents))
        return decode(latents)

    monkeypatch.setattr(tiny, "decode", counted)
    film = render(Storyboard.of("a seed", "a tree", frames=3, sampling={"steps": 2, "guidance": 2.0}), tiny)
    next(film)
    assert film.probes > 0
    assert decoded == [1]


def test_many_segments_are_not_held_at_once() -> None:
    endpoints = [Endpoint(str(i), "", 0, 3.0) for i in range(20)]
    held: list[int] = []

    def see(probes: Plan) -> list[np.ndarray]:
        held.append(len(probes.order))
        return [np.array(probes.cels[key].blend.mix) for key in probes.order]

    curves(story("a", "b"), endpoints, dict.fromkeys(range(19), 2), see, apart)
    assert max(held) <= pacing.TOGETHER * (MOST)


def test_probes_take_few_steps_but_enough_for_every_image() -> None:
    def asked(*endpoints: Endpoint) -> set[int]:
        eye = Eye(lambda t: t)
        curves(story("a", "b"), endpoints, {0: 6}, eye, apart)
        return {cel.steps for probes in eye.plans for cel in probes.cels.values()}

    assert asked(A, B) == {2}
    assert asked(Endpoint("a", "", 0, 3.0, image="0123", strength=0.15), B) == {7}, "the first count of which 15 % are a step"
    assert asked(Endpoint("a", "", 0, 3.0, image="0123", strength=0.8), B) == {2}


def test_probes_are_drawn_without_guidance_where_that_halves_the_work_and_a_jump_is_looked_for_with_it() -> None:
    def asked(path: Path, unguided: bool) -> set[float]:
        eye = Eye(path)
        curves(story("a", "b"), [A, B], {0: BETWEEN}, eye, apart, unguided)
        return {cel.blend.guidance for probes in eye.plans for cel in probes.cels.values()}

    assert asked(lambda t: t, True) == {1.0}
    assert asked(lambda t: t, False) == {3.0}
    assert asked(lambda t: float(t > 0.37), True) == {1.0, 3.0}


@pytest.mark.parametrize(("steps", "guidance", "share"), [(12, 2.0, 0.1), (25, 7.5, 0.1), (4, 1.0, 0.1), (50, 7.5, 0.1)])
@pytest.mark.parametrize("frames", [8, 12, 24, 48, 96, 129])
def test_probes_of_an_even_path_take_a_tenth_of_the_work_of_the_film(frames: int, steps: int, guidance: float, share: float) -> None:
    filled = resolved(Storyboard.of("a", "b", frames=frames), steps=steps, guidance=guidance, sampler="ddim", width=64, height=64)
    eye = Eye(lambda t: t)
    curves(filled, [replace(A, guidance=guidance), replace(B, guidance=guidance)], {0: frames - 2}, eye, apart)
    work = sum(cel.step_count * (1 + cel.guided) for probes in eye.plans for cel in probes.cels.values())
    whole = frames * steps * (1 + (guidance > 1))
    assert work <= share * whole or eye.probes == FEWEST


@pytest.mark.parametrize("ease", ["linear", "in-out"])
def test_eases_act_on_what_is_perceived(ease: str) -> None:
    film = story("a", "b", frames=24, ease=ease)
    times, path = timeline(film), SMOOTH["fast in the middle"]
    made = plan(times, film, curves=(paced(path), LINEAR))
    length = path(1) - path(0)
    seen = [(path(mix(made.cels[key], Endpoint("b", "", 0, 3.0))) - path(0)) / length for key in made.order]
    assert seen == pytest.approx([frame.mix + frame.a for frame in times], abs=0.03)
    assert all(before < after for before, after in pairwise(seen))


def test_keyframes_and_holds_stay_where_they_were_put() -> None:
    film = story({"prompt": "a", "hold": 3}, {"prompt": "b", "at": 10, "hold": 2}, "c", frames=24)
    linear, even = plan(timeline(film), film), plan(timeline(film), film, curves=(paced(steep(20, 0.3)),) * 3)
    keys = [*range(4), *range(10, 13), 23]
    assert [even.order[i] for i in keys] == [linear.order[i] for i in keys]
    assert even.order[5] != linear.order[5]
