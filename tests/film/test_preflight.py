"""What is asked before the first frame: room on the disk, and time."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from animate import AnimateError, Storyboard, render_together, sheet
from animate.film import batches, preflight
from animate.media.formats import FORMATS, films
from animate.models.families.unet import UNetModel
from animate.story.resolved import Resolved, resolved
from conftest import Work


def film(**settings: Any) -> Resolved:
    """From a to b, 64 x 64 pixels."""
    return resolved(Storyboard.of("a", "b", **settings), steps=1, guidance=1.0, sampler="ddim", width=64, height=64)


def test_a_film_takes_what_its_format_takes_a_pixel() -> None:
    story = film(frames=5, between=1)
    for suffix in (*films(), ""):
        assert preflight.size(story, suffix, 9) == round(9 * 64 * 64 * FORMATS[suffix].bytes_per_pixel)


def test_a_sheet_that_no_file_can_hold_is_refused_by_its_size(tmp_path: Path) -> None:
    story = film(keyframes=["a"] * 300, frames=300, width=512, height=512)
    preflight.check_sheet(story, tmp_path / "sheet.webp", [], None)
    with pytest.raises(AnimateError, match=r"156008 x 528 pixels are too many for \.webp; allowed: up to 16383 on a side; use \.png"):
        preflight.check_sheet(story, tmp_path / "sheet.webp", [], 300)
    with pytest.raises(
        AnimateError, match=r"a contact sheet of 3000 pictures in rows of 69 has \d+ x \d+ pixels; allowed: up to 536 million; use fewer"
    ):
        preflight.check_sheet(film(keyframes=["a"] * 3000, frames=3000, width=512, height=512), tmp_path / "sheet.png", ["a"] * 3000)


def test_room_is_looked_for_before_the_first_frame(tmp_path: Path) -> None:
    story = film(frames=1_000_000, width=8192, height=8192)
    with pytest.raises(AnimateError, match=r"film\.png: \d+\.\d GB free, and 1000000 frames take about 134217\.7 GB; make room"):
        preflight.check(story, tmp_path / "film.png", ".png", 1_000_000)
    with pytest.raises(AnimateError, match=r"and 3000000 frames take about 402653\.2 GB"):
        preflight.check(story, tmp_path / "film.png", ".png", 3_000_000)
    preflight.check(film(frames=10), tmp_path / "not" / "yet.v2", "", 10)


def test_long_films_are_estimated() -> None:
    story = film(frames=2000)
    assert preflight.estimate(story, ".mp4", 0.01, 2000) is None
    assert preflight.estimate(story, ".mp4", 1.0, 2000) == "2000 frames will take about 33 min and 2.0 MB"
    assert preflight.estimate(story, ".gif", 9.0, 2000) == "2000 frames will take about 5 h 0 min and 9.8 MB"
    assert preflight.estimate(story, ".mp4", 1.0, 2000, films=3) == "6000 frames will take about 33 min and 6.1 MB"


def test_little_room_is_told_in_small_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=900))
    with pytest.raises(AnimateError, match=r"film\.mp4: 1 kB free, and 8 frames take about 9 kB; make room"):
        preflight.check(film(frames=8), tmp_path / "film.mp4", ".mp4", 8)


@pytest.mark.skipif(os.name == "nt", reason="it does not let one remove the current folder")
def test_a_current_folder_that_is_gone_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(AnimateError, match=r"^film\.mp4: the current folder was removed"):
        preflight.check(film(frames=8), Path("film.mp4"), ".mp4", 8)


@pytest.mark.filterwarnings("ignore:8192 x 8192 pixels, and")
def test_stills_and_films_side_by_side_that_have_no_room_are_refused(tiny: UNetModel, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a CPU: the system would end the process. Other devices say so, and draw in parts then."""
    monkeypatch.setattr(tiny.memory, "free_bytes", lambda: 10**9)
    story = Storyboard.of("a seed", "a tree", width=8192, height=8192)
    words = r"8192 x 8192 pixels: a picture takes about 15\.0 GB of memory, and 1\.0 GB are free; use smaller --width and --height, or end other"
    for draw in (sheet, lambda story, model: render_together([story, story], model)):
        with pytest.raises(AnimateError, match=words):
            draw(story, tiny)
    assert work.samples == 0
    large = film(frames=2).model_copy(update={"width": 8192, "height": 8192})
    with pytest.raises(AnimateError, match=words):
        batches.check_room(tiny, large)
    monkeypatch.setattr(tiny, "numerics", replace(tiny.numerics, device="cuda:0"))
    batches.check_room(tiny, large)
