"""What is said of a film is of what is in its file: pictures that were written, the part that was asked for, and by whom it is heard."""

from __future__ import annotations

import json
import math
import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from animate import AnimateError, Storyboard, render
from animate.film import job, still_job
from animate.film.setup import Setup
from animate.media import reading
from animate.models.families.unet import UNetModel
from conftest import Run, Work
from test_job import SAMPLING, Heard

STORY = Storyboard.of("a seed", "a tree", frames=12, fps=12, pace="linear", sampling=SAMPLING)


@pytest.fixture
def setup(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> Setup:
    monkeypatch.setattr("animate.models.load_model", lambda **_: tiny)
    return Setup()


def tone(path: Path, seconds: float) -> Path:
    samples = np.rint(9000 * np.sin(math.tau * 440 * np.arange(round(seconds * 8000)) / 8000)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    return path


@pytest.mark.parametrize(("fit", "seconds", "frames"), [("shortest", 0.5, 6), ("longest", 2.0, 24), ("film", 0.5, 12)])
def test_frames_are_those_in_the_file(setup: Setup, tmp_path: Path, fit: str, seconds: float, frames: int) -> None:
    story, heard = STORY.replace(sound=str(tone(tmp_path / "tone.wav", seconds)), sound_fit=fit), Heard()
    written = job.write_film(job.Output(story, str(tmp_path / "film.mp4")), setup, heard, replace=True)
    assert written.frames == frames == sum(1 for _ in reading.frames(tmp_path / "film.mp4"))
    assert heard.stages[-1] == ("writing", frames, frames)


def test_part_of_a_film_is_counted_and_finds_room_as_a_part(setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a part is drawn again."""
    heard, whole = Heard(), 12 * 64 * 64
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=whole // 16))
    job.write_film(job.Output(STORY, str(tmp_path / "part.mp4")), setup, heard, replace=True, frames=range(3, 6))
    assert [(done, total) for stage, done, total in heard.stages if stage == "drawing"] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=1))
    with pytest.raises(AnimateError, match="and 3 frames take about"):
        job.write_film(job.Output(STORY, str(tmp_path / "part.mp4")), setup, heard, replace=True, frames=range(3, 6))


def test_one_film_of_several_that_fails_costs_no_other(run: Run, tiny: UNetModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = tiny.noise

    def spoilt(seed: int, width: int, height: int, count: int = 1) -> torch.Tensor:
        return noise(seed, width, height, count) * (float("nan") if seed == 2 else 1.0)

    monkeypatch.setattr(tiny, "noise", spoilt)
    monkeypatch.setattr("animate.models.load_model", lambda **_: tiny)
    flags = ("--steps", "2", "--guidance", "1", "--frames", "4", "--pace", "linear", "--no-store")
    code, out, err = run("a seed", "a tree", *flags, "--count", "3", "--json", "-o", "film.gif")
    assert code == 2
    written = [json.loads(line)["path"] for line in out.splitlines()]
    assert len(written) == 2
    assert sorted(path.name for path in tmp_path.glob("*.gif")) == sorted(written)
    assert "numbers overflowed" in err
    assert err.splitlines()[-1] == "animate: 1 of 3 films could not be drawn; the others are written"


def test_what_happens_while_drawing_is_heard_by_whoever_asked(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not by the listener of the model, which outlives its films."""
    from animate import load_model

    own = Heard()
    model = load_model(str(tiny_folder), device="cpu", dtype="bfloat16", batch_size=2, report=own)
    assert isinstance(model, UNetModel)

    def spoil(part: Any, _: object, out: Any) -> None:
        if part.dtype == torch.bfloat16:
            out.sample.mul_(float("nan"))

    model.unet.register_forward_hook(spoil)
    heard = Heard()
    assert len(list(render(STORY.replace(frames=2), model, report=heard))) == 2
    assert [line for line in heard.warnings if "overflows in bfloat16" in line]
    assert not own.warnings


def test_what_lies_beside_a_flagged_picture_is_drawn_at_once(tiny: UNetModel, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = list(render(STORY, tiny))
    work.calls = 0
    list(render(STORY, tiny))
    before, work.calls = work.calls, 0
    asked = list[np.ndarray]()

    def flagged(images: np.ndarray) -> list[bool]:
        asked.extend(images)
        return [np.array_equal(image, plain[3]) or len(asked) in (5, 6, 7) for image in images]

    monkeypatch.setattr(tiny, "safety", SimpleNamespace(flagged=flagged))
    heard = Heard()
    assert len(list(render(STORY, tiny, report=heard))) == 12
    assert work.calls == before + SAMPLING["steps"], "one batch more, though three of its pictures were flagged, too"
    assert heard.warnings[-1].startswith("the safety checker flagged 1 of 12 pictures: 1 are drawn a little beside")


def test_flagged_pictures_are_told_of_a_film_that_is_left(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = list(render(STORY, tiny))
    monkeypatch.setattr(tiny, "safety", SimpleNamespace(flagged=lambda images: [np.array_equal(images[0], plain[1])]))
    heard = Heard()
    with render(STORY, tiny, report=heard) as images:
        for _ in range(3):
            next(images)
    assert len([line for line in heard.warnings if "flagged 1 of 12" in line]) == 1
    images.close()
    assert len([line for line in heard.warnings if "flagged 1 of 12" in line]) == 1


def test_no_memory_for_what_nobody_expects_to_be_large_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("animate.film.setup.Setup.load", load)
    assert run("a seed", "a tree") == (2, "", "animate: not enough memory; end other programs, or use smaller --width and --height\n")


def test_a_sheet_that_its_file_cannot_hold_is_refused_before_anything_is_drawn(setup: Setup, tmp_path: Path, work: Work) -> None:
    story, heard = Storyboard.of("a", "b", "c", frames=3, width=8192, height=64, sampling=SAMPLING), Heard()
    with pytest.raises(AnimateError, match=r"sheet\.webp: \d+ x \d+ pixels are too many for \.webp; allowed: up to 16383 on a side"):
        still_job.write_sheet(story, setup, heard, still_job.Sheet(tmp_path / "sheet.webp", (), columns=3), replace=True)
    assert work.calls == 0
    assert not [*tmp_path.glob("*.webp")]
