"""Which worker draws which batch, and what becomes of those of a lost one. The workers are threads that end when they are told to."""

from __future__ import annotations

import gc
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch

from animate import AnimateError, Storyboard
from animate.cluster import dispatch
from animate.cluster.dispatch import AHEAD, BLAMED, Dispatcher, Hands, Lost
from animate.cluster.worker import Drawn, Job, Said
from animate.draw.engine import WINDOW, Batch, run
from animate.pixels import Image
from animate.plan.cel import Plan
from animate.plan.plan import plan
from animate.report import Report
from animate.story.resolved import resolved
from animate.story.timeline import timeline

LONG = 30.0  # seconds, after which something hangs


def planned(frames: int = 40, **settings: Any) -> Plan:
    full = resolved(Storyboard.of("a", "b", frames=frames, **settings), steps=4, guidance=3.0, sampler="ddim", width=64, height=64)
    return plan(timeline(full), full)


class Thread:
    """A worker: paints every cel with its mix, one batch after the other."""

    def __init__(self, name: str, dies: Callable[[Job], bool] = lambda job: False, images: bool = False):
        self.name, self.dies, self.images, self.hardware = name, dies, images, f"the card of {name}"
        self.drawn: list[Job] = []
        self.stopped: list[int] = []
        self.dead = threading.Event()
        self.most = self.at_work = 0
        self._pool = ThreadPoolExecutor(1)

    def draw(self, job: Job, images: Mapping[str, Image]) -> Future[Drawn]:
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        future = self._pool.submit(self._draw, job)
        future.add_done_callback(lambda _: setattr(self, "at_work", self.at_work - 1))
        return future

    def _draw(self, job: Job) -> Drawn:
        if self.dead.is_set() or self.dies(job):
            self.dead.set()
            raise Lost("killed")
        self.drawn.append(job)
        mixes = np.array([cel.blend.mix for cel in job.batch.cels], np.float32)
        latents = np.broadcast_to(mixes[:, None, None, None, None], (len(mixes), len(job.batch.stops), 4, 1, 1))
        images = tuple(np.full((8, 8, 3), 255 * mixes[place], np.uint8) for place in job.batch.shown) if self.images else ()
        return Drawn(latents, images, (Said(f"{self.name} draws", warning=False),))

    def stop(self, number: int) -> None:
        self.stopped.append(number)


class Lines(Report):
    def __init__(self) -> None:
        self.logged, self.warned = list[str](), list[str]()

    def log(self, line: str) -> None:
        self.logged.append(line)

    def warn(self, line: str) -> None:
        self.warned.append(line)


def until(true: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def nobody(worker: dispatch.RemoteWorker) -> None:
    return None


def dispatcher(
    *workers: Thread, replacement: dispatch.Find = nobody, seen: Any = lambda latents, image: None, report: Report | None = None
) -> Dispatcher:
    return Dispatcher(workers, replacement, seen, report or Lines())


def hands(of: Dispatcher) -> Hands:
    return Hands(of, 1, 0, {}, lambda: None)


def mixes(made: Plan) -> list[float]:
    return [made.cels[key].blend.mix for key in made.order]


def test_a_film_is_dealt_out_and_comes_back_in_order() -> None:
    workers = [Thread(f"worker {number}") for number in range(3)]
    made, of = planned(), dispatcher(*workers)
    latents = list(run(made, hands(of), {}, batch_size=2))
    assert [float(one.mean()) for one in latents] == pytest.approx(mixes(made))
    assert sum(len(worker.drawn) for worker in workers) == 20, "no batch twice"
    assert all(worker.drawn for worker in workers)
    assert all(worker.most <= WINDOW for worker in workers)
    of.close()


def test_as_many_batches_are_in_flight_as_keep_all_busy() -> None:
    begun = threading.Event()
    slow = Thread("slow", dies=lambda job: not begun.wait(LONG))
    of = dispatcher(slow)
    ours = hands(of)
    assert ours.window == WINDOW + AHEAD
    frames = run(planned(), ours, {}, batch_size=2)
    first = threading.Thread(target=lambda: next(frames))
    first.start()
    until(lambda: of._numbers >= ours.window)
    begun.set()
    first.join(LONG)
    assert of._numbers <= 2 * ours.window
    frames.close()
    of.close()


@pytest.mark.parametrize("seed", range(20))
def test_a_lost_worker_costs_no_picture(seed: int) -> None:
    """Workers end at random, and others come in their places."""
    dice, count, ended = random.Random(seed), [0], Counter[str]()

    def ends(job: Job) -> bool:
        """One batch in ten, but none as often as makes it suspicious."""
        key = job.batch.cels[0].key
        ends_now = dice.random() < 0.1 and ended[key] < BLAMED - 1
        ended[key] += ends_now
        return ends_now

    def another(lost: dispatch.RemoteWorker) -> Future[dispatch.RemoteWorker]:
        count[0] += 1
        found: Future[dispatch.RemoteWorker] = Future()
        found.set_result(Thread(f"worker in place {count[0]}", ends if count[0] < 5 else lambda job: False))
        return found

    report = Lines()
    made, of = planned(), dispatcher(Thread("one", ends), Thread("two", ends), replacement=another, report=report)
    latents = list(run(made, hands(of), {}, batch_size=2))
    assert [float(one.mean()) for one in latents] == pytest.approx(mixes(made))
    assert len(report.warned) == count[0]
    of.close()


def test_those_that_are_left_go_on_and_it_is_said() -> None:
    report, ended = Lines(), Thread("worker 1", dies=lambda job: True)
    made, of = planned(), dispatcher(ended, Thread("worker 2"), report=report)
    assert len(list(run(made, hands(of), {}, batch_size=4))) == 40
    assert report.warned == ["worker 1 has ended (killed); 1 other goes on"]
    of.close()


def test_without_any_worker_it_ends_with_one_line() -> None:
    of = dispatcher(Thread("one", dies=lambda job: True))
    with pytest.raises(AnimateError, match=r"no worker is left \(killed\); the same command goes on"):
        list(run(planned(), hands(of), {}, batch_size=4))
    with pytest.raises(AnimateError, match="no worker is left"):
        hands(of).submit(Batch((), (), ())).result(LONG)


def test_one_that_cannot_be_started_is_tried_again() -> None:
    tries, report = [0], Lines()

    def another(lost: dispatch.RemoteWorker) -> Future[dispatch.RemoteWorker] | None:
        tries[0] += 1
        found: Future[dispatch.RemoteWorker] = Future()
        if tries[0] < 3:
            found.set_exception(AnimateError("worker 2 has not started within 180 seconds"))
        else:
            found.set_result(Thread("worker 4"))
        return found

    of = dispatcher(Thread("worker 1", dies=lambda job: True), replacement=another, report=report)
    assert len(list(run(planned(), hands(of), {}, batch_size=4))) == 40
    assert report.warned[1:] == ["none could be started in the place of worker 1: worker 2 has not started within 180 seconds"] * 2
    of.close()


def test_a_batch_that_ends_every_worker_is_named() -> None:
    made = planned()
    bad = made.order[13]

    def ends(job: Job) -> bool:
        return bad in {cel.key for cel in job.batch.cels}

    def another(lost: dispatch.RemoteWorker) -> Future[dispatch.RemoteWorker]:
        found: Future[dispatch.RemoteWorker] = Future()
        found.set_result(Thread("another", ends))
        return found

    of = dispatcher(Thread("one", ends), Thread("two", ends), replacement=another)
    with pytest.raises(
        AnimateError, match=rf'{BLAMED} workers ended while they drew "a" to "b" at mix 0\.\d+ and 1 more; use a smaller --batch-size'
    ):
        list(run(made, hands(of), {}, batch_size=2))
    of.close()


def test_only_the_batch_at_work_is_blamed() -> None:
    """A worker is given its next batch before it has ended the one before: that one is innocent."""
    made, ended = planned(), [0]

    def third(job: Job) -> bool:
        ended[0] += 1
        return ended[0] % 3 == 0 and ended[0] < 30

    def another(lost: dispatch.RemoteWorker) -> Future[dispatch.RemoteWorker]:
        found: Future[dispatch.RemoteWorker] = Future()
        found.set_result(Thread("another", third))
        return found

    of = dispatcher(Thread("one", third), replacement=another)
    assert len(list(run(made, hands(of), {}, batch_size=1))) == 40
    of.close()


def test_what_a_worker_raises_is_raised_and_the_others_go_on() -> None:
    class Failing(Thread):
        def _draw(self, job: Job) -> Drawn:
            raise MemoryError("out of memory")

    of = dispatcher(Failing("one"))
    with pytest.raises(MemoryError):
        list(run(planned(), hands(of), {}, batch_size=2))
    assert list(of.workers), "it is still there"
    of.close()


def test_what_is_given_up_is_drawn_no_more() -> None:
    begun, allowed = threading.Event(), threading.Event()

    class Waiting(Thread):
        def _draw(self, job: Job) -> Drawn:
            begun.set()
            assert allowed.wait(LONG)
            return super()._draw(job)

    worker = Waiting("one")
    of = dispatcher(worker)
    ours = hands(of)
    batch = Batch(tuple(planned().cels.values())[:1], ((),), (4,))
    futures = [ours.submit(batch) for _ in range(6)]
    assert begun.wait(LONG)
    until(lambda: worker.at_work == WINDOW)
    ours.cancel(futures)
    until(lambda: len(worker.stopped) == WINDOW)
    allowed.set()
    ours.settle()
    assert len(worker.drawn) <= WINDOW
    assert all(future.cancelled() for future in futures[WINDOW:])
    of.close()


def test_the_lenders_of_features_are_where_they_were_drawn() -> None:
    pause = threading.Event()
    workers = [Thread(f"worker {number}", dies=lambda job: pause.wait(0.005)) for number in range(3)]
    of = dispatcher(*workers)
    sampling = {"steps": 4, "guidance": 3.0, "sampler": "ddim", "fast": True}
    made = planned(65, sampling=sampling)
    assert any(cel.start.deep for cel in made.cels.values())
    list(run(made, hands(of), {}, batch_size=2))
    drawn_again = 0
    for worker in workers:
        has = set[str]()
        for job in worker.drawn:
            lenders = {cel.key for pair in job.batch.lenders for cel in pair}
            drawn_again += bool(lenders - has)
            has |= lenders or {cel.key for cel in job.batch.cels}
    lent = sum(bool(job.batch.lenders) for worker in workers for job in worker.drawn)
    assert drawn_again <= 0.7 * lent, "without looking who has them, nearly all"
    of.close()


def test_images_and_lines_come_along() -> None:
    report, pictures = Lines(), dict[float, int]()
    made = planned(8)
    of = dispatcher(
        Thread("one", images=True), report=report, seen=lambda latents, image: pictures.update({float(latents.mean()): int(image.mean())})
    )
    list(run(made, hands(of), {}, batch_size=3))
    assert pictures == {mix: int(255 * np.float32(mix)) for mix in (float(np.float32(m)) for m in mixes(made))}
    list(run(made, hands(of), {}, batch_size=3, shown=False))
    assert set(report.logged) == {"one draws"}
    of.close()


def test_who_has_drawn_what_is_told() -> None:
    drawn = dict[str, str]()
    workers = [Thread("one"), Thread("two")]
    made, of = (
        planned(8),
        Dispatcher(workers, nobody, lambda *_: None, Lines(), lambda batch, who: drawn.update({c.key: who.hardware for c in batch.cels})),
    )
    list(run(made, hands(of), {}, batch_size=2))
    assert drawn == {cel.key: worker.hardware for worker in workers for job in worker.drawn for cel in job.batch.cels}
    of.close()


def test_a_closed_one_refuses_and_leaves_no_thread() -> None:
    of = dispatcher(Thread("one"))
    ours = hands(of)
    of.close()
    of._thread.join(LONG)
    assert not of._thread.is_alive()
    with pytest.raises(AnimateError, match="sent away"):
        ours.submit(Batch((), (), ())).result(LONG)


def test_a_film_that_is_dropped_is_given_up_by_the_garbage_collector() -> None:
    worker = Thread("one")
    of = dispatcher(worker)
    frames = run(planned(), hands(of), {}, batch_size=1)
    next(frames)
    del frames
    gc.collect()
    before = of._numbers
    torch.zeros(1)
    assert of._numbers == before
    of.close()
