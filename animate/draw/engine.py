"""Run a plan: submit ready cels in full batches, hand out their latents in order. Knows nothing of films, models or files.

The engine decides which cels go together; an executor draws them (this machine's worker thread, or other machines). A bounded
window of batches is in flight, so that drawing overlaps with whatever is done with the latents. What goes into a batch, and
the order of all that comes out, depend on the plan and on the states alone, never on how quick an executor is.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Container, Generator, Iterable, MutableMapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from ..errors import AnimateError
from ..plan.cel import Cel, Plan, ancestry

States = MutableMapping[str, Tensor]  # cel key -> latents (C, h, w) where it stops, float32
Inputs = tuple[Tensor, ...]  # the states of the cels that a cel begins with
Kind = Callable[[Cel], object]

AHEAD = 16  # batches that are looked through for cels that are ready
WINDOW = 2  # batches in flight for each that draws: one is drawn, the next one waits, so that nobody idles


@dataclass(frozen=True)
class Batch:
    """Cels of one kind, to be drawn together. All a worker needs to know, on whatever machine it is."""

    cels: tuple[Cel, ...]
    inputs: tuple[Inputs, ...]  # of each cel
    stops: tuple[int, ...]  # steps before which the latents of a denoising are wanted, in order
    lenders: tuple[tuple[Cel, ...], ...] = ()  # of each cel, the two whose deep features it takes; none: it takes no others'
    shown: tuple[int, ...] = ()  # places of those that are frames: whoever draws elsewhere may decode them there, too


class Executor(Protocol):
    """Draws batches somewhere, those first that are submitted first."""

    @property
    def window(self) -> int:
        """How many batches should be in flight, so that whoever draws never idles."""

    def submit(self, batch: Batch) -> Future[Tensor]:
        """Latents (B, stops, C, h, w), float32 on the CPU."""

    def cancel(self, futures: Sequence[Future[Tensor]]) -> None:
        """Give these up. Returns at once: the garbage collector may be what calls, from any thread, for a film that was dropped."""


def batch_kind(cel: Cel) -> tuple[object, ...]:
    """Cels of one kind can be drawn in one batch."""
    how = cel.steps, cel.sampler, cel.eta, cel.conventions, cel.guided, cel.guided_every
    return *how, cel.width, cel.height, cel.start.step, cel.start.shared, cel.start.deep


def run(
    plan: Plan, executor: Executor, states: States, batch_size: int, kind: Kind = batch_kind, shown: bool = True
) -> Generator[Tensor]:  # fmt: skip
    """The latents of every frame of the plan, in order; a cel that `states` holds already is not drawn.

    Every batch has `batch_size` cels, the last of a film padded with repeats: the bits of a cel depend on the size of its
    batch, but not on its neighbours, so a film's pictures are the same whichever part of it is drawn. Cels that are equal but
    for where they stop are drawn in one go. A state is dropped from `states` once no later frame shows it and no later cel
    begins with it. Raises what drawing raises; AnimateError for a cel whose numbers overflowed, once a frame needs it and not before.

    shown: whether frames are looked at as images, now.
    """
    flight = _InFlight(_Waiting(plan, kind, states), executor, batch_size, frozenset(plan.order) if shown else frozenset())
    try:
        for number, key in enumerate(plan.order):
            while (state := states.get(key)) is None:
                # A batch that is not full is begun when nothing is drawn that could fill it.
                if len(flight.batches) >= executor.window or not flight.submit(key, only_full=bool(flight.batches)):
                    flight.look_ahead(plan.order, number + 1)
                    flight.collect_oldest()
            flight.look_ahead(plan.order, number + 1)
            yield state
            flight.waiting.used([key])
    finally:
        executor.cancel(flight.futures)


Strand = tuple[Cel, ...]  # cels that are equal but for where they stop, in that order: one denoising


class _InFlight:
    """The batches that are submitted and not in `states` yet, oldest first."""

    def __init__(self, waiting: _Waiting, executor: Executor, batch_size: int, shown: Container[str]):
        self.waiting, self.executor, self.batch_size, self.shown = waiting, executor, batch_size, shown
        self.batches: deque[tuple[list[Strand], Future[Tensor]]] = deque()
        self.keys: set[str] = set()  # of the cels in flight
        self.ahead = 0  # the first frame that was not looked at yet

    @property
    def futures(self) -> list[Future[Tensor]]:
        return [future for _, future in self.batches]

    def submit(self, key: str, only_full: bool) -> bool:
        """Submit the batch that has to be drawn next for this cel. False if it is in flight, or begins with something that is.

        only_full: where it has room for cels which are not ready yet, what those begin with is drawn first.
        """
        looked, picked = {key}, self.waiting.batch(key, self.batch_size, self.keys, only_full)
        while isinstance(picked, str) and picked not in looked:
            looked.add(picked)
            picked = self.waiting.batch(picked, self.batch_size, self.keys, only_full)
        if picked is None or isinstance(picked, str):
            return False
        strands, inputs = picked
        cels, spare = [strand[-1] for strand in strands], self.batch_size - len(strands)
        stops = tuple(cel.end for cel in strands[0])
        drawn = (*cels, *cels[-1:] * spare)
        lenders = tuple(self.waiting.lenders(cel) for cel in drawn) if cels[0].start.deep else ()
        shown = tuple(place for place, cel in enumerate(cels) if cel.key in self.shown)
        batch = Batch(drawn, (*inputs, *inputs[-1:] * spare), stops, lenders, shown)
        self.batches.append((strands, self.executor.submit(batch)))
        self.keys.update(cel.key for strand in strands for cel in strand)
        return True

    def look_ahead(self, order: Sequence[str], begin: int) -> None:
        """Fill the window with batches for the frames from `begin` on."""
        window = self.executor.window
        self.ahead, end = max(self.ahead, begin), min(len(order), begin + max(AHEAD, 2 * window) * self.batch_size)
        while self.ahead < end and len(self.batches) < window:
            key = order[self.ahead]
            if key in self.keys or key in self.waiting.states:
                self.ahead += 1
            elif not self.submit(key, only_full=True):
                return

    def collect_oldest(self) -> None:
        """Wait for the oldest batch and keep its latents."""
        strands, future = self.batches[0]
        drawn = future.result()
        self.batches.popleft()
        for strand, latents in zip(strands, drawn, strict=False):
            if latents.isfinite().all():
                # Cloned, or one state that is kept for long would keep its whole batch.
                self.waiting.states.update({cel.key: state.clone() for cel, state in zip(strand, latents, strict=True)})
            else:
                self.waiting.overflowed.update(cel.key for cel in strand)
            self.keys.difference_update(cel.key for cel in strand)
        self.waiting.used(parent for strand in strands for parent in strand[0].start.parents)


class _Waiting:
    """The strands of a plan that are not submitted yet, by kind, and how often each state is still needed."""

    def __init__(self, plan: Plan, kind: Kind, states: States):
        self.plan, self.kind, self.states = plan, kind, states
        strands: defaultdict[str, list[Cel]] = defaultdict(list)
        for key in ancestry(plan.cels, dict.fromkeys(plan.order), states):
            strands[plan.cels[key].whole.key].append(plan.cels[key])
        self.queues: defaultdict[object, deque[Strand]] = defaultdict(deque)
        self.strand: dict[str, Strand] = {}
        for strand in (tuple(sorted(cels, key=lambda cel: cel.end)) for cels in strands.values()):
            self.queues[self._group(strand)].append(strand)
            self.strand.update({cel.key: strand for cel in strand})
        self.needed = Counter(plan.order)
        self.needed.update(parent for cels in strands.values() for parent in cels[0].start.parents)
        self.overflowed: set[str] = set()  # cels that were drawn, and of which no picture came

    def _group(self, strand: Strand) -> object:
        return self.kind(strand[0]), tuple(cel.end for cel in strand)

    def batch(self, key: str, batch_size: int, in_flight: set[str], only_full: bool) -> tuple[list[Strand], list[Inputs]] | str | None:
        """The first strand that has to be drawn for this cel, and others of its sort that are ready, in order.

        None if something of it is in flight. A cel's key (only_full) if strands of its sort that are not ready, of which this is the first,
        could fill the batch later.
        Raises AnimateError if the cel, or what it begins with, overflowed; None then, too, for what is only looked at ahead of time.
        """
        first, parents = self._first(key, in_flight)
        if parents is None:
            return None
        if overflowed := [cel for cel in first if cel.key in self.overflowed]:
            if only_full:
                return None
            raise AnimateError(_no_picture(overflowed[0]))
        queue = self.queues[self._group(first)]
        before = queue.copy()
        if first in queue:
            queue.remove(first)  # otherwise it was there, and is lost since
        strands, inputs, passed = [first], [parents], list[Strand]()
        for _ in range(min(len(queue), AHEAD * batch_size)):
            if len(strands) == batch_size:
                break
            strand = queue.popleft()
            latents = [state for _, state in self._read(strand[0].key) if state is not None]
            if len(latents) < len(strand[0].start.parents):
                passed.append(strand)
            else:
                strands.append(strand)
                inputs.append(tuple(latents))
        queue.extendleft(reversed(passed))
        if only_full and len(strands) < batch_size and queue:
            self.queues[self._group(first)] = before
            return passed[0][0].key if passed else None
        return strands, inputs

    def _first(self, key: str, in_flight: set[str]) -> tuple[Strand, Inputs | None]:
        """The strand of this cel, or what is missing of what it begins with; and the latents that it begins with, None if some are in flight."""
        read = self._read(key)
        while key not in in_flight and key not in self.overflowed and (missing := [parent for parent, state in read if state is None]):
            key = missing[0]
            read = self._read(key)
        strand = self.strand.get(key, (self.plan.cels[key],))
        return strand, None if key in in_flight else tuple(state for _, state in read if state is not None)

    def _read(self, key: str) -> list[tuple[str, Tensor | None]]:
        """The states that a cel begins with. Read, once, and not looked for: entries of a store come, go and break."""
        return [(parent, self.states.get(parent)) for parent in self.plan.cels[key].start.parents]

    def lenders(self, cel: Cel) -> tuple[Cel, ...]:
        return tuple(self.plan.cels[parent] for parent in cel.start.parents)

    def used(self, keys: Iterable[str]) -> None:
        """Count these uses of states, and drop those that nobody needs any more."""
        for key in keys:
            self.needed[key] -= 1
            if self.needed[key] <= 0:
                self.states.pop(key, None)


def _no_picture(cel: Cel) -> str:
    path = f'no picture came out of "{cel.blend.a.prompt}" to "{cel.blend.b.prompt}" at mix {cel.blend.mix:.3f}: numbers overflowed'
    return f"{path}; use another --sampler, a lower --guidance or --dtype float32"
