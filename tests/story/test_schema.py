"""The JSON schema takes what is a storyboard, and refuses what an editor should underline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from animate.errors import AnimateError
from animate.models.parts.samplers import SAMPLERS
from animate.story.files import SUFFIXES, plain
from animate.story.schema import schema
from animate.story.storyboard import build
from animate.story.timeline import timeline
from conftest import Run

EXAMPLES = Path(__file__).parents[2] / "examples"
KEYS = ["a seed", {"prompt": "a tree"}]
GOOD: list[dict[str, Any]] = [
    {"keyframes": KEYS, "feedback": "40%", "zoom": {0: 1.0, "50%": "1 + 0.02*t"}, "pan": [2, "sin(t)"], "sampling": {"sampler": "k_euler_a"}},
    {"keyframes": [{"image": "a.png", "prompt": "a", "strength": "60 %", "ease": None}, "b"], "duration": 2.5, "fps": 24, "ease": "in-out"},
    {"keyframes": [{"prompt": "a", "at": "2.5s", "seed": 2**64 - 1, "hold": 3}, {"prompt": "b", "at": "100%"}], "frames": 99, "width": 512},
]
BAD: list[dict[str, Any]] = [
    {},
    {"keyframes": []},
    {"keyframes": [{"promt": "a"}, "b"]},
    {"keyframes": KEYS, "frmaes": 24},
    {"keyframes": KEYS, "loop": "circle"},
    {"keyframes": KEYS, "ease": "bounce"},
    {"keyframes": KEYS, "width": 100},
    {"keyframes": KEYS, "frames": "many"},
    {"keyframes": KEYS, "fps": 0},
    {"keyframes": KEYS, "sampling": {"sharing": 2}},
    {"keyframes": KEYS, "sampling": {"steps": 0}},
    {"keyframes": [{"prompt": "a", "strength": "much", "image": "a.png"}, "b"]},
]


@pytest.fixture(scope="module")
def editor() -> Draft202012Validator:
    made = schema([*SAMPLERS])
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


@pytest.mark.parametrize("data", GOOD)
def test_what_can_be_built_is_taken(editor: Draft202012Validator, data: dict[str, Any]) -> None:
    build(data)
    assert [error.message for error in editor.iter_errors(json.loads(json.dumps(data)))] == []


@pytest.mark.parametrize("data", BAD)
def test_what_cannot_be_built_is_underlined(editor: Draft202012Validator, data: dict[str, Any]) -> None:
    assert not editor.is_valid(data)
    with pytest.raises(AnimateError):
        timeline(build(data))


@pytest.mark.parametrize("path", [path for path in sorted(EXAMPLES.iterdir()) if path.suffix in SUFFIXES], ids=lambda path: path.name)
def test_the_examples_are_taken(editor: Draft202012Validator, path: Path) -> None:
    assert [error.message for error in editor.iter_errors(json.loads(json.dumps(plain(path.read_text(), path))))] == []


def test_every_field_says_what_it_is() -> None:
    made = schema([*SAMPLERS])
    owners = [made, *made["$defs"].values()]
    assert all(field.get("description") or field.get("$ref") for owner in owners for field in owner["properties"].values())


def test_the_command_prints_it_and_writes_it(run: Run) -> None:
    printed = run("schema")[1]
    assert json.loads(printed) == json.loads(json.dumps(schema([*SAMPLERS])))
    assert run("schema", "-o", "folder/s.json")[:2] == (0, "folder/s.json\n")
    assert Path("folder/s.json").read_text() == printed
