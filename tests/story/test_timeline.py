"""When: which two keyframes every frame lies between."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animate import AnimateError, Keyframe, Sampling, Storyboard
from animate.story.easing import EASES
from animate.story.timeline import timeline


def film(*keys: str | dict[str, Any], **settings: Any) -> Storyboard:
    return Storyboard(keyframes=tuple(Keyframe(prompt=k) if isinstance(k, str) else Keyframe(prompt="k", **k) for k in keys), **settings)


def shown(story: Storyboard) -> list[tuple[int, int, float]]:
    return [(f.a, f.b, round(f.mix, 4)) for f in timeline(story)]


def begins(story: Storyboard) -> list[int]:
    """The frame on which each keyframe is first shown as itself."""
    frames = timeline(story)
    return [next(f.index for f in frames if f.a == k and f.mix == 0) for k in range(len(story.keyframes))]


def test_two_prompts_go_from_end_to_end() -> None:
    assert shown(film("a", "b", frames=5)) == [(0, 1, 0.25 * i) if 0 < i < 4 else (i // 4, i // 4, 0.0) for i in range(5)]


def test_keyframes_are_spread_evenly() -> None:
    assert begins(film("a", "b", "c", frames=25)) == [0, 12, 24]
    assert begins(film("a", "b", "c", frames=24)) == [0, 12, 23]  # 11.5: halves are rounded up
    assert begins(film("a", "b", "c", "d", frames=48, loop="cycle")) == [0, 12, 24, 36]


def test_a_cycle_ends_one_step_before_it_begins() -> None:
    frames = timeline(film("a", "b", frames=8, loop="cycle"))
    assert (frames[-1].a, frames[-1].b, frames[-1].mix) == (1, 0, 0.75)


def test_one_prompt_in_a_cycle_walks_a_circle_in_even_steps() -> None:
    for count in (5, 6, 8, 24):
        angles = [90 * (f.a + f.mix) for f in timeline(film("a", frames=count, loop="cycle"))]
        assert angles == pytest.approx([360 * i / count for i in range(count)])


def test_a_bounce_repeats_neither_end() -> None:
    frames = shown(film("a", "b", frames=8, loop="bounce"))
    there = shown(film("a", "b", frames=5))
    assert frames == [*there, *there[-2:0:-1]]


def test_holds_count_as_frames_of_the_film() -> None:
    story = film({"hold": 2}, {"hold": 3}, frames=12)
    assert [a for a, b, mix in shown(story) if mix == 0] == [0, 0, 0, 1, 1, 1, 1]
    assert len(timeline(story)) == 12


def test_places_are_kept_and_the_rest_spread_between_them() -> None:
    assert begins(film({}, {}, {"at": 8}, {}, {"at": "100%"}, frames=25)) == [0, 4, 8, 16, 24]
    assert begins(film({}, {"at": "2.5s"}, {}, frames=60)) == [0, 30, 59]


def test_before_the_first_and_after_the_last_keyframe_they_are_shown() -> None:
    assert shown(film({"at": 2}, {"at": 4}, frames=7)) == [(0, 0, 0)] * 3 + [(0, 1, 0.5)] + [(1, 1, 0)] * 3


def test_a_cycle_may_begin_between_its_keyframes() -> None:
    assert shown(film({"at": 2}, {"at": 6}, frames=8, loop="cycle"))[:3] == [(1, 0, 0.5), (1, 0, 0.75), (0, 0, 0)]


def test_ease_is_the_segments_own_or_the_films() -> None:
    mixes = [mix for _, _, mix in shown(film({"ease": "in"}, {}, {}, frames=9, ease="out"))]
    assert mixes == [0, 0.0625, 0.25, 0.5625, 0, 0.4375, 0.75, 0.9375, 0]


@pytest.mark.parametrize(
    ("story", "message"),
    [
        (film("a", "b", "c", frames=2), "3 keyframes do not fit on 2 frames"),
        (film({"at": 0}, {"at": 6}, {"at": 4}, frames=9), "keyframe 3 .* before keyframe 2"),
        (film({"at": 0}, {"at": 4}, {"at": "50%"}, frames=9), "both on frame 4"),
        (film({"hold": 3}, {"at": 3}, frames=9), "begins on frame 0 and holds 3 more, but keyframe 2 begins on frame 3;"),
        (film({}, {"at": 4, "hold": 4}, frames=8), "keyframe 2 holds until frame 8; the last of 8 frames is 7"),
        (film({}, {"at": 4, "hold": 4}, frames=8, loop="cycle"), "keyframe 2 holds past the end of the cycle"),
        (film({}, {"at": 24}, frames=24), "frame 24; the last of 24 frames is 23"),
        (film({"hold": 9}, {"at": 5}, frames=24), "holds 9 more"),
        (film({}, {"at": 20, "hold": 9}, frames=24), "holds until frame 29"),
        (film({}, {"hold": 30}, frames=24, loop="cycle"), "hold"),
        (film({"hold": 30}, {}, frames=24), "hold|before"),
        (film({"hold": 3}, frames=24, loop="cycle"), "walks a circle at an even pace"),
        (film("a", frames=24, loop="cycle", ease="in"), "walks a circle at an even pace"),
        (film("a", "b", "c", "d", frames=4, loop="bounce"), "the 3 frames there .of 4 there and back"),
        (film("a", "b", ease="inout"), 'did you mean "in-out"'),
        (film("a", "b", ease="bounce"), 'ease "bounce" is not known; allowed: linear'),
    ],
)
def test_what_does_not_fit_is_refused(story: Storyboard, message: str) -> None:
    with pytest.raises(AnimateError, match=message):
        timeline(story)


def test_holds_may_take_every_frame() -> None:
    for loop in ("none", "cycle"):
        assert [f.a for f in timeline(film({"hold": 3}, {"at": 4, "hold": 3}, frames=8, loop=loop))] == [0] * 4 + [1] * 4


RANGES = [
    ("feedback", 0.001, 1),
    ("zoom", 0.25, 4),
    ("rotate", -360, 360),
    ("pan right", -8192, 8192),
    ("pan down", -8192, 8192),
    ("guidance", 0, 100),
]


@pytest.mark.parametrize(("name", "low", "high"), RANGES)
@pytest.mark.parametrize("loop", ["none", "bounce"])
def test_values_over_time_have_a_range(name: str, low: float, high: float, loop: str) -> None:
    def moving(at_5: float | str) -> Storyboard:
        value = {0: 0.5, 5: at_5}
        pan = {"pan right": (value, 0), "pan down": (0, value)}.get(name, (0, 0))
        settings: dict[str, Any] = {"feedback": 0.4, "pan": pan, "frames": 10, "loop": loop}
        settings |= {} if " " in name else {"sampling": {"guidance": value}} if name == "guidance" else {name: value}
        return Storyboard.of("a", "b", **settings)

    for value in (low, high):
        frame = timeline(moving(value))[5]
        assert frame.move
        shown = {"zoom": frame.move.zoom, "rotate": frame.move.turn, "pan right": frame.move.right, "pan down": frame.move.down}
        assert {**shown, "feedback": frame.feedback, "guidance": frame.guidance}[name] == value
    for value in (low - 1e-4, high + 1e-4):
        with pytest.raises(AnimateError, match=f"^{name} at frame 5 is {value:.9g}; allowed: {low:g} to {high:g}$"):
            timeline(moving(f"{value} + 0"))
        with pytest.raises(AnimateError, match=f"^{name.replace(' ', ', ')}: {value:.9g}; allowed: {low:g} to {high:g}$"):
            moving(value)


def test_guidance_that_changes_with_time_is_the_films_alone() -> None:
    with pytest.raises(AnimateError, match="a keyframe has its own; leave one of them out"):
        timeline(film({"guidance": 3}, {}, frames=8, sampling=Sampling(guidance="2 + x")))


keys = st.fixed_dictionaries(
    {"hold": st.integers(0, 3)},
    optional={"at": st.one_of(st.integers(0, 60), st.integers(0, 100).map("{}%".format), st.floats(0, 5).map("{:.2f}s".format))},
)


@given(st.lists(keys, min_size=1, max_size=6), st.integers(2, 60), st.sampled_from(["none", "cycle", "bounce"]), st.sampled_from(sorted(EASES)))
def test_any_storyboard_gives_exactly_its_frames_or_is_refused(keyframes: list[dict[str, Any]], frames: int, loop: str, ease: str) -> None:
    if (len(keyframes) == 1 and loop != "cycle") or (loop == "bounce" and frames % 2):
        return  # no storyboard
    story = film(*keyframes, frames=frames, loop=loop, ease=ease)
    try:
        listed = timeline(story)
    except AnimateError:
        return
    assert [f.index for f in listed] == list(range(frames))
    assert all(0 <= f.mix <= 1 for f in listed)
    if len(keyframes) > 1:
        assert {f.a for f in listed if f.mix == 0} == set(range(len(keyframes))), "every keyframe falls on a frame"
        for k, key in enumerate(keyframes):
            shown_as_itself = sum(f.a == f.b == k for f in listed)
            assert shown_as_itself >= 1 + key["hold"]


def test_keyframes_at_quarters_of_a_cycle_are_evenly_spread() -> None:
    placed = film(*({"at": f"{share}%"} for share in (0, 25, 50, 75)), frames=8, loop="cycle")
    assert timeline(placed) == timeline(film({}, {}, {}, {}, frames=8, loop="cycle"))


def test_the_end_of_an_open_film_in_seconds_is_its_last_frame() -> None:
    assert timeline(film({}, {"at": "2s"}, frames=24)) == timeline(film({}, {"at": 23}, frames=24))
    with pytest.raises(AnimateError, match="keyframe 2 at 24 is on frame 24; the last of 24 frames is 23"):
        timeline(film({}, {"at": 24}, frames=24))
