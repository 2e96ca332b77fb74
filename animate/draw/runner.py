"""Run plans on one model: batches shrink where the device has no room for them, finished cels are kept, films may share batches."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from torch import Tensor

from ..errors import AnimateError
from ..models.base import Model, Numerics
from ..models.memory import give_back, out_of_memory
from ..pixels import Image
from ..plan.cel import Plan
from ..report import Report
from . import engine
from .decoder import Decoder
from .drawer import Drawer
from .executor import WorkerThread
from .store import Store

Stretches = Sequence[tuple[int, int]]  # of a film: the number of a stretch's first frame, and the size of the batches that it is drawn in


class Runner:
    """Plans -> latents, in batches of `batch_size`; that becomes less as soon as the device has no room for so many."""

    def __init__(self, model: Model, images: Mapping[str, Image], batch_size: int, store: Store | None, report: Report, stretches: Stretches = ()):
        """images: those that cels begin with, by digest. store: where finished cels are kept and found again.

        stretches: of the film, where it was drawn before in batches that became less on the way.
        """
        self.model, self.store, self.report, self.batch_size, self.stretches = model, store, report, batch_size, stretches
        self.drawn_in = batch_size  # the size of the batches that the latents which were handed out last were drawn in
        self._drawer = Drawer(model, images)
        self._worker = WorkerThread(self._draw)

    def _draw(self, batch: engine.Batch, on_step: Callable[[], object]) -> Tensor:
        """In the worker thread: the batch's latents, each step of which is reported."""
        steps = itertools.count(1)
        total = batch.cels[0].step_count - batch.cels[0].start.step  # more where some of it is drawn again

        def stepped() -> None:
            on_step()
            self.report.step(min(next(steps), total), total)

        return self._drawer.draw(batch, stepped)

    @property
    def decode(self) -> Decoder:
        """A cel's latents -> its image; one that the next picture has begun with is not decoded again."""
        return self._drawer.feedback.decoder

    @property
    def numerics(self) -> Numerics:
        """Where the next batch is drawn."""
        return replace(self.model.numerics, batch_size=self.batch_size)

    def latents(self, plan: Plan, name: str) -> Iterator[Tensor]:
        """Of every frame, in order, (C, h, w). Without a name, the plan is no film: its cels are kept, but not counted.

        Batches are half as large as soon as the device has no room, down to one picture; the rest of the film is a film with
        this batch size. Raises AnimateError if one picture is too much.
        """
        done = 0
        while done < len(plan.order):
            rest = plan.only(range(done, self._end_of_stretch(done, plan) if name else len(plan.order)))
            states: engine.States = {}
            if self.store is not None:
                states = self.store.states(plan, name, self.model.fingerprint, self.numerics, self.report)
            running = engine.run(rest, self._worker, states, self.batch_size, self._drawer.kind)
            try:
                while (latents := next(running, None)) is not None:
                    done, self.drawn_in = done + 1, self.batch_size
                    yield latents
                continue
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                if self.batch_size == 1 and not self.model.memory.offload():
                    cel = plan.cels[plan.order[done]]
                    reason = f"not enough memory for one picture of {cel.width} x {cel.height} pixels; use smaller --width and --height"
                    raise AnimateError(reason) from error
            finally:
                running.close()
            self._shrink()

    def _end_of_stretch(self, done: int, plan: Plan) -> int:
        """The number of the frame that the stretch of frame `done` ends before; from here on, batches are as large as that stretch has them."""
        begun = [size for first, size in self.stretches if first <= done]
        self.batch_size = min([self.batch_size, *begun[-1:]])
        return min((first for first, _ in self.stretches if first > done), default=len(plan.order))

    def unkept(self, plan: Plan) -> Iterator[Tensor]:
        """The latents of a plan whose cels are not kept."""
        return engine.run(plan, self._worker, {}, self.batch_size, self._drawer.kind)

    def _shrink(self) -> None:
        """Half the batch; where that is one picture already, the parts of the model take turns on the device."""
        if self.batch_size > 1:
            self.report.warn(f"not enough memory for {self.batch_size} pictures in a batch: going on with {self.batch_size // 2}")
        else:
            self.report.warn("not enough memory for one picture: going on with one part of the model at a time on the device")
        self.batch_size = max(1, self.batch_size // 2)
        give_back()


class Interleaved:
    """Films of one run, frame by frame in turn, so that their cels share batches. Latents that nobody has asked for yet wait in memory."""

    def __init__(self, runner: Runner, plans: Callable[[], Sequence[Plan]], name: str):
        """plans: one for each film; asked for when the first latents are."""
        self.runner, self.plans, self.name = runner, plans, name
        self._running: Iterator[tuple[int, Tensor]] | None = None
        self._done = 0  # latents handed out or waiting: one film may fail or be interrupted, and the others go on there
        self._waiting: list[deque[tuple[Tensor, int]]] = []  # and the size of the batches that they were drawn in

    def latents(self, film: int) -> Iterator[Tensor]:
        """Those of one film, in order; the others' are drawn as far as they come before."""
        plans = self.plans()
        self._waiting = self._waiting or [deque() for _ in plans]
        for _ in plans[film].order:
            while not self._waiting[film]:
                self._next(plans)
            latents, self.runner.drawn_in = self._waiting[film].popleft()
            yield latents

    def _next(self, plans: Sequence[Plan]) -> None:
        self._running = self._running or self._run(plans)
        try:
            film, latents = next(self._running)
        except BaseException:
            self._running = None
            raise
        self._done += 1
        self._waiting[film].append((latents, self.runner.drawn_in))

    def _run(self, plans: Sequence[Plan]) -> Iterator[tuple[int, Tensor]]:
        rounds = itertools.zip_longest(*([(film, key) for key in plan.order] for film, plan in enumerate(plans)))
        shown = [place for places in rounds for place in places if place][self._done :]
        whole = Plan({key: cel for plan in plans for key, cel in plan.cels.items()}, tuple(key for _, key in shown))
        return zip((film for film, _ in shown), self.runner.latents(whole, self.name), strict=True)
