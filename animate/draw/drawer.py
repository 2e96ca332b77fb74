"""Draw a batch of cels: what they begin with (noise, a blend of latents, an image or the picture before), embedded, denoised.

The only file that calls a model's denoising. Knows nothing of frames, films or files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

import torch
from torch import Tensor

from ..blend import slerp
from ..models.base import Conditioning, Denoising, Model
from ..models.parts.samplers import noise_draws
from ..pixels import Image
from ..plan.cel import Cel, Endpoint
from ..story.conventions import COMPVIS
from .engine import Batch, Inputs, batch_kind
from .feedback import Feedback

KEPT_INPUTS = 64  # prompts and seeds whose tensors are kept: neighbours in time share them, distant ones do not


class Drawer:
    """Draws batches with this model, in this process. Embeddings and noises of recent endpoints are kept.

    images: digest -> uint8 (H, W, 3), of those that the plan's endpoints begin with.
    """

    def __init__(self, model: Model, images: Mapping[str, Image]):
        self.model, self.images, self.feedback = model, images, Feedback(model)
        self.embed = lru_cache(KEPT_INPUTS)(model.embed)
        self.noise = lru_cache(KEPT_INPUTS)(model.noise)
        self.chunks = lru_cache(KEPT_INPUTS)(model.text.chunks)

    def kind(self, cel: Cel) -> object:
        """Cels of one kind can be drawn in one batch: their prompts are equally long, too."""
        return (*batch_kind(cel), self._chunks(cel))

    def draw(self, batch: Batch, on_step: Callable[[], object]) -> Tensor:
        """(B, stops, C, h, w), float32 on the CPU; not finite where numbers overflow. on_step is called after every denoising step."""
        first = batch.cels[0]
        distinct = {cel.key: (cel, parents) for cel, parents in zip(batch.cels, batch.inputs, strict=True)}  # repeats fill a batch
        begun = {key: self._begin(*one) for key, one in distinct.items()} if first.start.step else {}
        if first.start.step == first.step_count:  # nothing to denoise
            return torch.stack([begun[cel.key] for cel in batch.cels])[:, None]
        drawn = self._denoised(batch, begun, on_step)
        rows = [row for row in zip(batch.cels, batch.inputs, drawn, strict=True) if row[0].start.move and row[0].start.step]
        fed_back = {cel.key: (cel, parents, latents[-1]) for cel, parents, latents in rows if latents.isfinite().all()}
        anchored = {key: self.feedback.anchored(*one)[None] for key, one in fed_back.items()}
        return torch.stack([anchored.get(cel.key, latents) for cel, latents in zip(batch.cels, drawn, strict=True)])

    def _denoised(self, batch: Batch, begun: Mapping[str, Tensor], on_step: Callable[[], object]) -> Tensor:
        cels, first = batch.cels, batch.cels[0]
        how = Denoising(first.sampler, first.steps, first.start.step, first.eta, batch.stops, first.start.shared, first.conventions)
        positive, negative = (Conditioning.batch([self._text(cel, name) for cel in cels]) for name in ("prompt", "negative"))
        # The draws of a shared beginning's steps are passed over: a step's noise is the same wherever a frame begins.
        left = noise_draws(how.sampler, how.step_count - how.start, how.eta)
        every = noise_draws(how.sampler, how.step_count, how.eta) if how.shared else left
        noise = torch.stack([self._noise(cel, 1 + every) for cel in cels])
        latents = noise[:, 0] if how.start == 0 else torch.stack([begun[cel.key] for cel in cels])
        if how.start and not how.shared:
            latents = self.model.renoise(latents, noise[:, 0], how)
        guidance = torch.tensor([cel.blend.guidance for cel in cels])
        return self.model.denoise(latents, noise[:, 1 + every - left :], positive, negative, guidance, how, on_step)

    def _begin(self, cel: Cel, parents: Inputs) -> Tensor:
        """The latents that denoising begins with, where it does not begin with noise."""
        if cel.start.move is not None:
            return self.feedback.begun(cel, parents, cel.start.move)
        if parents:
            return slerp(parents[0], parents[-1], cel.start.mix)
        image, end = self.images[cel.blend.a.image][None], cel.blend.a
        sample = self.noise(end.seed, cel.width, cel.height, 1) if cel.conventions == COMPVIS else None
        return self.model.encode(image, sample)[0]

    def _chunks(self, cel: Cel) -> int:
        """Chunks that all prompts of a blend are brought to. Each is repeated as a whole, which says the same again, and no more."""
        if cel.conventions == COMPVIS:
            return 1
        return math.lcm(*(self.chunks(text) for end in (cel.blend.a, cel.blend.b) for text in (end.prompt, end.negative)))

    def _noise(self, cel: Cel, count: int) -> Tensor:
        """The start and every step's draw, (count, C, h, w), each pair blended on its arc."""
        a, b = (self._drawn_from(end, cel, count) for end in (cel.blend.a, cel.blend.b))
        return torch.stack([slerp(x, y, cel.blend.mix) for x, y in zip(a, b, strict=True)])

    def _drawn_from(self, end: Endpoint, cel: Cel, count: int) -> Tensor:
        before = 1 if cel.conventions == COMPVIS and end.image else 0  # the first draw is that of the image's sample
        noise = self.noise(end.seed, cel.width, cel.height, before + count)[before:]
        return -noise if end.opposite else noise

    def _text(self, cel: Cel, name: str) -> Conditioning:
        negative, count, plain = name == "negative", self._chunks(cel), cel.conventions == COMPVIS
        a, b = (self.embed(getattr(end, name), count, negative, plain) for end in (cel.blend.a, cel.blend.b))
        return a.blend(b, cel.blend.mix)
