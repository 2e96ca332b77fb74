"""What the value of an option may be: one voice in which a value is refused. Knows no command.

A range that depends on nothing is the storyboard's to check; here it is where there is no storyboard.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..errors import did_you_mean
from ..places import path_of
from ..story.storyboard import LARGEST_SEED
from .console import say

LONGEST = 40  # characters of a value that are shown when it is refused


class Whole(click.ParamType[int]):
    """A whole number."""

    name = "integer"

    def __init__(self, least: int | None = None, most: int | None = None):
        """Both ends are allowed; None: no end."""
        self.least, self.most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        digits = re.fullmatch(r"\s*[+-]?\d{1,20}\s*", str(value), re.ASCII)
        within = digits and (self.least is None or self.least <= int(value)) and (self.most is None or int(value) <= self.most)
        if not within:
            start = "" if self.least is None else f" from {self.least}"
            self.fail(f"{_shown(value)}; allowed: a whole number{start}{'' if self.most is None else f' to {self.most}'}", param, ctx)
        return int(value)


class Number(click.ParamType[float]):
    """A number, with a decimal point if need be."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return float(value)
        except ValueError:
            self.fail(f"{_shown(value)}; allowed: a number, such as 12 or 0.5", param, ctx)


class OneOf(click.Choice[str]):
    """One of some words."""

    def __init__(self, words: Sequence[str]):
        super().__init__(words)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            self.fail(f"{_shown(value)}; allowed: {', '.join(self.choices)}{did_you_mean(str(value), self.choices)}", param, ctx)
        return str(value)


def _shown(value: Any) -> str:
    return f'"{str(value)[:LONGEST]}"'


class Seed(click.ParamType[int]):
    """A whole number, or "random": then it is drawn, and printed, so that the picture can be drawn again."""

    name = "integer or random"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == "random":
            drawn = secrets.randbelow(2**32)
            say(f"seed {drawn}")
            return drawn
        if not re.fullmatch(r"\s*\d{1,20}\s*", str(value), re.ASCII) or int(value) > LARGEST_SEED:
            self.fail(f'"{str(value)[:40]}" is no seed; allowed: a number from 0 to {LARGEST_SEED}, or "random"', param, ctx)
        return int(value)


class Place(click.ParamType[Path]):
    """A file or folder. "~" is the home folder, an empty name (of a variable that is not set) is none."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if value == "":
            self.fail("an empty name; name a file, or leave the option out", param, ctx)
        return path_of(value)


class Output(click.ParamType[str]):
    """Where something is written, in the person's own spelling: a "/" at its end asks for a folder."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value == "":
            self.fail("an empty name; name a file, or leave the option out", param, ctx)
        if value == "-":
            self.fail("standard output takes no film: its file is finished by going back in it; name a file", param, ctx)
        return os.path.expanduser(str(value))  # noqa: PTH111 - a Path has no "/" at its end
