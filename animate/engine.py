"""Run a plan: draw ready cels in full batches, hand out their latents in order. Knows nothing of films or files.

`run` decides which cels go together; `draw` is pure and the only thing here that touches the model.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from .blend import slerp
from .errors import AnimateError
from .models.base import Conditioning, Denoising, Model
from .plan import Cel, Pin, Plan

States = MutableMapping[str, Tensor]  # cel key -> clean latents (C, h, w), float32
Draw = Callable[[Sequence[Cel]], Tensor]  # a batch of equal sampling, size and guidedness -> (B, C, h, w)

KEPT_INPUTS = 64  # prompts and seeds whose tensors are kept: neighbours in time share them, distant ones do not


def run(plan: Plan, draw: Draw, states: States, slots: int) -> Iterator[Tensor]:
    """The latents of every frame of the plan, in order; a cel that `states` holds already is not drawn.

    Every batch has `slots` cels, the last of a film padded with repeats: the bits of a cel depend on the size of its batch,
    but not on its neighbours, so a film's pictures are the same whichever part of it is drawn. A state is dropped from
    `states` once no later frame shows it.
    """
    shown = Counter(plan.order)
    queues: defaultdict[object, deque[str]] = defaultdict(deque)
    for key in dict.fromkeys(plan.order):
        if key not in states:
            queues[batch_kind(plan.cels[key])].append(key)
    for key in plan.order:
        state = states.get(key)
        if state is None:
            queue = queues[batch_kind(plan.cels[key])]
            if not queue or queue[0] != key:  # it was there, and is lost since
                queue.appendleft(key)
            batch = [queue.popleft() for _ in range(min(slots, len(queue)))]
            cels = [plan.cels[k] for k in batch]
            drawn = draw(cels + cels[-1:] * (slots - len(cels)))
            # Cloned, or one state that is kept for long would keep its whole batch.
            made = {k: latents.clone() for k, latents in zip(batch, drawn, strict=False)}
            states.update(made)
            state = made[key]
        yield state
        shown[key] -= 1
        if not shown[key]:
            states.pop(key, None)


def batch_kind(cel: Cel) -> tuple[object, ...]:
    """Cels of one kind can be drawn in one batch."""
    return cel.steps, cel.sampler, cel.width, cel.height, cel.look.guidance > 1


def drawer(model: Model) -> Draw:
    """`draw` on this model, in this process. Embeddings and noises of recent pins are kept."""
    embed = lru_cache(KEPT_INPUTS)(model.embed)
    noise = lru_cache(KEPT_INPUTS)(model.noise)

    def start(pin: Pin, cel: Cel) -> Tensor:
        drawn = noise(pin.seed, cel.width, cel.height)
        return -drawn if pin.opposite else drawn

    def between(cel: Cel) -> tuple[Tensor, Conditioning, Conditioning]:
        a, b, mix = cel.look.a, cel.look.b, cel.look.mix
        return (
            slerp(start(a, cel), start(b, cel), mix),
            embed(a.prompt).blend(embed(b.prompt), mix),
            embed(a.negative).blend(embed(b.negative), mix),
        )

    def draw(cels: Sequence[Cel]) -> Tensor:
        latents, positive, negative = zip(*(between(cel) for cel in cels), strict=True)
        guidance = torch.tensor([cel.look.guidance for cel in cels])
        how = Denoising(cels[0].sampler, cels[0].steps)
        drawn = model.denoise(torch.stack(latents), Conditioning.batch(positive), Conditioning.batch(negative), guidance, how)
        for cel, made in zip(cels, drawn, strict=True):
            if not made.isfinite().all():
                raise AnimateError(
                    f'no picture came out of "{cel.look.a.prompt}" to "{cel.look.b.prompt}" at mix {cel.look.mix:.3f}: numbers overflowed;'
                    " use another --sampler, a lower --guidance or --dtype float32"
                )
        return drawn

    return draw
