"""Running a plan: which cels are drawn together, in which order, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from animate import Keyframe, Storyboard
from animate.cel import Cel, Plan
from animate.engine import Inputs, Stops, run
from animate.plan import plan
from animate.timeline import timeline


def planned(story: Storyboard) -> Plan:
    full = story.model_copy(update={"width": 64, "height": 64, "sampling": story.sampling.model_copy(update={"steps": 4, "sampler": "ddim"})})
    if full.sampling.guidance is None:
        full = full.model_copy(update={"sampling": full.sampling.model_copy(update={"guidance": 3.0})})
    return plan(timeline(full), full)


class Recorder:
    """A `draw` that paints every cel with its mix and remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def __call__(self, cels: Sequence[Cel], inputs: Sequence[Inputs], stops: Stops) -> torch.Tensor:
        self.batches.append([cel.key for cel in cels])
        return torch.tensor([cel.look.mix for cel in cels])[:, None, None, None, None].expand(-1, len(stops), 4, 1, 1)


def test_batches_are_full_and_the_last_is_padded() -> None:
    made, draw = planned(Storyboard.of("a", "b", frames=10)), Recorder()
    latents = list(run(made, draw, {}, slots=4))
    assert [len(batch) for batch in draw.batches] == [4, 4, 4]
    assert [float(x.mean()) for x in latents] == pytest.approx([made.cels[key].look.mix for key in made.order])


def test_nothing_is_drawn_twice() -> None:
    made, draw = planned(Storyboard.of("a", "b", frames=20, loop="bounce")), Recorder()
    assert len(list(run(made, draw, {}, slots=1))) == 20
    drawn = [key for batch in draw.batches for key in batch]
    assert len(drawn) == len(set(drawn)) == 11


def test_what_states_hold_is_not_drawn() -> None:
    made, draw = planned(Storyboard.of("a", "b", frames=8)), Recorder()
    states = {key: torch.zeros(4, 1, 1) for key in made.order[:6]}
    list(run(made, draw, states, slots=4))
    assert [set(batch) for batch in draw.batches] == [set(made.order[6:])]


def test_states_are_dropped_once_they_are_used_up() -> None:
    made, draw, states = planned(Storyboard.of("a", "b", frames=40)), Recorder(), dict[str, torch.Tensor]()
    most = max(len(states) for _ in run(made, draw, states, slots=4))
    assert most <= 4
    assert not states


def test_nothing_is_drawn_before_it_is_asked_for() -> None:
    made, draw = planned(Storyboard.of("a", "b", frames=40)), Recorder()
    latents = run(made, draw, {}, slots=4)
    assert not draw.batches
    next(latents)
    assert len(draw.batches) == 1


def test_guided_and_unguided_cels_do_not_share_a_batch() -> None:
    keys = (Keyframe(prompt="a", guidance=0), Keyframe(prompt="b", guidance=2))
    made, draw = planned(Storyboard(keyframes=keys, frames=9)), Recorder()
    list(run(made, draw, {}, slots=8))
    for batch in draw.batches:
        assert len({made.cels[key].look.guidance > 1 for key in batch}) == 1
