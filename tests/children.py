"""Processes of their own for what would harm this one: kills, full disks, scripts that set global switches.

They are forked from a server that has the libraries loaded, since importing torch and diffusers takes a new process five seconds.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion", "animate.models.families.unet", "animate.film.job"])


def python(*arguments: str) -> None:
    """In a child: what `python -m MODULE ...` or `python SCRIPT.py ...` does, to the end of the process."""
    try:
        if arguments[0] == "-m":
            sys.argv = [*arguments[1:]]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = [*arguments]
            sys.path.insert(0, str(Path(arguments[0]).parent))
            runpy.run_path(arguments[0], run_name="__main__")
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)


class Child:
    """A function and its arguments, running in a process of its own: here and with the environment of the one that starts it."""

    def __init__(self, outputs: Path, function: Callable[..., None], *arguments: Any):
        self.outputs = outputs  # a folder for stdout and stderr
        self.process = SERVER.Process(target=_run, args=(outputs, dict(os.environ), Path.cwd(), function, arguments))
        self.process.start()
        while self.process.is_alive() and not (outputs / "stderr").exists():
            time.sleep(0.01)

    @property
    def pid(self) -> int:
        """Of the process, and of its group, to which a terminal sends its signals."""
        assert self.process.pid is not None
        return self.process.pid

    def wait(self, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """How it ended, and what it wrote."""
        self.process.join(timeout)
        code = self.process.exitcode
        if code is None:
            raise TimeoutError(f"still running after {timeout:g} s: {(self.outputs / 'stderr').read_text()}")
        return subprocess.CompletedProcess((), code, *((self.outputs / name).read_text() for name in ("stdout", "stderr")))


def _run(outputs: Path, environment: dict[str, str], folder: Path, function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name, number in (("stdout", 1), ("stderr", 2)):
        os.dup2(os.open(outputs / name, os.O_WRONLY | os.O_CREAT), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    function(*arguments)
