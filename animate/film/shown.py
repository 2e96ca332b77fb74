"""The images of a plan, decoded one by one: checked for safety, with in-betweens. Knows nothing of recipes or files."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator

import numpy as np
from torch import Tensor

from ..draw import inbetweens
from ..draw.runner import Runner
from ..errors import AnimateError
from ..media import flow
from ..pixels import Image
from ..plan.cel import MIX_UNIT, Cel, Plan
from ..plan.exact import blended, showing
from .film import Request
from .pacing import Paced
from .recipe import stretches

BESIDE = (1 / 64, -1 / 64, 1 / 32, -1 / 32)  # of a segment: where a flagged picture is drawn instead
BLANK = 250  # grey level of the picture that stands for a flagged one on a contact sheet


class Shown:
    """What a film shows, and what became known of it on the way."""

    def __init__(self, request: Request, paced: Callable[[], Paced], latents: Callable[[], Iterator[Tensor]], runner: Runner):
        """As `Pictures` has them."""
        self.request, self.runner = request, runner
        self._paced, self._latents = paced, latents
        self.known = Paced(Plan({}, ()))  # of the pace, so far
        self.between = request.story.between if request.verb == "film" else 0
        self.sizes: list[int] = []  # of the batches that the frames were drawn in, so far
        self.withheld: list[int] = []  # pictures that are not shown
        self._beside = 0  # pictures that were drawn elsewhere because they were flagged

    def pace(self) -> Paced:
        """The plan, how its segments are paced, and how many probes that took. Draws them, the first time."""
        self.known = self._paced()
        return self.known

    def hardware(self) -> tuple[tuple[int, str], ...]:
        """By workers that differ: what the frames so far were drawn on, from which frame on; else nothing."""
        drawn = [self.runner.hardware_of(key) for key in self.known.plan.order[: len(self.sizes)]]
        return ((0, drawn[0]), *stretches(drawn)) if any(drawn) else ()

    @property
    def flowing(self) -> bool:
        """Whether in-betweens follow the motion: those are made of pictures, and others of latents."""
        return bool(self.between) and self.request.story.between_by == "flow"

    @property
    def _closed(self) -> bool:
        return self.request.story.loop != "none"

    def images(self) -> Generator[Image]:
        """All of them, uint8 (H, W, 3), in-betweens included."""
        images = _gaps_filled(self._checked())
        yield from flow.flowing(images, self.between, self._closed) if self.flowing else images

    def tell_of_flagged(self) -> None:
        """How many pictures the safety checker has flagged so far, and what is shown instead."""
        flagged = self._beside + len(self.withheld)
        if flagged:
            count = f"the safety checker flagged {flagged} of {len(self.known.plan.order)} pictures"
            instead = f"{self._beside} are drawn a little beside, {len(self.withheld)} show a neighbour; --no-safety shows them"
            self.runner.report.warn(f"{count}: {instead}")

    def _shown(self, plan: Plan) -> Iterator[tuple[Cel | None, Tensor]]:
        """Cels and latents in order; in-betweens that are blends of latents are no cels."""
        latents, count = self._noted(), self.between
        cels = [plan.cels[key] for key in plan.order]
        if not count or self.flowing:
            return zip(cels, latents, strict=True)
        with_gaps = itertools.chain.from_iterable([cel, *[None] * count] for cel in cels)
        return zip(with_gaps, inbetweens.blends(latents, count, self._closed), strict=False)

    def latents(self) -> Iterator[Tensor]:
        """Of every frame, in order, not decoded."""
        self.pace()
        yield from self._noted()

    def _noted(self) -> Iterator[Tensor]:
        """The latents, and in which batches they were drawn."""
        for latents in self._latents():
            self.sizes.append(self.runner.drawn_in)
            yield latents

    def _checked(self) -> Iterator[Image | None]:
        """Decoded images, one that is shown on and on decoded once; None for one that may not be shown."""
        plan, before, image = self.pace().plan, None, None
        every = 1 + self.between * self.flowing
        for number, (cel, latents) in enumerate(self.runner.announced(self._shown(plan))):
            if cel is None or cel is not before:
                before, image = cel, self._allowed(cel, latents)
            if image is None:
                self.withheld.append(number * every)
            yield self._blank() if image is None and self.request.verb == "sheet" and len(plan.order) > 1 else image

    def _allowed(self, cel: Cel | None, latents: Tensor) -> Image | None:
        """The picture, or one from very near it if the safety checker flags it; None if it flags those, too."""
        model = self.runner.model
        for number, state in enumerate(itertools.chain([latents], self._near(cel) if cel else ())):
            image = self.runner.decode(state, shown_once=cel is None)
            if model.safety is None or not model.safety.flagged(image[None])[0]:
                self._beside += bool(number)
                return image
        return None

    def _near(self, cel: Cel) -> Iterator[Tensor]:
        """Drawn at mixes on both sides of a cel's own, in one batch; none for a still, which has no sides, nor for what is fed back."""
        a, b, mix = cel.blend.a, cel.blend.b, cel.blend.mix
        others = [mix + step for step in BESIDE if a != b and not cel.start.move and 0 < mix + step < 1]
        plan = Plan.showing([showing(blended(a, b, round(other * MIX_UNIT)), self.request.story) for other in others])
        with contextlib.closing(self.runner.latents(plan, "")) as near:
            yield from near

    def _blank(self) -> Image:
        return np.full((self.request.story.height, self.request.story.width, 3), BLANK, np.uint8)


def _gaps_filled(images: Iterable[Image | None]) -> Iterator[Image]:
    """Every None gives way to the last image, those before the first one to the first. Raises AnimateError if there is none at all."""
    last, missing = None, 0
    for image in images:
        last = last if image is None else image
        if last is None:
            missing += 1
            continue
        yield from itertools.repeat(last, 1 + missing)
        missing = 0
    if missing:
        raise AnimateError("the safety checker flags every picture; use another prompt or seed, or --no-safety, which shows what it flags")
