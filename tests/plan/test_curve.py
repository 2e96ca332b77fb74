"""Curves: from what is perceived to the mix that shows it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from animate.plan.cel import MIX_UNIT
from animate.plan.curve import FINEST, LINEAR, Curve, Point

GRID = MIX_UNIT >> 9  # of what is probed
SHARES = st.floats(0, 1)


@st.composite
def curves(draw: st.DrawFn, least: float = 0.0) -> Curve:
    """Knots on the grid of probes, steps of at least so much between them, and jumps anywhere."""
    inner = sorted(draw(st.sets(st.integers(1, MIX_UNIT // GRID - 1), max_size=12)))
    parts = [0, *(GRID * i for i in inner), MIX_UNIT]
    steps = draw(st.lists(st.floats(least, 10), min_size=len(parts) - 1, max_size=len(parts) - 1).filter(lambda steps: sum(steps) > 1e-3))
    distances = [0.0, *np.cumsum(steps).tolist()]
    jumps = draw(st.sets(st.integers(0, len(steps) - 1)))
    return Curve(tuple(zip(parts, distances, strict=True)), tuple(sorted(jumps)))


def middle(at: Point) -> float:
    return at.low + at.share * (at.high - at.low)


@given(curves())
def test_the_ends_are_exact_whatever_lies_between(curve: Curve) -> None:
    assert curve.valid
    assert (curve.at(0.0), curve.at(1.0)) == (Point.at(0), Point.at(MIX_UNIT))


@given(curves(), st.lists(SHARES, min_size=2, max_size=20))
def test_no_curve_goes_back(curve: Curve, shares: list[float]) -> None:
    seen = [middle(curve.at(share)) for share in [0.0, *sorted(shares), 1.0]]
    assert all(before <= after for before, after in pairwise(seen))
    assert all(0 <= at.low <= at.high <= MIX_UNIT for at in map(curve.at, shares))


@given(curves(least=0.01), SHARES)
def test_a_curve_is_the_inverse_of_the_distance_travelled(curve: Curve, share: float) -> None:
    parts, distances = zip(*replace(curve, jumps=()).knots, strict=True)
    found = replace(curve, jumps=()).at(share)
    assert found.low == found.high
    assert found.low % FINEST == 0
    assert abs(found.low - float(np.interp(share * distances[-1], distances, parts))) <= FINEST / 2 + 1e-3


@given(curves(least=0.01), SHARES.filter(lambda share: 0 < share < 1))
def test_in_a_jump_a_place_is_between_its_two_sides_and_nowhere_else(curve: Curve, share: float) -> None:
    found, sides = curve.at(share), {(curve.knots[jump][0], curve.knots[jump + 1][0]) for jump in curve.jumps}
    if found.low < found.high:
        assert (found.low, found.high) in sides
        assert 0 <= found.share <= 1
    else:
        assert not any(low + FINEST < found.low < high - FINEST for low, high in sides)


def test_steps_within_a_jump_are_even() -> None:
    curve = Curve(((0, 0.0), (GRID, 1.0), (2 * GRID, 4.0), (MIX_UNIT, 5.0)), (1,))
    points = [curve.at(share) for share in (0.1, 0.2, 0.4, 0.6, 0.8, 0.9)]
    assert [at.share for at in points] == pytest.approx([0, 0, 1 / 3, 2 / 3, 0, 0])
    assert {(at.low, at.high) for at in points[2:4]} == {(GRID, 2 * GRID)}


def test_where_nothing_changes_nobody_waits() -> None:
    """Half the mixes look the same: the film passes them between two frames."""
    curve = Curve(((0, 0.0), (MIX_UNIT // 4, 1.0), (3 * MIX_UNIT // 4, 1.0), (MIX_UNIT, 2.0)))
    seen = [curve.at(i / 8).low for i in range(9)]
    assert not any(MIX_UNIT // 4 < parts < 3 * MIX_UNIT // 4 for parts in seen)
    assert len(set(seen)) == 9


@given(SHARES)
def test_the_linear_curve_changes_nothing(share: float) -> None:
    assert abs(LINEAR.at(share).low - share * MIX_UNIT) <= FINEST / 2


@pytest.mark.parametrize("frames", [24, 120, 2000])
def test_rounding_leaves_the_pace_of_long_films_even(frames: int) -> None:
    steps = np.diff([LINEAR.at(i / (frames - 1)).low for i in range(frames)])
    assert steps.max() <= 1.05 * steps.min()


DAMAGE: dict[str, Callable[[Curve], Curve]] = {
    "no knots": lambda c: replace(c, knots=()),
    "one knot": lambda c: replace(c, knots=c.knots[:1], jumps=()),
    "no beginning": lambda c: replace(c, knots=((1, 0.0), *c.knots[1:])),
    "no end": lambda c: replace(c, knots=(*c.knots[:-1], (MIX_UNIT + 1, c.knots[-1][1]))),
    "back in time": lambda c: replace(c, knots=(*c.knots, c.knots[-1])),
    "a distance that shrinks": lambda c: replace(c, knots=(*c.knots[:-1], (MIX_UNIT, -1.0))),
    "a distance before the beginning": lambda c: replace(c, knots=((0, 0.5), *((at, distance + 1) for at, distance in c.knots[1:]))),
    "no way at all": lambda c: replace(c, knots=tuple((at, 0.0) for at, _ in c.knots)),
    "no number": lambda c: replace(c, knots=(*c.knots[:-1], (MIX_UNIT, math.nan))),
    "no number inside": lambda c: replace(c, knots=(c.knots[0], (1, math.nan), *c.knots[1:])),
    "no end of distance": lambda c: replace(c, knots=(*c.knots[:-1], (MIX_UNIT, math.inf))),
    "a jump past the end": lambda c: replace(c, jumps=(len(c.knots) - 1,)),
    "a jump before the beginning": lambda c: replace(c, jumps=(-1,)),
}


@given(curves(least=0.01))
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_curve_is_not_sound(damage: str, curve: Curve) -> None:
    assert not DAMAGE[damage](curve).valid


@given(curves())
def test_a_curve_comes_back_from_json_as_it_was(curve: Curve) -> None:
    adapter = TypeAdapter(Curve)
    assert adapter.validate_json(json.dumps(adapter.dump_python(curve, mode="json"))) == curve
