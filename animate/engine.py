"""Run a plan: draw ready cels in full batches, hand out their latents in order. Knows nothing of films or files.

`run` decides which cels go together; `draw` is pure and the only thing here that touches the model.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from .blend import slerp
from .errors import AnimateError
from .models.base import Conditioning, Denoising, Model
from .plan import Cel, Pin, Plan, ancestry

Image = np.ndarray  # uint8 (H, W, 3), RGB
States = MutableMapping[str, Tensor]  # cel key -> clean latents (C, h, w), float32
Inputs = tuple[Tensor, ...]  # the states of the cels that a cel begins with
Draw = Callable[[Sequence[Cel], Sequence[Inputs]], Tensor]  # a batch of one kind -> (B, C, h, w)
Kind = Callable[[Cel], object]

KEPT_INPUTS = 64  # prompts and seeds whose tensors are kept: neighbours in time share them, distant ones do not
AHEAD = 16  # batches that are looked through for cels that are ready


def batch_kind(cel: Cel) -> tuple[object, ...]:
    """Cels of one kind can be drawn in one batch."""
    return cel.steps, cel.sampler, cel.eta, cel.width, cel.height, cel.start.step, cel.look.guidance > 1


def run(plan: Plan, draw: Draw, states: States, slots: int, kind: Kind = batch_kind) -> Iterator[Tensor]:
    """The latents of every frame of the plan, in order; a cel that `states` holds already is not drawn.

    Every batch has `slots` cels, the last of a film padded with repeats: the bits of a cel depend on the size of its batch,
    but not on its neighbours, so a film's pictures are the same whichever part of it is drawn. A state is dropped from
    `states` once no later frame shows it and no later cel begins with it.
    """
    waiting = _Waiting(plan, kind, states)
    for key in plan.order:
        while (state := states.get(key)) is None:
            batch, inputs = waiting.batch(key, slots)
            cels, spare = [plan.cels[k] for k in batch], slots - len(batch)
            drawn = draw(cels + cels[-1:] * spare, inputs + inputs[-1:] * spare)
            # Cloned, or one state that is kept for long would keep its whole batch.
            states.update({k: latents.clone() for k, latents in zip(batch, drawn, strict=False)})
            waiting.used(parent for cel in cels for parent in cel.start.parents)
        yield state
        waiting.used([key])


class _Waiting:
    """The cels of a plan that are not drawn yet, by kind, and how often each state is still needed."""

    def __init__(self, plan: Plan, kind: Kind, states: States):
        self.plan, self.kind, self.states = plan, kind, states
        self.queues: defaultdict[object, deque[str]] = defaultdict(deque)
        missing = ancestry(plan.cels, dict.fromkeys(plan.order), states)
        for key in missing:
            self.queues[kind(plan.cels[key])].append(key)
        self.needed = Counter(plan.order)
        self.needed.update(parent for key in missing for parent in plan.cels[key].start.parents)

    def batch(self, key: str, slots: int) -> tuple[list[str], list[Inputs]]:
        """The first cel that has to be drawn for this one, and others of its kind that are ready, in order."""
        first = self._first(key)
        queue = self.queues[self.kind(self.plan.cels[first])]
        if first in queue:
            queue.remove(first)  # otherwise it was there, and is lost since
        keys, inputs, passed = [first], [self._inputs(first) or ()], list[str]()
        for _ in range(min(len(queue), AHEAD * slots)):
            if len(keys) == slots:
                break
            key = queue.popleft()
            if (found := self._inputs(key)) is None:
                passed.append(key)
            else:
                keys.append(key)
                inputs.append(found)
        queue.extendleft(reversed(passed))
        return keys, inputs

    def _first(self, key: str) -> str:
        """This cel, or what is missing of what it begins with. Read, and not only looked for: entries of a store come, go and break."""
        while missing := [parent for parent in self.plan.cels[key].start.parents if self.states.get(parent) is None]:
            key = missing[0]
        return key

    def _inputs(self, key: str) -> Inputs | None:
        """The states that a cel begins with; None as long as one is missing."""
        found = [self.states.get(parent) for parent in self.plan.cels[key].start.parents]
        return None if any(state is None for state in found) else tuple(state for state in found if state is not None)

    def used(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.needed[key] -= 1
            if self.needed[key] <= 0:
                self.states.pop(key, None)


class Drawer:
    """`draw` on this model, in this process. Embeddings and noises of recent pins are kept.

    images: digest -> uint8 (H, W, 3), of those that the plan's pins begin with.
    """

    def __init__(self, model: Model, images: Mapping[str, Image]):
        self.model, self.images = model, images
        self.embed = lru_cache(KEPT_INPUTS)(model.embed)
        self.noise = lru_cache(KEPT_INPUTS)(model.noise)
        self.chunks = lru_cache(KEPT_INPUTS)(model.chunks)

    def kind(self, cel: Cel) -> object:
        return (*batch_kind(cel), self._count(cel))

    def _count(self, cel: Cel) -> int:
        """Chunks that all prompts of a blend are brought to: each repeats its own, which says the same again, and no more."""
        return math.lcm(*(self.chunks(text) for pin in (cel.look.a, cel.look.b) for text in (pin.prompt, pin.negative)))

    def __call__(self, cels: Sequence[Cel], inputs: Sequence[Inputs]) -> Tensor:
        first = cels[0]
        if first.start.step == first.steps:  # nothing to denoise
            return torch.stack([self._clean(cel, given) for cel, given in zip(cels, inputs, strict=True)])
        how = Denoising(first.sampler, first.steps, first.start.step, first.eta)
        positive, negative = (Conditioning.batch([self._text(cel, name) for cel in cels]) for name in ("prompt", "negative"))
        noise = torch.stack([self._noise(cel, 1 + self.model.draws(how)) for cel in cels])
        latents = noise[:, 0]
        if how.start:
            clean = torch.stack([self._clean(cel, given) for cel, given in zip(cels, inputs, strict=True)])
            latents = self.model.renoise(clean, latents, how)
        guidance = torch.tensor([cel.look.guidance for cel in cels])
        drawn = self.model.denoise(latents, noise[:, 1:], positive, negative, guidance, how)
        for cel, made in zip(cels, drawn, strict=True):
            _check(cel, made)
        return drawn

    def _clean(self, cel: Cel, given: Inputs) -> Tensor:
        if not given:
            return self.model.encode(self.images[cel.look.a.image][None])[0]
        return slerp(given[0], given[-1], cel.look.mix)

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
