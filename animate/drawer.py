"""Draw a batch of cels: what they begin with, blended, noised or fed back; embedded, denoised. The only room that calls a model's steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from . import camera
from .blend import lerp, slerp
from .cel import Cel, Move, Pin
from .engine import Inputs, Stops, batch_kind
from .errors import AnimateError
from .models.base import Conditioning, Denoising, Model

Image = np.ndarray  # uint8 (H, W, 3), RGB
KEPT_INPUTS = 64  # prompts and seeds whose tensors are kept: neighbours in time share them, distant ones do not
KEPT_PICTURES = 8  # decoded, for a camera: the one before, those of its pins and the first, some 3 MB each at 512 pixels


class Drawer:
    """`draw` on this model, in this process. Embeddings and noises of recent pins are kept.

    images: digest -> uint8 (H, W, 3), of those that the plan's pins begin with.
    """

    def __init__(self, model: Model, images: Mapping[str, Image]):
        self.model, self.images, self.seen = model, images, dict[str, Tensor]()
        self.embed = lru_cache(KEPT_INPUTS)(model.embed)
        self.noise = lru_cache(KEPT_INPUTS)(model.noise)
        self.chunks = lru_cache(KEPT_INPUTS)(model.chunks)

    def kind(self, cel: Cel) -> object:
        return (*batch_kind(cel), self._count(cel))

    def _count(self, cel: Cel) -> int:
        """Chunks that all prompts of a blend are brought to: each repeats its own, which says the same again, and no more."""
        return math.lcm(*(self.chunks(text) for pin in (cel.look.a, cel.look.b) for text in (pin.prompt, pin.negative)))

    def __call__(self, cels: Sequence[Cel], inputs: Sequence[Inputs], stops: Stops) -> Tensor:
        first = cels[0]
        begun = [self._begun(cel, given) for cel, given in zip(cels, inputs, strict=True)]
        if first.start.step == first.steps:  # nothing to denoise
            return torch.stack(begun)[:, None]
        how = Denoising(first.sampler, first.steps, first.start.step, first.eta, stops, first.start.shared)
        positive, negative = (Conditioning.batch([self._text(cel, name) for cel in cels]) for name in ("prompt", "negative"))
        # The draws of a shared beginning's steps are passed over: a step's noise is the same wherever a frame begins.
        left, whole = self.model.draws(how), self.model.draws(replace(how, start=0)) if how.shared else self.model.draws(how)
        noise = torch.stack([self._noise(cel, 1 + whole) for cel in cels])
        latents = noise[:, 0] if how.start == 0 else torch.stack(begun)
        if how.start and not how.shared:
            latents = self.model.renoise(latents, noise[:, 0], how)
        guidance = torch.tensor([cel.look.guidance for cel in cels])
        drawn = self.model.denoise(latents, noise[:, 1 + whole - left :], positive, negative, guidance, how)
        for cel, made in zip(cels, drawn, strict=True):
            _check(cel, made)
        return torch.stack([self._anchored(cel, given, made) for cel, given, made in zip(cels, inputs, drawn, strict=True)])

    def _anchored(self, cel: Cel, given: Inputs, made: Tensor) -> Tensor:
        """What is fed back has the look of its pins' pictures again: denoising, too, burns in or fades a little each time."""
        if cel.start.move is None:
            return made
        target = camera.statistics(given[1]).blend(camera.statistics(given[2]), cel.look.mix)
        return torch.stack([camera.follow(latents, target) for latents in made])

    def _begun(self, cel: Cel, given: Inputs) -> Tensor:
        """The latents that denoising begins with, where it does not begin with noise alone."""
        if cel.start.move is not None:
            return self._fed_back(cel, given, cel.start.move)
        if given:
            return slerp(given[0], given[-1], cel.start.mix)
        return self.model.encode(self.images[cel.look.a.image][None])[0] if cel.look.a.image else torch.empty(0)

    def _fed_back(self, cel: Cel, given: Inputs, move: Move) -> Tensor:
        """The picture before as the camera sees it now, with the look of the pins' own pictures, so that nothing drifts.

        At a cycle's end it is nearer to the first one. In pixels where the camera moves, where latents would blur.
        """
        previous, a, b, *first = given
        if {move, cel.start.home or move} == {Move()}:
            seen = slerp(previous, first[0], cel.start.mix) if first else previous
            return camera.follow(seen, camera.statistics(a).blend(camera.statistics(b), cel.look.mix))
        shown, left, right, *begun = (self._pixels(key, latents) for key, latents in zip(cel.start.parents, given, strict=True))
        seen = camera.warp(shown, move)
        if begun:
            seen = lerp(seen, camera.warp(begun[0], cel.start.home or Move()), cel.start.mix)
        kept = camera.follow(seen, camera.statistics(left).blend(camera.statistics(right), cel.look.mix))
        pixels = kept.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
        return self.model.encode(pixels[None])[0]

    def _pixels(self, key: str, latents: Tensor) -> Tensor:
        """(3, H, W) in -1..1. Those of pins are asked for again and again."""
        while len(self.seen) > KEPT_PICTURES:
            del self.seen[next(iter(self.seen))]
        if key not in self.seen:
            self.seen[key] = torch.from_numpy(self.model.decode(latents[None])[0]).permute(2, 0, 1).float().div(127.5).sub(1)
        self.seen[key] = made = self.seen.pop(key)  # the last is the youngest
        return made

    def _noise(self, cel: Cel, count: int) -> Tensor:
        """The start and every step's draw, (count, C, h, w), each pair blended on its arc."""
        a, b = (self._drawn(pin, cel, count) for pin in (cel.look.a, cel.look.b))
        return torch.stack([slerp(x, y, cel.look.mix) for x, y in zip(a, b, strict=True)])

    def _drawn(self, pin: Pin, cel: Cel, count: int) -> Tensor:
        drawn = self.noise(pin.seed, cel.width, cel.height, count)
        return -drawn if pin.opposite else drawn

    def _text(self, cel: Cel, name: str) -> Conditioning:
        negative, count = name == "negative", self._count(cel)
        a, b = (self.embed(getattr(pin, name), count, negative) for pin in (cel.look.a, cel.look.b))
        return a.blend(b, cel.look.mix)


def _check(cel: Cel, made: Tensor) -> None:
    if not made.isfinite().all():
        raise AnimateError(
            f'no picture came out of "{cel.look.a.prompt}" to "{cel.look.b.prompt}" at mix {cel.look.mix:.3f}: numbers overflowed;'
            " use another --sampler, a lower --guidance or --dtype float32"
        )
