"""The measure of things that are built: with corners, arches, wheels and lamps."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pen import INK, RGB, SNOW, Point, blend, shade
from subjects.figure import Figure
from subjects.shapes import arc, box

WOOD: RGB = (150, 98, 58)


def turning(u: float, v: float, ru: float, rv: float, start: float, end: float, steps: int = 20) -> list[Point]:
    """Points on an ellipse by angle (0 forwards, pi/2 up), in a construction's measure."""
    return arc(u, v, ru, -rv, start, end, steps)


class Construction(Figure):
    def polygon(self, points: Sequence[Point], color: RGB, glows: bool = False) -> None:
        self.pen.polygon([self.at(u, v) for u, v in points], color, glows)

    def ellipse(self, u: float, v: float, ru: float, rv: float, color: RGB, glows: bool = False) -> None:
        self.pen.ellipse(*self.at(u, v), ru * self.s, rv * self.s, color, glows)

    def blob(self, points: Sequence[Point], color: RGB, glows: bool = False) -> None:
        self.pen.blob([self.at(u, v) for u, v in points], color, glows)

    def box(self, u0: float, v0: float, u1: float, v1: float, color: RGB, glows: bool = False) -> None:
        self.polygon([(u0, v0), (u1, v0), (u1, v1), (u0, v1)], color, glows)

    def rounded(self, u0: float, v0: float, u1: float, v1: float, corner: float, color: RGB, glows: bool = False) -> None:
        """A box with round corners."""
        box(self.pen, *self.at((u0 + u1) / 2, (v0 + v1) / 2), (u1 - u0) / 2 * self.s, (v1 - v0) / 2 * self.s, corner * self.s, color, glows)

    def sided(self, outline: Sequence[Point], color: RGB, dark: float = 0.84) -> None:
        """A shape around u = 0 whose half away from the sun is darker; its outline must cross the middle at foot and top."""
        self.polygon(outline, color)
        self.polygon([(u if u * self.away > 0 else 0.0, v) for u, v in outline], shade(color, dark))

    def arch(self, u: float, foot: float, half: float, height: float, color: RGB, glows: bool = False) -> None:
        """A door or window with a round head."""
        self.polygon([(u - half, foot), (u + half, foot), *turning(u, foot + height - half, half, half, 0, math.pi)], color, glows)

    def snowy(self, color: RGB, amount: float = 0.9) -> RGB:
        return blend(color, SNOW, amount * self.pen.world.snow)

    def wheel(self, u: float, v: float, r: float, hub: RGB, share: float = 0.5) -> None:
        """A tyre with its hub; a pale rim keeps it apart from the night."""
        self.ellipse(u, v, r, r, INK)
        self.ellipse(u, v, (share + 0.12) * r, (share + 0.12) * r, (86, 88, 98))
        self.ellipse(u, v, share * r, share * r, hub)
        self.ellipse(u, v, 0.4 * share * r, 0.4 * share * r, shade(hub, 0.6))
