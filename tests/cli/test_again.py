"""animate again: the same pictures at another pace, in another format, with another sound, and no work that was done before."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from animate import Storyboard, render, write_video
from animate.film import recipe
from animate.film.pacing import FEWEST
from animate.media import reading
from animate.models.families.unet import UNetModel
from conftest import Run, Work
from test_sound import described, heard, length, song

STEPS, FRAMES, BATCH = 2, 9, 4
FILM = ("a seed", "a tree", "--steps", str(STEPS), "--guidance", "1", "--frames", str(FRAMES))
SECONDS = """
frames: 12
sampling: {steps: 2, guidance: 1}
keyframes:
- a seed
- {prompt: a tree, at: "0.5s", hold: 1}
- {prompt: a boat, at: "1s"}
"""
MOVING = """
frames: 8
pace: linear
sampling: {steps: 4, guidance: 1}
feedback: {0: 0.5, "0.5s": 0.8}
zoom: "1 + 0.05*sin(2*pi*t)"
keyframes: [a seed, a tree]
"""


@pytest.fixture
def where(run: Run, tiny: UNetModel, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The model that `work` counts, by its name."""
    monkeypatch.setattr("animate.models.load_model", lambda **_: tiny)
    return "--model", str(tiny_folder)


def seen(path: str) -> np.ndarray:
    return np.stack([*reading.frames(Path(path))])


def seen_still(path: str) -> np.ndarray:
    with PIL.Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))


@pytest.mark.parametrize(
    "change",
    [(), ("--fps", "24"), ("--between", "1"), ("--fps", "24", "--between", "1"), ("--sound", "new.wav"), ("--fps", "24", "--frames", str(FRAMES))],
    ids=" ".join,
)
def test_the_same_frames_are_never_drawn_nor_probed_again(run: Run, work: Work, where: tuple[str, ...], change: tuple[str, ...]) -> None:
    """In samples of the UNet: a warm store needs none, a cold one those of the frames alone."""
    song(Path("new.wav"), 1.0)
    assert run(*FILM, "-o", "film.mp4", *where)[0] == 0
    old = recipe.read(Path("film.mp4"))
    assert old.curves
    work.samples = 0
    assert run("again", "film.mp4", *change, "-o", "warm.mp4", *where)[0] == 0
    assert work.samples == 0
    assert run("again", "film.mp4", *change, "-o", "cold.mp4", "--store", "empty", *where)[0] == 0
    assert work.samples == -(-FRAMES // BATCH) * BATCH * STEPS
    for name in ("warm.mp4", "cold.mp4"):
        new = recipe.read(Path(name))
        assert new.curves == old.curves
        assert new.digests[:: new.every] == old.digests


def test_other_frames_are_paced_anew(run: Run, work: Work, where: tuple[str, ...]) -> None:
    run(*FILM, "-o", "film.gif", *where)
    work.samples = 0
    run("again", "film.gif", "--frames", "12", "-o", "again.gif", "--store", "empty", *where)
    assert work.samples >= 12 * STEPS + FEWEST * STEPS


def test_another_batch_size_has_the_same_pace(run: Run, work: Work, where: tuple[str, ...]) -> None:
    run(*FILM, "-o", "film.gif", *where)
    work.samples = 0
    assert run("again", "film.gif", "--batch-size", "1", "-o", "again.gif", "--no-store", *where)[0] == 0
    assert work.samples == FRAMES * STEPS
    assert recipe.read(Path("again.gif")).curves == recipe.read(Path("film.gif")).curves


def test_another_model_is_paced_by_its_own_pictures(run: Run, work: Work, where: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    run(*FILM, "-o", "film.gif", *where)
    old = recipe.read(Path("film.gif"))
    other = old.model_copy(update={"made": old.made.model_copy(update={"fingerprint": "0" * 32})})
    monkeypatch.setattr(recipe, "read", lambda path: other)
    work.samples = 0
    assert run("again", "film.gif", "-o", "again.gif", "--no-store", *where)[0] == 0
    assert work.samples >= FRAMES * STEPS + FEWEST * STEPS


@pytest.mark.parametrize("text", [SECONDS, MOVING], ids=["keyframes", "motion"])
def test_places_in_seconds_stay_where_the_pictures_are(run: Run, work: Work, where: tuple[str, ...], text: str) -> None:
    Path("film.yaml").write_text(text)
    assert run("film.yaml", "-o", "film.png", *where)[0] == 0
    work.samples = 0
    for fps in ("24", "6"):
        assert run("again", "film.png", "--fps", fps, "-o", "again.png", *where)[0] == 0
        assert np.array_equal(seen("again.png"), seen("film.png"))
        assert recipe.read(Path("again.png")).storyboard.rate == float(fps)
    assert work.samples == 0


def test_seconds_stay_seconds_where_the_pictures_change(run: Run, where: tuple[str, ...]) -> None:
    Path("film.yaml").write_text(SECONDS)
    run("film.yaml", "-o", "film.gif", *where)
    assert run("again", "film.gif", "--fps", "24", "--frames", "24", "-o", "again.gif", *where)[0] == 0
    assert [key.at for key in recipe.read(Path("again.gif")).storyboard.keyframes] == [None, "0.5s", "1s"]


def test_part_of_a_film_may_have_another_pace_and_no_sound(run: Run, tiny: UNetModel, where: tuple[str, ...]) -> None:
    story = Storyboard.of("a seed", "a tree", frames=12, pace="linear", sampling={"steps": 1}, sound=str(song(Path("song.wav"), 1.0)))
    write_video("part.mp4", render(story, tiny, range(5, 8)))
    Path("song.wav").unlink()
    assert run("again", "part.mp4", "--fps", "24", "-o", "again.gif", *where)[0] == 0, "these frames never had the sound"
    assert recipe.read(Path("again.gif")).digests == recipe.read(Path("part.mp4")).digests
    assert run("again", "part.mp4", "--frames", "20", *where)[0] == 2


# --- stills and contact sheets ------------------------------------------------------------------------------------------------


def test_a_still_is_drawn_again_by_another_seed(run: Run, where: tuple[str, ...]) -> None:
    for seed in ("5", "9"):
        assert run("still", "a tree", "--steps", "1", "--seed", seed, "-o", f"seed-{seed}.png")[0] == 0
    assert run("again", "seed-5.png", "--seed", "9", "-o", "again.png", *where)[0] == 0
    assert np.array_equal(seen_still("again.png"), seen_still("seed-9.png"))
    assert not np.array_equal(seen_still("again.png"), seen_still("seed-5.png"))


def test_the_seeds_of_a_sheet_start_at_another_one_and_are_written_below(run: Run, where: tuple[str, ...]) -> None:
    for seed in ("5", "9"):
        assert run("still", "a tree", "--steps", "1", "--count", "3", "--seed", seed, "-o", f"{seed}/a.png")[0] == 0
    assert run("again", "5/a.png", "--seed", "9", "-o", "again.png", *where)[0] == 0
    assert np.array_equal(seen_still("again.png"), seen_still("9/a.png"))
    assert recipe.read(Path("again.png")).labels == ("seed 9", "seed 10", "seed 11")
    assert run("again", "5/a-seed-7.png", "--seed", "9", "-o", "again-7.png", *where)[0] == 0, "a single one of them"
    assert np.array_equal(seen_still("again-7.png"), seen_still("9/a-seed-9.png"))


def test_a_sheet_of_keyframes_is_drawn_again_as_a_film_would_be(run: Run, where: tuple[str, ...]) -> None:
    Path("film.yaml").write_text("frames: 6\nsampling: {steps: 1}\nkeyframes: [a seed, {prompt: a tree, seed: 4}]\n")
    for words in (("film.yaml",), ("film.yaml", "--seed", "9")):
        assert run("sheet", *words, "-o", f"{words[-1]}.png")[0] == 0
    assert run("again", "film.yaml.png", "--seed", "9", "-o", "again.png", *where)[0] == 0
    assert np.array_equal(seen_still("again.png"), seen_still("9.png"))


@pytest.mark.parametrize("option", ["--width 96", "--negative fog", "--style ink", "--steps 2", "--guidance 3", "--sampler euler", "--eta 1"])
def test_every_other_option_of_a_picture_changes_it(run: Run, where: tuple[str, ...], option: str) -> None:
    assert run("still", "a tree", "--steps", "3", "-o", "a.png")[0] == 0
    assert run("again", "a.png", *option.split(), "-o", "again.png", *where)[0] == 0
    assert not np.array_equal(seen_still("again.png"), seen_still("a.png"))


def test_a_still_is_made_fast_and_plain_again(run: Run, where: tuple[str, ...]) -> None:
    assert run("still", "a tree", "--steps", "12", "--guidance", "2", "-o", "plain.png")[0] == 0
    assert run("again", "plain.png", "--fast", "-o", "fast.png", *where)[0] == 0
    assert run("again", "fast.png", "--no-fast", "-o", "again.png", *where)[0] == 0
    assert not np.array_equal(seen_still("fast.png"), seen_still("plain.png"))
    assert np.array_equal(seen_still("again.png"), seen_still("plain.png"))


@pytest.mark.parametrize(
    "option",
    [
        "--frames 48", "--fps 24", "--duration 2", "--loop bounce", "--ease in", "--pace linear", "--sharing 0.5", "--feedback 0.4", "--zoom 1.1",
        "--pan 1,0", "--rotate 1", "--between 1", "--sound song.wav", "--no-sound", "--json",
    ],
)  # fmt: skip
@pytest.mark.parametrize(("count", "what"), [("1", "a still"), ("2", "a contact sheet")])
def test_options_of_films_are_refused_for_pictures(run: Run, where: tuple[str, ...], option: str, count: str, what: str) -> None:
    assert run("still", "a tree", "--steps", "1", "-o", "a.png", *(("--count", count) if count == "2" else ()))[0] == 0
    code, out, err = run("again", "a.png", *option.split(), *where)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"animate: {option} is for films, and a.png is {what}; allowed: --width, --height, --seed, ")


def test_a_seed_that_every_keyframe_has_its_own_of_is_refused(run: Run, where: tuple[str, ...]) -> None:
    Path("film.yaml").write_text("frames: 4\nsampling: {steps: 1}\nkeyframes: [{prompt: a, seed: 1}, {prompt: b, seed: 2}]\n")
    assert run("film.yaml", "-o", "film.gif")[0] == 0
    code, _, err = run("again", "film.gif", "--seed", "9", *where)
    change = "change those in a storyboard (animate show film.gif > new.yaml), or leave it out"
    assert (code, err) == (2, f"animate: --seed 9 changes nothing: every keyframe has its own seed; {change}\n")


# --- sound ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sounding(run: Run, where: tuple[str, ...]) -> str:
    song(Path("song.wav"), 0.75)
    assert run(*FILM, "--pace", "linear", "--sound", "song.wav", "-o", "film.mp4", *where)[0] == 0
    return "film.mp4"


def test_a_sound_comes_along_and_is_cut_at_another_pace(run: Run, sounding: str, where: tuple[str, ...]) -> None:
    code, _, err = run("again", sounding, "-o", "again.mp4", *where)
    assert code == 0
    assert Path("again.mp4").read_bytes() == Path(sounding).read_bytes()
    code, _, err = run("again", sounding, "--fps", "24", "-o", "fast.mp4", *where)
    assert code == 0
    assert "song.wav is 0.8 s and the film 0.4 s: cut at the film's end" in err
    assert length(Path("fast.mp4")) == pytest.approx(FRAMES / 24, abs=0.03)
    assert heard(Path("fast.mp4"))[3:30].min() > 5000


def test_a_sound_that_was_moved_is_one_line_that_says_what_to_do(run: Run, work: Work, sounding: str, where: tuple[str, ...]) -> None:
    Path("song.wav").rename("moved.wav")
    work.samples = 0
    code, out, err = run("again", sounding, "-o", "again.mp4", *where)
    assert (code, out) == (2, "")
    assert err == "animate: film.mp4 was drawn with the sound song.wav, which is not there any more; say --sound and its new place, or --no-sound\n"
    assert run("again", sounding, "--sound", "moved.wav", "-o", "again.mp4", *where)[0] == 0
    assert heard(Path("again.mp4"))[3:70].min() > 5000
    assert run("again", sounding, "--no-sound", "-o", "silent.mp4", *where)[0] == 0
    assert "Audio" not in described(Path("silent.mp4"))
    assert recipe.read(Path("silent.mp4")).storyboard.sound is None
    assert run("again", "silent.mp4", "-o", "again.gif", *where)[0] == 0
    assert work.samples == 0, "all of it was kept"
    assert run("verify", sounding, *where)[0] == 0, "which needs no sound"


def test_a_format_without_sound_is_one_line_that_says_what_to_do(run: Run, sounding: str, where: tuple[str, ...]) -> None:
    code, out, err = run("again", sounding, "-o", "film.gif", *where)
    assert (code, out) == (2, "")
    assert err == "animate: film.gif: has no room for the sound of film.mp4; say --no-sound, or name a film that has, .mp4, .webm or .mov\n"
    assert run("again", sounding, "--no-sound", "-o", "film.gif", *where)[0] == 0
    code, _, err = run("again", sounding, "--no-sound", "--sound", "song.wav", *where)
    assert (code, err) == (2, "animate: --sound song.wav and --no-sound; give one of them\n")


def test_an_image_that_was_moved_is_one_line_that_says_what_to_do(run: Run, where: tuple[str, ...]) -> None:
    run("still", "a tree", "--steps", "1", "-o", "tree.png", *where)
    Path("film.yaml").write_text("frames: 4\npace: linear\nsampling: {steps: 2}\nkeyframes: [{image: tree.png}, a boat]\n")
    assert run("film.yaml", "-o", "film.gif", *where)[0] == 0
    Path("tree.png").unlink()
    code, out, err = run("again", "film.gif", *where)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"animate: film\.gif: its image tree\.png is not there any more; put it back, or name another: .*\n", err)
