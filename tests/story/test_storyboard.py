"""What to show: reading and checking, and what is said when it does not work."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from animate import AnimateError, Keyframe, Storyboard
from animate.story.storyboard import build, place, read


def write(folder: Path, text: str, name: str = "film.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


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
    with pytest.raises(ValidationError, match="frozen"):
        Storyboard.of("a", "b").frames = 3  # type: ignore[misc]


def test_style_is_said_after_every_prompt_or_around_it() -> None:
    assert Storyboard.of("a", "b", style="in ink").styled("a seed") == "a seed, in ink"
    assert Storyboard.of("a", "b", style="ink of {}, black").styled("a seed") == "ink of a seed, black"
    assert Storyboard.of("a", "b").styled("a seed") == "a seed"


@pytest.mark.parametrize(("at", "index"), [(3, 3), ("2.5s", 30), ("50%", 24), ("100%", 47), ("0%", 0), ("0.04s", 0), ("0.042s", 1)])
def test_places_in_time_snap_to_frames(at: int | str, index: int) -> None:
    assert place(at, frames=48, fps=12.0) == index


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"keyframes": ["a", ""]}, "empty prompt"),
        ({"keyframes": ["a", "  "]}, "empty prompt"),
        ({"keyframes": ["a"]}, "one prompt does not make a film"),
        ({"keyframes": []}, "keyframes"),
        ({"keyframes": ["a", "b"], "frames": 1}, "1 frames; a film has at least 2"),
        ({"keyframes": ["a", "b"], "frames": -4}, "-4 frames"),
        ({"keyframes": ["a", "b"], "fps": -1}, "fps"),
        ({"keyframes": ["a", "b"], "duration": 0}, "duration"),
        ({"keyframes": ["a", "b"], "frames": 24, "fps": 12, "duration": 3}, "give two of frames, duration and fps"),
        ({"keyframes": ["a", "b"], "frames": 25, "loop": "bounce"}, "25 frames cannot bounce"),
        ({"keyframes": ["a", "b"], "width": 100}, "the nearest is 96"),
        ({"keyframes": ["a", "b"], "height": 0}, "multiples of 8"),
        ({"keyframes": ["a", "b"], "width": 10**9}, "to 8192"),
        ({}, "keyframes: is missing"),
        ({"keyframes": 3}, "keyframes: allowed: a list"),
        ({"keyframes": ["a", "b"], "loop": "twice"}, "cycle"),
        ({"keyframes": ["a", "b"], "seed": -1}, "seed"),
        ({"keyframes": ["a", "b"], "sampling": {"steps": 0}}, "sampling.steps"),
        ({"keyframes": [{"prompt": "a", "at": "12:30"}, "b"]}, '"12:30" is no place in time'),
        ({"keyframes": [{"prompt": "a", "at": "120%"}, "b"]}, "past the end"),
        ({"keyframes": [{"prompt": "a", "at": -2}, "b"]}, "-2 is no place in time"),
        ({"keyframes": [{"prompt": 7}, "b"]}, "valid string"),
        ({"keyframes": [{"prompt": "a", "at": 2.5}, "b"]}, "2.5 is no place in time; allowed: a frame"),
        ({"keyframes": ["a", "\udf33"]}, "is no text"),
        ({"keyframes": ["a", "b"], "seed": True}, '"seed" is true'),
        ({"keyframes": ["a", "b"], "frames": 2, "duration": 1e5}, "2 frames in 100000 s are 2e-05 fps; allowed: 0.01 to 1000"),
        ({"keyframes": ["a", "b"], "sampling": {"steps": 1000}}, "sampling.steps"),
        ({"keyframes": ["a", "b"], "sampling": 8}, "allowed: a mapping"),
        ({"keyframes": ["a", "b"], "frames": 10**9}, "1000000"),
        ({"keyframes": ["a", "b"], "duration": 1e5, "fps": 60}, "allowed: up to 1000000"),
        ({"keyframes": ["a", "b"], "fps": float("nan")}, "fps"),
        ({"keyframes": ["a", "b"], "duration": float("inf")}, "duration"),
        ({"keyframes": [{"prompt": "a", "at": "9" * 400 + "s"}, "b"]}, "is no place in time"),
    ],
)
def test_bad_values_are_refused_in_one_line(settings: dict[str, object], said: str) -> None:
    with pytest.raises(AnimateError) as refused:
        build(settings)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


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
    json = read(write(tmp_path, '{"frames": 8,\n\t"keyframes": ["a", {"prompt": "b", "at": 7}]}', "film.json"))
    assert toml == json


def test_json_is_json(tmp_path: Path) -> None:
    story = read(write(tmp_path, '{"keyframes": ["a \\ud83c\\udf33", "b \\/ c"]}', "film.json"))
    assert [k.prompt for k in story.keyframes] == ["a \U0001f333", "b / c"]
    with pytest.raises(AnimateError, match=r"film\.json:1:27: .*did you mean \"frames\""):
        read(write(tmp_path, '{"keyframes": ["a", "b"], "frame": 3}', "film.json"))


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
    ("text", "where", "said"),
    [
        ("frames: 8\nkeyframes:\n  - promt: a\n  - b\n", ":3:5", 'did you mean "prompt"?'),
        ("keyframes: [a, b]\nframe: 8\n", ":2:1", 'did you mean "frames"?'),
        ("keyframes: [a, b]\nsampling:\n  step: 8\n", ":3:3", 'did you mean "steps"?'),
        ("keyframes: [a, b]\nframes: many\n", ":2:1", "valid integer"),
        ("keyframes:\n  - a\n  - prompt: b\n    at: 12:30\n", ":4:5", '"12:30" is no place in time'),
        ("keyframes: [a, b]\nframes: 8\nframes: 9\n", ":3:1", '"frames" is given twice'),
        ("keyframes: [a, b\n", ":2:1", "mend the file"),
        ("? [a]\n: b\n", ":1:3", "a key that is no word"),
        ("keyframes: [a, b]\nframes: " + "9" * 5000, "", "mend the file"),
        ("keyframes: &k [*k]\n", ":1:12", "allowed: a prompt, or a mapping"),
        ("just words\n", "", "holds no storyboard"),
        ("", "", "holds no storyboard"),
        ("keyframes: [a, !!python/object/apply:os.system ['echo']]\n", ":1:16", "could not determine a constructor"),
    ],
)
def test_mistakes_in_files_are_told_by_line_and_column(tmp_path: Path, text: str, where: str, said: str) -> None:
    with pytest.raises(AnimateError) as refused:
        read(write(tmp_path, text))
    assert f"film.yaml{where}: " in str(refused.value)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_yaml_traps_mean_what_they_look_like(tmp_path: Path) -> None:
    story = read(write(tmp_path, "keyframes:\n  - no\n  - prompt: on\n  - 12:30\n  - 2024-01-01\nsampling: {guidance: 1e1}\n"))
    assert [k.prompt for k in story.keyframes] == ["no", "on", "12:30", "2024-01-01"]
    assert story.sampling.guidance == 10.0


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnimateError, match=r"none\.yaml: cannot be read"):
        read(tmp_path / "none.yaml")
    binary = tmp_path / "film.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AnimateError, match="cannot be read"):
        read(binary)


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
            said = str(refused)
            assert "\n" not in said
