"""What the command says while it works: lines and a bar on standard error. Standard output is left to results."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

import click

from ..places import cache
from ..report import Report


def say(line: str) -> None:
    """One line to the person, never to what reads standard output. It is not worth a film if nobody can hear it."""
    with contextlib.suppress(OSError):
        click.echo(f"animate: {printable(line)}", err=True)


def flush() -> None:
    """Results are on their way now, or it is known that they are not: then Python does not try again at its end. Raises OSError."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def say_once(name: str, line: str) -> None:
    """One line that a person needs to read once: a file of this name in the cache remembers that."""
    told = cache() / "told" / name
    if told.exists():
        return
    say(line)
    with contextlib.suppress(OSError):  # then it is said again
        told.parent.mkdir(parents=True, exist_ok=True)
        told.touch()


def printable(text: str) -> str:
    """What comes from files and arguments, without what would move the cursor or begin a line."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


class Console(Report):
    """Messages of one command; on a terminal with a bar below them. Leave it (`with`) to remove the bar."""

    def __init__(self) -> None:
        self.bar: Any = None

    def __enter__(self) -> Console:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def log(self, line: str) -> None:
        self._above(line, err=True)

    def warn(self, line: str) -> None:
        self._above(f"warning: {line}", err=True)

    def result(self, line: str) -> None:
        """To standard output."""
        self._above(line, err=False)

    def _above(self, line: str, err: bool) -> None:
        if self.bar is not None:
            self.bar.clear()
        if err:
            say(line)
        else:
            click.echo(line)

    def progress(self, stage: str, done: int, total: int) -> None:
        if sys.stderr is None or not sys.stderr.isatty():
            return
        if self.bar is None:
            from tqdm import tqdm

            self.bar = tqdm(unit="frame", leave=False)
        self.bar.set_description(stage, refresh=False)
        self.bar.total, self.bar.n = total or None, done
        self.bar.refresh()
