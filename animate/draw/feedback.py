"""Feedback: each picture begins with the one before, and keeps the colours of its prompts. Knows nothing of frames, films or files.

Each time a picture is denoised, its colours burn in or fade a little, and so they do in a VAE. Every fed-back picture is therefore
given the statistics (mean, contrast, detail) of the pictures that its endpoints have without feedback, blended as its prompt is.
This is done in pixels: latents with the mean and standard deviation of other latents do not show the colours of those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ..blend import lerp, slerp
from ..models.base import Model
from ..pixels import Image
from ..plan.cel import Cel
from ..story.motion import Move
from .camera import warp
from .colour import Statistics, colours, match_colours, tones
from .decoder import Decoder
from .engine import Inputs

KEPT_PICTURES = 4  # the first of a cycle, 3 MB each at 512 pixels; in larger batches, that of each chain
KEPT_STATISTICS = 64  # of endpoints: a few numbers each

T = TypeVar("T")


class Feedback:
    """For the chains of a film. What is needed again and again is kept: first pictures of cycles, statistics of endpoints."""

    def __init__(self, model: Model):
        self.model, self.decoder = model, Decoder(model)
        self.firsts, self.kept_pictures = dict[str, Tensor](), max(KEPT_PICTURES, model.numerics.batch_size)
        self.endpoints = dict[str, tuple[Statistics, Statistics]]()

    def begun(self, cel: Cel, parents: Inputs, move: Move) -> Tensor:
        """The latents that the next picture begins with, (C, h, w): those of the previous one, after the camera's move.

        At a cycle's end they are blended with those of its first picture. Moved in pixels: latents would blur.
        """
        previous, _, _, *first = parents
        if {move, cel.start.home or move} == {Move()}:
            return slerp(previous, first[0], cel.start.mix) if first else previous
        picture = warp(self._shown(previous), move)
        if first:
            home = _recent(self.firsts, self.kept_pictures, cel.start.parents[-1], first[0], self._shown)
            picture = lerp(picture, warp(home, cel.start.home or Move()), cel.start.mix)
        return self._latents(picture)

    def anchored(self, cel: Cel, parents: Inputs, latents: Tensor) -> Tensor:
        """The latents of a drawn picture, (C, h, w), with the colours of its endpoints' pictures.

        The VAE takes some of vivid colours: a first attempt measures how much, and the second one compensates for it.
        """
        endpoints = zip(cel.start.parents[1:3], parents[1:3], strict=True)
        a, b = (_recent(self.endpoints, KEPT_STATISTICS, key, endpoint, self._targets) for key, endpoint in endpoints)
        wanted, target = (one.blend(other, cel.blend.mix) for one, other in zip(a, b, strict=True))
        own = colours(self._pixels(latents))
        measured = tones(self._pixels(self._latents(match_colours(own, target))))
        return self._latents(match_colours(own, target.compensated(wanted, measured)))

    def _targets(self, endpoint: Tensor) -> tuple[Statistics, Statistics]:
        """The statistics of an endpoint's picture, and those that another one needs before it is encoded to have these afterwards."""
        picture = self._shown(endpoint)
        own = colours(picture).statistics
        return own, own.compensated(own, tones(self._pixels(self._latents(picture))))

    def _shown(self, latents: Tensor) -> Tensor:
        """(C, h, w) latents of a cel -> (3, H, W), -1..1, float32. The film shows these, too."""
        return _floats(self.decoder(latents))

    def _pixels(self, latents: Tensor) -> Tensor:
        """(C, h, w) latents on the way to a cel's -> (3, H, W), -1..1, float32."""
        return _floats(self.model.decode(latents[None])[0])

    def _latents(self, picture: Tensor) -> Tensor:
        """(3, H, W), -1..1 -> (C, h, w) latents, of 8 bits a channel: what the VAE encodes are images."""
        pixels = picture.add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
        return self.model.encode(pixels[None])[0]


def _floats(image: Image) -> Tensor:
    """uint8 (H, W, 3) -> (3, H, W), -1..1, float32; contiguous, which everything after takes less time with."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float().div_(127.5).sub_(1)


def _recent(kept: dict[str, T], most: int, key: str, latents: Tensor, compute: Callable[[Tensor], T]) -> T:
    """What is computed of these latents, or was not long ago; the `most` that were used last are kept."""
    value = kept.pop(key) if key in kept else compute(latents)
    kept[key] = value  # the last is the youngest
    if len(kept) > most:
        del kept[next(iter(kept))]
    return value
