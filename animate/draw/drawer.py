"""Draw a batch of cels: what they begin with, blended, noised or fed back; embedded, denoised. The only room that calls a model's steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ..blend import slerp
from ..errors import AnimateError
from ..models.base import Conditioning, Denoising, Model
from ..plan.cel import Cel, Endpoint
from .engine import Inputs, Stops, batch_kind
from .feedback import Feedback

Image = np.ndarray  # uint8 (H, W, 3), RGB
KEPT_INPUTS = 64  # prompts and seeds whose tensors are kept: neighbours in time share them, distant ones do not


class Drawer:
    """`draw` on this model, in this process. Embeddings and noises of recent endpoints are kept.

    images: digest -> uint8 (H, W, 3), of those that the plan's endpoints begin with.
    """

    def __init__(self, model: Model, images: Mapping[str, Image]):
        self.model, self.images, self.feedback = model, images, Feedback(model)
        self.embed = lru_cache(KEPT_INPUTS)(model.embed)
        self.noise = lru_cache(KEPT_INPUTS)(model.noise)
        self.chunks = lru_cache(KEPT_INPUTS)(model.chunks)

    def kind(self, cel: Cel) -> object:
        return (*batch_kind(cel), self._count(cel))

    def _count(self, cel: Cel) -> int:
        """Chunks that all prompts of a blend are brought to: each repeats its own, which says the same again, and no more."""
        return math.lcm(*(self.chunks(text) for endpoint in (cel.blend.a, cel.blend.b) for text in (endpoint.prompt, endpoint.negative)))

    def __call__(self, cels: Sequence[Cel], inputs: Sequence[Inputs], stops: Stops) -> Tensor:
        first = cels[0]
        once = {cel.key: (cel, given) for cel, given in zip(cels, inputs, strict=True)}  # where repeats fill the batch
        begun = {key: self._begun(*one) for key, one in once.items()} if first.start.step else {}
        if first.start.step == first.steps:  # nothing to denoise
            return torch.stack([begun[cel.key] for cel in cels])[:, None]
        how = Denoising(first.sampler, first.steps, first.start.step, first.eta, stops, first.start.shared)
        positive, negative = (Conditioning.batch([self._text(cel, name) for cel in cels]) for name in ("prompt", "negative"))
        # The draws of a shared beginning's steps are passed over: a step's noise is the same wherever a frame begins.
        left, whole = self.model.noise_draws(how), self.model.noise_draws(replace(how, start=0)) if how.shared else self.model.noise_draws(how)
        noise = torch.stack([self._noise(cel, 1 + whole) for cel in cels])
        latents = noise[:, 0] if how.start == 0 else torch.stack([begun[cel.key] for cel in cels])
        if how.start and not how.shared:
            latents = self.model.renoise(latents, noise[:, 0], how)
        guidance = torch.tensor([cel.blend.guidance for cel in cels])
        drawn = self.model.denoise(latents, noise[:, 1 + whole - left :], positive, negative, guidance, how)
        for cel, made in zip(cels, drawn, strict=True):
            _check(cel, made)
        fed = {cel.key: (cel, given, made[-1]) for cel, given, made in zip(cels, inputs, drawn, strict=True) if cel.start.move and cel.start.step}
        anchored = {key: self.feedback.anchored(*one)[None] for key, one in fed.items()}
        return torch.stack([anchored.get(cel.key, made) for cel, made in zip(cels, drawn, strict=True)])

    def _begun(self, cel: Cel, given: Inputs) -> Tensor:
        """The latents that denoising begins with, where it does not begin with noise alone."""
        if cel.start.move is not None:
            return self.feedback.begun(cel, given, cel.start.move)
        if given:
            return slerp(given[0], given[-1], cel.start.mix)
        return self.model.encode(self.images[cel.blend.a.image][None])[0] if cel.blend.a.image else torch.empty(0)

    def _noise(self, cel: Cel, count: int) -> Tensor:
        """The start and every step's draw, (count, C, h, w), each pair blended on its arc."""
        a, b = (self._drawn(endpoint, cel, count) for endpoint in (cel.blend.a, cel.blend.b))
        return torch.stack([slerp(x, y, cel.blend.mix) for x, y in zip(a, b, strict=True)])

    def _drawn(self, endpoint: Endpoint, cel: Cel, count: int) -> Tensor:
        drawn = self.noise(endpoint.seed, cel.width, cel.height, count)
        return -drawn if endpoint.opposite else drawn

    def _text(self, cel: Cel, name: str) -> Conditioning:
        negative, count = name == "negative", self._count(cel)
        a, b = (self.embed(getattr(endpoint, name), count, negative) for endpoint in (cel.blend.a, cel.blend.b))
        return a.blend(b, cel.blend.mix)


def _check(cel: Cel, made: Tensor) -> None:
    if not made.isfinite().all():
        raise AnimateError(
            f'no picture came out of "{cel.blend.a.prompt}" to "{cel.blend.b.prompt}" at mix {cel.blend.mix:.3f}: numbers overflowed;'
            " use another --sampler, a lower --guidance or --dtype float32"
        )
