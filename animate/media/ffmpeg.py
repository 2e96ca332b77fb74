"""How ffmpeg is called: the program that imageio-ffmpeg brings, quiet, and with the same bytes for the same film."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import imageio_ffmpeg

from ..errors import AnimateError

REPRODUCIBLE = ("-fflags", "+bitexact", "-flags:v", "+bitexact")  # for outputs: no dates, no random numbers


def program() -> str:
    """Its path. Raises RuntimeError if there is none."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def command(*arguments: str) -> list[str]:
    return [program(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *arguments]


# A session of its own: Ctrl-C in a terminal reaches the whole group, and would cut a file before it is closed.
ALONE: dict[str, Any] = {"creationflags": 0x200} if os.name == "nt" else {"start_new_session": True}  # CREATE_NEW_PROCESS_GROUP


def run(*arguments: str, timeout: float | None = None) -> bytes:
    """What it writes to standard output. Raises AnimateError with its own words."""
    try:
        done = subprocess.run(command(*arguments), capture_output=True, timeout=timeout, **ALONE)
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        raise AnimateError(f"ffmpeg does not run ({error}); look at: animate doctor") from error
    if done.returncode:
        raise AnimateError(f"ffmpeg failed: {words(done.stderr)}")
    return bytes(done.stdout)


def words(said: bytes) -> str:
    """The end of what it said, in one line."""
    return " ".join(said.decode(errors="replace").split())[-400:] or "without a word"


def check() -> None:
    """Raises AnimateError if ffmpeg does not start: better before hours of drawing than after."""
    try:
        subprocess.run(command("-version"), capture_output=True, check=True)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise AnimateError(f"ffmpeg does not start ({error}); unset IMAGEIO_FFMPEG_EXE, or: pip install --force-reinstall imageio-ffmpeg") from error
