"""What a subject is to the scenes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pen import Pen

Draw = Callable[[Pen, float, float, float], None]  # pen, x and y of the middle of the foot, scale


@dataclass(frozen=True)
class Subject:
    draw: Draw
    names: tuple[str, ...]  # singular; the first is the usual one, and is said most
    plurals: tuple[str, ...] = ()  # as many as names; ("",) * n where it cannot be counted
    home: str = "land"  # or "lake" (it floats), "sea floor" (a place not said is under water), "air" (it flies over a low horizon)
    series: str | None = None  # subjects of one series grow or change into each other
    stage: float = 0.0  # place in the series: 0, 1, 2, ...
    core: bool = False  # one of those that the small model learns, too
