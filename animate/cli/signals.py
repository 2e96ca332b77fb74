"""Ctrl-C, a polite kill and a closed terminal: what is drawn is closed first. Knows no command."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

INTERRUPTED = 130  # as a shell has it: 128 + SIGINT
NUMBERS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
PATIENCE = 3.0  # seconds after which it is told what a signal waits for
WAITING = b"animate: stopping after the denoising step that is being drawn; twice more ends at once\n"
ORDINARY = (signal.SIG_DFL, signal.default_int_handler)


@contextlib.contextmanager
def closing_first() -> Iterator[None]:
    """The first of these signals raises KeyboardInterrupt, so that the file is closed with what is drawn; the second one says so,
    and the third ends the process. What a shell or nohup has this process ignore stays ignored, and so does what `ignore` was called for within.
    """
    received, waiting = 0, threading.Timer(PATIENCE, os.write, [2, WAITING])
    waiting.daemon = True

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal received
        received += 1
        if received == 1:
            waiting.start()
            raise KeyboardInterrupt
        if received == 2:
            with contextlib.suppress(OSError):
                os.write(2, b"animate: closing the file; once more ends at once, without it\n")
        else:
            os._exit(INTERRUPTED)

    before = [(number, signal.signal(number, interrupt)) for number in NUMBERS if signal.getsignal(number) in ORDINARY]
    try:
        yield
    finally:
        waiting.cancel()
        for number, handler in before:
            if signal.getsignal(number) is interrupt:
                signal.signal(number, handler)


@contextlib.contextmanager
def saying_what_is_left(keep: bool) -> Iterator[None]:
    """An interrupt within, before there is a file to close, says what comes of the work. keep: whether drawings go into a store."""
    try:
        yield
    except KeyboardInterrupt as error:
        kept = "drawings that were finished are kept, and the same command goes on from there"
        raise KeyboardInterrupt(
            f"stopped before anything could be written; {kept if keep else 'nothing is kept (--no-store): the same command begins anew'}"
        ) from error


def ignore() -> None:
    """From now on to the end of the process."""
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN)
