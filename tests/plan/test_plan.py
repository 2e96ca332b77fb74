"""Frames become cels."""

from __future__ import annotations

from typing import Any

from animate import Storyboard
from animate.plan.cel import MIX_UNIT, Plan
from animate.plan.plan import plan
from animate.story.resolved import resolved
from animate.story.timeline import timeline


def planned(*prompts: str, **settings: Any) -> Plan:
    story = resolved(Storyboard.of(*prompts, **settings), steps=4, guidance=3.0, sampler="ddim", width=64, height=64)
    return plan(timeline(story), story)


def test_every_frame_shows_a_cel() -> None:
    made = planned("a", "b", frames=9)
    assert len(made.order) == len(made.cels) == 9
    assert [made.cels[key].blend.parts for key in made.order] == [0, *(MIX_UNIT * i // 8 for i in range(1, 8)), 0]
    assert made.cels[made.order[-1]].blend.a.prompt == "b"


def test_a_joint_is_one_cel_whichever_side_it_is_seen_from() -> None:
    assert planned("a", "b", "c", frames=9).order[4] == planned("b", "c", frames=5).order[0] == planned("a", "b", frames=5).order[-1]


def test_holds_bounces_and_cycles_draw_nothing_twice() -> None:
    bounce = planned("a", "b", frames=24, loop="bounce")
    assert (len(bounce.order), len(bounce.cels)) == (24, 13)
    assert len(planned("a", "b", frames=24, loop="cycle").cels) == 24
    assert len(planned("a", "b", frames=24, ease="step").cels) == 2


def test_keys_say_all_that_decides_the_picture_and_nothing_else() -> None:
    key = planned("a", "b", frames=9).order[3]
    assert key == planned("a", "b", frames=9, fps=30).order[3]
    assert key == planned("a", "b", "a", frames=17).order[3]
    for other in ({"seed": 1}, {"negative": "x"}, {"style": "ink"}, {"ease": "in"}, {"frames": 10}):
        assert key != planned("a", "b", **{"frames": 9, **other}).order[3]


def test_a_circle_of_noise_has_four_quarters() -> None:
    made = planned("a", frames=8, loop="cycle")
    ends = [(made.cels[key].blend.a.seed, made.cels[key].blend.a.opposite) for key in made.order]
    assert ends == [(0, False), (0, False), (1, False), (1, False), (0, True), (0, True), (1, True), (1, True)]


def test_a_circle_by_the_largest_seed_goes_on_at_the_smallest() -> None:
    made = planned("a", frames=8, loop="cycle", seed=2**64 - 1)
    assert {made.cels[key].blend.a.seed for key in made.order} == {2**64 - 1, 0}
