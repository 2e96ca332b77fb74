"""Feedback: how the picture before begins the next one, and what keeps a long chain of such pictures from drifting.

Every generation of denoising burns in or fades a little, and so does a VAE. Each fed-back picture is therefore given the look
(colours, contrast, detail) of the pictures that its endpoints have without feedback, as far between them as its prompt is. That is
done in pixels: latents with the mean and spread of other latents do not show the colours of those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from ..blend import lerp, slerp
from ..models.base import Model
from ..plan.cel import Cel
from ..story.motion import Move
from . import camera
from .engine import Inputs

KEPT_PICTURES = 4  # decoded: the first of a cycle, some 3 MB at 512 pixels; in larger batches, that of each chain
KEPT_LOOKS = 64  # of endpoints: a few numbers each

Made = TypeVar("Made")


class Feedback:
    """For the chains of a film. What is asked for again and again is kept: the first picture of a cycle, the looks of endpoints."""

    def __init__(self, model: Model):
        self.model = model
        self.firsts, self.most = dict[str, Tensor](), max(KEPT_PICTURES, model.numerics.batch_size)
        self.looks = dict[str, tuple[camera.Statistics, camera.Statistics]]()

    def begun(self, cel: Cel, given: Inputs, move: Move) -> Tensor:
        """The latents that the next picture begins with: those of the one before, as the camera sees it now.

        At a cycle's end it is nearer to the first one. In pixels where the camera moves, where latents would blur.
        """
        previous, _, _, *first = given
        if {move, cel.start.home or move} == {Move()}:
            return slerp(previous, first[0], cel.start.mix) if first else previous
        seen = camera.warp(self._pixels(previous), move)
        if first:
            begun = _recent(self.firsts, self.most, cel.start.parents[-1], first[0], self._pixels)
            seen = lerp(seen, camera.warp(begun, cel.start.home or Move()), cel.start.mix)
        return self._latents(seen)

    def anchored(self, cel: Cel, given: Inputs, made: Tensor) -> Tensor:
        """A drawn picture, as latents, with the look of its endpoints' pictures.

        The way back through a VAE takes some of it, of vivid colours most: that is seen, and aimed at beforehand.
        """
        endpoints = zip(cel.start.parents[1:3], given[1:3], strict=True)
        first, second = (_recent(self.looks, KEPT_LOOKS, key, endpoint, self._aim) for key, endpoint in endpoints)
        wanted, aim = (a.blend(b, cel.blend.mix) for a, b in zip(first, second, strict=True))
        picture = self._pixels(made)
        left = camera.look(self._pixels(self._latents(camera.fitted(picture, aim))))
        return self._latents(camera.fitted(picture, aim.corrected(wanted, left)))

    def _aim(self, endpoint: Tensor) -> tuple[camera.Statistics, camera.Statistics]:
        """The look of an endpoint's picture, and what to aim at so that so much is left of it."""
        picture = self._pixels(endpoint)
        own = camera.look(picture)
        return own, own.corrected(own, camera.look(self._pixels(self._latents(picture))))

    def _pixels(self, latents: Tensor) -> Tensor:
        """(3, H, W), -1..1."""
        return torch.from_numpy(self.model.decode(latents[None])[0]).permute(2, 0, 1).float().div(127.5).sub(1)

    def _latents(self, picture: Tensor) -> Tensor:
        pixels = picture.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
        return self.model.encode(pixels[None])[0]


def _recent(kept: dict[str, Made], most: int, key: str, latents: Tensor, make: Callable[[Tensor], Made]) -> Made:
    """What is made of these latents, or was not long ago."""
    made = kept.pop(key) if key in kept else make(latents)
    kept[key] = made  # the last is the youngest
    if len(kept) > most:
        del kept[next(iter(kept))]
    return made
