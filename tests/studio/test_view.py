"""What the page draws of a storyboard, and of what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animate import Storyboard
from animate.story.storyboard import build
from animate.studio.view import MOST_DRAWN, plain, value_of, view_of

FILM = {"keyframes": ["a seed", {"prompt": "a sprout", "hold": 2}, "a tree"], "frames": 24, "fps": 12.0}


def error_of(data: object, last: dict[str, Any] | None = None) -> tuple[Any, Any]:
    error = value_of(data, last)["view"]["error"]
    assert "\n" not in error["line"]
    return error["keyframe"], error["field"]


def test_every_keyframe_has_its_frame_and_its_picture() -> None:
    view = view_of(build(FILM), ["/seed.png"])
    assert (view["frames"], view["there"], view["fps"], view["at"]) == (24, 24, 12.0, [0, 11, 23])
    assert view["thumbs"] == ["/seed.png", None, None]
    assert view["error"] is None
    assert view_of(Storyboard.of("a", "b", "c", frames=24, loop="bounce"))["at"] == [0, 6, 12]
    assert view_of(Storyboard.of("a", "b", "c", frames=24, loop="cycle"))["at"] == [0, 8, 16]
    assert view_of(Storyboard.of("a", loop="cycle"))["at"] == [0]


def test_curves_are_those_that_the_storyboard_has() -> None:
    assert view_of(build(FILM))["curves"] == {}
    moving = {"feedback": {"0": 0.4, "50%": 0.6}, "zoom": 1, "pan": [1, "x"], "sampling": {"guidance": 2}}
    view = view_of(build({"keyframes": ["a", "b"], "frames": 5, **moving}))
    assert view["curves"] == {
        "feedback": pytest.approx([0.4, 0.5, 0.6, 0.6, 0.6]),
        "guidance": [2.0] * 5,
        "zoom": [1.0] * 5,
        "pan right": [1.0] * 5,
        "pan down": [0.0, 0.25, 0.5, 0.75, 1.0],
    }
    assert view["points"] == {"feedback": [{"key": "0", "frame": 0, "value": 0.4}, {"key": "50%", "frame": 2, "value": 0.6}]}
    assert view["ranges"]["feedback"] == [0.001, 1.0]


def test_points_know_how_their_moment_is_written_and_what_an_expression_is_there() -> None:
    story = build({"keyframes": ["a", "b"], "frames": 24, "loop": "cycle", "feedback": {"1s": "0.4 + 0.01*f", 0: 0.3, 24: 0.3}})
    assert view_of(story)["points"]["feedback"] == [
        {"key": "0", "frame": 0, "value": 0.3},
        {"key": "1s", "frame": 12, "value": pytest.approx(0.52)},
        {"key": "24", "frame": 24, "value": 0.3},
    ]


def test_the_curve_of_a_long_film_is_thinned_out() -> None:
    curve = view_of(build({"keyframes": ["a", "b"], "frames": 5000, "feedback": {"0": 0.1, "100%": 0.9}}))["curves"]["feedback"]
    assert len(curve) == MOST_DRAWN
    assert (curve[0], curve[-1]) == (0.1, 0.9)


def test_a_storyboard_comes_back_from_plain_data_as_it_was() -> None:
    story = build({**FILM, "seed": 2**64 - 1, "feedback": {0: 0.4, "2s": "0.5"}, "zoom": 1.0, "pan": [0, 0], "sampling": {"steps": 8}})
    data = json.loads(json.dumps(plain(story)))
    assert build(data) == story
    assert data["seed"] == str(2**64 - 1), "JavaScript's numbers would round it"
    assert data["zoom"] == 1.0, "a track that is there, though nothing moves yet"
    assert "loop" not in data


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"keyframes": ["a", {"prompt": "b", "at": 99}]}, (1, "at")),
        ({"keyframes": ["a", {"prompt": "b", "hold": -1}]}, (1, "hold")),
        ({"keyframes": ["a", {"prompt": ""}]}, (1, None)),
        ({"keyframes": ["a", {"prompt": "b", "ease": "bouncy"}]}, (1, "ease")),
        ({"keyframes": [{"prompt": "a", "hold": 30}, "b"]}, (None, "frames")),
        ({"keyframes": [{"prompt": "a", "hold": 13}, {"prompt": "b", "at": 12}, "c"]}, (0, "hold")),
        ({"zoom": 9, "feedback": 0.4}, (None, "zoom")),
        ({"pan": [0, "wrong"], "feedback": 0.4}, (None, "pan down")),
        ({"sampling": {"guidance": "wrong"}}, (None, "guidance")),
        ({"sampling": {"steps": 0}}, (None, "steps")),
        ({"frames": "many"}, (None, "frames")),
        ({"zoom": 1.1}, (None, "zoom")),
        ({"framse": 3}, (None, "framse")),
    ],
)
def test_an_error_says_where_it_is(changes: dict[str, Any], where: tuple[Any, Any]) -> None:
    assert error_of({**FILM, **changes}) == where


def test_what_is_wrong_is_shown_in_the_layout_of_what_was_right() -> None:
    good = value_of({**FILM, "frames": 48})
    good["view"]["thumbs"] = ["/seed.png", "/sprout.png", None]
    wrong = {"keyframes": ["a seed", {"prompt": "a sprout", "hold": -2}, {"prompt": "an oak", "at": 30}], "frames": 48}
    value = value_of(wrong, good)
    assert value["story"] == wrong
    assert value["view"]["at"] == [good["view"]["at"][0], good["view"]["at"][1], 30]
    assert (value["view"]["frames"], value["view"]["thumbs"]) == (48, ["/seed.png", "/sprout.png", None])
    assert value_of("no storyboard", good)["story"] == good["story"]
    assert value_of({"keyframes": []}, good)["view"]["at"] == good["view"]["at"]
    assert value_of({**wrong, "keyframes": ["a"]}, good)["view"]["at"] == [0]
    assert value_of({**wrong, "frames": 96})["view"]["frames"] == 96


def test_a_picture_stays_with_its_keyframe_until_that_shows_something_else() -> None:
    good = value_of(FILM)
    good["view"]["thumbs"] = ["/seed.png", "/sprout.png", "/tree.png"]
    moved = {**FILM, "keyframes": ["a house", "a tree", {"prompt": "a seed", "seed": 3}, {"prompt": "a sprout", "at": 20}]}
    assert value_of(moved, good)["view"]["thumbs"] == [None, "/tree.png", None, "/sprout.png"]


def test_an_answer_says_what_it_answers_and_how_often_python_changed_the_storyboard() -> None:
    shown = {**value_of(FILM), "edit": 7, "turn": 2}
    answer = value_of(shown["story"], shown)
    assert (answer["edit"], answer["turn"]) == (7, 2)
    other = value_of({"keyframes": ["a", "b"]}, shown)
    assert (other["edit"], other["turn"]) == (7, 3)
    assert "edit" not in value_of(FILM)


NAMES = ("story", "view", "keyframes", "at", "thumbs", "frames", "there", "edit", "turn", "prompt", "hold", "pan", "sampling", "feedback")
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(JUNK, JUNK)
def test_anything_has_a_value(data: Any, last: Any) -> None:
    value = value_of(data, last)
    keys, view = value["story"]["keyframes"], value["view"]
    assert len(view["at"]) == len(keys)
    assert all(type(frame) is int for frame in view["at"])
    json.dumps(value)
