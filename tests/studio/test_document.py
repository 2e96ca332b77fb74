"""One storyboard as timeline, fields, text and command: each says what the others say."""

from __future__ import annotations

from typing import Any

import pytest

from animate import AnimateError, read
from animate.studio import document
from animate.studio.document import Document


@pytest.fixture
def first() -> Document:
    return document.of_data(document.EXAMPLE)


def test_the_example_is_a_film_that_says_itself_in_every_way(first: Document) -> None:
    assert first.error == ""
    assert first.text == "frames: 24\nfps: 12.0\nkeyframes:\n- a seed\n- a sprout\n- a tree\n"
    assert first.command(None) == "animate render 'a seed' 'a sprout' 'a tree' --frames 24 --fps 12"
    assert document.of_text(first.text, first.value).data == first.data


def test_a_field_changes_the_text_and_an_empty_one_leaves_it_out(first: Document, tmp_path: Any) -> None:
    changed = document.with_field(first.value, "steps", 8)
    changed = document.with_field(changed.value, "loop", "cycle")
    (tmp_path / "story.yaml").write_text(changed.text or "")
    story = read(tmp_path / "story.yaml")
    assert (story.sampling.steps, story.loop) == (8, "cycle")
    back = document.with_field(document.with_field(changed.value, "steps", None).value, "loop", None)
    assert back.data == first.data


def test_a_number_that_is_refused_says_why_and_the_text_stays(first: Document) -> None:
    wrong = document.with_field(first.value, "width", 100)
    assert (wrong.text, wrong.error) == (None, "width: 100 pixels; allowed: multiples of 8 from 8 to 8192; the nearest is 96")
    assert wrong.command(None).startswith("# width: 100 pixels")
    with pytest.raises(AnimateError, match="width: 100 pixels"):
        document.data_of(wrong.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keyframes: [a, b]\nframe: 8\n", 'storyboard.yaml:2:1: "frame" is not known; did you mean "frames"?'),
        ("keyframes: [a, b\n", "storyboard.yaml:"),
        ("keyframes:\n- a\n- {prompt: b, at: 99}\n", "storyboard.yaml:3:"),
        ("", "storyboard.yaml: holds no storyboard"),
        ("keyframes: [a]\n", "one prompt does not make a film"),
    ],
)
def test_a_mistake_in_the_text_is_told_at_its_line_and_the_timeline_stays(first: Document, text: str, said: str) -> None:
    wrong = document.of_text(text, first.value)
    assert said in wrong.error
    assert wrong.text is None
    assert wrong.value["view"]["error"] is not None
    assert wrong.value["turn"] > first.value.get("turn", 0), "what answers the page as it was comes too late"
    assert document.of_text(first.text or "", wrong.value).error == "", "and is gone when it is mended"


def test_pictures_stay_with_their_keyframes_until_they_would_be_others(first: Document) -> None:
    view = {**first.value["view"], "thumbs": ["/seed.png", "/sprout.png", "/tree.png"]}
    value = {**first.value, "view": view}
    assert document.with_field(value, "frames", 48).value["view"]["thumbs"] == view["thumbs"]
    assert document.with_field(value, "style", "ink").value["view"]["thumbs"] == [None] * 3
    assert document.with_field(value, "steps", 4).value["view"]["thumbs"] == [None] * 3
    more = document.with_picture(value, "a house", 7)
    assert more.data["keyframes"][-1] == {"prompt": "a house", "seed": 7}
    assert more.value["view"]["thumbs"] == [*view["thumbs"], None]


@pytest.mark.parametrize("value", [None, "", [], {}, {"story": None}, {"story": {"keyframes": [{"prompt": 3}]}}])
def test_what_is_no_value_of_the_page_is_refused(value: Any) -> None:
    with pytest.raises(AnimateError):
        document.data_of(value)
