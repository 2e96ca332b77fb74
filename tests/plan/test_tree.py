"""Shared beginnings: trees between keyframes, and the trunk of a film."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from animate import AnimateError, Sampling, Storyboard, render, still
from animate.blend import lerp
from animate.models.base import Conditioning, Denoising
from animate.models.families.unet import UNetModel
from animate.models.parts import samplers
from animate.plan.cel import MIX_UNIT, Cel, Plan
from animate.plan.curve import LINEAR, Curve
from animate.plan.plan import plan
from animate.plan.tree import LEVELS, levels
from animate.story.easing import EASES
from animate.story.resolved import Resolved, resolved
from animate.story.timeline import timeline
from conftest import Work

GUIDANCE = 2.0


def story(*keys: Any, sharing: float = 0.6, steps: int = 12, branching: str = "tree", sampler: str = "ddim", **settings: Any) -> Resolved:
    sampling = {"steps": steps, "guidance": GUIDANCE, "sampler": sampler, "sharing": sharing, "branching": branching}
    film = Storyboard.of(*keys, **{"pace": "linear", "sampling": sampling, **settings})
    return resolved(film, steps=steps, guidance=GUIDANCE, sampler=sampler, width=64, height=64)


def planned(*keys: Any, curves: tuple[Curve, ...] = (), **settings: Any) -> Plan:
    film = story(*keys, **settings)
    return plan(timeline(film), film, curves=curves)


def work_of(made: Plan) -> int:
    """Steps that are denoised: cels that are equal but for where they stop are one denoising, to the last of their stops."""
    ends: defaultdict[tuple[str, int], int] = defaultdict(int)
    for cel in made.cels.values():
        ends[cel.whole.key, cel.start.step] = max(ends[cel.whole.key, cel.start.step], cel.end)
    return sum(end - begin for (_, begin), end in ends.items())


def check(made: Plan) -> None:
    """What every plan has to keep, however it shares."""
    assert set(made.order) <= set(made.cels)
    for key, cel in made.cels.items():
        parents = [made.cels[parent] for parent in cel.start.parents]
        assert key == cel.key
        assert cel.start.step < cel.end <= cel.steps
        assert cel.start.shared == bool(parents)
        for parent in parents:
            assert parent.stop == cel.start.step, "it begins with what its parents are at that very step"
            assert parent.start.step < cel.start.step, "and they have done something until there"
    assert all(made.cels[key].stop is None for key in made.order), "what is shown is finished"


# --- trees ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", range(1, 101))
def test_each_level_of_a_tree_begins_later_than_the_one_above(steps: int) -> None:
    for percent in range(101):
        found = levels(story("a", "b", sharing=percent / 100, steps=steps))
        assert all(0 < step < steps for step in found)
        assert all(before < after for before, after in pairwise(found))
        assert len(found) <= LEVELS
    assert bool(found) == (steps > 1), "all that can be shared is"


@given(
    keys=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from([*EASES])), min_size=1, max_size=4),
    frames=st.integers(2, 70),
    steps=st.integers(1, 40),
    sharing=st.floats(0, 1),
    loop=st.sampled_from(["none", "cycle", "bounce"]),
    curve=st.sampled_from([LINEAR, Curve(((0, 0.0), (MIX_UNIT // 8, 3.0), (MIX_UNIT, 4.0)))]),
)
def test_every_film_has_a_tree(keys: list[tuple[str, int, str]], frames: int, steps: int, sharing: float, loop: str, curve: Curve) -> None:
    assume(len(keys) > 1 or loop == "cycle")
    said = [{"prompt": keys[0][0]}] if len(keys) == 1 else [{"prompt": name, "hold": hold, "ease": ease} for name, hold, ease in keys]
    try:
        film = story(*said, frames=frames, steps=steps, sharing=sharing, loop=loop)
        times = timeline(film)
    except AnimateError:
        assume(False)
    exact = film.model_copy(update={"sampling": film.sampling.model_copy(update={"sharing": 0.0})})
    made, plain = (plan(times, one, curves=(curve,) * 4) for one in (film, exact))
    check(made)
    assert [made.cels[key].blend for key in made.order] == [plain.cels[key].blend for key in plain.order]
    assert len(set(made.order)) == len(set(plain.order))


def test_the_ends_of_a_tree_have_no_parents_and_the_middle_begins_between_them() -> None:
    made = planned("a", "b", frames=17)
    shown = [made.cels[key] for key in made.order]
    assert [shown[i].start.parents for i in (0, -1)] == [(), ()]
    assert [made.cels[parent].whole for parent in shown[8].start.parents] == [shown[0], shown[-1]]
    assert [made.cels[parent].whole for parent in shown[4].start.parents] == [shown[0], shown[8]]
    assert shown[8].start.parts == shown[4].start.parts == MIX_UNIT // 2


@pytest.mark.parametrize("steps", [4, 12, 50])
def test_a_film_of_twice_the_frames_draws_only_the_new_ones(steps: int) -> None:
    few, many = (planned("a", "b", frames=frames, steps=steps) for frames in (17, 33))
    assert few.order == many.order[::2]


def test_what_is_on_the_grid_is_the_same_at_any_pace_and_in_any_film() -> None:
    long = planned("a", "b", "c", frames=33)
    assert set(planned("a", "b", frames=17).order) == set(long.order[:17])
    assert set(planned("b", "c", frames=17).order) == set(long.order[16:])


@pytest.mark.parametrize(("frames", "sharing", "share"), [(17, 0.3, 0.9), (17, 1.0, 0.6), (24, 0.5, 0.8), (60, 0.5, 0.72), (60, 1.0, 0.45)])
def test_a_tree_is_less_work_the_more_is_shared(frames: int, sharing: float, share: float) -> None:
    exact = frames * 25
    assert work_of(planned("a", "b", frames=frames, steps=25, sharing=0.0)) == exact
    assert work_of(planned("a", "b", frames=frames, steps=25, sharing=sharing)) <= share * exact


def test_the_closer_its_neighbours_the_later_a_frame_begins() -> None:
    starts = [max(cel.start.step for cel in planned("a", "b", frames=frames).cels.values()) for frames in (3, 5, 9, 17)]
    assert starts == sorted(set(starts))


def place(cel: Cel) -> int:
    """On the way from a to b, of MIX_UNIT."""
    return cel.blend.parts if cel.blend.a != cel.blend.b else MIX_UNIT * (cel.blend.a.prompt == "b")


@pytest.mark.parametrize("ease", ["in", "in-out", "linear"])
def test_a_frame_begins_between_two_that_are_about_as_far_apart_as_its_nearest_neighbour(ease: str) -> None:
    made = planned("a", "b", frames=24, steps=60, sharing=1.0, ease=ease)
    finest = MIX_UNIT >> (LEVELS - 1)
    shown = [made.cels[key] for key in made.order]
    for before, cel, after in zip(shown, shown[1:], shown[2:], strict=False):
        nearest = min(place(cel) - place(before), place(after) - place(cel))
        low, high = (place(made.cels[parent]) for parent in cel.start.parents)
        assert max(nearest, finest) <= high - low < max(2 * nearest, 2 * finest)
        assert low < place(cel) < high


def test_too_little_to_share_is_an_exact_film() -> None:
    assert planned("a", "b", frames=9, sharing=0.05, steps=4) == planned("a", "b", frames=9, sharing=0.0, steps=4)


def test_the_circle_of_one_prompt_has_four_trees() -> None:
    made = planned("a", frames=32, loop="cycle")
    check(made)
    assert sum(not made.cels[key].start.parents for key in made.order) == 4


def film_of(model: UNetModel, *keys: Any, only: range | None = None, **settings: Any) -> list[np.ndarray]:
    return list(render(story(*keys, **settings), model, frames=only))


@pytest.mark.parametrize("sampler", ["ddim", "dpm++2m", "euler-a", "pndm"])
def test_the_ends_of_a_tree_are_those_of_a_plain_film_bit_for_bit(tiny: UNetModel, sampler: str) -> None:
    prompts = ("a seed", "a tree", "a boat")
    shared, plain = (film_of(tiny, *prompts, frames=9, steps=6, sampler=sampler, sharing=sharing) for sharing in (0.9, 0.0))
    for key in (0, 4, 8):
        assert np.array_equal(shared[key], plain[key])
    for frame in (2, 6):
        assert not np.array_equal(shared[frame], plain[frame])


def test_the_unet_does_what_was_planned(tiny: UNetModel, work: Work) -> None:
    """Batches of four: what a tree spares is spared where its levels fill batches."""
    film_of(tiny, "a seed", "a tree", frames=17, steps=8, sharing=0.0)
    exact, work.samples = work.samples, 0
    assert exact == 2 * 20 * 8, "guided; 17 frames are five batches"
    film_of(tiny, "a seed", "a tree", frames=17, steps=8, sharing=1.0)
    assert levels(story("a", "b", frames=17, steps=8, sharing=1.0)) == (1, 2, 3, 4, 5, 6)
    assert work.samples == 2 * 4 * (8 + 7 + 6 + 5 + 2 * 4), "ends, middle, quarters, eighths, and two batches of sixteenths"
    assert work.samples < exact


def test_part_of_a_tree_has_the_pixels_of_the_whole_for_less_work(tiny: UNetModel, work: Work) -> None:
    whole = film_of(tiny, "a seed", "a tree", frames=24, steps=6)
    drawn, work.samples = work.samples, 0
    part = film_of(tiny, "a seed", "a tree", frames=24, steps=6, only=range(10, 14))
    assert [a.tobytes() for a in part] == [a.tobytes() for a in whole[10:14]]
    assert work.samples < drawn / 2


def test_stochastic_samplers_draw_what_they_would_have_drawn(tiny: UNetModel) -> None:
    """Frames of one prompt and one seed are one picture, wherever they begin."""
    for sampler, close in (("euler-a", 0), ("lcm", 0), ("ddim", 0)):
        made = film_of(tiny, "a tree", "a tree", frames=5, steps=6, sampler=sampler, sharing=1.0)
        assert max(int(np.abs(image.astype(int) - made[0]).max()) for image in made) <= close + 1


# --- trunks -----------------------------------------------------------------------------------------------------------------


def test_all_frames_of_a_trunk_begin_with_one_cel_half_way() -> None:
    made = planned("a", "b", frames=10, branching="trunk", sharing=0.5)
    check(made)
    (trunk,) = {made.cels[parent] for key in made.order for parent in made.cels[key].start.parents}
    assert (trunk.stop, trunk.blend.a.prompt, trunk.blend.b.prompt, trunk.blend.mix) == (6, "a", "b", 0.5)
    assert len(made.cels) == 11
    assert work_of(made) == 6 + 10 * 6


@pytest.mark.parametrize(("prompts", "middle"), [("abc", "bb"), ("abcd", "bc"), ("abab", "ba")])
def test_the_trunk_of_more_prompts_is_the_middle_of_the_film(prompts: str, middle: str) -> None:
    made = planned(*prompts, frames=10, branching="trunk")
    (trunk,) = {made.cels[parent] for key in made.order for parent in made.cels[key].start.parents}
    assert trunk.blend.a.prompt + trunk.blend.b.prompt == middle
    assert trunk.blend.mix == (0 if middle[0] == middle[1] else 0.5)


def test_a_trunk_reaches_its_last_prompt() -> None:
    """The film that this follows stops one step before it."""
    made = planned("a", "b", frames=10, branching="trunk")
    assert [made.cels[made.order[i]].blend.a.prompt for i in (0, -1)] == ["a", "b"]
    assert [made.cels[made.order[i]].blend.mix for i in (0, -1)] == [0, 0]


def test_a_trunk_is_the_middles_first_steps_and_then_each_frames_own(tiny: UNetModel) -> None:
    """Written out once more: embeddings on a line, one noise, the scheduler taken over in the middle."""
    steps, branch, frames = 8, 4, 4
    embedded = {name: tiny.embed(name).tensors["prompt_embeds"] for name in ("a seed", "a tree", "")}

    def denoised(latents: torch.Tensor, mix: float, begin: int, end: int) -> torch.Tensor:
        scheduler = samplers.scheduler("ddim", tiny.schedule)
        scheduler.set_timesteps(steps)
        hidden = torch.stack([embedded[""], lerp(embedded["a seed"], embedded["a tree"], mix)])
        for timestep in scheduler.timesteps[begin:end]:
            with torch.inference_mode():
                plain, prompted = tiny.unet(latents.expand(2, -1, -1, -1), timestep, encoder_hidden_states=hidden).sample.chunk(2)
            latents = scheduler.step(plain + GUIDANCE * (prompted - plain), timestep, latents, return_dict=False)[0]
        return latents

    trunk = denoised(tiny.noise(0, 64, 64), 0.5, 0, branch)
    theirs = [tiny.decode(denoised(trunk, i / (frames - 1), branch, steps))[0] for i in range(frames)]
    ours = film_of(tiny, "a seed", "a tree", frames=frames, steps=steps, branching="trunk", sharing=branch / steps)
    assert max(int(np.abs(a.astype(int) - b).max()) for a, b in zip(theirs, ours, strict=True)) <= 1
    exact = still("a tree", tiny, sampling=Sampling(steps=steps, guidance=GUIDANCE, sampler="ddim"))
    assert not np.array_equal(ours[-1], exact), "its ends are not exact"


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: planned("a", frames=8, loop="cycle", branching="trunk"), r"a trunk has but one noise; use --branching tree"),
    (lambda: planned("a", "b", frames=8, branching="trunk", sharing=1), r"sharing 1 and a trunk: all frames would look the same; use less"),
    (lambda: story("a", "b", sharing=1.1), r"sharing.* 1"),
    (lambda: story("a", "b", sharing=-0.1), r"sharing.* 0"),
    (lambda: story("a", "b", branching="bush"), r"branching.*tree.*trunk"),
    (lambda: story("a", "b", feedback=0.5), r"sharing and feedback .* leave one of them out"),
    (lambda: story("a", "b", sampling={"sharing": 0.5, "guidance": "3 + t"}), r"guidance that changes with time and sharing.* leave one out"),
]


@pytest.mark.parametrize(("made", "said"), REFUSED)
def test_what_cannot_be_shared_is_one_line(made: Callable[[], object], said: str) -> None:
    with pytest.raises(AnimateError, match=said) as refused:
        made()
    assert "\n" not in str(refused.value)


def test_images_have_no_trunk_and_keep_their_own_beginnings_beside_a_tree() -> None:
    def of(branching: str) -> Plan:
        film = story({"image": "photo.png"}, "a", "b", frames=17, branching=branching)
        return plan(timeline(film), film, {"photo.png": "0123"})

    with pytest.raises(AnimateError, match="images and a trunk both say where pictures begin"):
        of("trunk")
    made = of("tree")
    shown: list[Cel] = [made.cels[key] for key in made.order]
    assert not any(cel.start.shared for cel in shown[:9])
    assert all(cel.start.shared for cel in shown[9:16])


def test_denoising_on_from_where_others_were_is_the_same_run(tiny: UNetModel) -> None:
    """One picture, its stops, and what begins with them: nothing was lost on the way."""
    text = Conditioning.batch([tiny.embed("a tree")])
    how = Denoising("ddim", 6, stops=(2, 4, 6))
    start = tiny.noise(0, 64, 64)
    at2, at4, end = tiny.denoise(start, start[:, None][:, :0], text, text, torch.ones(1), how)[0]
    for state, step in ((at2, 2), (at4, 4)):
        late = tiny.denoise(state[None], start[:, None][:, :0], text, text, torch.ones(1), Denoising("ddim", 6, step, shared=True))
        assert torch.equal(late[0, 0], end)
