"""What to show: building and checking, and the message when it does not work."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import pytest

from animate import AnimateError, Keyframe, Sampling, Storyboard
from animate.story.storyboard import build


def test_of_makes_a_keyframe_of_every_prompt() -> None:
    story = Storyboard.of("a seed", "a tree", frames=48, loop="cycle")
    assert [k.prompt for k in story.keyframes] == ["a seed", "a tree"]
    assert (story.count, story.rate, story.seed) == (48, 12.0, 0)


@pytest.mark.parametrize(
    ("given", "count", "rate"),
    [
        ({}, 24, 12.0),
        ({"frames": 36}, 36, 12.0),
        ({"fps": 24}, 24, 24.0),
        ({"duration": 4}, 48, 12.0),
        ({"frames": 24, "duration": 20}, 24, 1.2),
        ({"duration": 2, "fps": 30}, 60, 30.0),
        ({"frames": 60, "duration": 2, "fps": 30}, 60, 30.0),
    ],
)
def test_two_of_frames_duration_and_fps_give_the_third(given: dict[str, float], count: int, rate: float) -> None:
    story = Storyboard.of("a", "b", **given)
    assert (story.count, story.rate) == (count, rate)


def test_a_changed_copy_is_checked() -> None:
    story = Storyboard.of("a", "b", frames=24, loop="bounce")
    assert story.replace(frames=12).count == 12
    assert story.replace(frames=12).loop == "bounce"
    with pytest.raises(AnimateError, match="cannot bounce"):
        story.replace(frames=25)


def test_storyboards_are_frozen() -> None:
    story = Storyboard.of("a", "b")
    with pytest.raises(AnimateError, match=r"^frames of a Storyboard cannot be changed; make a changed copy, as story\.replace"):
        story.frames = 3  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(story)) == copy.deepcopy(story) == story


@pytest.mark.parametrize("name", Sampling.model_fields)
def test_fields_of_sampling_that_stand_elsewhere_are_told_where_they_belong(name: str) -> None:
    said = f'"{name}" belongs under sampling; write sampling: {{{name}: ...}}'
    with pytest.raises(AnimateError, match=re.escape(said)):
        Storyboard.of("a", "b", **{name: 1})
    if name not in Keyframe.model_fields:
        with pytest.raises(AnimateError, match=re.escape(f"keyframe 2: {said}")):
            build({"keyframes": ["a", {"prompt": "b", name: 1}]})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"at": 1}, '"at" belongs under keyframes; write keyframes: [{prompt: a tree, at: ...}]'),
        ({"image": "a.png"}, '"image" belongs under keyframes; write keyframes: [{prompt: a tree, image: ...}]'),
        ({"sampling": {"hold": 1}}, '"hold" belongs under keyframes; write keyframes: [{prompt: a tree, hold: ...}]'),
        ({"sampling": {"feedback": 1}}, '"feedback" belongs to the whole storyboard; put it beside keyframes'),
        ({"keyframes": ["a", {"prompt": "b", "loop": "cycle"}]}, 'keyframe 2: "loop" belongs to the whole storyboard; put it beside keyframes'),
    ],
)
def test_other_fields_that_stand_elsewhere_too(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(AnimateError) as refused:
        build({"keyframes": ["a", "b"], **fields})
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (Storyboard, {}, "keyframes: is missing"),
        (Storyboard, {"keyframes": 3}, "keyframes: 3; allowed: a list"),
        (Storyboard, {"keyframes": {"a", "b"}}, "keyframes: a set, which has no order; allowed: a list"),
        (Storyboard, {"keyframes": [1, 2]}, "keyframe 1: allowed: a prompt, or a mapping such as {prompt: a seed, at: 12}; 1 more"),
        (Storyboard, {"keyframes": ["a", "b"], "sampling": {"steps": "x"}}, "steps: 'x'; allowed: a whole number from 1 to 999"),
        (Storyboard, {"keyframes": ["a", {"promt": "b"}]}, 'keyframe 2: "promt" is not known; did you mean "prompt"?'),
        (Keyframe, {}, "an empty prompt; write what the picture shows"),
        (Keyframe, {"prompt": "a", "strength": 2}, "strength: 2; allowed: a number from 0 to 1"),
        (Sampling, {"steps": "many"}, "steps: 'many'; allowed: a whole number from 1 to 999"),
        (Sampling, {"step": 8}, '"step" is not known; did you mean "steps"?'),
        (Sampling, {"width": 8}, '"width" is not known; allowed: branching, conventions, draft, eta, fast, guidance, sampler, sharing, steps'),
    ],
)
def test_made_in_python_they_are_refused_in_the_same_words(kind: type[Storyboard], fields: dict[str, Any], message: str) -> None:
    with pytest.raises(AnimateError) as refused:
        kind(**fields)
    assert str(refused.value) == message


def test_a_text_is_a_keyframe_wherever_one_is_asked_for() -> None:
    assert Storyboard(keyframes=("a", "b")) == Storyboard.of("a", "b")


def test_style_is_said_after_every_prompt_or_around_it() -> None:
    assert Storyboard.of("a", "b", style="in ink").styled("a seed") == "a seed, in ink"
    assert Storyboard.of("a", "b", style="ink of {}, black").styled("a seed") == "ink of a seed, black"
    assert Storyboard.of("a", "b").styled("a seed") == "a seed"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"keyframes": ["a", ""]}, "empty prompt"),
        ({"keyframes": ["a", "  "]}, "empty prompt"),
        ({"keyframes": ["a"]}, "one prompt does not make a film"),
        ({"keyframes": []}, "keyframes"),
        ({"keyframes": ["a", "b"], "frames": 1}, "1 frame; a film has at least 2"),
        ({"keyframes": ["a", "b"], "frames": -4}, "-4 frames"),
        ({"keyframes": ["a", "b"], "fps": -1}, "fps"),
        ({"keyframes": ["a", "b"], "duration": 0}, "duration"),
        ({"keyframes": ["a", "b"], "frames": 24, "fps": 12, "duration": 3}, "give two of frames, duration and fps"),
        ({"keyframes": ["a", "b"], "frames": 25, "loop": "bounce"}, "25 frames cannot bounce"),
        ({"keyframes": ["a", "b"], "width": 100}, "the nearest is 96"),
        ({"keyframes": ["a", "b"], "height": 0}, "multiples of 8"),
        ({"keyframes": ["a", "b"], "width": 10**9}, "to 8192"),
        ({}, "keyframes: is missing"),
        ({"keyframes": 3}, "keyframes: 3; allowed: a list"),
        ({"keyframes": ["a", "b"], "loop": "twice"}, "cycle"),
        ({"keyframes": ["a", "b"], "seed": -1}, "seed"),
        ({"keyframes": ["a", "b"], "sampling": {"steps": 0}}, "steps: 0; allowed: a whole number from 1 to 999"),
        ({"keyframes": [{"prompt": "a", "at": "12:30"}, "b"]}, '"12:30" is no place in time'),
        ({"keyframes": [{"prompt": "a", "at": "120%"}, "b"]}, "past the end"),
        ({"keyframes": [{"prompt": "a", "at": -2}, "b"]}, "-2 is no place in time"),
        ({"keyframes": [{"prompt": 7}, "b"]}, "keyframe 1, prompt: 7; allowed: a text"),
        ({"keyframes": [{"prompt": "a", "at": 2.5}, "b"]}, "2.5 is no place in time; allowed: a frame"),
        ({"keyframes": ["a", "\udf33"]}, "is no text"),
        ({"keyframes": ["a", "b"], "seed": True}, '"seed" is true'),
        ({"keyframes": ["a", "b"], "frames": 2, "duration": 1e5}, "2 frames in 100000 s are 2e-05 fps; allowed: 0.01 to 1000"),
        ({"keyframes": ["a", "b"], "sampling": {"steps": 1000}}, "steps: 1000; allowed: a whole number from 1 to 999"),
        ({"keyframes": ["a", "b"], "sampling": 8}, "allowed: a mapping"),
        ({"keyframes": ["a", "b"], "frames": 10**9}, "1000000"),
        ({"keyframes": ["a", "b"], "duration": 1e5, "fps": 60}, "allowed: up to 1000000"),
        ({"keyframes": ["a", "b"], "fps": float("nan")}, "fps"),
        ({"keyframes": ["a", "b"], "duration": float("inf")}, "duration"),
        ({"keyframes": [{"prompt": "a", "at": "9" * 400 + "s"}, "b"]}, "is no place in time"),
        ({"keyframes": [{"prompt": "a", "at": [2]}, "b"]}, "keyframe 1, at: this is no place in time"),
        ({"keyframes": ["a", "b"], "feedback": 0.4, "zoom": [1]}, "zoom: allowed: a number, an expression of time"),
        ({"keyframes": ["a", "b"], "feedback": 0.4, "zoom": {0: {1: 2}}}, "zoom: allowed: a number, an expression of time"),
        ({"keyframes": ["a", "b"], "feedback": 0.4, "zoom": {0.5: 1}}, "zoom: allowed: a number, an expression of time"),
        ({"keyframes": ["a", "b"], "feedback": 0.4, "zoom": {0: True}}, "zoom: allowed: a number, an expression of time"),
        ({"keyframes": ["a", "b"], "feedback": float("nan")}, "feedback: nan; allowed: a number"),
        ({"keyframes": ["a", "b"], "feedback": 0.4, "pan": [1]}, "pan, down: is missing"),
        ({"keyframes": ["a", "b"], "sound": ""}, "sound: an empty name; write one, or leave it out"),
        ({"keyframes": ["a", {"image": ""}]}, "keyframe 2, image: an empty name"),
        ({"keyframes": ["a", {"prompt": "b", "ease": ""}]}, "keyframe 2, ease: an empty name"),
        ({"keyframes": ["a", "b"], "sampling": {"sampler": ""}}, "sampler: an empty name"),
        ({"keyframes": ["a"] * 100_001}, "keyframes: 100001 of them; allowed: 100000 at most"),
        ({str(number): 0 for number in range(1000)}, "1000 names; allowed: between"),
        ({"keyframes": ["a", {7: 8}]}, 'keyframe 2: "7" is no field; put a prompt with a colon in quotes'),
        ({"keyframes": ["a", "b"], 7: 8}, '"7" is not known; allowed: between'),
    ],
)
def test_bad_values_are_refused_in_one_line(settings: dict[str, object], message: str) -> None:
    with pytest.raises(AnimateError) as refused:
        build(settings)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("data", [None, 3, "a seed", []])
def test_data_that_is_no_mapping_is_refused(data: Any) -> None:
    with pytest.raises(AnimateError, match="allowed: a mapping such as"):
        build(data)
