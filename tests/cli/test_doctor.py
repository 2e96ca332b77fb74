"""The doctor on sick machines: what is wrong is a line, and the other checks follow."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from animate.cli import doctor
from conftest import Run


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only those that say something of places: the others take seconds."""
    monkeypatch.setattr(doctor, "CHECKS", {name: doctor.CHECKS[name] for name in ("disk", "cache", "ffmpeg", "command")})


@pytest.mark.usefixtures("checks")
def test_a_path_may_hold_anything(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "animate").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "animate").write_bytes(b"\x7fELF" + b"\0" * 1000)
    places = ("", "gone", "loop", str(tmp_path), "/" + "x" * 5000, "other")
    monkeypatch.setenv("PATH", os.pathsep.join(places))
    code, out, err = run("doctor")
    assert (code, err) == (1, "")
    assert out.count("FAIL") == 1
    assert 'other/animate is another "animate" (ImageMagick\'s, perhaps); use python -m animate' in out
    assert out.splitlines()[-1].startswith("ok    command    python -m animate always works")


def test_where_settings_and_the_cache_are(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "CHECKS", {name: doctor.CHECKS[name] for name in ("settings", "cache")})
    monkeypatch.delenv("ANIMATE_CONFIG", raising=False)
    monkeypatch.setattr("animate.places.platformdirs.user_config_path", lambda name: tmp_path / name)
    monkeypatch.setenv("ANIMATE_CACHE", str(tmp_path / "cache"))
    lines = [
        f"ok    settings   none; {tmp_path}/animate/animate.toml is where they would be",
        f"ok    cache      {tmp_path}/cache; finished drawings are stored in it",
    ]
    assert run("doctor") == (0, "\n".join([*lines, ""]), "")
    (tmp_path / "mine.toml").write_text("")
    monkeypatch.setenv("ANIMATE_CONFIG", str(tmp_path / "mine.toml"))
    assert run("doctor")[1].startswith(f"ok    settings   in {tmp_path}/mine.toml\n")


@pytest.mark.usefixtures("checks")
def test_without_ffmpeg_a_folder_for_temporary_files_or_a_cache(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nonsense")
    monkeypatch.setenv("ANIMATE_CACHE", str(tmp_path / "animate.txt" / "cache"))
    (tmp_path / "animate.txt").write_text("")
    code, out, _ = run("doctor")
    assert code == 1
    assert "FAIL  ffmpeg     .mp4: ffmpeg does not start (No such file or directory); unset IMAGEIO_FFMPEG_EXE" in out
    assert "ok    ffmpeg     writes .webp" in out
    assert "ok    cache      nothing is kept: " in out
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    code, out, err = run("doctor")
    assert (code, err) == (1, "")
    assert "FAIL  ffmpeg" in out
    assert "No such file or directory" in out
    assert out.splitlines()[-1].startswith("ok    command"), "the checks after it follow"


@pytest.mark.usefixtures("checks")
def test_a_film_cannot_be_read_without_ffmpeg(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"0" * 100)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nonsense")
    code, out, err = run("score", "film.mp4")
    assert (code, out) == (2, "")
    assert err.startswith("animate: ffmpeg does not start (No such file or directory); unset IMAGEIO_FFMPEG_EXE")
