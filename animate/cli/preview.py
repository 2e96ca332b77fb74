"""The newest picture while a film is drawn: in a file that an image viewer follows, and once in terminals that show pictures."""

from __future__ import annotations

import base64
import io
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import PIL.Image

from ..media.publish import temporary_name
from ..media.writers import still_name
from ..pixels import Image

EVERY = 0.5  # seconds from one picture in the file to the next
SIDE = 160  # pixels of the longer side of a picture in a terminal
CHUNK = 4096  # characters of a command of kitty's graphics protocol


class Preview:
    """Call `show` with every picture and `close` at the end, so that the file holds the last one."""

    def __init__(self, path: Path | None):
        """path: of the file, kept up to date; none: only the terminal. Raises AnimateError if nothing can be written there."""
        self.path = path
        if path:
            still_name(path)
        self._shown = 0.0  # when a picture was written last
        self._waiting: Image | None = None
        self._inline = protocol(os.environ) if sys.stderr is not None and sys.stderr.isatty() else ""

    def show(self, image: Image) -> None:
        """uint8 (H, W, 3) RGB."""
        if self._inline:
            sys.stderr.write(in_terminal(image, self._inline) + "\n")
            sys.stderr.flush()
            self._inline = ""
        self._waiting = image
        if self.path and time.monotonic() - self._shown >= EVERY:
            self._write(self.path)

    def close(self) -> None:
        """Write the last picture, if it came too soon after the one before to be written then."""
        if self.path and self._waiting is not None:
            self._write(self.path)

    def _write(self, path: Path) -> None:
        assert self._waiting is not None
        with temporary_name(path) as temporary:  # a viewer never reads half a picture
            PIL.Image.fromarray(self._waiting).save(temporary)
            temporary.replace(path)
        self._shown, self._waiting = time.monotonic(), None


def protocol(environment: Mapping[str, str]) -> str:
    """How this terminal is sent pictures: "kitty", "iterm2" or "" if it shows none."""
    program = environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or environment.get("STY"):  # they swallow the codes
        return ""
    if environment.get("KITTY_WINDOW_ID") or "kitty" in environment.get("TERM", "") or program == "ghostty":
        return "kitty"
    return "iterm2" if program in ("iTerm.app", "WezTerm", "mintty") or environment.get("LC_TERMINAL") == "iTerm2" else ""


def in_terminal(image: Image, protocol: str) -> str:
    """The control codes that show a small copy of the picture: kitty's graphics protocol, or iTerm2's inline images."""
    small, file = PIL.Image.fromarray(image), io.BytesIO()
    small.thumbnail((SIDE, SIDE))
    small.save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    if protocol == "iterm2":
        return f"\x1b]1337;File=inline=1;size={len(file.getvalue())};width={small.width}px;height={small.height}px:{data}\x07"
    chunks = [data[i : i + CHUNK] for i in range(0, len(data), CHUNK)]
    last = len(chunks) - 1
    return "".join(f"\x1b_G{'a=T,f=100,' * (i == 0)}m={int(i < last)};{chunk}\x1b\\" for i, chunk in enumerate(chunks))
