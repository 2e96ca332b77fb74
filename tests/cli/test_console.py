"""The line that a terminal shows while a film is drawn."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from children import python
from conftest import StartChild

pty = pytest.importorskip("pty", reason="a terminal of Unix")

TELLING = """
import time
from animate.cli.console import Console

with Console() as console:
    console.progress("loading", 0, 0)
    time.sleep(0.3)
    for probes in range(3):
        console.progress("finding an even pace", probes, 18)
        console.step(2, 6)
        time.sleep(0.3)
    console.warn("something that a person should know")
    for frames in range(5):
        console.progress("drawing", frames, 24)
        time.sleep(0.3)
    console.result("film.mp4")
"""


def on_a_terminal(script: str, folder: Path) -> str:
    """What a program writes to a terminal of 80 columns, without the colours."""
    (folder / "script.py").write_text(script)
    ours, its = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
    running = subprocess.Popen([sys.executable, str(folder / "script.py")], stdin=its, stdout=its, stderr=its, env=environment)
    os.close(its)
    written = b""
    with contextlib.suppress(OSError):  # so a terminal ends on Linux
        while data := os.read(ours, 4096):
            written += data
    os.close(ours)
    assert running.wait() == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    return on_a_terminal(TELLING, tmp_path_factory.mktemp("terminal"))


def test_it_says_what_goes_on_and_how_far_it_is(shown: str) -> None:
    for words in ("loading", "finding an even pace", "2/18", "step 2/6", "drawing", "4/24"):
        assert words in shown


def test_its_clock_runs_while_nothing_is_done(shown: str) -> None:
    assert len(re.findall("loading", shown)) >= 2, "drawn again and again"


def test_a_stage_has_its_own_clock_and_rate(shown: str) -> None:
    drawing = shown[shown.index("drawing") :]
    assert "0:00:00" in drawing, "it begins anew, at the first frame"
    rates = [float(rate) for rate in re.findall(r"([\d.]+)/s, 0:\d\d left", drawing)]
    assert rates
    assert all(1 < rate < 5 for rate in rates), "three frames a second, whatever loading and probes took"


def test_warnings_stand_above_it_and_results_are_alone(shown: str) -> None:
    assert "animate: warning: something that a person should know\r\n" in shown
    assert shown.rstrip().endswith("film.mp4")


def test_nothing_is_shown_where_there_is_no_terminal(child: StartChild, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(TELLING)
    done = child(python, str(tmp_path / "script.py")).wait()
    assert done.stdout == "film.mp4\n"
    assert done.stderr == "animate: warning: something that a person should know\n"
