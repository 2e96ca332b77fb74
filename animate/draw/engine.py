"""Run a plan: draw ready cels in full batches, hand out their latents in order. Knows nothing of films, models or files.

It decides which cels go together; `draw`, which it is given, draws them.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence

from torch import Tensor

from ..plan.cel import Cel, Plan, ancestry

States = MutableMapping[str, Tensor]  # cel key -> latents (C, h, w) where it stops, float32
Inputs = tuple[Tensor, ...]  # the states of the cels that a cel begins with
Stops = tuple[int, ...]  # steps before which the latents of a denoising are wanted, in order
Draw = Callable[[Sequence[Cel], Sequence[Inputs], Stops], Tensor]  # a batch of one kind -> (B, stops, C, h, w)
Kind = Callable[[Cel], object]

AHEAD = 16  # batches that are looked through for cels that are ready


def batch_kind(cel: Cel) -> tuple[object, ...]:
    """Cels of one kind can be drawn in one batch."""
    return cel.steps, cel.sampler, cel.eta, cel.width, cel.height, cel.start.step, cel.start.shared, cel.blend.guidance > 1


def run(plan: Plan, draw: Draw, states: States, batch_size: int, kind: Kind = batch_kind) -> Iterator[Tensor]:
    """The latents of every frame of the plan, in order; a cel that `states` holds already is not drawn.

    Every batch has `batch_size` cels, the last of a film padded with repeats: the bits of a cel depend on the size of its batch,
    but not on its neighbours, so a film's pictures are the same whichever part of it is drawn. Cels that are equal but for
    where they stop are drawn in one go. A state is dropped from `states` once no later frame shows it and no later cel
    begins with it.
    """
    waiting = _Waiting(plan, kind, states)
    for key in plan.order:
        while (state := states.get(key)) is None:
            strands, inputs = waiting.batch(key, batch_size)
            cels, spare = [strand[-1] for strand in strands], batch_size - len(strands)
            drawn = draw(cels + cels[-1:] * spare, inputs + inputs[-1:] * spare, _stops(strands[0]))
            for strand, latents in zip(strands, drawn, strict=False):
                # Cloned, or one state that is kept for long would keep its whole batch.
                states.update({cel.key: made.clone() for cel, made in zip(strand, latents, strict=True)})
            waiting.used(parent for cel in cels for parent in cel.start.parents)
        yield state
        waiting.used([key])


Strand = tuple[Cel, ...]  # cels that are equal but for where they stop, in that order: one denoising


def _stops(strand: Strand) -> Stops:
    return tuple(cel.end for cel in strand)


class _Waiting:
    """The strands of a plan that are not drawn yet, by kind, and how often each state is still needed."""

    def __init__(self, plan: Plan, kind: Kind, states: States):
        self.plan, self.kind, self.states = plan, kind, states
        strands: defaultdict[str, list[Cel]] = defaultdict(list)
        for key in ancestry(plan.cels, dict.fromkeys(plan.order), states):
            strands[plan.cels[key].whole.key].append(plan.cels[key])
        self.queues: defaultdict[object, deque[Strand]] = defaultdict(deque)
        self.strand: dict[str, Strand] = {}
        for strand in (tuple(sorted(cels, key=lambda cel: cel.end)) for cels in strands.values()):
            self.queues[self._sort(strand)].append(strand)
            self.strand.update({cel.key: strand for cel in strand})
        self.needed = Counter(plan.order)
        self.needed.update(parent for cels in strands.values() for parent in cels[0].start.parents)

    def _sort(self, strand: Strand) -> object:
        return self.kind(strand[0]), _stops(strand)

    def batch(self, key: str, batch_size: int) -> tuple[list[Strand], list[Inputs]]:
        """The first strand that has to be drawn for this cel, and others of its sort that are ready, in order."""
        first, begun = self._first(key)
        queue = self.queues[self._sort(first)]
        if first in queue:
            queue.remove(first)  # otherwise it was there, and is lost since
        strands, inputs, passed = [first], [begun], list[Strand]()
        for _ in range(min(len(queue), AHEAD * batch_size)):
            if len(strands) == batch_size:
                break
            strand = queue.popleft()
            found = [state for _, state in self._read(strand[0].key) if state is not None]
            if len(found) < len(strand[0].start.parents):
                passed.append(strand)
            else:
                strands.append(strand)
                inputs.append(tuple(found))
        queue.extendleft(reversed(passed))
        return strands, inputs

    def _first(self, key: str) -> tuple[Strand, Inputs]:
        """The strand of this cel, or what is missing of what it begins with; and what that begins with."""
        read = self._read(key)
        while missing := [parent for parent, state in read if state is None]:
            key = missing[0]
            read = self._read(key)
        return self.strand.get(key, (self.plan.cels[key],)), tuple(state for _, state in read if state is not None)

    def _read(self, key: str) -> list[tuple[str, Tensor | None]]:
        """The states that a cel begins with. Read, once, and not looked for: entries of a store come, go and break."""
        return [(parent, self.states.get(parent)) for parent in self.plan.cels[key].start.parents]

    def used(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.needed[key] -= 1
            if self.needed[key] <= 0:
                self.states.pop(key, None)
