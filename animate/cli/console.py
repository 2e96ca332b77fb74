"""What the command says while it works: lines and a bar on standard error. Standard output is left to results."""

from __future__ import annotations

import sys
from typing import Any

import click

from ..report import Report


def say(line: str) -> None:
    """One line to the person, never to what reads standard output."""
    click.echo(f"animate: {printable(line)}", err=True)


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
        if not sys.stderr.isatty():
            return
        if self.bar is None:
            from tqdm import tqdm

            self.bar = tqdm(unit="frame", leave=False)
        self.bar.set_description(stage, refresh=False)
        self.bar.total, self.bar.n = total or None, done
        self.bar.refresh()
