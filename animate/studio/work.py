"""A job in a thread of its own, watched from a page: what it tells, how far it is, and the way to stop it. Knows no film and no page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..pixels import Image
from ..report import Report

T = TypeVar("T")

LOOK = 0.25  # seconds between two looks at a job
UNTOUCHED = ("loading", "writing")  # stages that are not interrupted: they are short, and what is being closed would be lost


@dataclass(frozen=True)
class Progress:
    """How far a job is."""

    stage: str = "waiting"
    done: int = 0
    total: int = 0  # 0: nobody knows
    seconds: float = 0.0  # since the stage began
    step: tuple[int, int] = (0, 0)  # denoising steps of the batch at work: done, of how many
    lines: tuple[str, ...] = ()  # log lines and warnings so far
    picture: Image | None = None  # the newest there is
    stopping: bool = False

    @property
    def rate(self) -> float:
        """Of the stage, in its own units a second; 0: not known yet."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def left(self) -> float | None:
        """Seconds to the end of the stage; None: not known yet."""
        return (self.total - self.done) / self.rate if self.rate and self.total else None

    def told(self) -> str:
        """In one line: "drawing 9/24, 2.1/s, 0:07 left"."""
        words = self.stage + (f" {self.done}/{self.total}" if self.total else "")
        if self.stopping:
            return f"{words}, stopping after this batch"
        if self.left is not None and self.done < self.total:
            words += f", {self.rate:.2g}/s, {_clock(self.left)} left"
        elif self.seconds >= 1:
            words += f", {_clock(self.seconds)}"
        return words + (f", step {self.step[0]}/{self.step[1]}" if 0 < self.step[0] < self.step[1] else "")


class Listener(Report):
    """Keeps what a job tells. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._lines: list[str] = []
        self._stage, self._done, self._total, self._began = "waiting", 0, 0, time.monotonic()
        self._step = (0, 0)
        self._picture: Image | None = None
        self._heeded = False

    def stop(self) -> None:
        """Ask the job to end where it is: a film is closed with the frames that it has. It heeds that between two batches."""
        self._stop.set()

    def log(self, line: str) -> None:
        with self._lock:
            self._lines.append(line)

    def warn(self, line: str) -> None:
        self.log(f"warning: {line}")

    def progress(self, stage: str, done: int, total: int) -> None:
        """Raises KeyboardInterrupt, once, if the job is asked to end: what draws a film closes it then, as Ctrl-C has it do."""
        with self._lock:
            if stage != self._stage:
                self._began, self._step = time.monotonic(), (0, 0)
            self._stage, self._done, self._total = stage, done, total
        if self._stop.is_set() and not self._heeded and stage not in UNTOUCHED:
            self._heeded = True
            raise KeyboardInterrupt

    def step(self, done: int, total: int) -> None:
        with self._lock:
            self._step = done, total

    def picture(self, image: Image) -> None:
        self._picture = image

    def seen(self) -> Progress:
        """How far it is now."""
        with self._lock:
            seconds, lines = time.monotonic() - self._began, tuple(self._lines)
            return Progress(self._stage, self._done, self._total, seconds, self._step, lines, self._picture, self._stop.is_set())


class Outcome(Generic[T]):
    """What a job comes to: its result, or what it raised."""

    def __init__(self, work: Callable[[], T]):
        self._work = work
        self._result: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._result.append(self._work())
        except BaseException as error:
            self._error = error

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._result[0]


def watched(work: Callable[[Listener], T], listener: Listener) -> Generator[Progress, None, T]:
    """Do the work in a thread, and yield how far it is, a few times a second; return its result or raise its error.

    Closed early, it asks the work to end and waits for that: whoever comes next finds the device free.
    """
    outcome = Outcome(lambda: work(listener))
    thread = threading.Thread(target=outcome.run, name="studio")
    thread.start()
    try:
        going = True
        while going:
            thread.join(LOOK)
            going = thread.is_alive()  # asked first: what is seen after its end is all that it told
            yield listener.seen()
    finally:
        listener.stop()
        thread.join()
    return outcome.result()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
