"""Paths, files and numbers as people write them, from every side of the command."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from animate import AnimateError, Storyboard, write_video
from animate.media import reading
from animate.story.files import read
from conftest import Run, Work
from test_sound import song

FEW = ("--steps", "1", "--guidance", "1", "--frames", "4", "--pace", "linear")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    return folder


def test_a_tilde_is_the_home_folder_wherever_it_stands(run: Run, home: Path, tmp_path: Path, tiny_folder: Path) -> None:
    PIL.Image.new("RGB", (64, 64), (200, 60, 60)).save(home / "red.png")
    (home / "prompts.txt").write_text("a seed\na tree\n")
    (tmp_path / "film.yaml").write_text("keyframes:\n- image: ~/red.png\n- a tree\n")
    assert run("-f", "~/prompts.txt", *FEW, "--output=~/film.gif")[0] == 0
    assert run("film.yaml", *FEW, "-o", "~/frames/")[0] == 0
    assert run("still", "a tree", "--steps", "1", "-o", "~/tree.png")[0] == 0
    assert run("still", "a tree", "--steps", "1", "--init-img", "~/red.png", "--strength", "1", "--outdir=~/out")[0] == 0
    assert run("show", "~/film.gif")[0] == 0
    assert run("score", "~/film.gif", "--plot=~/plot.png")[0] == 0
    assert run("again", "~/film.gif", "--model", str(tiny_folder), "-o", "~/again.gif")[0] == 0
    assert {path.name for path in home.iterdir()} == {"red.png", "prompts.txt", "film.gif", "frames", "tree.png", "out", "plot.png", "again.gif"}
    assert read("~/../film.yaml").keyframes[0].image == str(home / "red.png")
    images = [*reading.frames(Path("~/film.gif"))]
    assert write_video("~/api.gif", images, 12) == home / "api.gif"
    assert not Path("~").exists(), "no folder of that name"


def test_nothing_is_written_over_what_it_is_made_of(run: Run) -> None:
    PIL.Image.new("RGB", (64, 64), (200, 60, 60)).save("photo.png")
    Path("film.yaml").write_text("keyframes:\n- image: photo.png\n- a tree\n")
    song(Path("song.wav"), 1)
    Path("link.mp4").symlink_to("song.wav")
    assert run("a seed", "a tree", *FEW, "-o", "film.png")[0] == 0
    before = {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    for words in (
        ("still", "a tree", "--init-img", "photo.png", "-o", "./photo.png"),
        ("film.yaml", *FEW, "-o", "photo.png"),
        ("sheet", "film.yaml", "-o", "photo.png"),
        ("a seed", "a tree", *FEW, "--sound", "song.wav", "-o", "link.mp4"),
        ("score", "film.png", "--plot", "film.png"),
    ):
        code, _, err = run(*words)
        assert code == 2
        assert "name another file" in err
    assert {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before


def test_a_home_that_is_not_known_is_a_name_like_any_other(run: Run) -> None:
    code, _, err = run("-f", "~nobody-of-this-name/prompts.txt")
    assert code == 2
    assert err.startswith("animate: ~nobody-of-this-name/prompts.txt: cannot be read (No such file or directory); give a text file")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_files_are_read_as_people_save_them(run: Run, encoding: str) -> None:
    Path("prompts.txt").write_bytes("a café\r\nein Bäumchen\r\n".encode(encoding))
    Path("film.yaml").write_bytes("frames: 4\r\nkeyframes: [a café, ein Bäumchen]\r\n".encode(encoding))
    for words in (("-f", "prompts.txt"), ("film.yaml",)):
        code, out, _ = run("plan", *words, "--frames", "4", "--json")
        assert code == 0
        assert [(row["from"], row["to"]) for row in json.loads(out)][1] == ("a café", "ein Bäumchen")


@pytest.mark.parametrize("data", ["a café".encode("latin-1"), "a seed\na tree".encode("utf-16-le")], ids=["latin 1", "no mark"])
def test_other_encodings_are_told(run: Run, data: bytes) -> None:
    for name, words in (("prompts.txt", ("-f", "prompts.txt")), ("film.yaml", ("film.yaml",))):
        Path(name).write_bytes(data)
        code, _, err = run(*words)
        assert code == 2
        assert f"{name}: cannot be read (it is not in UTF-8; save it as UTF-8)" in err


def test_prompts_come_from_standard_input_and_films_do_not_go_to_standard_output(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a seed\na tree\n")))
    assert len(json.loads(run("plan", "-f", "-", "--json")[1])) == 24
    code, _, err = run("a seed", "a tree", "-o", "-")
    assert code == 2
    assert "standard output takes no film" in err
    assert err.count("\n") == 1


def test_a_prompt_with_a_colon_is_told_to_be_quoted(run: Run) -> None:
    for keyframes, said in (
        ("- a cat: the film\n- b", 'film.yaml:2:3: keyframe 1: "a cat" is no field; put a prompt with a colon in quotes, as in "a cat: the film"'),
        ("- b\n- 2001: a space odyssey", 'film.yaml:3:3: keyframe 2: "2001" is no field; put a prompt with a colon in quotes'),
        ("- prompt: a cat: the film", "film.yaml:2:16: mapping values are not allowed here: put a prompt with a colon in quotes"),
    ):
        Path("film.yaml").write_text(f"keyframes:\n{keyframes}\n")
        code, _, err = run("plan", "film.yaml")
        assert code == 2
        assert said in err


@pytest.mark.parametrize("guidance", ["-1", "1000", "nan"])
def test_guidance_has_its_range_on_the_command_line_too(run: Run, guidance: str) -> None:
    for words in (("a", "b"), ("still", "a")):
        code, _, err = run(*words, "--guidance", guidance)
        assert code == 2
        assert "guidance" in err


def test_percents_are_shares(run: Run) -> None:
    assert Storyboard.of("a", "b", feedback="40%", sampling={"sharing": 0}).feedback == 0.4
    assert Storyboard.of("a", "b", sampling={"sharing": "25 %"}).sampling.sharing == 0.25
    assert run("plan", "a", "b", "--sharing", "40%")[0] == 0
    assert "sharing: 1.2; allowed: a number from 0 to 1" in run("plan", "a", "b", "--sharing", "120%")[2]


def test_a_schedule_in_deforums_notation_is_the_mapping_that_it_means() -> None:
    story = Storyboard.of("a", "b", feedback="0:(0.4), 12: (0.6)", zoom="0:(1.02),23:(1.0)")
    assert story.feedback == {0: 0.4, 12: 0.6}
    assert story.zoom == {0: 1.02, 23: 1.0}
    with pytest.raises(AnimateError, match=r'^zoom: "3:\(1 \+ t\)" of a schedule is no number at a frame; write it as .* where f counts frames'):
        Storyboard.of("a", "b", feedback=0.4, zoom="0:(1.02), 3:(1 + t)")


def test_seeds_go_as_far_as_the_generator(run: Run) -> None:
    assert run("still", "a", "--steps", "1", "--seed", str(2**64 - 1), "-o", "last.png")[0] == 0
    assert run("still", "a", "--steps", "1", "--seed", "0", "-o", "first.png")[0] == 0
    last, first = (np.asarray(PIL.Image.open(name)) for name in ("last.png", "first.png"))
    assert (last != first).any()
    for seed in ("-1", str(2**64)):
        assert run("still", "a", "--seed", seed)[2].endswith('allowed: a number from 0 to 18446744073709551615, or "random"\n')


@pytest.mark.skipif(os.name == "nt", reason="no named pipes among its files")
def test_what_never_ends_is_not_read(run: Run, tmp_path: Path) -> None:
    for name in ("film.yaml", "prompts.txt", "photo.png", "film.mp4", "vae.safetensors"):
        os.mkfifo(tmp_path / name)
    for words in (
        ("plan", "film.yaml"),
        ("plan", "-f", "prompts.txt"),
        ("plan", "-f", "/dev/zero"),
        ("still", "a tree", "--init-img", "photo.png"),
        ("still", "a tree", "--vae", "vae.safetensors"),
        ("show", "film.mp4"),
        ("again", "photo.png"),
        ("score", "film.mp4"),
    ):
        code, out, err = run(*words)
        assert (code, out, err.count("\n")) == (2, "", 1), words
        assert "a pipe or a device" in err or "no such file" in err


@pytest.mark.skipif(os.name == "nt", reason="it does not let one remove the current folder")
@pytest.mark.parametrize("words", [("a", "b", "-o", "/tmp/a.gif"), ("still", "a"), ("store",), ("plan", "a", "b")])
def test_a_current_folder_that_is_gone_is_told_before_torch_is_loaded(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """torch would look for its libraries in it, and end the process."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert run(*words) == (2, "", "animate: .: the current folder was removed; change to one that is there\n")


def test_a_store_that_cannot_be_cleared_says_so(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "store" / "states" / ("a" * 32) / ("b" * 32)
    folder.mkdir(parents=True)
    code, out, err = run("store", "--store", "store", "--clear")
    assert (code, out) == (0, "store: cleared, 0 kB freed\n")
    assert err.startswith(f"animate: warning: {folder.relative_to(tmp_path)} (")
    assert err.endswith(") cannot be removed; change the permissions, or remove what is there by hand\n")


@pytest.mark.parametrize(
    "option", ["--model", "--vae", "--lora", "--embedding", "--device", "--dtype", "--store", "--sound", "--sampler", "--ease", "-o", "-f"]
)
def test_an_empty_name_is_a_variable_that_is_not_set(run: Run, option: str) -> None:
    code, out, err = run("a seed", "a tree", option, "")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "allowed: " in err or "an empty name" in err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("plan", ""), "keyframe 1: an empty prompt"),
        (("sheet", ""), "keyframe 1: an empty prompt"),
        (("still", ""), "keyframe 1: an empty prompt"),
        (("a seed", ""), "keyframe 2: an empty prompt"),
        (("models", "pull", ""), 'model "" is not known'),
        (("show", ""), "an empty name"),
    ],
)
def test_an_empty_argument_is_a_variable_that_is_not_set(run: Run, words: tuple[str, ...], line: str) -> None:
    code, out, err = run(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert line in err


REFUSED = (
    (("bench", "--width", "12"), "width: 12 pixels; allowed: multiples of 8"),
    (("again", "film.gif", "-o", "film.txt"), 'film.txt: suffix ".txt" is not known'),
    (("again", "film.gif", "--sound", "song.wav"), "film.gif: has no room for a sound"),
    (("again", "film.yaml"), "film.yaml: a storyboard, and no film yet; draw it with: animate film.yaml"),
    (("verify", "film.yaml"), "film.yaml: a storyboard, and no film yet"),
    (("score", "film.gif", "--metric", "lpips"), 'metric "lpips" is not installed'),
    (("sheet", "a tree", "-o", "sheet.gif"), 'sheet.gif: suffix ".gif" is not known'),
    (("schema", "-o", "schema.yaml"), 'schema.yaml: suffix ".yaml"; a schema is JSON'),
    (("store", "--store", "film.yaml"), "film.yaml: is a file; a store is a folder"),
    (("store", "--store", "nowhere", "--clear"), "--store nowhere: no such folder"),
    (("plan", "flim.yaml"), 'give a storyboard in .yaml, .yml, .toml, .json; did you mean "film.yaml"?'),
    (("plan", "tree.png"), "tree.png: a still, and a plan is of films; animate show tree.png says how it was drawn"),
    (("film.png",), "film.png: a film is an input of other commands: animate again, show, verify or score film.png"),
    (("tree.png",), "tree.png: a picture is a keyframe in a storyboard"),
    (("still", "film.yaml"), "film.yaml: a storyboard, and no prompt; its keyframes on one sheet: animate sheet film.yaml"),
    (("models", "sd15"), "a model is downloaded by: animate models pull NAME"),
    (("film.yaml",), "film.yaml:2:1: zoom without feedback"),
    (("film.yaml", "--frames", "8", "--duration", "1s"), "--duration"),
)


def test_refusals_come_before_torch(run: Run) -> None:
    assert run("a seed", "a tree", *FEW, "-o", "film.gif")[0] == 0
    assert run("a seed", "a tree", *FEW, "-o", "film.png")[0] == 0
    assert run("still", "a tree", "--steps", "1", "-o", "tree.png")[0] == 0
    song(Path("song.wav"), 1)
    Path("film.yaml").write_text("keyframes: [a seed, a tree]\nzoom: 1.1\n")
    script = f"""
import sys
from animate.cli import main
for words, _ in {REFUSED!r}:
    try:
        main(list(words))
    except SystemExit as ended:
        print(ended.code, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["2 False"] * len(REFUSED), done.stderr
    for (words, said), line in zip(REFUSED, done.stderr.splitlines(), strict=True):
        assert said in line, words
    assert not Path("nowhere").exists()


@pytest.mark.skipif(os.name == "nt", reason="it needs permissions for links")
def test_a_folder_that_is_a_link_to_nowhere_is_refused_before_anything_is_drawn(run: Run, work: Work) -> None:
    Path("one").symlink_to("two")
    Path("two").symlink_to("one")
    for name in ("one/film.mp4", "one/frames/"):
        code, _, err = run("a seed", "a tree", *FEW, "-o", name)
        assert (code, err.count("\n"), work.calls) == (2, 1, 0)
        assert "is not a folder one can write to" in err
