"""What the command says while it works: lines and a bar on standard error. Standard output is left to results."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from ..places import cache
from ..report import Report

if TYPE_CHECKING:
    from ..pixels import Image
    from .preview import Preview


SOON = 1.0  # seconds of a stage before its pace says anything: what lay in the store comes all at once


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
    """Messages of one command; on a terminal with a line below them: what goes on, how far it is, since when and for how long.

    Leave it (`with`) to remove that line.
    """

    def __init__(self, preview: Preview | None = None) -> None:
        self.line: Any = None  # rich's Progress, with one task
        self.preview = preview

    def __enter__(self) -> Console:
        return self

    def __exit__(self, *_: object) -> None:
        if self.line is not None:
            self.line.stop()
        if self.preview:
            self.preview.close()

    def log(self, line: str) -> None:
        say(line)

    def warn(self, line: str) -> None:
        say(f"warning: {line}")

    def result(self, line: str) -> None:
        """To standard output."""
        if self.line is not None:
            self.line.stop()
        click.echo(line)

    def progress(self, stage: str, done: int, total: int) -> None:
        """A stage has a clock of its own: what is left of drawing is not counted by how long the probes took."""
        if self.line is None:
            if sys.stderr is None or not sys.stderr.isatty():
                return
            self.line = _line()
            self.line.add_task(stage, total=total or None, step="")
        task = self.line.tasks[0]
        if task.description != stage:
            self.line.reset(task.id, description=stage, total=total or None, completed=done, step="")
        self.line.update(task.id, completed=done, total=total or None)
        self.line.start()

    def step(self, done: int, total: int) -> None:
        if self.line is not None:
            self.line.update(self.line.tasks[0].id, step=f"step {done}/{total}" if done < total else "")

    def picture(self, image: Image) -> None:
        if self.preview:
            self.preview.show(image)


def _line() -> Any:
    """A line on standard error that is drawn anew several times a second, so that its clock runs while nothing is done yet."""
    from rich.console import Console as Terminal  # here, so that the command starts at once
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
    from rich.text import Text

    class Left(ProgressColumn):
        """Pictures a second, and the time left at that rate."""

        def render(self, task: Task) -> Text:
            if not task.speed or task.total is None or task.time_remaining is None:
                return Text("")
            if task.completed >= task.total or (task.elapsed or 0) < SOON:
                return Text("")
            return Text(f"{task.speed:.2g}/s, {_clock(task.time_remaining)} left")

    class Done(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if task.total is None else f"{task.completed:g}/{task.total:g}")

    words, step = TextColumn("{task.description}"), TextColumn("{task.fields[step]}")
    columns = (SpinnerColumn(), words, BarColumn(12), Done(), TimeElapsedColumn(), Left(), step)
    # What is written to standard error meanwhile stands above the line; results never go there.
    return Progress(*columns, console=Terminal(stderr=True), transient=True, redirect_stdout=False, speed_estimate_period=60)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes}:{rest:02}"
