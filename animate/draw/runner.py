"""Run plans on one model: batches shrink where the device has no room for them, finished cels are kept, films may share batches."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from torch import Tensor

from ..errors import AnimateError
from ..models.base import Model, Numerics
from ..models.memory import give_back, out_of_memory
from ..pixels import Image
from ..plan.cel import Plan
from ..report import Report, heard_by
from . import engine
from .drawer import Drawer
from .executor import DrawnElsewhere, Hands, WorkerThread
from .store import Store

LENDERS = 2  # batches, and cels of every film, whose deep features are kept: those on both sides of what is drawn next

T = TypeVar("T")

Stretches = Sequence[tuple[int, int]]  # of a film: the number of a stretch's first frame, and the size of the batches that it is drawn in


class Runner:
    """Plans -> latents, in batches of `batch_size`; that becomes less as soon as the device has no room for so many."""

    def __init__(
        self, model: Model, images: Mapping[str, Image], batch_size: int, store: Store | None, report: Report,
        stretches: Stretches = (), lending: int = 0,
    ):  # fmt: skip
        """images: those that cels begin with, by digest. store: where finished cels are kept and found again.

        stretches: of the film, where it was drawn before in batches that became less on the way.
        lending: how many films are drawn whose cels take others' deep features.
        """
        self.model, self.store, self.report, self.batch_size, self.stretches = model, store, report, batch_size, stretches
        self.drawn_in = batch_size  # the size of the batches that the latents which were handed out last were drawn in
        self.looked_at = True  # whether films are decoded, and not only drawn
        self._ahead: dict[str, Tensor] = {}  # latents of frames that were drawn before their film, where there is no store
        kept = lending and LENDERS * batch_size + LENDERS * lending
        self._drawer = Drawer(model, images, kept)
        self._hands: Hands = WorkerThread(partial(_drawn, self._drawer, report), self._drawer.forget)
        if isinstance(model, DrawnElsewhere):
            self._hands = model.hands(images, kept)

    def decode(self, latents: Tensor, shown_once: bool = False) -> Image:
        """A cel's latents (C, h, w) -> its image; one that the next picture has begun with is not decoded again.

        shown_once: it is no cel's, and nobody begins with it.
        """
        with heard_by(self.report):
            image: Image = self.model.decode(latents[None])[0] if shown_once else self._drawer.feedback.decoder(latents)
        return image

    def announced(self, shown: Iterator[tuple[T, Tensor]]) -> Iterator[tuple[T, Tensor]]:
        """The same, and latents; where others decode, they are told a batch ahead what will be asked for."""
        if not isinstance(self.model, DrawnElsewhere):
            yield from shown
            return
        waiting = deque[tuple[T, Tensor]]()
        for what, latents in shown:
            self.model.expect(latents)
            waiting.append((what, latents))
            if len(waiting) == self.batch_size:
                yield waiting.popleft()
        yield from waiting

    def settle(self) -> None:
        """Wait until nothing is drawn any more that was given up, for a denoising step at most."""
        self._hands.settle()

    @property
    def numerics(self) -> Numerics:
        """Where the next batch is drawn."""
        return replace(self.model.numerics, batch_size=self.batch_size)

    def latents(self, plan: Plan, name: str) -> Generator[Tensor]:
        """Of every frame, in order, (C, h, w). Without a name, the plan is no film: its cels are kept, but not counted.

        Batches are half as large as soon as the device has no room, down to one picture; the rest of the film is a film with
        this batch size. Raises AnimateError if one picture is too much.
        """
        done = 0
        while done < len(plan.order):
            rest = plan.only(range(done, self._end_of_stretch(done, plan) if name else len(plan.order)))
            states: engine.States = {key: latents for key, latents in self._ahead.items() if key in rest.cels}
            if self.store is not None:
                states = self.store.states(plan, name, self.model.fingerprint, self.numerics, self.report)
            size = self.batch_size  # which others may change between two frames: a picture beside a flagged one is drawn here, too
            running = engine.run(rest, self._hands, states, size, self._drawer.kind, shown=bool(name) and self.looked_at)
            try:
                while (latents := next(running, None)) is not None:
                    done, self.drawn_in = done + 1, size
                    yield latents
                continue
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                if size == 1 and not self._offloaded():
                    cel = plan.cels[plan.order[done]]
                    reason = f"not enough memory for one picture of {cel.width} x {cel.height} pixels; use smaller --width and --height"
                    raise AnimateError(reason) from error
            finally:
                running.close()
            self._shrink(size)

    def hardware_of(self, key: str) -> str:
        """What a cel was drawn on, where that differs from cel to cel; else nothing."""
        return self.model.hardware_of(key) if isinstance(self.model, DrawnElsewhere) else ""

    def ahead(self, plan: Plan) -> Iterator[Tensor]:
        """The latents of some frames of a film, each shown once, before it is drawn: it will find them."""
        for key, latents in zip(plan.order, self.latents(plan, ""), strict=True):
            if self.store is None:
                self._ahead[key] = latents
            yield latents

    def _end_of_stretch(self, done: int, plan: Plan) -> int:
        """The number of the frame that the stretch of frame `done` ends before; from here on, batches are as large as that stretch has them."""
        begun = [size for first, size in self.stretches if first <= done]
        self.batch_size = min([self.batch_size, *begun[-1:]])
        return min((first for first, _ in self.stretches if first > done), default=len(plan.order))

    def _offloaded(self) -> bool:
        with heard_by(self.report):
            return self.model.memory.offload()

    def _shrink(self, size: int) -> None:
        """Half this batch size; where that is one picture already, the parts of the model take turns on the device."""
        self.settle()  # what is drawn holds memory
        if size > 1:
            self.report.warn(f"not enough memory for {size} pictures in a batch: going on with {size // 2}")
        else:
            self.report.warn("not enough memory for one picture: going on with one part of the model at a time on the device")
        self.batch_size = min(self.batch_size, max(1, size // 2))
        self._ahead.clear()  # their bits are those of larger batches
        self._hands.forget()
        give_back()


def _drawn(drawer: Drawer, report: Report, batch: engine.Batch, on_step: Callable[[], object]) -> Tensor:
    """In the worker thread: the batch's latents, each step of which is reported.

    A function, and no method of the runner: the two would keep each other alive, and all that a dropped film holds.
    """
    steps = itertools.count(1)
    total = batch.cels[0].step_count - batch.cels[0].start.step  # more where some of it is drawn again

    def stepped() -> None:
        on_step()
        report.step(min(next(steps), total), total)

    with heard_by(report):
        return drawer.draw(batch, stepped)


class Interleaved:
    """Films of one run, frame by frame in turn, so that their cels share batches. Latents that nobody has asked for yet wait in memory."""

    def __init__(self, runner: Runner, plans: Sequence[Callable[[], Plan]], name: str):
        """plans: one for each film; asked for when the first latents are."""
        self.runner, self.plans, self.name = runner, plans, name
        self._running: Generator[Tensor] | None = None
        self._turns: Iterator[int] = iter(())  # whose the next latents of the run are
        self._waiting = [deque[tuple[Tensor, int]]() for _ in plans]  # and the size of the batches that they were drawn in
        self._taken = [0] * len(plans)  # latents of each film that were handed out or wait: a run that ends early goes on there
        self._left = set[int]()  # films whose latents nobody wants any more
        self._errors: dict[int, AnimateError] = {}  # of films that cannot go on; the others do

    def latents(self, film: int) -> Iterator[Tensor]:
        """Those of one film, in order; the others' are drawn as far as they come before. Raises what ends this film, and no other's errors."""
        for _ in self.plans[film]().order:
            while not self._waiting[film]:
                if film in self._errors:
                    raise self._errors[film]
                self._next()
            latents, self.runner.drawn_in = self._waiting[film].popleft()
            yield latents

    def leave(self, film: int) -> None:
        """Draw no more of this film: from the next frame of the others on, or at once if it is the last one.

        The garbage collector may come here in the middle of a frame of another one.
        """
        self._left.add(film)
        self._waiting[film].clear()
        if self._running and len(self._left) == len(self.plans):
            self._running.close()

    def _next(self) -> None:
        """Draw the next frame of whichever film's turn it is."""
        film, running = next(self._turns, None), self._running
        if running is None or film is None or film in self._left:
            running = self._begun()
            film = next(self._turns)
        try:
            latents = next(running)
        except AnimateError as error:
            self._running, self._errors[film] = None, error
        except BaseException:
            self._running = None
            raise
        else:
            self._taken[film] += 1
            self._waiting[film].append((latents, self.runner.drawn_in))

    def _begun(self) -> Generator[Tensor]:
        """A new run of all frames that are still wanted."""
        if self._running:
            self._running.close()
        plans = {film: plan() for film, plan in enumerate(self.plans) if film not in self._left and film not in self._errors}
        turns = sorted((frame, film) for film, plan in plans.items() for frame in range(self._taken[film], len(plan.order)))
        cels = {key: cel for plan in plans.values() for key, cel in plan.cels.items()}
        self._turns = iter([film for _, film in turns])
        self._running = self.runner.latents(Plan(cels, tuple(plans[film].order[frame] for frame, film in turns)), self.name)
        return self._running
