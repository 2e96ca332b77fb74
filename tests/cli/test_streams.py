"""What goes to which stream, and what is left of a film when a stream is closed or full, or a signal comes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import numpy as np
import PIL.Image
import pytest

from animate.cli import signals
from animate.media import tags
from children import python
from conftest import Run, StartChild
from test_writers import read as frames_of

FEW = ("--steps", "1", "--guidance", "1", "--frames", "4", "--pace", "linear")


def test_the_sentence_about_other_models_comes_once(run: Run) -> None:
    assert "for Stable Diffusion, add --model sd15" in run("a seed", "a tree", *FEW)[2]
    assert "for Stable Diffusion" not in run("a seed", "a tree", *FEW, "--seed", "1")[2]


def test_the_plan_of_a_film_is_the_one_it_was_drawn_by(run: Run) -> None:
    assert run("a seed", "a tree", "--steps", "2", "--guidance", "1", "--frames", "6", "-o", "film.gif")[0] == 0
    code, out, _ = run("plan", "film.gif")
    assert code == 0
    mixes = [float(line.split()[2]) for line in out.splitlines()[-6:]]
    assert mixes != pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 0], abs=1e-3), "its pace, and not that of the blend"
    assert "own plan has no options" in run("plan", "film.gif", "--frames", "3")[2]


def test_the_plan_says_what_its_rows_do_not(run: Run) -> None:
    out = run("plan", "a seed", "a tree", "--style", "ink", "--negative", "fog", "--between", "2", "--frames", "3")[1]
    assert "# 3 frames at 12 fps: 0.25 s\n" in out
    assert "# with 2 in-betweens from frame to frame: 7 pictures at 36 fps\n" in out
    assert "# style: ink\n# negative: fog\n" in out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("words", [("plan", "a", "b"), ("models",), ("--help",)], ids=" ".join)
def test_results_that_cannot_be_written_are_one_line(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "animate", *words], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("animate: No space left on device")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="closes a stream as a shell does")
def test_a_film_is_drawn_though_nobody_hears_of_it(tiny_folder: Path, tmp_path: Path) -> None:
    words = f"a seed,a tree,{','.join(FEW)},--model,{tiny_folder},-o,film.gif".split(",")
    for redirected in ("2>&-", "2>/dev/full"):
        line = f'"$@" {redirected}'
        done = subprocess.run(["sh", "-c", line, "sh", sys.executable, "-m", "animate", *words], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, "film.gif\n")
        assert len(frames_of(tmp_path / "film.gif")) == 4
        (tmp_path / "film.gif").unlink()


def test_a_signal_is_an_interrupt_once_and_says_so_when_it_comes_again(capfd: pytest.CaptureFixture[str]) -> None:
    with signals.closing_first():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert capfd.readouterr().err == "animate: closing the file; once more ends at once, without it\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "as it was"


@pytest.fixture
def still_minding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command ignores signals once it was interrupted, and this process goes on."""
    monkeypatch.setattr(signals, "ignore", lambda: None)


@pytest.mark.usefixtures("still_minding")
@pytest.mark.parametrize("place", ["animate.models.load_model", "animate.film.render.paced", "animate.film.stills.stills"])
def test_an_interrupt_before_there_is_a_file_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """While a model is loaded, the pace is looked for, or a still is drawn."""

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, stopped)
    words = ("still", "a tree", "--steps", "1") if "stills" in place else ("a seed", "a tree", *FEW)
    kept = "animate: stopped before anything could be written; drawings that were finished are kept, and the same command goes on from there\n"
    assert run(*words) == (signals.INTERRUPTED, "", kept)
    assert (
        run(*words, "--no-store")[2]
        == "animate: stopped before anything could be written; nothing is kept (--no-store): the same command begins anew\n"
    )
    assert not [path for path in Path().rglob("*") if path.is_file()]


@pytest.mark.usefixtures("still_minding")
def test_an_interrupt_of_what_keeps_nothing_is_one_word(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("animate.cli.doctor.platform.python_version", stopped)
    assert run("doctor") == (signals.INTERRUPTED, "", "animate: stopped\n")


@pytest.mark.usefixtures("still_minding")
def test_frames_that_were_drawn_ahead_are_kept_by_an_interrupt(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has the frames up to the first one that was not drawn; more are in the store."""
    monkeypatch.setattr("animate.cli.preview.Preview.show", mock.Mock(side_effect=[None, KeyboardInterrupt]))
    code, out, err = run("a seed", "a tree", "--steps", "1", "--guidance", "1", "--frames", "24", "-o", "film.gif")
    assert (code, out) == (signals.INTERRUPTED, "film.gif\n")
    said = re.search(r"animate: stopped after 1 of 24 frames; the store has (\d+) of the film's 24 drawings, and the same command goes on", err)
    assert said
    assert 8 <= int(said[1]) < 24


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with signals.closing_first():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.skipif(os.name == "nt", reason="a group of processes")
@pytest.mark.parametrize("name", ["film.gif", "frames/"])
def test_an_impatient_ctrl_c_closes_the_film_all_the_same(tiny_folder: Path, tmp_path: Path, child: StartChild, name: str) -> None:
    words = ("a seed", "a tree", "--frames", "4000", "--pace", "linear", "--steps", "1", "--guidance", "1")
    running = child(python, "-m", "animate", *words, "--model", str(tiny_folder), "-o", f"{tmp_path}/{name}")
    until = time.monotonic() + 120
    while not [*tmp_path.glob(".animate*")] and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    for _ in range(2):
        os.killpg(running.pid, signal.SIGINT)
        time.sleep(0.01)
    done = running.wait()
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == f"{tmp_path}/{name}\n"
    assert tags.get(tmp_path / name)
    assert re.search(r"animate: stopped after \d+ of 4000 frames; .* and the same command goes on from there\n", done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == [name.rstrip("/")]


def test_a_system_error_that_nobody_foresaw_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "secret/film.yaml")

    monkeypatch.setattr("animate.cli.options.read", refused)
    code, _, err = run("film.yaml")
    assert code == 2
    assert err == "animate: secret/film.yaml: Permission denied; look at the path, its permissions and the room on its disk\n"


def test_the_newest_picture_is_kept_in_a_file(run: Run) -> None:
    assert run("a seed", "a tree", *FEW, "-o", "film.png", "--preview", "now.png")[0] == 0
    assert np.array_equal(np.asarray(PIL.Image.open("now.png")), frames_of(Path("film.png"))[-1])
    code, _, err = run("a seed", "a tree", "--preview", "now.mp4")
    assert code == 2
    assert 'now.mp4: suffix ".mp4" is not known' in err
