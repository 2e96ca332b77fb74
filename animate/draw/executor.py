"""Draw batches in a worker thread of this process, beside the thread that decodes, stores and encodes. Knows nothing of plans."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, runtime_checkable

from torch import Tensor

from ..models.base import nothing
from ..pixels import Image
from .engine import WINDOW, Batch, Executor

Draw = Callable[[Batch, Callable[[], object]], Tensor]  # a batch, and what to call after every denoising step


class Hands(Executor, Protocol):
    """Who draws for a runner, and on whose memory."""

    def settle(self) -> None:
        """Wait until nothing is drawn any more that was given up."""

    def forget(self) -> object:
        """Drop what is kept for batches to come, and takes memory where they are drawn."""


@runtime_checkable
class DrawnElsewhere(Protocol):
    """A model whose batches are drawn in other processes."""

    def hands(self, images: Mapping[str, Image], lending: int) -> Hands:
        """Those that draw for one runner. images, lending: as a `Drawer` takes them."""

    def expect(self, latents: Tensor) -> None:
        """These, (C, h, w), will be decoded soon: whoever can, may begin. Returns at once."""

    def hardware_of(self, key: str) -> str:
        """What a cel was drawn on, where that differs from cel to cel; else nothing."""


@dataclass(frozen=True, eq=False)
class _Task:
    """A batch that waits, or is being drawn."""

    batch: Batch
    future: Future[Tensor] = field(default_factory=Future)
    unwanted: threading.Event = field(default_factory=threading.Event)
    owner: threading.Thread = field(default_factory=threading.current_thread)


class WorkerThread:
    """The hands of this process. A batch that is given up ends after the denoising step that it is at.

    The thread lives while there is something to draw, so that nothing is left to shut down: a film that is dropped unfinished
    leaves no thread behind, and a program that ends in the middle of a batch waits for one denoising step.
    """

    window = WINDOW

    def __init__(self, draw: Draw, forget: Callable[[], object] = nothing):
        """forget: what `forget` calls."""
        self._draw, self.forget = draw, forget
        self._lock = threading.Lock()  # of the thread and its queue
        self._queue: deque[_Task] = deque()
        self._thread: threading.Thread | None = None
        self._tasks: dict[Future[Tensor], _Task] = {}  # what is not done yet

    def submit(self, batch: Batch) -> Future[Tensor]:
        task = _Task(batch)
        self._tasks[task.future] = task
        task.future.add_done_callback(self._tasks.pop)
        with self._lock:
            self._queue.append(task)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="draw")
                self._thread.start()
        return task.future

    def cancel(self, futures: Sequence[Future[Tensor]]) -> None:
        """Without a lock and without waiting: the garbage collector may come here from any thread, in the middle of a step, too."""
        for future in futures:
            if not future.cancel() and (task := self._tasks.get(future)):
                task.unwanted.set()

    def settle(self) -> None:
        """Wait until nothing is drawn any more that was given up. From within the drawing itself: at once."""
        if threading.current_thread() is not self._thread:
            wait([task.future for task in [*self._tasks.values()] if task.unwanted.is_set()])

    def _work(self) -> None:
        while self._drawn_next():
            pass

    def _drawn_next(self) -> bool:
        """Draw the batch that waits longest; False, which ends the thread, if there is none."""
        with self._lock:
            if not self._queue:
                self._thread = None
                return False
            task = self._queue.popleft()
        try:
            if task.future.set_running_or_notify_cancel():
                on_step = partial(_stop_if, task.unwanted, task.owner)
                on_step()
                task.future.set_result(self._draw(task.batch, on_step))
        except BaseException as error:
            task.future.set_exception(error)
        finally:
            del task  # an error knows this frame, and its future the error: a circle, which would hold the batch
        return True


def _stop_if(unwanted: threading.Event, owner: threading.Thread) -> None:
    """Raises CancelledError if nobody waits for the batch any more: it was given up, or the program is ending."""
    if unwanted.is_set() or not (threading.main_thread().is_alive() or owner.is_alive()):
        raise CancelledError
