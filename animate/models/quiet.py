"""diffusers and transformers without their bars, log lines and warnings of what they mend themselves; what goes wrong is raised anyway."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any


class _Notes(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextlib.contextmanager
def quiet() -> Iterator[list[str]]:
    """Nothing reaches the terminal. Yields a list that is growing: the warnings and errors that they log."""
    import diffusers
    import transformers

    notes = _Notes()
    with contextlib.ExitStack() as stack:
        for library in (diffusers, transformers):
            stack.enter_context(_without_bars(library.utils.logging))
            stack.enter_context(_logging_to(notes, logging.getLogger(library.__name__)))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", FutureWarning)  # of folders of 2022, whose settings they bring up to date
        warnings.filterwarnings("ignore", message=".*local_dir_use_symlinks")  # diffusers still says it to huggingface_hub
        yield notes.lines


@contextlib.contextmanager
def _without_bars(bars: Any) -> Iterator[None]:
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


@contextlib.contextmanager
def _logging_to(handler: logging.Handler, logger: logging.Logger) -> Iterator[None]:
    before, level, passed = logger.handlers, logger.level, logger.propagate
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before, passed
        logger.setLevel(level)
