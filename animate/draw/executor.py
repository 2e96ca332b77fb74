"""Draw batches in one worker thread of this process, beside the thread that decodes, stores and encodes. Knows nothing of plans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Event

from torch import Tensor

from .engine import Batch

Draw = Callable[[Batch, Callable[[], object]], Tensor]  # a batch, and what to call after every denoising step


class WorkerThread:
    """An `engine.Executor`. A batch that is given up ends after the denoising step that it is at."""

    def __init__(self, draw: Draw):
        self._draw, self._pool = draw, ThreadPoolExecutor(1, "draw")
        self._unwanted: dict[Future[Tensor], Event] = {}  # of what is not done yet

    def submit(self, batch: Batch) -> Future[Tensor]:
        unwanted = Event()
        future = self._pool.submit(self._draw, batch, partial(_stop_if, unwanted))
        self._unwanted[future] = unwanted
        future.add_done_callback(self._unwanted.pop)
        return future

    def cancel(self, futures: Sequence[Future[Tensor]]) -> None:
        for future in futures:
            if not future.cancel() and (unwanted := self._unwanted.get(future)):
                unwanted.set()
        wait(futures)


def _stop_if(unwanted: Event) -> None:
    if unwanted.is_set():
        raise CancelledError
