"""What is asked before the first frame: room on the disk, and time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from animate import AnimateError, Storyboard
from animate.film import preflight
from animate.media.formats import FORMATS, films
from animate.story.resolved import Resolved, resolved


def film(**settings: Any) -> Resolved:
    """From a to b, 64 x 64 pixels."""
    return resolved(Storyboard.of("a", "b", **settings), steps=1, guidance=1.0, sampler="ddim", width=64, height=64)


def test_a_film_takes_what_its_format_takes_a_pixel() -> None:
    story = film(frames=5, between=1)
    for suffix in (*films(), ""):
        assert preflight.size(story, suffix) == round(9 * 64 * 64 * FORMATS[suffix].bytes_per_pixel)


def test_room_is_looked_for_before_the_first_frame(tmp_path: Path) -> None:
    story = film(frames=1_000_000, width=8192, height=8192)
    with pytest.raises(AnimateError, match=r"film\.png: \d+\.\d GB free, and 1000000 frames take about 134217\.7 GB; make room"):
        preflight.check(story, tmp_path / "film.png", ".png")
    with pytest.raises(AnimateError, match=r"and 3000000 frames take about 402653\.2 GB"):
        preflight.check(story, tmp_path / "film.png", ".png", films=3)
    preflight.check(film(frames=10), tmp_path / "not" / "yet.v2", "")


def test_long_films_are_estimated() -> None:
    story = film(frames=2000)
    assert preflight.estimate(story, ".mp4", 0.01) is None
    assert preflight.estimate(story, ".mp4", 1.0) == "2000 frames will take about 33 min and 2.0 MB"
    assert preflight.estimate(story, ".gif", 9.0) == "2000 frames will take about 5 h 0 min and 9.8 MB"
    assert preflight.estimate(story, ".mp4", 1.0, films=3) == "6000 frames will take about 33 min and 6.1 MB"
