"""The command: what it writes, what it prints, and the one line for everything that cannot be."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import animate
from animate.cli import COMMANDS, compvis
from animate.models.families.unet import UNetModel
from children import python
from conftest import Run, StartChild
from test_writers import read

FEW = ("--steps", "1", "--guidance", "1", "--frames", "6")


def test_from_and_to_make_a_film_with_a_free_name(run: Run) -> None:
    code, out, err = run("--from", "a seed", "--to", "a tree", *FEW)
    assert (code, out) == (0, "renders/a-seed-to-a-tree.mp4\n")
    assert err.splitlines()[-1].endswith("for Stable Diffusion, add --model sd15 (a download of some gigabytes, once)")
    assert len(read(Path("renders/a-seed-to-a-tree.mp4"), (64, 64))) == 6
    assert run("--from", "a seed", "--to", "a tree", *FEW)[1] == "renders/a-seed-to-a-tree-2.mp4\n", "nothing is overwritten"


def test_via_comes_between_and_the_verb_may_be_said(run: Run) -> None:
    assert run("render", "--from", "a", "--via", "b", "--via", "c", "--to", "d", *FEW, "-o", "x.gif")[1] == "x.gif\n"
    _, out, _ = run("plan", "--from", "a", "--via", "b", "--via", "c", "--to", "d", "--frames", "4", "--json")
    assert [row["from"] for row in json.loads(out)] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("output", ["film.mp4", "film.webm", "film.gif", "film.webp", "film.png", "frames/"])
def test_every_format_goes_by_its_suffix(run: Run, output: str) -> None:
    code, out, _ = run("a seed", "a tree", *FEW, "-o", output)
    assert (code, out) == (0, output + "\n")
    assert len(list(Path(output).glob("*.png")) if output.endswith("/") else read(Path(output), (64, 64))) == 6


def test_json_says_what_was_made(run: Run) -> None:
    _, out, _ = run("a seed", "a tree", *FEW, "-o", "film.mp4", "--fps", "6", "--width", "96", "--json")
    told = json.loads(out)
    assert told.pop("seconds") > 0
    assert told.pop("model").endswith("tiny")
    assert told.pop("probes") >= 3
    assert told == {"path": "film.mp4", "frames": 6, "fps": 6.0, "width": 96, "height": 64}


def test_prompts_come_from_a_file(run: Run) -> None:
    Path("prompts.txt").write_text("a seed\n\n# not this\n  a tree \n")
    _, out, _ = run("plan", "-f", "prompts.txt", "--frames", "2", "--json")
    assert [row["from"] for row in json.loads(out)] == ["a seed", "a tree"]


def test_a_storyboard_is_a_film_and_options_override_it(run: Run) -> None:
    Path("film.yaml").write_text("frames: 6\nsampling: {steps: 1, guidance: 1}\nkeyframes: [a seed, a tree]\n")
    assert run("film.yaml", "-o", "film.gif")[0] == 0
    assert len(read(Path("film.gif"))) == 6
    assert len(run("plan", "film.yaml", "--frames", "9")[1].splitlines()) == 10 + 2, "the names of the columns, and two lines of what they do not say"


def test_a_still_is_the_films_keyframe(run: Run, tiny: UNetModel) -> None:
    assert run("still", "a tree", "--seed", "8", "--steps", "2", "-o", "tree.png")[:2] == (0, "tree.png\n")
    expected = animate.still("a tree", tiny, seed=8, sampling=animate.Sampling(steps=2))
    assert np.array_equal(np.asarray(PIL.Image.open("tree.png")), expected)
    assert run("still", "a tree", "--steps", "1")[1] == "renders/a-tree.png\n"
    assert run("still", "still", "--steps", "1")[1] == "renders/still.png\n"


def test_count_draws_seeds_and_a_sheet(run: Run) -> None:
    said = "animate: 5 single pictures: out/tree-seed-3.png to out/tree-seed-7.png\n"
    assert run("still", "a tree", "--count", "5", "--seed", "3", "--steps", "1", "-o", "out/tree.png") == (0, "out/tree.png\n", said)
    assert sorted(p.name for p in Path("out").iterdir()) == [*(f"tree-seed-{seed}.png" for seed in range(3, 8)), "tree.png"]
    sheet = np.asarray(PIL.Image.open("out/tree.png"))
    assert np.array_equal(sheet[8:72, 8:72], np.asarray(PIL.Image.open("out/tree-seed-3.png")))


def test_a_sheet_shows_the_keyframes(run: Run) -> None:
    assert run("sheet", "a seed", "a tree", "--steps", "1")[:2] == (0, "renders/a-seed-to-a-tree-sheet.png\n")


def test_plan_prints_a_table_and_loads_no_model(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animate.models.load_model", None)
    code, out, _ = run("plan", "a seed", "a tree", "--frames", "3", "--fps", "2")
    assert code == 0
    assert [line.split() for line in out.splitlines() if not line.startswith("#")] == [
        ["frame", "time", "mix", "from", "to"],
        ["0", "0.000s", "0.000", "a", "seed", "a", "seed"],
        ["1", "0.500s", "0.500", "a", "seed", "a", "tree"],
        ["2", "1.000s", "0.000", "a", "tree", "a", "tree"],
    ]


def test_a_random_seed_is_drawn_and_told(run: Run) -> None:
    _, _, err = run("still", "a tree", "--steps", "1", "--seed", "random", "-o", "a.png")
    said = re.fullmatch(r"animate: seed (\d+)\n", err)
    assert said
    run("still", "a tree", "--steps", "1", "--seed", said[1], "-o", "b.png")
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


def test_foreign_prompts_are_warned_about_once(run: Run) -> None:
    code, out, err = run("a \u79cd\u5b50", "the \u79cd\u5b50", *FEW, "-o", "x.gif")
    assert (code, out) == (0, "x.gif\n")
    assert err.count("animate: warning: ") == 1
    assert err.count("only letter by letter") == 1


def test_a_named_model_needs_no_advice(run: Run, tiny_folder: Path) -> None:
    assert run("a seed", "a tree", *FEW, "--model", str(tiny_folder), "-o", "x.gif") == (0, "x.gif\n", "")


def test_models_lists_names_and_words(run: Run) -> None:
    code, out, err = run("models")
    assert (code, err) == (0, "")
    assert re.match(r"sprout: built in: .*; \d+\.\d MB, \d+ x \d+ pixels, Apache-2.0\n", out)
    told = json.loads(run("models", "--json")[1])["sprout"]
    assert told["width"] == told["height"] == still_size()
    assert "tree" in told["knows"]["subjects"]
    assert all(word in " ".join(out.split()) for words in told["knows"].values() for word in words)


def still_size() -> int:
    return animate.load_model("sprout", device="cpu").defaults.width


def test_doctor_says_what_works(run: Run) -> None:
    code, out, _ = run("doctor")
    assert all(re.match(r"(ok  |FAIL)  \w+ ", line) for line in out.splitlines())
    for word in ("torch", "ffmpeg", ".mp4", "sprout", "free"):
        assert word in out
    assert code == int("FAIL" in out)


def test_help_needs_no_torch_and_lists_every_command() -> None:
    out, imported = in_a_process_of_its_own("--help")
    assert all(f"  {name}  " in out for name in COMMANDS)
    assert not {"torch", "numpy", "pydantic"} & imported


@pytest.mark.parametrize("args", [("plan", "a", "b"), ("render", "--help"), ("plan", "a", "b", "--sampler", "plms")])
def test_what_needs_no_model_imports_none(args: tuple[str, ...]) -> None:
    _, imported = in_a_process_of_its_own(*args)
    assert not {"torch", "diffusers", "transformers"} & imported


def in_a_process_of_its_own(*args: str) -> tuple[str, set[str]]:
    """What it prints, and the modules it has imported."""
    script = "import sys\nfrom animate.cli import main\ntry: main(sys.argv[1:])\nfinally: print('MODULES', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", script, *args], capture_output=True, text=True)
    assert done.returncode == 0
    out, modules = done.stdout.split("MODULES")
    return out, set(modules.split())


def test_alone_it_prints_its_help(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out.startswith("Usage: animate")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"Usage: animate {name}" in out


BAD = [
    (("nowhere.yaml",), "nowhere.yaml: cannot be read"),
    (("-f", "nowhere.txt"), "nowhere.txt: cannot be read"),
    (("a seed", ""), "empty prompt"),
    (("a seed",), "one prompt does not make a film"),
    (("--frames", "24"), "no prompts; try"),
    (("a", "--to", "b"), "given in more than one way"),
    (("-f", "typo.yaml"), "a storyboard, not a file with a prompt a line"),
    (("a", "typo.yaml"), "typo.yaml: a storyboard has its own prompts"),
    (("ease.yaml",), 'ease.yaml:2:1: ease "inout" is not known'),
    (("a", "b\udcff"), "is no text"),
    (("a", "b", "-o", "./"), "no name for a file"),
    (("a", "b", "--frames", "1"), "1 frame; a film has at least 2"),
    (("a", "b", "--frames", "many"), '"many"; allowed: a whole number'),
    (("a", "b", "--fps", "-3"), "fps"),
    (("a", "b", "--fps", "nan"), "fps"),
    (("a", "b", "--frames", "7", "--loop", "bounce"), "7 frames cannot bounce"),
    (("a", "b", "--loop", "cyle"), 'allowed: none, cycle, bounce; did you mean "cycle"?'),
    (("a", "b", "--fps", "fast"), '"fast"; allowed: a number'),
    (("a", "b", "--eta", "0.5"), "eta 0.5 with dpm++2m; only the sampler ddim has it"),
    (("a", "b", "--eta", "0.5", "--sampler", "euler"), "eta 0.5 with euler; only the sampler ddim has it"),
    (("a", "b", "--part", "1/2", "-o", "part/", "--feedback", "0.4"), "parts cannot be drawn apart; leave out --part"),
    (("join", "nowhere/", "-o", "film.mp4"), "nowhere/: no folder that --part has drawn to its end"),
    (("bench", "--store", "kept"), "--store kept: bench keeps nothing"),
    (("a", "b", "c", "--frames", "2"), "3 keyframes do not fit on 2 frames"),
    (("a", "b", "--width", "100"), "the nearest is 96"),
    (("a", "b", "--sampler", "dimm"), 'did you mean "ddim"'),
    (("a", "b", "--ease", "bounce"), 'ease "bounce" is not known; allowed: linear'),
    (("a", "b", "--steps", "0"), "steps: 0; allowed: a whole number from 1 to 999"),
    (("a", "b", "--seed", "lucky"), '"lucky" is no seed'),
    (("a", "b", "--seed", "-1"), "seed"),
    (("a", "b", "-o", "film.avi"), 'suffix ".avi" is not known; allowed: .mp4'),
    (("a", "b", "-o", "film.gif", "--fps", "60"), "too fast for a GIF"),
    (("a", "b", "-o", "taken/film.mp4"), "not a folder one can write to"),
    (("a", "b", "--model", "sprut"), 'model "sprut" is not known'),
    (("a", "b", "--model", "nobody/nothing"), "nobody/nothing is not in"),
    (("a", "b", "--batch-size", "0"), "batch-size"),
    (("a", "b", "--sped", "3"), "--sped"),
    (("a", "b", "--between-by", "flow"), "--between-by flow changes nothing without --between; say that, too, or leave it out"),
    (("a", "b", "--sound-fit", "longest"), "--sound-fit longest changes nothing without --sound"),
    (("a", "b", "--branching", "trunk"), "--branching trunk changes nothing without --sharing"),
    (("own.yaml", "--seed", "9"), "--seed 9 changes nothing: every keyframe has its own seed; change those in own.yaml, or leave it out"),
    (("typo.yaml",), 'typo.yaml:2:1: "frame" is not known; did you mean "frames"?'),
    (("still", ""), "empty prompt"),
    (("still", "a", "-o", "a.mp4"), 'suffix ".mp4" is not known; allowed: .png'),
    (("still", "a", "--count", "0"), "count"),
    (("plan", "a"), "one prompt does not make a film"),
    (("plan", "a", "b", "--model", "sprout", "--sampler", "dimm"), 'did you mean "ddim"'),
]


@pytest.mark.parametrize(("args", "said"), BAD, ids=[" ".join(args) for args, _ in BAD])
def test_bad_input_gets_one_line_at_once_and_writes_nothing(run: Run, args: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "nobody/nothing" not in args:  # which only the hub's cache knows
        monkeypatch.setattr("animate.models.load_model", lambda *_, **__: pytest.fail("a model was loaded first"))
    Path("taken").write_text("")
    Path("typo.yaml").write_text("keyframes: [a, b]\nframe: 8\n")
    Path("ease.yaml").write_text("keyframes: [a, b]\nease: inout\n")
    Path("own.yaml").write_text("keyframes: [{prompt: a, seed: 1}, {prompt: b, seed: 2}]\n")
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert said in err
    assert err.startswith("animate: ")
    assert err.count("\n") == 1
    assert sorted(p.name for p in Path().iterdir()) == ["ease.yaml", "own.yaml", "taken", "typo.yaml"]


OUT_OF_TIME = [
    ("keyframes:\n  - a\n  - {prompt: b, at: 99}\n", ":3:17: keyframe 2 at 99 is on frame 99; the last of 24 frames is 23"),
    ("keyframes:\n  - {prompt: a, at: 9}\n  - {prompt: b, at: 3}\n", ":3:17: keyframe 2 (frame 3) comes before keyframe 1 (frame 9)"),
    ("keyframes:\n  - a\n  - {prompt: b, at: 0}\n", ":3:17: keyframes 1 and 2 are both on frame 0"),
    ("keyframes:\n  - a\n  - {prompt: b, at: 23, hold: 9}\n", ":3:25: keyframe 2 holds until frame 32"),
    ("keyframes:\n  - {prompt: a, hold: 9}\n  - {prompt: b, at: 3}\n", ":2:17: keyframe 1 begins on frame 0 and holds 9 more"),
    ("keyframes: [a, b]\nloop: cycle\nframes: 4\n", ""),
    ("keyframes: [a, {prompt: b, ease: inout}]\n", ':1:28: ease "inout" is not known'),
    ("keyframes: [a, b]\nease: inout\n", ':2:1: ease "inout" is not known'),
    ("keyframes: [a, b]\nfeedback: 0.4\nzoom: 1 + nonsense\n", ':3:1: zoom "1 + nonsense": "nonsense" is not known'),
    ("keyframes: [a, b]\nfeedback: 0.4\npan:\n  - 0\n  - 1 +\n", ':5:5: pan down "1 +": cannot be read as a formula'),
    ("keyframes: [a, b]\nfeedback: t\n", ":2:1: feedback at frame 0 is 0; allowed"),
    ("keyframes: [a, b]\nsampling:\n  guidance: 300*t\n", ":3:3: guidance at frame 5 is 125; allowed"),
    ("keyframes: [a, b]\nsampling: {sampler: dimm}\n", ':2:12: sampler "dimm" is not known'),
]


@pytest.mark.parametrize(("text", "said"), OUT_OF_TIME)
def test_what_does_not_fit_into_the_time_is_told_by_line_and_column_too(run: Run, text: str, said: str) -> None:
    Path("film.yaml").write_text(text)
    code, out, err = run("plan", "film.yaml")
    if not said:
        assert code == 0
        return
    assert (code, out) == (2, "")
    assert err.startswith(f"animate: film.yaml{said}")
    assert err.count("\n") == 1


def test_a_value_that_is_not_the_files_has_no_place_in_it(run: Run) -> None:
    Path("film.yaml").write_text("keyframes: [a, b]\nfeedback: 0.4\npan: [0, 0]\nzoom: 1\n")
    assert run("plan", "film.yaml", "--zoom", "1 +")[2].startswith('animate: film.yaml: zoom "1 +": cannot be read')
    assert run("plan", "film.yaml", "--pan", "0,1 +")[2].startswith('animate: film.yaml: pan down "1 +": cannot be read')
    Path("film.toml").write_text('keyframes = ["a", "b"]\nease = "inout"\n')
    assert run("plan", "film.toml")[2].startswith('animate: film.toml: ease "inout" is not known')


@pytest.mark.parametrize("command", ["render", "again"])
def test_help_names_all_that_json_prints(run: Run, command: str) -> None:
    text = " ".join(run(command, "--help")[1].split())
    assert "Print path, frames, fps, size, model, probes and seconds as JSON." in text


def test_help_says_which_option_makes_a_still_one_of_2022(run: Run) -> None:
    text = " ".join(run("still", "--help")[1].split())
    said = "the prompt, drawn as the scripts did: 6 pictures, 50 steps, guidance 7.5. For one picture, give PROMPT alone."
    assert f"--prompt PROMPT 2022: {said}" in text
    theirs = [line for line in compvis.THEIRS if line not in ("prompt_option", "prompt_file")]
    assert all(re.search(rf"--{name} \S*( RANGE)?\s*2022: ", text) for name in theirs)


def test_help_says_what_comes_on_top_of_frames_and_what_loops_do(run: Run) -> None:
    text = " ".join(run("render", "--help")[1].split())
    assert "Frames of the film; in-betweens (--between) come on top." in text
    assert "cycle: goes on to the first prompt; bounce: plays backwards to it." in text


def test_what_is_kept_is_listed(run: Run) -> None:
    run("still", "a tree", "--steps", "1", "-o", "a.png")
    run("a seed", "a tree", *FEW, "--pace", "linear", "-o", "a.gif")
    lines = run("store")[1].splitlines()
    assert re.search(r"  6 frames, 6 of 6 drawings kept  a seed to a tree$", lines[1])
    assert re.search(r"   1 frame, 1 of 1 drawings kept  a tree$", lines[2])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_closes_the_film_and_exits_130(tiny_folder: Path, tmp_path: Path, child: StartChild, number: signal.Signals) -> None:
    film = tmp_path / "film.mp4"
    words = ("a seed", "a tree", "--frames", "4000", "--pace", "linear", "--steps", "1", "--guidance", "1")
    running = child(python, "-m", "animate", *words, "--model", str(tiny_folder), "-o", str(film))
    until = time.monotonic() + 120
    while not list(tmp_path.glob(".animate*")) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(running.pid, number)  # as a terminal does: the whole group
    done = running.wait()
    assert done.returncode == 130, done.stderr
    assert done.stdout == f"{film}\n"
    said = r"stopped after \d+ of 4000 frames; the store has \d+ of the film's 4000 drawings, and the same command goes on from there"
    assert re.fullmatch(rf"(animate: 4000 frames will take about .*\n)?animate: {said}\n", done.stderr)
    assert 1 < len(read(film, (64, 64))) < 4000
    assert list(tmp_path.iterdir()) == [film]


def test_the_doctor_tries_a_model_before_a_long_render(run: Run, tiny_folder: Path, tmp_path: Path) -> None:
    code, out, _ = run("doctor", "--model", str(tiny_folder), "--batch-size", "2")
    assert code == 0
    assert all(line.startswith("ok    model") for line in out.splitlines())
    assert "in a batch of at most 2" in out
    assert "a frame of 25 steps takes about" in out
    shutil.copytree(tiny_folder, tmp_path / "broken")
    (tmp_path / "broken" / "unet" / "config.json").write_text("{}")
    code, out, _ = run("doctor", "--model", "broken")
    assert code == 1
    assert out.startswith("FAIL  model      model broken cannot be loaded")
    for words, message in (
        (("--model", "sprout", "--width", "9"), "multiples of 8"),
        (("--height", "64"), "64 pixels, and no --model to try them with"),
    ):
        code, out, err = run("doctor", *words)
        assert (code, out, err.count("\n")) == (2, "", 1), "at once"
        assert message in err
