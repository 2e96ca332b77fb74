"""The images of a film as an iterator, and the recipe of those that were drawn. Writes no file."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Self

from torch import Tensor

from ..draw.runner import Runner
from ..media.sound import Sound
from ..models.base import nothing
from ..pixels import Image, Picture
from ..places import path_of
from . import recipe
from .film import Film, Request
from .pacing import Paced
from .recipe import Made, Recipe
from .shown import Shown


class Pictures(Iterator[Image]):
    """Read-only images, uint8 (H, W, 3), drawn as they are asked for. `write_video` finds their rate, their sound and their recipe here.

    A picture that the safety checker flags gives way to one drawn a little beside it, or to its neighbour.
    """

    def __init__(
        self,
        request: Request,
        paced: Callable[[], Paced],
        latents: Callable[[], Iterator[Tensor]],
        runner: Runner,
        leave: Callable[[], object] = nothing,
    ):
        """paced: the plan, which may have to be measured first. latents: of every frame of that plan, in order.

        leave: to be called when nobody wants the images any more, closed or dropped; from any thread.
        """
        self.request, self.runner = request, runner
        self._shown = Shown(request, paced, latents, runner)
        # The generator knows what is shown and not this object, which therefore dies with its last name, and gives up what is in flight.
        self._images = self._shown.images()
        self._leave = weakref.finalize(self, leave)
        self._leave.atexit = False
        self.digests: list[str] = []

    def __next__(self) -> Image:
        try:
            image = next(self._images)
        except StopIteration:
            self.close()
            raise
        image = image.view(Picture)
        image.setflags(write=False)  # it may be shown again
        self.digests.append(recipe.digest(image))
        return image

    def __length_hint__(self) -> int:
        """How many are still to come."""
        request = self.request
        if not self._leave.alive:
            return 0
        if not isinstance(request, Film):
            return len(request.story.keyframes) - len(self.digests)
        return (request.story.written if request.only is None else len(request.only)) - len(self.digests)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up what is being drawn, and wait until it is: for one denoising step at most. There are no more images then."""
        if not self._leave.alive:
            return
        self._images.close()
        self._leave()
        self.runner.settle()
        if self.digests:  # otherwise it is an error, and not one picture was handed out
            self._shown.tell_of_flagged()

    def latents(self) -> Iterator[Tensor]:
        """Draw without looking: the latents of every frame, (C, h, w), in order. The recipe then says all but what images there are."""
        self.runner.looked_at = False
        yield from self._shown.latents()

    def pace(self) -> Paced:
        """The plan, how its segments are paced, and how many probes that took. Draws them, the first time."""
        return self._shown.pace()

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
        return self._shown.known.probes

    @property
    def made(self) -> Made:
        """By which model and where. The batch size is that of the first picture."""
        n, model, request = self.runner.numerics, self.runner.model, self.request
        size = self._shown.sizes[0] if self._shown.sizes else n.batch_size
        return Made(
            model=model.name, fingerprint=model.fingerprint, device=n.device, dtype=n.dtype, batch_size=size, hardware=n.hardware,
            kernels=n.kernels, versions=recipe.versions(self._shown.flowing), images=dict(request.images.digests), extras=model.extras,
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
            batches=recipe.stretches(self._shown.sizes),
            digests=tuple(self.digests),
            frames=request.only if isinstance(request, Film) else None,
            withheld=tuple(self._shown.withheld),
            curves=self._shown.known.curves,
            hardware=self._shown.hardware(),
        )

    def note(self, count: int) -> str:
        """The recipe of the first `count` images as text, for `write_video`."""
        return self.recipe.model_copy(update={"digests": tuple(self.digests[:count])}).pack()

    def note_of_last(self) -> str:
        """The recipe of the last still alone."""
        whole, last = self.recipe, len(self.digests) - 1
        story = whole.storyboard.model_copy(update={"keyframes": (self.request.story.keyframes[last],), "frames": 2, "loop": "cycle"})
        made = whole.made.model_copy(update={"batch_size": self._shown.sizes[last]})
        return whole.model_copy(update={"verb": "still", "storyboard": story, "made": made, "batches": (), "digests": (self.digests[last],)}).pack()

    def note_of_sheet(self, labels: Sequence[str], columns: int | None = None) -> str:
        """The recipe of a contact sheet with these labels, and so many pictures in a row."""
        return self.recipe.model_copy(update={"labels": tuple(labels), "columns": columns}).pack()
