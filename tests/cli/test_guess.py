"""What people type in place of what we have: each gets one line with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from animate.cli import COMMANDS, cli, guess
from conftest import Run


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("stills", "still"), ("renders", "render"), ("rendr", "render"), ("redner", "render"), ("shet", "sheet"), ("sheett", "sheet"),
        ("strore", "store"), ("sheeet", "sheet"), ("stored", None), ("plane", None),
        ("model", "models"), ("doctors", "doctor"), ("docotr", "doctor"), ("veriffy", "verify"), ("agian", "again"), ("scor", "score"),
        ("snow", None), ("plant", None), ("stone", None), ("slow", None), ("sheep", None), ("a seed", None), ("gain", "again"),
    ],
)  # fmt: skip
def test_commands_that_are_nearly_spelt_right(typed: str, meant: str | None) -> None:
    assert guess.command(typed, COMMANDS) == meant


TYPED = [
    (("stills", "a tree"), '"stills" is not known; did you mean animate still?; as a prompt: animate render stills ...'),
    (("a", "seed", "to", "a", "tree"), 'put the words of a prompt in quotes: animate "a seed" "a tree"'),
    (("the", "old", "house"), 'put the words of a prompt in quotes: animate "..." "..."'),
    (("a seed|a tree",), 'is one prompt; give several, each in quotes: animate "a seed" "a tree"'),
    (("folder",), "folder: a folder, and no prompt; frames are written into one with -o folder/"),
    (("frames/",), "frames/: a folder, and no prompt; its frames are an input of other commands: animate again, show, verify or score frames/"),
    (("song.mp3",), "song.mp3: a sound is put under a film with --sound song.mp3"),
    (("a", "photo.jpg"), 'photo.jpg: a picture is a keyframe in a storyboard (image: photo.jpg), or redrawn by animate still "..." --init-img'),
    (("film.mp4",), "film.mp4: a film is an input of other commands: animate again, show, verify or score film.mp4"),
    (("sheet", "film.mp4"), "film.mp4: a film is an input of other commands"),
    (("nowhere.gif",), "nowhere.gif: no such file, and no prompt; a film is written with -o nowhere.gif"),
    (("notes.txt",), "notes.txt: prompts, one a line, are read with -f notes.txt"),
    (("m.safetensors", "a"), "m.safetensors: a model is named with --model m.safetensors"),
    (("nowhere.yaml",), "nowhere.yaml: cannot be read (No such file or directory)"),
    (("a seed", "a tree", "--size", "512"), "--size is not known; did you mean --width and --height?"),
    (("a seed", "a tree", "--num_inference_steps", "5"), "--num_inference_steps is not known; did you mean --steps?"),
    (("a seed", "a tree", "--frmaes", "5"), "--frmaes is not known; did you mean --frames?"),
    (("a seed", "a tree", "--xyzzy"), "--xyzzy is not known; animate render --help lists the options"),
    (("still", "a tree", "--json"), "--json is not known; animate still --help lists the options"),
    (("still", "a tree", "a house"), "one prompt makes a still, and a tree is one; several are a contact sheet: animate sheet"),
    (("still", "a", "tree", "in", "winter"), 'one prompt makes a still; put its words in quotes: animate still "a tree in winter"'),
    (("film.ymal",), 'film.ymal: no such file, and no prompt; a storyboard ends in .yaml, .yml, .toml, .json; did you mean "film.yaml"?'),
    (("a seed", "a tree", "--model", "notes.txt"), "notes.txt: no file of weights; allowed: .safetensors, .ckpt"),
    (("notes.md",), "notes.md: a file, and no prompt; a storyboard ends in .yaml"),
    (("store", "clear"), '"clear" is not taken here; did you mean --clear?'),
    (("show",), "Missing argument 'FILE'; animate show --help says what it takes"),
    (("a robot--frames", "8"), '"a robot--frames": a space is missing before --frames'),
    (("--from", "a seed--to", "a tree"), '"a seed--to": a space is missing before --to'),
    (("still", "a cat--seed=8"), '"a cat--seed=8": a space is missing before --seed'),
    (("still",), 'no prompt; try: animate still "a tree in winter"'),
    (("a", "b", "-n", "8"), "-n is not known; did you mean --frames?"),
    (("a", "b", "--fps", "0"), "fps: 0; allowed: a number from 0.01 to 1000"),
    (("a", "b", "-o", ""), "an empty name; name a file, or leave the option out"),
    (("a", "b", "--model", "sd51"), 'did you mean "sd15"?'),
    (("a", "b", "--device", "gpu"), 'did you mean "cuda"?'),
]


def test_two_dashes_within_a_word_are_no_option(run: Run) -> None:
    assert run("plan", "a well--lit room", "x--", "--frames", "2")[0] == 0


@pytest.mark.parametrize(("args", "said"), TYPED, ids=[" ".join(args) for args, _ in TYPED])
def test_what_was_probably_meant(run: Run, args: tuple[str, ...], said: str) -> None:
    for name in ("song.mp3", "photo.jpg", "film.mp4", "notes.txt", "notes.md", "m.safetensors"):
        Path(name).touch()
    Path("folder").mkdir()
    Path("frames").mkdir()
    Path("frames", "recipe.json").write_text("{}")
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_prompt_may_be_called_as_a_folder_is(run: Run) -> None:
    Path("tree").mkdir()
    assert run("plan", "seed", "tree")[0] == 0


def test_help_is_a_command_too(run: Run) -> None:
    assert run("help") == run("--help")
    assert run("help", "still") == run("still", "--help")
    assert run("models", "list") == run("models")


def commands(group: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The ways to all commands, groups and their own commands included."""
    if not isinstance(group, click.Group):
        return [path]
    context = click.Context(group)
    inner = [(name, group.get_command(context, name)) for name in group.list_commands(context)]
    return [path, *(way for name, command in inner if command for way in commands(command, (*path, name)))]


@pytest.mark.parametrize("way", commands(cli), ids=" ".join)
def test_help_fits_a_terminal_of_80_columns(run: Run, way: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(*way, "--help")
    assert code == 0
    assert [line for line in out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("name", ["again", "verify"])
def test_what_a_recipe_decides_has_no_other_default(run: Run, name: str) -> None:
    text = " ".join(run(name, "--help")[1].split())
    for default in ("Default: 24", "Default: sprout", "Default: the model's", "Default: 12", "Default: even"):
        assert default not in text
    assert "Default: 24" in " ".join(run("render", "--help")[1].split()), "elsewhere it is said"
