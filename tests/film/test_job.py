"""From a storyboard to a file, as the command and other programs start it: messages, threads, what is checked first."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animate import AnimateError, Storyboard, render
from animate.draw.store import Store
from animate.film import job
from animate.film.pacing import FEWEST
from animate.film.setup import Setup
from animate.media import reading
from animate.models.families.unet import UNetModel
from animate.report import Report

SAMPLING = {"steps": 2, "guidance": 1.0}


class Heard(Report):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.stages: list[tuple[str, int, int]] = []
        self.steps: list[tuple[int, int]] = []
        self.pictures: list[np.ndarray] = []

    def log(self, line: str) -> None:
        self.lines.append(line)

    def warn(self, line: str) -> None:
        self.warnings.append(line)

    def progress(self, stage: str, done: int, total: int) -> None:
        self.stages.append((stage, done, total))

    def step(self, done: int, total: int) -> None:
        self.steps.append((done, total))

    def picture(self, image: np.ndarray) -> None:
        self.pictures.append(image)


@pytest.fixture
def setup(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> Setup:
    monkeypatch.setattr("animate.models.load_model", lambda **_: tiny)
    return Setup()


@pytest.mark.parametrize(
    ("prompts", "settings", "moves"),
    [
        (("a tree", "a tree"), {}, False),
        (("a tree", "a tree", "a tree"), {"loop": "cycle"}, False),
        (("a tree", {"prompt": "a tree", "seed": 1}), {}, True),
        (("a tree", "a tree"), {"feedback": 0.5}, True),
        (("a tree",), {"loop": "cycle"}, True),
    ],
)
def test_a_film_of_one_picture_is_told(setup: Setup, tmp_path: Path, prompts: tuple[Any, ...], settings: dict[str, Any], moves: bool) -> None:
    heard, story = Heard(), Storyboard.of(*prompts, frames=4, pace="linear", sampling=SAMPLING, **settings)
    job.write_film(job.Output(story, f"{tmp_path}/film.gif"), setup, heard, replace=True)
    same = 'every frame shows the same picture of "a tree"; say it once, with --loop cycle, or give a keyframe of a storyboard another seed'
    assert heard.warnings == [same] * (not moves)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"between": 4}, "12 fps and 4 in-betweens make 60 fps, too fast for a GIF; allowed: up to 50; use .mp4, --between 3 or a lower --fps"),
        ({"between": 1, "fps": 30}, "30 fps and 1 in-between make 60 fps, too fast for a GIF; .*; use .mp4, no --between or a lower --fps"),
        ({"between": 1, "fps": 60}, "120 fps is too fast for a GIF; allowed: up to 50; use .mp4 or fewer fps"),
    ],
)
def test_in_betweens_that_are_too_fast_are_told_as_those(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr("animate.models.load_model", None)
    with pytest.raises(AnimateError, match=f"^{said}$"):
        job.write_film(job.Output(Storyboard.of("a seed", "a tree", **settings), f"{tmp_path}/film.gif"), Setup(), Heard(), replace=True)


def test_what_was_kept_is_counted_in_words_for_people() -> None:
    heard, store = Heard(), Store("nowhere")
    job.tell_of_store(store, heard)
    assert heard.lines == [], "nothing was there"
    for store.kept, store.drawn in ((1, 1), (5, 4)):
        job.tell_of_store(store, heard)
    job.tell_of_store(store, heard, sharing=True)
    assert heard.lines == [
        "1 drawing was in the store, 1 was drawn now",
        "5 drawings were in the store, 4 were drawn now",
        "5 drawings were in the store, 4 were drawn now; the beginnings that frames share are drawings, too",
    ]


def test_in_betweens_by_flow_without_opencv_are_refused_before_a_model_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setattr("animate.models.load_model", None)
    heard, story = Heard(), Storyboard.of("a seed", "a tree", between=2, between_by="flow")
    with pytest.raises(AnimateError, match=r'OpenCV .*; pip install "animate\[flow\]"'):
        job.write_film(job.Output(story, f"{tmp_path}/film.gif"), Setup(), heard, replace=True)
    assert heard.lines == [], "one line is enough"


def test_a_film_is_written_and_every_stage_is_reported(setup: Setup, tmp_path: Path) -> None:
    heard, story = Heard(), Storyboard.of("a seed", "a tree", frames=6, sampling=SAMPLING)
    written = job.write_film(job.Output(story, f"{tmp_path}/film.gif"), setup, heard, replace=True)
    assert len([*reading.frames(tmp_path / "film.gif")]) == written.frames == 6
    assert (written.width, written.height, written.fps, written.interrupted) == (64, 64, 12, False)
    assert written.probes >= FEWEST
    stages = list(dict.fromkeys(stage for stage, _, _ in heard.stages))
    assert stages == ["loading", "finding an even pace", "drawing", "writing"]
    assert [done for stage, done, _ in heard.stages if stage == "drawing"] == [0, 1, 2, 3, 4, 5, 6]
    asked = [(done, total) for stage, done, total in heard.stages if stage == "finding an even pace"]
    assert (asked[0], asked[-1]) == ((0, FEWEST), (written.probes, written.probes)), "it is said before the first is drawn"
    assert len(heard.pictures) == 6
    assert all(picture.shape == (64, 64, 3) for picture in heard.pictures)
    assert {done for done, _ in heard.steps} >= {1}
    assert all(1 <= done <= total for done, total in heard.steps)


def test_two_films_in_two_threads_each_tell_their_own(tiny: UNetModel, recwarn: pytest.WarningsRecorder) -> None:
    """And draw what they draw alone."""
    stories = [Storyboard.of("a seed", f"a {word}", frames=5, seed=seed, sampling=SAMPLING) for seed, word in enumerate(("zebra", "yak"))]
    alone = [np.stack([*render(story, tiny, report=Heard())]) for story in stories]
    reports = [Heard(), Heard()]

    def draw(number: int) -> np.ndarray:
        return np.stack([*render(stories[number], tiny, report=reports[number])])

    with ThreadPoolExecutor(2) as pool:
        drawn = [*pool.map(draw, range(2))]
    assert all(np.array_equal(a, b) for a, b in zip(alone, drawn, strict=True))
    words = [" ".join(heard.warnings) for heard in reports]
    assert ["zebra" in words[0], "yak" in words[0], "zebra" in words[1], "yak" in words[1]] == [True, False, False, True]
    assert not recwarn.list


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("film.tiff", 'film.tiff: suffix ".tiff" is not known; allowed: .mp4, '),
        ("no/such\0name.gif", r"'no/such\x00name.gif': a name with a NUL in it; choose another with -o"),
        ("film.txt/", "film.txt/: is there already, and holds more than a film of animate; name a new folder"),
    ],
)
def test_what_cannot_be_written_is_refused_before_a_model_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str, said: str) -> None:
    monkeypatch.setattr("animate.models.load_model", None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.txt").mkdir()
    (tmp_path / "film.txt" / "taken").touch()
    with pytest.raises(AnimateError, match=f"^{re.escape(said)}"):
        job.write_film(job.Output(Storyboard.of("a seed", "a tree"), path), Setup(), Heard(), replace=True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["film.txt"]


def test_a_film_that_is_left_ends_its_drawing(tiny: UNetModel) -> None:
    images = render(Storyboard.of("a seed", "a tree", frames=200, pace="linear", sampling=SAMPLING), tiny)
    next(images)
    images.close()
    assert next(images, None) is None
    assert len(images.recipe.digests) == 1
