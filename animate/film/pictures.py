"""The images of a plan, decoded in order as they are asked for, and the recipe of those that were. Writes no file."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

import numpy as np
from torch import Tensor

from ..draw import inbetweens
from ..draw.runner import Runner
from ..errors import AnimateError
from ..media import flow
from ..media.sound import Sound
from ..pixels import Image
from ..places import path_of
from ..plan.cel import MIX_UNIT, Cel, Plan
from ..plan.exact import blended, showing
from . import recipe
from .film import Film, Request
from .pacing import Paced
from .recipe import Made, Recipe

BESIDE = (1 / 64, -1 / 64, 1 / 32, -1 / 32)  # of a segment: where a flagged picture is drawn instead
BLANK = 250  # grey level of the picture that stands for a flagged one on a contact sheet


class Pictures(Iterator[Image]):
    """Read-only images, uint8 (H, W, 3), drawn as they are asked for. `write_video` finds their rate, their sound and their recipe here.

    A picture that the safety checker flags gives way to one drawn a little beside it, or to its neighbour.
    """

    def __init__(self, request: Request, paced: Callable[[], Paced], latents: Callable[[], Iterator[Tensor]], runner: Runner):
        """paced: the plan, which may have to be measured first. latents: of every frame of that plan, in order."""
        self.request, self.runner = request, runner
        self._paced, self._latents, self._known = paced, latents, Paced(Plan({}, ()))
        self._between = request.story.between if request.verb == "film" else 0
        self._images = self._with_flow()
        self.digests: list[str] = []
        self._sizes: list[int] = []  # of the batches that the frames were drawn in, so far
        self._beside, self._withheld = 0, list[int]()  # pictures that were drawn elsewhere because they were flagged, or not shown

    def __next__(self) -> Image:
        image = next(self._images)
        image.setflags(write=False)  # it may be shown again
        self.digests.append(recipe.digest(image))
        return image

    def close(self) -> None:
        """Give up what is being drawn."""
        self._images.close()

    def pace(self) -> Paced:
        """The plan, how its segments are paced, and how many probes that took. Draws them, the first time."""
        self._known = self._paced()
        return self._known

    @property
    def fps(self) -> float | None:
        """Pictures a second, in-betweens counted; stills have none."""
        return self.request.story.written_fps if self.request.verb == "film" else None

    @property
    def sound(self) -> Sound | None:
        """The track under the film; None for stills, and for a part that does not begin where the track does."""
        story, request = self.request.story, self.request
        if not story.sound or not isinstance(request, Film) or not recipe.begins(request.only):
            return None
        return Sound(path_of(story.sound), story.sound_fit)

    @property
    def probes(self) -> int:
        """Pictures that were looked at to pace the film, so far."""
        return self._known.probes

    @property
    def _closed(self) -> bool:
        return self.request.story.loop != "none"

    def _with_flow(self) -> Generator[Image]:
        """With in-betweens that follow the motion, if they are asked for: those are made of pictures."""
        images = _gaps_filled(self._checked())
        if self._between and self.request.story.between_by == "flow":
            images = flow.flowing(images, self._between, self._closed)
        yield from images
        flagged = self._beside + len(self._withheld)
        if flagged:
            count = f"the safety checker flagged {flagged} of {len(self._known.plan.order)} pictures"
            instead = f"{self._beside} are drawn a little beside, {len(self._withheld)} show a neighbour; --no-safety shows them"
            self.runner.report.warn(f"{count}: {instead}")

    def _shown(self, plan: Plan) -> Iterator[tuple[Cel | None, Tensor]]:
        """Cels and latents in order; in-betweens that are blends of latents are no cels."""
        latents, count = self._noted(), self._between
        cels = [plan.cels[key] for key in plan.order]
        if not count or self.request.story.between_by == "flow":
            return zip(cels, latents, strict=True)
        with_gaps = itertools.chain.from_iterable([cel, *[None] * count] for cel in cels)
        return zip(with_gaps, inbetweens.blends(latents, count, self._closed), strict=False)

    def _noted(self) -> Iterator[Tensor]:
        """The latents, and in which batches they were drawn."""
        for latents in self._latents():
            self._sizes.append(self.runner.drawn_in)
            yield latents

    def _checked(self) -> Iterator[Image | None]:
        """Decoded images, one that is shown on and on decoded once; None for one that may not be shown."""
        plan, before, image = self.pace().plan, None, None
        every = 1 + self._between * (self.request.story.between_by == "flow")
        for number, (cel, latents) in enumerate(self._shown(plan)):
            if cel is None or cel is not before:
                before, image = cel, self._allowed(cel, latents)
            if image is None:
                self._withheld.append(number * every)
            yield self._blank() if image is None and self.request.verb == "sheet" and len(plan.order) > 1 else image

    def _allowed(self, cel: Cel | None, latents: Tensor) -> Image | None:
        """The picture, or one from very near it if the safety checker flags it; None if it flags those, too."""
        model = self.runner.model
        for number, state in enumerate(itertools.chain([latents], self._near(cel) if cel else ())):
            image: Image = self.runner.decode(state) if cel else model.decode(state[None])[0]  # in-betweens are shown once
            if model.safety is None or not model.safety.flagged(image[None])[0]:
                self._beside += bool(number)
                return image
        return None

    def _near(self, cel: Cel) -> Iterator[Tensor]:
        """Drawn at mixes on both sides of a cel's own; none for a still, which has no sides, nor for what is fed back."""
        a, b, mix = cel.blend.a, cel.blend.b, cel.blend.mix
        for other in (mix + step for step in BESIDE if a != b and not cel.start.move and 0 < mix + step < 1):
            plan = Plan.showing([showing(blended(a, b, round(other * MIX_UNIT)), self.request.story)])
            yield from self.runner.unkept(plan)

    def _blank(self) -> Image:
        return np.full((self.request.story.height, self.request.story.width, 3), BLANK, np.uint8)

    @property
    def made(self) -> Made:
        """By which model and where. The batch size is that of the first picture."""
        n, model, request = self.runner.numerics, self.runner.model, self.request
        flowing = bool(self._between) and request.story.between_by == "flow"
        size = self._sizes[0] if self._sizes else n.batch_size
        return Made(
            model=model.name, fingerprint=model.fingerprint, device=n.device, dtype=n.dtype, batch_size=size, hardware=n.hardware,
            kernels=n.kernels, versions=recipe.versions(flowing), images=dict(request.images.digests), extras=model.extras,
        )  # fmt: skip

    @property
    def recipe(self) -> Recipe:
        """Of the images drawn so far."""
        request = self.request
        return Recipe(
            version=1,
            made_by=recipe.MAKER,
            verb=request.verb,
            storyboard=request.story.replace(frames=request.story.count, fps=request.story.rate, duration=None),
            made=self.made,
            batches=recipe.stretches(self._sizes),
            digests=tuple(self.digests),
            frames=request.only if isinstance(request, Film) else None,
            withheld=tuple(self._withheld),
            curves=self._known.curves,
        )

    def note(self, count: int) -> str:
        """The recipe of the first `count` images as text, for `write_video`."""
        return self.recipe.model_copy(update={"digests": tuple(self.digests[:count])}).pack()

    def note_of_last(self) -> str:
        """The recipe of the last still alone."""
        whole, last = self.recipe, len(self.digests) - 1
        story = whole.storyboard.model_copy(update={"keyframes": (self.request.story.keyframes[last],), "frames": 2, "loop": "cycle"})
        made = whole.made.model_copy(update={"batch_size": self._sizes[last]})
        return whole.model_copy(update={"verb": "still", "storyboard": story, "made": made, "batches": (), "digests": (self.digests[last],)}).pack()

    def note_of_sheet(self, labels: Sequence[str], columns: int | None = None) -> str:
        """The recipe of a contact sheet with these labels, and so many pictures in a row."""
        return self.recipe.model_copy(update={"labels": tuple(labels), "columns": columns}).pack()


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
