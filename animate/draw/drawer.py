"""Draw a batch of cels: what they begin with (noise, a blend of latents, an image or the picture before), embedded, denoised.

The only file that calls a model's denoising. Knows nothing of frames, films or files.
"""

from __future__ import annotations

import math
from collections import defaultdict
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
from .features import Between, FeatureMemory, Kept
from .feedback import Feedback

KEPT_INPUTS = 64  # prompts and seeds whose tensors are kept: neighbours in time share them, distant ones do not


class Drawer:
    """Draws batches with this model, in this process. Embeddings and noises of recent endpoints are kept.

    images: digest -> uint8 (H, W, 3), of those that the plan's endpoints begin with.
    """

    def __init__(self, model: Model, images: Mapping[str, Image], lending: int = 0):
        """lending: of so many cels the deep features are kept, for others that take them; none: nobody will."""
        self.model, self.images, self.feedback = model, images, Feedback(model)
        self.features = FeatureMemory(lending) if lending else None
        self.embed = lru_cache(KEPT_INPUTS)(model.embed)
        self.noise = lru_cache(KEPT_INPUTS)(model.noise)
        self.chunks = lru_cache(KEPT_INPUTS)(model.text.chunks)

    def forget(self) -> None:
        """What takes memory of the device."""
        if self.features is not None:
            self.features.forget()

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
        how = Denoising(
            first.sampler, first.steps, first.start.step, first.eta, batch.stops, first.start.shared, first.conventions, first.guided_every,
        )  # fmt: skip
        positive, negative = (Conditioning.batch([self._text(cel, name) for cel in cels]) for name in ("prompt", "negative"))
        # The draws of a shared beginning's steps are passed over: a step's noise is the same wherever a frame begins.
        left = noise_draws(how.sampler, how.step_count - how.start, how.eta)
        every = noise_draws(how.sampler, how.step_count, how.eta) if how.shared else left
        noise = torch.stack([self._noise(cel, 1 + every) for cel in cels])
        latents = noise[:, 0] if how.start == 0 else torch.stack([begun[cel.key] for cel in cels])
        if how.start and not how.shared:
            latents = self.model.renoise(latents, noise[:, 0], how)
        guidance = torch.tensor([cel.blend.guidance for cel in cels])
        features = self._between(batch, on_step) if batch.lenders else self._kept(batch)
        drawn = self.model.denoise(latents, noise[:, 1 + every - left :], positive, negative, guidance, how, on_step, features)
        if isinstance(features, Kept) and self.features is not None:
            self.features.remember([cel.key for cel in cels], features)
        return drawn

    def _kept(self, batch: Batch) -> Kept | None:
        """Where the features of this batch are kept; None if nobody will take them."""
        return Kept(len(batch.cels)) if self.features is not None and not batch.cels[0].start.step else None

    def _between(self, batch: Batch, on_step: Callable[[], object]) -> Between:
        """The features of a batch whose cels take others'. Those that are forgotten are drawn again, in batches as large."""
        memory, size = self.features, len(batch.cels)
        if memory is None:
            raise TypeError("a cel that takes others' features, and a drawer that keeps none")
        lenders = {cel.key: cel for pair in batch.lenders for cel in pair}
        kinds: defaultdict[object, list[Cel]] = defaultdict(list)
        for key in memory.missing(lenders, size):
            kinds[self.kind(lenders[key])].append(lenders[key])
        for again in (cels[i : i + size] for cels in kinds.values() for i in range(0, len(cels), size)):
            again += again[-1:] * (size - len(again))
            self._denoised(Batch(tuple(again), ((),) * size, (again[0].step_count,)), {}, on_step)
        rows = [[memory.row(cel.key, size) for cel in pair] for pair in batch.lenders]
        return Between([(low, high, cel.start.mix) for (low, high), cel in zip(rows, batch.cels, strict=True)])

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
