"""Anchors of a film, and what they lend."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from animate import AnimateError, Storyboard
from animate.plan import anchors
from animate.plan.cel import MIX_UNIT, Cel, Endpoint, Plan, Start
from animate.plan.curve import Curve
from animate.plan.exact import STRAIGHT
from animate.plan.plan import plan
from animate.story.easing import EASES
from animate.story.resolved import Resolved, resolved
from animate.story.timeline import timeline


def story(*keys: Any, fast: bool = True, guidance: Any = 2.0, steps: int = 12, **others: Any) -> Resolved:
    film = Storyboard.of(*(keys or ("a seed", "a tree")), **{"pace": "linear", "sampling": {"fast": fast, "guidance": guidance}, **others})
    return resolved(film, steps=steps, guidance=2.0, sampler="ddim", width=64, height=64)


def planned(*keys: Any, curves: tuple[Curve, ...] = (), images: dict[str, str] | None = None, **others: Any) -> Plan:
    film = story(*keys, **others)
    return plan(timeline(film), film, images or {}, curves)


def drawn(made: Plan) -> tuple[list[Cel], list[Cel]]:
    """Anchors, and those that take their features."""
    cels = list(made.cels.values())
    return [cel for cel in cels if not cel.start.deep], [cel for cel in cels if cel.start.deep]


@pytest.mark.parametrize(
    ("frames", "keys", "alone"),
    [
        (2, 2, 2), (8, 2, 8), (9, 2, 8), (24, 2, 8), (33, 2, 8), (65, 2, 8), (129, 2, 16), (1001, 2, 80),
        (24, 3, 8), (48, 3, 16), (240, 11, 48), (24, 12, 12),
    ],
)  # fmt: skip
def test_a_film_has_whole_batches_of_anchors_and_few(frames: int, keys: int, alone: int) -> None:
    made = planned(*(f"prompt {number}" for number in range(keys)), frames=frames)
    own, lent = drawn(made)
    assert (len(own), len(lent)) == (alone, frames - alone)


@settings(max_examples=60)
@given(
    frames=st.integers(2, 90), keys=st.integers(1, 6), loop=st.sampled_from(["none", "cycle", "bounce"]), ease=st.sampled_from(sorted(EASES)),
    hold=st.integers(0, 3),
)  # fmt: skip
def test_whatever_the_film_everything_lies_between_the_anchors_that_it_takes_from(frames: int, keys: int, loop: Any, ease: str, hold: int) -> None:
    named = [{"prompt": f"p{number}", "hold": hold if keys > 1 else 0} for number in range(keys)]
    try:
        made = planned(*named, frames=frames, loop=loop, ease=ease if keys > 1 else "linear")
        exact = planned(*named, frames=frames, loop=loop, ease=ease if keys > 1 else "linear", fast=False)
    except AnimateError:
        assume(False)
    assert len(made.order) == frames
    for fast_key, exact_key in zip(made.order, exact.order, strict=True):
        cel = made.cels[fast_key]
        assert cel.blend == exact.cels[exact_key].blend, "it shows the same"
        if not cel.start.deep:
            assert cel.start == Start()
            continue
        low, high = (made.cels[key] for key in cel.start.parents)
        assert low.start == high.start == Start()
        begin, end = (place(one, cel.blend.a) for one in (low, high))
        assert begin < cel.blend.parts < end
        assert cel.start.mix == pytest.approx((cel.blend.parts - begin) / (end - begin), abs=1e-5)


def place(anchor: Cel, first: Endpoint) -> int:
    """Of MIX_UNIT, on the segment that begins at `first`."""
    blend = anchor.blend
    return blend.parts if blend.a != blend.b else MIX_UNIT * (blend.a != first)


def test_ends_are_drawn_on_their_own() -> None:
    made = planned("a", "b", "c", frames=25)
    for number in (0, 12, 24):
        assert not made.cels[made.order[number]].start.deep


def test_nothing_is_lent_across_a_jump() -> None:
    jump = (MIX_UNIT // 2 - 512, MIX_UNIT // 2 + 512)
    curve = Curve(((0, 0.0), (jump[0], 1.0), (jump[1], 1.2), (MIX_UNIT, 2.2)), (1,))
    made = planned(frames=40, curves=(curve, Curve()))
    _, lent = drawn(made)
    assert lent
    for cel in lent:
        low, high = (made.cels[key].blend for key in cel.start.parents)
        begin, end = (low.parts, high.parts if high.a != high.b else MIX_UNIT)
        assert end <= jump[0] or begin >= jump[1]


def test_pictures_that_begin_with_images_are_drawn_as_ever() -> None:
    keys = ("a seed", "a sprout", {"image": "tree.png"})
    made = planned(*keys, frames=49, images={"tree.png": "0" * 16})
    for key in made.order:
        cel = made.cels[key]
        assert not cel.start.deep or not (cel.blend.a.image or cel.blend.b.image)
    assert drawn(made)[1], "the first segment has no image"


def test_guidance_that_changes_with_time_is_not_lent() -> None:
    assert not drawn(planned(frames=24, guidance="2 + t"))[1]


@pytest.mark.parametrize(("first", "last"), [(1.0, 3.0), (2.0, 3.0)], ids=["unguided at one end", "guided at every step at one end"])
def test_where_guidance_is_computed_at_other_steps_nothing_is_lent(first: float, last: float) -> None:
    made = planned({"prompt": "a", "guidance": first}, {"prompt": "b", "guidance": last}, frames=40)
    own, lent = drawn(made)
    assert len({(cel.guided, cel.guided_every) for cel in own}) >= 2
    assert lent
    for cel in lent:
        assert {(made.cels[key].guided, made.cels[key].guided_every) for key in cel.start.parents} == {(cel.guided, cel.guided_every)}


@pytest.mark.parametrize(
    ("steps", "guidance", "every"), [(12, 2.0, 2), (12, 3.0, 1), (25, 5.0, 2), (25, 7.5, 1), (50, 7.5, 2), (4, 2.0, 1), (12, 1.0, 1)]
)
def test_guidance_is_left_out_where_a_line_is_near_enough(steps: int, guidance: float, every: int) -> None:
    made = planned(frames=24, steps=steps, guidance=guidance)
    assert {cel.guided_every for cel in made.cels.values()} == {every}
    assert (every == 2) == (guidance > 1 and (guidance - 1) / steps**2 <= STRAIGHT)


def test_without_fast_nothing_of_this_is_in_a_key() -> None:
    assert all(cel.guided_every == 1 and cel.start == Start() for cel in planned(frames=24, fast=False).cels.values())


@pytest.mark.parametrize("others", [{"sharing": 0.5}, {"feedback": 0.4}])
def test_two_ways_to_begin_are_refused(others: dict[str, Any]) -> None:
    feedback = {"feedback": others["feedback"]} if "feedback" in others else {}
    sampling = {"fast": True} | {name: value for name, value in others.items() if name == "sharing"}
    with pytest.raises(AnimateError, match=r"fast and .*; leave one of them out"):
        Storyboard.of("a", "b", sampling=sampling, **feedback)


def test_anchors_that_tell_of_pace_are_every_third_picture() -> None:
    mixes = {0: tuple(i / 23 for i in range(24))}
    assert anchors.chosen(mixes, 2, fast=False) == {0: [0, 3, 7, 10, 13, 16, 20, 23]}
    assert anchors.chosen({0: mixes[0][:9]}, 2, fast=False) == {}, "too short for a batch of them"
