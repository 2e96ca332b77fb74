"""How ffmpeg is called: the program that imageio-ffmpeg brings, quiet, and with the same bytes for the same film."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from functools import lru_cache
from typing import Any

import imageio_ffmpeg

from ..errors import AnimateError, one_line

REPRODUCIBLE = ("-fflags", "+bitexact", "-flags:v", "+bitexact")  # for outputs: no dates, no random numbers

_SPEAKER = re.compile(r"^(\[[^]]*\] )+")
_AGAIN = re.compile(r"Error opening input files:|Last message repeated")  # lines that follow from those before

# A session of its own: Ctrl-C in a terminal reaches the whole process group, and would cut a file before it is closed.
OWN_SESSION: dict[str, Any] = {"creationflags": 0x200} if os.name == "nt" else {"start_new_session": True}  # CREATE_NEW_PROCESS_GROUP


def program() -> str:
    """Its path. Raises RuntimeError if there is none."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def command(*arguments: str) -> list[str]:
    """The command line: only errors are printed, nothing is asked, outputs are overwritten."""
    return [program(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *arguments]


def run(*arguments: str, timeout: float | None = None) -> bytes:
    """Run it to its end, at most `timeout` seconds. Returns its standard output. Raises AnimateError with ffmpeg's own message."""
    try:
        process = subprocess.run(command(*arguments), capture_output=True, timeout=timeout, **OWN_SESSION)
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        raise AnimateError(f"ffmpeg does not run ({one_line(error)}); look at: animate doctor") from error
    if process.returncode:
        raise AnimateError(f"ffmpeg failed: {message(process.stderr, process.returncode)}")
    return bytes(process.stdout)


def message(stderr: bytes, code: int = 1) -> str:
    """The end of what it wrote to standard error, in one line, without the names and addresses of its parts that speak; else how it ended.

    code: what it exited with; negative: the signal that ended it, as subprocess has it.
    """
    lines = (_SPEAKER.sub("", line).strip() for line in stderr.decode(errors="replace").splitlines())
    words = "; ".join(line for line in lines if line and not _AGAIN.match(line))[-400:]
    ended = f"the system ended it ({signal.strsignal(-code) or f'signal {-code}'})" if code < 0 else f"without a word, with exit code {code}"
    return words or ended


def check() -> None:
    """Raises AnimateError if ffmpeg does not start: better before hours of drawing than after."""
    try:
        _start(program())
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        hint = "unset IMAGEIO_FFMPEG_EXE, or: pip install --force-reinstall imageio-ffmpeg"
        raise AnimateError(f"ffmpeg does not start ({one_line(error)}); {hint}") from error


@lru_cache
def _start(program: str) -> None:
    subprocess.run([program, "-version"], capture_output=True, check=True)
