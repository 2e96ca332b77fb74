"""However a film by workers ends, no process of theirs is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from animate.media import reading
from children import python
from conftest import StartChild

LONG = 120.0  # seconds, after which something hangs


def until(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_no_process_is_left(number: signal.Signals, child: StartChild, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    film = ("a seed", "a tree", "--frames", "2000", "--steps", "4", "--pace", "linear", "--no-store", "-o", "film.webp")
    one = child(python, "-m", "animate", *film, "--model", str(tiny_folder), "--device", "cpu", "--workers", "1")
    until(lambda: any(path.stat().st_size > 1000 for path in tmp_path.glob(".animate-*")), "the film is being written")
    family = psutil.Process(one.pid).children(recursive=True)
    assert any("ray" in " ".join(process.cmdline()) for process in family)
    if number == signal.SIGINT:
        os.killpg(one.pid, number)  # as a terminal does it
    else:
        os.kill(one.pid, number)
    ended = one.wait(LONG)
    until(lambda: not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family), "all have ended")
    if number == signal.SIGINT:
        assert ended.returncode == 130, ended.stderr
        assert "stopped after" in ended.stderr
        assert 0 < len([*reading.frames(tmp_path / "film.webp")]) < 2000
