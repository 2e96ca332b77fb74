"""Storyboards in files: what is read, where a mistake is, and what is written."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animate import AnimateError, Keyframe, Sampling, Storyboard
from animate.story.files import SUFFIXES, read, written
from animate.story.storyboard import build
from animate.story.timeline import timeline


def write(folder: Path, text: str, name: str = "film.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_holds_a_whole_film(tmp_path: Path) -> None:
    story = read(
        write(
            tmp_path,
            """
frames: 48
loop: none
style: flat illustration
sampling: {steps: 8, guidance: 3.5}
keyframes:
  - a seed
  - prompt: a sprout
    at: 25%
    hold: 6
    seed: 8
    ease: in-out
  - {prompt: a tree, at: 3.5s, negative: snow, guidance: 2}
""",
        )
    )
    assert story.keyframes[1] == Keyframe(prompt="a sprout", at="25%", hold=6, seed=8, ease="in-out")
    assert (story.keyframes[2].at, story.sampling.steps, story.sampling.guidance) == ("3.5s", 8, 3.5)


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    toml = read(write(tmp_path, 'frames = 8\n[[keyframes]]\nprompt = "a"\n[[keyframes]]\nprompt = "b"\nat = 7\n', "film.toml"))
    assert toml == read(write(tmp_path, '{"frames": 8,\n\t"keyframes": ["a", {"prompt": "b", "at": 7}]}', "film.json"))


def test_json_is_json(tmp_path: Path) -> None:
    story = read(write(tmp_path, '{"keyframes": ["a \\ud83c\\udf33", "b \\/ c"]}', "film.json"))
    assert [k.prompt for k in story.keyframes] == ["a \U0001f333", "b / c"]
    with pytest.raises(AnimateError, match=r"film\.json:1:27: .*did you mean \"frames\""):
        read(write(tmp_path, '{"keyframes": ["a", "b"], "frame": 3}', "film.json"))
    with pytest.raises(AnimateError, match=r"film\.json:1:28: .*did you mean \"frames\""):
        read(write(tmp_path, '\t{"keyframes":\t["a", "b"],\t"frame"\t:\t3\t}', "film.json"))


def test_marks_of_bytes_and_large_suffixes_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "film.YAML"
    path.write_text("keyframes: [a, b]\n", encoding="utf-8-sig")
    assert read(str(path)).count == 24
    assert read(write(tmp_path, 'frames = 8\nkeyframes = ["a", "b"]\n', "film.TOML")).count == 8


@pytest.mark.parametrize(
    ("file", "given", "count", "rate"),
    [
        ("duration: 5\nfps: 12", {"frames": 24}, 24, 12.0),
        ("frames: 24\nduration: 5", {"fps": 24.0}, 24, 24.0),
        ("frames: 24\nfps: 12", {"duration": 4.0}, 48, 12.0),
        ("frames: 24\nfps: 12\nduration: 2", {"frames": 48, "duration": 2.0}, 48, 24.0),
        ("frames: 24", {"fps": 6.0}, 24, 6.0),
    ],
)
def test_a_given_time_displaces_one_of_the_files(tmp_path: Path, file: str, given: dict[str, float], count: int, rate: float) -> None:
    story = read(write(tmp_path, f"{file}\nkeyframes: [a, b]\n"), **given)
    assert (story.count, story.rate) == (count, rate)


def test_arguments_override_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "frames: 8\nsampling: {steps: 4, guidance: 2}\nkeyframes: [a, b]\n")
    story = read(path, frames=12, sampling={"steps": 6})
    assert (story.count, story.sampling.steps, story.sampling.guidance) == (12, 6, 2.0)


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("frames: 8\nkeyframes:\n  - promt: a\n  - b\n", ":3:5", 'did you mean "prompt"?'),
        ("keyframes: [a, b]\nframe: 8\n", ":2:1", 'did you mean "frames"?'),
        ("keyframes: [a, b]\nsampling:\n  step: 8\n", ":3:3", 'did you mean "steps"?'),
        ("keyframes: [a, b]\nframes: many\n", ":2:1", "frames: 'many'; allowed: a whole number up to 1000000"),
        ("keyframes:\n  - a\n  - prompt: b\n    at: 12:30\n", ":4:5", '"12:30" is no place in time'),
        ("keyframes: [a, b]\nframes: 8\nframes: 9\n", ":3:1", '"frames" is given twice'),
        ("keyframes: [a, b\n", ":2:1", "mend the file"),
        ("? [a]\n: b\n", ":1:3", "a key that is no word"),
        ("keyframes: [a, b]\nframes: " + "9" * 5000, ":2:9", "a number of thousands of digits; mend the file"),
        ("keyframes: &k [*k]\n", ":1:12", "allowed: a prompt, or a mapping"),
        ("just words\n", "", "holds no storyboard"),
        ("", "", "holds no storyboard"),
        ("keyframes: [a, b]\nsampling:\n  steps: 8\n  'steps': 9\n", ":4:3", '"steps" is given twice'),
        ("keyframes: [a, b]\n? {c: d}\n", ":2:3", "a key that is no word"),
        ("keyframes: [a, b]\n7: 8\n", ":2:1", '"7" is not known; allowed'),
        ("keyframes: [a, b]\nfeedback: 0.4\npan:\n  - 1\n", ":3:1", "pan, down: is missing"),
        ("keyframes: [a, b]\nfeedback: 0.4\npan:\n  - 1\n  - {0: []}\n", ":5:5", "pan, down: allowed: a number"),
        ("zoom: &z {0: *z}\nkeyframes: [a, b]\n", ":1:1", "zoom: allowed: a number"),
        ("keyframes: [a, b]\nsampling: {!!merge <<: {steps: 3}}\n", ":2:12", "could not determine a constructor"),
        ("keyframes: [a, b]\nsampling: {<<: {steps: 3}}\n", ":2:12", '"<<" is not known'),
        ("keyframes: [a, b]\nframes: !!int many\n", ":2:9", "'many' is no int; mend the file"),
        ("keyframes: [a, b]\nframes: !!float many\n", ":2:9", "'many' is no float; mend the file"),
        ("keyframes: [a, b]\nstyle: !!bool many\n", ":2:8", "'many' is no bool; mend the file"),
        ("keyframes: [a, b]\nstyle: !!null many\n", ":2:8", "'many' is no null; mend the file"),
        ("keyframes: [a, b]\nzoom: " + "[" * 5000, ":2:106", "lists and mappings inside each other, more than 100 deep"),
        ("keyframes: [a, *b]\n", ":1:16", "found undefined alias"),
        ("keyframes: [a, b]\n---\nframes: 8\n", ":2:1", "a second document begins here; a file holds one storyboard"),
        ("keyframes: [a, !!python/object/apply:os.system ['echo']]\n", ":1:16", "could not determine a constructor"),
    ],
)
def test_mistakes_in_files_are_told_by_line_and_column(tmp_path: Path, text: str, where: str, message: str) -> None:
    with pytest.raises(AnimateError) as refused:
        read(write(tmp_path, text))
    assert f"film.yaml{where}: " in str(refused.value)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_yaml_traps_mean_what_they_look_like(tmp_path: Path) -> None:
    story = read(write(tmp_path, "keyframes:\n  - no\n  - prompt: on\n  - 12:30\n  - 2024-01-01\nsampling: {guidance: 1e1}\n"))
    assert [k.prompt for k in story.keyframes] == ["no", "on", "12:30", "2024-01-01"]
    assert story.sampling.guidance == 10.0


@pytest.mark.parametrize(
    "word", ["no", "Yes", "on", "y", "12:30", "1_000", "0x10", "0o17", ".inf", ".nan", "1.2.3", "2024-01-01", "<<", "=", "0b1", "1e", "e1"]
)
@pytest.mark.parametrize("directive", ["", "%YAML 1.1\n---\n"])
def test_words_are_words(tmp_path: Path, word: str, directive: str) -> None:
    assert read(write(tmp_path, f"{directive}keyframes: [{word}, b]\nstyle: {word}\n")).style == word


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("+7", 7), ("-7", -7), ("010", 10), ("1e-3", 0.001), ("1.", 1), (".5", 0.5), ("-.5E+1", -5)])
def test_numbers_are_numbers(tmp_path: Path, text: str, number: float) -> None:
    rotate = read(write(tmp_path, f"keyframes: [a, b]\nfeedback: 0.4\nrotate: {text}\n")).rotate
    assert (type(rotate) in (int, float), rotate) == (True, number)


def test_an_alias_says_the_same_again_and_an_anchor_may_be_set_anew(tmp_path: Path) -> None:
    story = read(write(tmp_path, "keyframes: [&x {prompt: a, seed: 3}, *x, &x {prompt: b}, *x]\n"))
    assert [(key.prompt, key.seed) for key in story.keyframes] == [("a", 3), ("a", 3), ("b", None), ("b", None)]


NOTHING: list[object] = [[], [], []]  # no field takes it
FIELDS = [
    *((name,) for name in Storyboard.model_fields if name not in ("keyframes", "sampling")),
    *(("sampling", name) for name in Sampling.model_fields),
    *(("keyframes", 1, name) for name in Keyframe.model_fields),
]


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
@pytest.mark.parametrize("location", FIELDS, ids=lambda location: ".".join(map(str, location)))
def test_a_mistake_in_any_field_has_its_place(tmp_path: Path, location: tuple[str | int, ...], suffix: str) -> None:
    data: dict[str, Any] = {"keyframes": ["a", {"image": "b.png"}], "sampling": {}}
    inner: Any = data
    for part in location[:-1]:
        inner = inner[part]
    inner[location[-1]] = NOTHING
    text = json.dumps(data, indent="\t" if suffix == ".json" else 1)
    lines = text.splitlines()
    line = next(number for number, line in enumerate(lines) if line.strip().startswith(f'"{location[-1]}"'))
    column = len(lines[line]) - len(lines[line].lstrip())
    with pytest.raises(AnimateError) as refused:
        read(write(tmp_path, text, "film" + suffix))
    name = f"keyframe 2, {location[2]}" if location[0] == "keyframes" else location[-1]
    assert str(refused.value).startswith(f"{tmp_path / 'film'}{suffix}:{line + 1}:{column + 1}: {name}: ")


# What pydantic says in its own words, and never should to a person.
LIBRARY_WORDS = r"(Input should|unable to parse|invalid|Value error|valid|keyframes\.\d|sampling\.|instance of|\[type=)"
BAD: list[Any] = [[], {}, {"x": []}, "", "a word", "12 s", -1, 1.5, 10**30, float("nan"), float("inf"), True, None, "\ud800", b"x", ("a", 1, {})]


@pytest.mark.parametrize("location", FIELDS, ids=lambda location: ".".join(map(str, location)))
def test_nothing_is_refused_in_a_librarys_words(location: tuple[str | int, ...]) -> None:
    for value in BAD:
        data: dict[str, Any] = {"keyframes": ["a", {"prompt": "b", "image": "b.png"}], "feedback": 0.4, "sampling": {}}
        inner: Any = data
        for part in location[:-1]:
            inner = inner[part]
        inner[location[-1]] = value
        with contextlib.suppress(AnimateError):
            timeline(build(data))
            continue
        with pytest.raises(AnimateError, match=r"^(?!.*" + LIBRARY_WORDS + ")[^\n]*$"):
            timeline(build(data))


# Ten times as much with every line: whatever walks through all of it never comes back.
LISTS = ["[x, x]", *(f"[{', '.join([f'*a{i}'] * 10)}]" for i in range(14))]
MAPPINGS = ["{0: 1, 1: 2}", *(f"{{{', '.join(f'{k}: *a{i}' for k in range(10))}}}" for i in range(14))]
MERGES = ["{0: 1, 1: 2}", *(f"{{!!merge <<: [{', '.join([f'*a{i}'] * 10)}]}}" for i in range(14))]
PLACES = ["keyframes: *a14", "keyframes: [*a14, b]", "keyframes: [{prompt: *a14}, b]", "keyframes: [{prompt: a, at: *a14}, b]", "zoom: *a14"]


@pytest.mark.parametrize("place", [*PLACES, "pan: *a14", "sampling: *a14", "sampling: {guidance: *a14}", "frames: *a14", "? *a14\n: 1"])
@pytest.mark.parametrize("parts", [LISTS, MAPPINGS, MERGES], ids=["lists", "mappings", "merges"])
def test_a_bomb_is_refused_at_once(tmp_path: Path, parts: list[str], place: str) -> None:
    """Its levels are parts of one field's list, so that only the place itself is wrong."""
    levels = ", ".join(f"&a{i} {part}" for i, part in enumerate(parts))
    keyframes = "" if place.startswith("keyframes") else "\nkeyframes: [a, b]"
    began = time.process_time()
    for text in (f"pan: [{levels}]\n{place}{keyframes}", f"style: x\n{place.replace('*a14', f'[{levels}]')}{keyframes}"):
        with pytest.raises(AnimateError, match=rf"^{re.escape(str(tmp_path))}/film\.yaml:\d+:\d+: [^\n]+$") as refused:
            read(write(tmp_path, text))
        assert len(str(refused.value)) < 1000
    assert time.process_time() - began < 1


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("depth", [50, 150, 250, 5000])
def test_what_is_nested_deeply_is_refused_in_one_line(tmp_path: Path, suffix: str, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    text = f'keyframes = ["a", "b"]\nzoom = {deep}' if suffix == ".toml" else f'{{"keyframes": ["a", "b"], "zoom": {deep}}}'
    with pytest.raises(
        AnimateError, match=rf"^{re.escape(str(tmp_path))}/film\{suffix}:[^\n]*(zoom|inside each other, (too|more than 100) deep)[^\n]*$"
    ):
        read(write(tmp_path, text, "film" + suffix))


def test_files_are_read_in_several_threads(tmp_path: Path) -> None:
    paths = [write(tmp_path, f"keyframes: [a, no, 12:{number}]\nseed: {number}\n", f"{number}.yaml") for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        assert [(story.keyframes[2].prompt, story.seed) for story in pool.map(read, paths)] == [(f"12:{n}", n) for n in range(40)]


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnimateError, match=r"none\.yaml: cannot be read"):
        read(tmp_path / "none.yaml")
    binary = tmp_path / "film.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AnimateError, match="cannot be read"):
        read(binary)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.skipif(os.name == "nt", reason="no named pipes among its files")
def test_a_file_that_never_ends_is_refused(tmp_path: Path, suffix: str) -> None:
    os.mkfifo(tmp_path / f"pipe{suffix}")
    (tmp_path / f"zero{suffix}").symlink_to("/dev/zero")
    (tmp_path / f"folder{suffix}").mkdir()
    for name, reason in (("pipe", "a pipe or a device, and no file"), ("zero", "a pipe or a device, and no file"), ("folder", "Is a directory")):
        with pytest.raises(AnimateError) as refused:
            read(tmp_path / f"{name}{suffix}")
        assert str(refused.value) == f"{tmp_path / name}{suffix}: cannot be read ({reason}); give a storyboard in {', '.join(SUFFIXES)}"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"keyframes": ["a", "b"], "frames": 5, "frames": 6}', "film.json"),
        ('{"keyframes": ["a", {"prompt": "b", "at": 1, "prompt": "frames", "frames": 0}]}', "film.json"),
        ('frames = 5\nframes = 6\nkeyframes = ["a", "b"]', "film.toml"),
        ("keyframes: [a, b]\nframes: 5\nframes: 6", "film.yaml"),
    ],
)
def test_a_word_that_is_given_twice_is_refused_in_every_format(tmp_path: Path, text: str, name: str) -> None:
    with pytest.raises(AnimateError, match=r"(\"(frames|prompt)\" is given twice|overwrite a value)[^\n]*; mend the file$"):
        read(write(tmp_path, text, name))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_without_a_storyboard_shows_one_of_its_own_format(tmp_path: Path, suffix: str) -> None:
    text = {".json": "7", ".toml": ""}.get(suffix, "just words")
    with pytest.raises(AnimateError) as refused:
        read(write(tmp_path, text, "film" + suffix))
    if suffix == ".toml":  # an empty file is an empty mapping there
        assert "keyframes" in str(refused.value)
        return
    example = str(refused.value).partition("a short one is ")[2]
    assert read(write(tmp_path, example, "short" + suffix)).count == 24


@pytest.mark.parametrize("name", ["film.json", "film.toml", "film.yaml"])
def test_a_number_of_thousands_of_digits_is_told_in_our_words(tmp_path: Path, name: str) -> None:
    text = {"film.json": '{"keyframes": ["a", "b"], "frames": N}', "film.toml": "frames = N"}.get(name, "frames: N").replace("N", "9" * 5000)
    with pytest.raises(AnimateError, match=r"a number of thousands of digits; mend the file$"):
        read(write(tmp_path, text, name))


WORDS = [
    "keyframes",
    "prompt",
    "at",
    "frames",
    ":",
    "- ",
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "a",
    "12",
    "-1",
    "1e999",
    "'",
    "&x ",
    "*x",
    "? ",
    "!!int ",
    "\t",
    "50%",
    "|",
]


@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join), st.sampled_from([".yaml", ".json", ".toml"]))
def test_any_text_is_a_storyboard_or_refused_in_one_line(text: str, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), text, "film" + suffix)
        try:
            assert isinstance(read(path), Storyboard)
        except AnimateError as refused:
            message = str(refused)
            assert len(message.splitlines()) == 1


# --- written --------------------------------------------------------------------------------------------------------------


def test_what_is_written() -> None:
    long = "a lighthouse at the edge of the sea, " * 5 + "at night"
    story = build(
        {
            "loop": "cycle",
            "frames": 48,
            "keyframes": ["a seed", "no", "a: b", {"prompt": "\U0001f333, \u79cd", "at": "50%", "hold": 2}, long],
            "feedback": {0: 0.4, "50%": "0.4 + 0.1*x"},
            "pan": ["x", 0.5],
            "sampling": {"steps": 3},
        }
    )
    assert (
        written(story)
        == f"""\
frames: 48
loop: cycle
sampling:
  steps: 3
feedback:
  0: 0.4
  "50%": "0.4 + 0.1*x"
pan:
- x
- 0.5
keyframes:
- a seed
- "no"
- "a: b"
- prompt: "\U0001f333, \u79cd"
  at: "50%"
  hold: 2
- {long}
"""
    )


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
timed = st.one_of(numbers, texts, st.dictionaries(st.one_of(st.integers(0, 99), texts), st.one_of(numbers, texts), max_size=3))
keyframes = st.one_of(
    texts,
    st.fixed_dictionaries({"prompt": texts}, optional={"seed": st.integers(0, 2**63 - 1), "negative": texts, "ease": texts, "at": st.just("2.5s")}),
)
boards = st.fixed_dictionaries(
    {"keyframes": st.lists(keyframes, min_size=2, max_size=4)},
    optional=dict.fromkeys(("style", "negative", "ease"), texts)
    | {"feedback": timed, "fps": st.floats(0.01, 1000), "sampling": st.fixed_dictionaries({}, optional={"sampler": texts, "guidance": timed})},
)


@given(boards)
def test_what_is_written_is_read_again(data: dict[str, Any]) -> None:
    try:
        story = build(data)
    except AnimateError:
        return
    with tempfile.TemporaryDirectory() as folder:
        assert read(write(Path(folder), written(story))) == story
