"""Camera moves as values: one move, several in a row, and whether they come back. Knows nothing of pictures or frames."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Move:
    """How the camera moves from one frame to the next: it shifts, zooms and turns about its middle. The picture moves the opposite way."""

    zoom: float = 1.0  # a factor: above 1, things look larger
    right: float = 0.0  # pixels
    down: float = 0.0  # pixels
    turn: float = 0.0  # degrees, clockwise

    @property
    def scale_and_turn(self) -> complex:
        """What a point of the picture, as x + iy from its middle with y downwards, is multiplied by."""
        return cmath.rect(self.zoom, -math.radians(self.turn))


def net(moves: Iterable[Move]) -> Move:
    """One move that does what these do one after the other."""
    scale, shift = 1 + 0j, 0j  # a point z of the first picture is seen at scale * z + shift
    for move in moves:
        scale, shift = move.scale_and_turn * scale, move.scale_and_turn * (shift - complex(move.right, move.down))
    back = -shift / scale
    return Move(abs(scale), back.real, back.imag, -math.degrees(cmath.phase(scale)))


def returns(moves: Iterable[Move]) -> bool:
    """Whether the camera ends where it began, within half a pixel and a thousandth of size and turn."""
    whole = net(moves)
    return abs(whole.scale_and_turn - 1) <= 1e-3 and abs(complex(whole.right, whole.down)) <= 0.5
