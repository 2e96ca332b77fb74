"""Run plans on one model: batches shrink where the device has no room for them, finished cels are kept, films may share their batches."""

from __future__ import annotations

import itertools
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from ..errors import AnimateError, AnimateWarning
from ..models.base import Model
from ..models.memory import give_back, out_of_memory
from ..plan.cel import Plan
from . import engine
from .drawer import Drawer
from .store import Store

Image = np.ndarray  # uint8 (H, W, 3), RGB


class Runner:
    """Plans -> latents. `numerics` says with how many batch_size; they are fewer as soon as there is no room for so many."""

    def __init__(self, model: Model, pixels: Mapping[str, Image], batch_size: int, store: Store | None):
        """pixels: the images that cels begin with, by digest. store: where finished cels are kept and found again."""
        self.model, self.pixels, self.store = model, pixels, store
        self.numerics = replace(model.numerics, batch_size=batch_size)

    def latents(self, what: Plan, name: str) -> Iterator[Tensor]:
        """Of every frame, in order. Without a name, the plan is no film: its cels are kept, but not counted.

        Batches are half as large as soon as the device has no room, down to one picture; the rest of the film is a film with these batch_size.
        """
        done, draw = 0, Drawer(self.model, self.pixels)
        while True:
            states: engine.States = {} if self.store is None else self.store.states(what, name, self.model.fingerprint, self.numerics)
            running = engine.run(what.only(range(done, len(what.order))), draw, states, self.numerics.batch_size, draw.kind)
            try:
                while (latents := next(running, None)) is not None:
                    done += 1
                    yield latents
                return
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                if self.numerics.batch_size == 1 and not self.model.offload():
                    cel = what.cels[what.order[done]]
                    told = f"not enough memory for one picture of {cel.width} x {cel.height} pixels; use smaller --width and --height"
                    raise AnimateError(told) from error
            self._shrink()

    def alone(self, what: Plan) -> Iterator[Tensor]:
        """A plan of which nothing is kept."""
        draw = Drawer(self.model, self.pixels)
        return engine.run(what, draw, {}, self.numerics.batch_size, draw.kind)

    def _shrink(self) -> None:
        """Half the batch; where that is one picture already, the parts of the model take turns on the device."""
        batch_size = self.numerics.batch_size
        lost = f"not enough memory for {batch_size} pictures in a batch: going on with {batch_size // 2}"
        turns = "not enough memory for one picture: going on with one part of the model at a time on the device"
        warnings.warn(lost if batch_size > 1 else turns, AnimateWarning, stacklevel=5)
        self.numerics = replace(self.numerics, batch_size=max(1, batch_size // 2))
        give_back()


class Interleaved:
    """Films of one run, frame by frame in turn, so that their cels are in the same batches. What was not asked for yet waits in memory."""

    def __init__(self, runner: Runner, planned: Sequence[Callable[[], Plan]], name: str):
        self.runner, self.planned, self.name = runner, planned, name
        self.running: Iterator[tuple[int, Tensor]] | None = None
        self.done = 0  # latents handed out or waiting: one film may fail or be interrupted, and the others go on there
        self.waiting = [deque[Tensor]() for _ in planned]

    def latents(self, number: int, what: Plan) -> Iterator[Tensor]:
        """Those of one film, whose plan this is, in order; others' as far as they come before."""
        own = self.waiting[number]
        for _ in what.order:
            while not own:
                self._next()
            yield own.popleft()

    def _next(self) -> None:
        self.running = self.running or self._run()
        try:
            film, latents = next(self.running)
        except BaseException:
            self.running = None
            raise
        self.done += 1
        self.waiting[film].append(latents)

    def _run(self) -> Iterator[tuple[int, Tensor]]:
        plans = [plan() for plan in self.planned]
        rounds = itertools.zip_longest(*([(film, key) for key in plan.order] for film, plan in enumerate(plans)))
        shown = [place for places in rounds for place in places if place][self.done :]
        whole = Plan({key: cel for plan in plans for key, cel in plan.cels.items()}, tuple(key for _, key in shown))
        return zip((film for film, _ in shown), self.runner.latents(whole, self.name), strict=True)
