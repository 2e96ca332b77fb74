"""The worker thread: what is given up ends soon, nothing is left behind, and nobody waits for himself."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError, Future

import pytest
import torch

from animate.draw import executor
from animate.draw.engine import Batch
from animate.draw.executor import WorkerThread

BATCH = Batch((), (), ())
LONG = 60.0  # seconds, after which something hangs


class Steps:
    """Draws in steps, each of which begins when it is allowed to."""

    def __init__(self, count: int = 100):
        self.count, self.begun, self.allowed, self.done = count, threading.Event(), threading.Semaphore(0), 0

    def __call__(self, batch: Batch, on_step: Callable[[], object]) -> torch.Tensor:
        for _ in range(self.count):
            self.begun.set()
            assert self.allowed.acquire(timeout=LONG)
            self.done += 1
            on_step()
        return torch.zeros(1)


def drawing() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "draw"]


def test_nothing_is_left_once_all_is_drawn() -> None:
    worker = WorkerThread(lambda batch, on_step: torch.ones(3))
    for _ in range(3):
        futures = [worker.submit(BATCH) for _ in range(3)]
        assert all(torch.equal(future.result(LONG), torch.ones(3)) for future in futures)
        for thread in drawing():
            thread.join(LONG)
        assert not drawing()


def test_what_is_given_up_ends_after_its_step_and_the_next_is_drawn() -> None:
    steps = Steps()
    worker = WorkerThread(steps)
    first, second = worker.submit(BATCH), worker.submit(BATCH)
    assert steps.begun.wait(LONG)
    worker.cancel([first, second])  # returns though the step goes on
    assert not first.done()
    assert second.cancelled()
    steps.allowed.release()
    worker.settle()
    assert isinstance(first.exception(0), CancelledError)
    assert steps.done == 1
    steps.count = 0
    assert torch.equal(worker.submit(BATCH).result(LONG), torch.zeros(1))


def test_only_what_was_given_up_is_waited_for() -> None:
    steps = Steps(1)
    worker = WorkerThread(steps)
    future = worker.submit(BATCH)
    worker.settle()
    assert not future.done()
    steps.allowed.release()
    assert torch.equal(future.result(LONG), torch.zeros(1))


def test_the_drawing_itself_may_give_up_and_settle() -> None:
    """As the garbage collector does, which drops films in whatever thread it runs."""
    begin, futures = threading.Event(), list[Future[torch.Tensor]]()

    def draw(batch: Batch, on_step: Callable[[], object]) -> torch.Tensor:
        assert begin.wait(LONG)
        worker.cancel(futures)
        worker.settle()
        on_step()
        return torch.zeros(1)

    worker = WorkerThread(draw)
    futures.append(worker.submit(BATCH))
    begin.set()
    assert isinstance(futures[0].exception(LONG), CancelledError)


def test_a_failed_batch_keeps_nothing_alive() -> None:
    """It may hold gigabytes, just where memory has run out."""

    class Large:
        pass

    large = Large()
    known = weakref.ref(large)

    def draw(batch: Batch, on_step: Callable[[], object]) -> torch.Tensor:
        raise RuntimeError("no memory")

    gc.disable()
    try:
        future = WorkerThread(draw).submit(Batch((large,), (), ()))  # type: ignore[arg-type]
        del large
        assert str(future.exception(LONG)) == "no memory"
        for thread in drawing():
            thread.join(LONG)
        del future
        assert known() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(("main", "owner", "stopped"), [(True, False, False), (False, True, False), (False, False, True), (True, True, False)])
def test_a_program_that_ends_does_not_wait_for_its_batches(monkeypatch: pytest.MonkeyPatch, main: bool, owner: bool, stopped: bool) -> None:
    """But a thread that outlives the main one draws its film to the end, and one that only began it may end."""
    ended = threading.Thread(target=int)
    ended.start()
    ended.join()
    here = threading.current_thread()
    monkeypatch.setattr(threading, "main_thread", lambda: here if main else ended)
    if not stopped:
        return executor._stop_if(threading.Event(), here if owner else ended)
    with pytest.raises(CancelledError):
        executor._stop_if(threading.Event(), here if owner else ended)
