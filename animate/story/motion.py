"""Camera moves as values: one move, several in a row, and whether they come back. Knows nothing of pictures or frames."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Move:
    """How the camera moves from one frame to the next: it shifts, comes nearer and turns about its middle. What it sees goes the other way."""

    zoom: float = 1.0  # above 1: nearer
    right: float = 0.0  # pixels
    down: float = 0.0  # pixels
    turn: float = 0.0  # degrees, clockwise

    @property
    def factor(self) -> complex:
        """What a place of the picture, as x + iy from the middle with y downwards, is multiplied by."""
        return cmath.rect(self.zoom, -math.radians(self.turn))


def net(moves: Iterable[Move]) -> Move:
    """One move that does what these do one after the other."""
    scale, shift = 1 + 0j, 0j  # a place z of the first picture is seen at scale * z + shift
    for move in moves:
        scale, shift = move.factor * scale, move.factor * (shift - complex(move.right, move.down))
    back = -shift / scale
    return Move(abs(scale), back.real, back.imag, -math.degrees(cmath.phase(scale)))


def returns(moves: Iterable[Move]) -> bool:
    """Whether the camera ends where it began, within half a pixel and a thousandth of the size."""
    whole = net(moves)
    return abs(whole.factor - 1) <= 1e-3 and abs(complex(whole.right, whole.down)) <= 0.5
