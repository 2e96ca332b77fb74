"""Easings: how fast a film moves from one keyframe to the next. A new one is one entry of the table; help and error texts follow from it."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..errors import AnimateError, did_you_mean

Ease = Callable[[float], float]  # share of the way that has passed, 0 to 1 -> mix, 0 to 1

EASES: dict[str, Ease] = {
    "linear": lambda t: t,
    "in": lambda t: t * t,
    "out": lambda t: t * (2 - t),
    "in-out": lambda t: t * t * (3 - 2 * t),
    "sine": lambda t: (1 - math.cos(math.pi * t)) / 2,
    "step": lambda t: 0.0,
}


def ease(name: str) -> Ease:
    """The easing of this name. Raises AnimateError for a name that is not in the table."""
    if name not in EASES:
        raise AnimateError(f'ease "{name}" is not known; allowed: {", ".join(EASES)}{did_you_mean(name, EASES)}')
    return EASES[name]


def help_names() -> str:
    """The names for a help text: "linear, in, out, in-out, sine or step"."""
    *names, last = EASES
    return f"{', '.join(names)} or {last}"
