"""Which worker draws which batch: as many in flight for each as keep it busy, those of a lost one drawn by others. Knows no Ray.

All that changes is changed in one thread, which takes events from a queue: submitted, done, given up, a worker gone or come. Whoever calls
from elsewhere, the garbage collector too, only puts something there.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from ..draw.engine import WINDOW, Batch
from ..errors import AnimateError, counted
from ..pixels import Image
from ..report import Report
from .worker import Drawn, Job

BLAMED = 3  # workers that have ended while they drew a batch: it is what ends them
AHEAD = 1  # batches for each worker that wait here, beside those that wait there
REMEMBERED = 64  # cels of which it is known who drew them: their features are forgotten soon


class Lost(Exception):
    """The worker that was to do something is there no more."""


class RemoteWorker(Protocol):
    """A worker in another process."""

    name: str  # for people
    hardware: str  # that it draws on

    def draw(self, job: Job, images: Mapping[str, Image]) -> Future[Drawn]:
        """Fails with Lost if the worker ends."""

    def stop(self, number: int) -> None:
        """Give up this job, if it is still at it."""


@dataclass(eq=False)
class Task:
    """A job and what has become of it."""

    job: Job
    images: Mapping[str, Image]
    future: Future[Tensor] = field(default_factory=Future)
    unwanted: threading.Event = field(default_factory=threading.Event)
    lost: int = 0  # workers that have ended while they drew it


Event = Callable[[], object]
Find = Callable[[RemoteWorker], "Future[RemoteWorker] | None"]  # another worker in the place of a lost one; None: no more


class Dispatcher:
    """Deals batches out to workers."""

    def __init__(
        self, workers: Sequence[RemoteWorker], replacement: Find, seen: Callable[[Tensor, Image], object], report: Report,
        drawn: Callable[[Batch, RemoteWorker], object] = lambda batch, worker: None,
    ):  # fmt: skip
        """seen: is told of the latents and images of what is shown. drawn: of who has drawn what."""
        self.workers: dict[RemoteWorker, deque[Task]] = {worker: deque() for worker in workers}  # and what each is at, the oldest first
        self.replacement, self.seen, self.report, self.drawn = replacement, seen, report, drawn
        self._waiting: deque[Task] = deque()
        self._tasks: dict[Future[Tensor], Task] = {}
        self._coming = 0  # workers that are being started
        self._over: AnimateError | None = None  # why nothing is drawn any more
        self._has: OrderedDict[str, set[RemoteWorker]] = OrderedDict()  # by the key of a cel: who has drawn it, alone or to lend its features
        self._numbers = 0
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="dispatch", daemon=True)
        self._thread.start()

    @property
    def window(self) -> int:
        """Batches that should be in flight, so that nobody idles."""
        return (WINDOW + AHEAD) * max(1, len(self.workers) + self._coming)

    def submit(self, job: Callable[[int], Job], images: Mapping[str, Image]) -> Future[Tensor]:
        """job: by its number."""
        self._numbers += 1
        task = Task(job(self._numbers), images)
        self._tasks[task.future] = task
        task.future.add_done_callback(self._tasks.pop)
        self._events.put(partial(self._waiting.append, task))
        if not self._thread.is_alive():  # it has ended, perhaps a moment ago
            self._refuse()
        return task.future

    def cancel(self, futures: Iterable[Future[Tensor]]) -> None:
        """Give these up, without a lock and without waiting."""
        for future in futures:
            if not future.cancel() and (task := self._tasks.get(future)):
                task.unwanted.set()
                self._events.put(partial(self._stop, task))

    def settle(self, futures: Iterable[Future[Tensor]]) -> None:
        """Wait until those of these that were given up are drawn no more."""
        wait([task.future for future in futures if (task := self._tasks.get(future)) and task.unwanted.is_set()])

    def miss(self, worker: RemoteWorker, error: Lost) -> None:
        """This one was found to have ended."""
        self._events.put(partial(self._lose, worker, error))

    def close(self) -> None:
        """Nothing is drawn any more; whoever waits, or comes later, is told so."""
        self._events.put(partial(self._end, AnimateError("the workers were sent away before all was drawn; keep them for as long as it takes")))

    def _work(self) -> None:
        while not self._over:
            self._events.get()()
            self._deal()
        self._refuse()

    def _refuse(self) -> None:
        """What was submitted, and nobody will draw any more."""
        while not self._events.empty():
            with contextlib.suppress(queue.Empty):
                self._events.get_nowait()()
        while self._waiting:
            task = self._waiting.popleft()
            if task.future.running() or task.future.set_running_or_notify_cancel():
                task.future.set_exception(self._over)

    def _end(self, reason: AnimateError) -> None:
        self._over = reason
        for task in [task for tasks in self.workers.values() for task in tasks if not task.future.done()]:
            task.future.set_exception(reason)
        self.workers.clear()

    def _deal(self) -> None:
        """Give what waits to workers that have room: to each the first that suits it; one that has nothing to do takes any."""
        passed = set[RemoteWorker]()
        while self._waiting and (free := [worker for worker, tasks in self.workers.items() if len(tasks) < WINDOW and worker not in passed]):
            worker = min(free, key=lambda one: len(self.workers[one]))
            suits = (task for task in self._waiting if self._suits(task, worker))
            task = next(suits, None if self.workers[worker] else self._waiting[0])
            if task is None:
                passed.add(worker)
                continue
            self._waiting.remove(task)
            if task.future.running() or task.future.set_running_or_notify_cancel():
                self._give(task, worker)

    def _suits(self, task: Task, worker: RemoteWorker) -> bool:
        """Whether none has more of the features that these cels take."""
        lenders = {cel.key for pair in task.job.batch.lenders for cel in pair}
        if not lenders:
            return True
        has = {one: sum(one in self._has.get(key, ()) for key in lenders) for one in self.workers}
        return has[worker] == max(has.values())

    def _give(self, task: Task, worker: RemoteWorker) -> None:
        self.workers[worker].append(task)
        batch = task.job.batch
        for cel in {cel for pair in batch.lenders for cel in pair} or batch.cels:
            self._has.setdefault(cel.key, set()).add(worker)
            self._has.move_to_end(cel.key)
        while len(self._has) > REMEMBERED:
            self._has.popitem(last=False)
        try:
            done = worker.draw(task.job, task.images)
        except Exception as error:  # what cannot be sent
            self.workers[worker].remove(task)
            task.future.set_exception(error)
            return
        done.add_done_callback(lambda drawn: self._events.put(partial(self._done, task, worker, drawn)))

    def _stop(self, task: Task) -> None:
        for worker, tasks in self.workers.items():
            if task in tasks:
                worker.stop(task.job.number)

    def _done(self, task: Task, worker: RemoteWorker, drawn: Future[Drawn]) -> None:
        error = drawn.exception()
        if isinstance(error, Lost):
            self._lose(worker, error)
            return
        if worker in self.workers and task in self.workers[worker]:
            self.workers[worker].remove(task)
        if task.future.done():
            return
        if error is not None:
            task.future.set_exception(error)
            return
        made = drawn.result()
        for said in made.said:
            (self.report.warn if said.warning else self.report.log)(said.line)
        self.drawn(task.job.batch, worker)
        latents = torch.from_numpy(made.latents.copy())  # what comes from shared memory is read-only
        if made.images:
            for place, image in zip(task.job.batch.shown, made.images, strict=True):
                self.seen(latents[place, -1], image)
        task.future.set_result(latents)

    def _lose(self, worker: RemoteWorker, error: Lost) -> None:
        """Its batches are drawn by others, and another worker is looked for."""
        tasks = self.workers.pop(worker, None)
        if tasks is None:  # another of its batches has told it
            return
        if tasks:
            tasks[0].lost += 1
        for task in reversed(tasks):
            if task.unwanted.is_set():
                task.future.set_exception(error)
            elif task.lost == BLAMED:
                task.future.set_exception(AnimateError(_blame(task.job.batch)))
            else:
                self._waiting.appendleft(task)
        if self._replaced(worker):
            self.report.warn(f"{worker.name} has ended ({error}); another one is started in its place")
        else:
            others = f"; {counted(len(self.workers), 'other')} go{'es' if len(self.workers) == 1 else ''} on" if self.workers else ""
            self.report.warn(f"{worker.name} has ended ({error}){others}")
        self._give_up_if_alone(error)

    def _replaced(self, worker: RemoteWorker) -> bool:
        """Whether another one is on its way."""
        coming = self.replacement(worker)
        if coming is None:
            return False
        self._coming += 1
        coming.add_done_callback(lambda found: self._events.put(partial(self._come, worker, found)))
        return True

    def _come(self, lost: RemoteWorker, found: Future[RemoteWorker]) -> None:
        self._coming -= 1
        error = found.exception()
        if error is None:
            self.workers[found.result()] = deque()
            return
        self.report.warn(f"none could be started in the place of {lost.name}: {error}")
        if not self._replaced(lost):
            self._give_up_if_alone(error)

    def _give_up_if_alone(self, error: BaseException) -> None:
        if not self._over and not self.workers and not self._coming:
            self._end(AnimateError(f"no worker is left ({error}); the same command goes on from what is in the store"))


def _blame(batch: Batch) -> str:
    cel = batch.cels[0]
    shown = f'"{cel.blend.a.prompt}" to "{cel.blend.b.prompt}" at mix {cel.blend.mix:.3f}'
    others = len({cel.key for cel in batch.cels}) - 1
    return f"{BLAMED} workers ended while they drew {shown}{f' and {others} more' if others else ''}; use a smaller --batch-size, or look why"


class Hands:
    """Those of a cluster that draw for one runner."""

    def __init__(self, dispatcher: Dispatcher, film: int, lending: int, images: Mapping[str, Image], forget: Callable[[], object]):
        self.dispatcher, self.film, self.lending, self.images, self.forget = dispatcher, film, lending, images, forget
        self._submitted: weakref.WeakSet[Future[Tensor]] = weakref.WeakSet()

    @property
    def window(self) -> int:
        return self.dispatcher.window

    def submit(self, batch: Batch) -> Future[Tensor]:
        begun = {cel.blend.a.image for cel in batch.cels if cel.start.step and not cel.start.parents}
        future = self.dispatcher.submit(
            lambda number: Job(number, self.film, self.lending, batch), {digest: self.images[digest] for digest in begun if digest}
        )
        self._submitted.add(future)
        return future

    def cancel(self, futures: Sequence[Future[Tensor]]) -> None:
        self.dispatcher.cancel(futures)

    def settle(self) -> None:
        self.dispatcher.settle([*self._submitted])
