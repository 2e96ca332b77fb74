"""diffusers and transformers without progress bars, log lines and warnings about what they correct themselves. What goes wrong is raised anyway.

Threads may be quiet at the same time, and one may be while another is not. Three things stay as they are set at the first use:
- the libraries' own progress bars are off (those of downloads stay);
- FutureWarnings of both libraries, about the settings of old folders, are ignored;
- a log level above WARNING moves from a library's logger to its handlers: warnings can be collected, and no more of them are shown.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import warnings
from collections.abc import Iterator
from contextvars import ContextVar

LIBRARIES = ("diffusers", "transformers")
IGNORED: tuple[tuple[str, re.Pattern[str] | None, type[Warning], re.Pattern[str] | None, int], ...] = (  # as in `warnings.filters`
    ("ignore", None, FutureWarning, re.compile("|".join(LIBRARIES)), 0),
    ("ignore", re.compile(".*local_dir_use_symlinks", re.IGNORECASE), UserWarning, None, 0),  # diffusers still passes it to huggingface_hub
)
_lines: ContextVar[list[str] | None] = ContextVar("lines", default=None)  # of this thread, while it is quiet


@contextlib.contextmanager
def quiet() -> Iterator[list[str]]:
    """Nothing that the libraries do in this thread reaches the terminal. Yields a growing list of the warnings and errors that they log here."""
    _turn_bars_off()
    _ignore_warnings()
    for library in LIBRARIES:
        _collect(logging.getLogger(library))
    lines: list[str] = []
    token = _lines.set(lines)
    try:
        yield lines
    finally:
        _lines.reset(token)


@functools.cache
def _turn_bars_off() -> None:
    """Once in a process: the libraries have one switch for all threads."""
    import diffusers
    import transformers
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, enable_progress_bars

    downloads_shown = not are_progress_bars_disabled()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()  # and those of downloads
    if downloads_shown:
        enable_progress_bars()


def _ignore_warnings() -> None:
    """Filters stay where they are, so that threads do not take them away from each other; whoever restored older ones gets them again."""
    for action, message, category, module, line in IGNORED:
        if (action, message, category, module, line) not in warnings.filters:
            warnings.filterwarnings("ignore", message.pattern if message else "", category, module.pattern if module else "")


def _collect(logger: logging.Logger) -> None:
    """Have a library's log lines filtered and collected by thread: of all its handlers, also of those that came since the last time."""
    others = [handler for handler in logger.handlers if handler is not _COLLECTOR]
    for handler in others:
        handler.addFilter(_not_quiet)
    if logger.level > logging.WARNING:
        for handler in others:
            handler.setLevel(max(handler.level, logger.level))
        logger.setLevel(logging.WARNING)
    logger.addHandler(_COLLECTOR)


def _not_quiet(record: logging.LogRecord) -> bool:
    return _lines.get() is None


class _Collector(logging.Handler):
    """Appends warnings and errors to the list of the thread that logs them."""

    def emit(self, record: logging.LogRecord) -> None:
        if (lines := _lines.get()) is not None:
            lines.append(record.getMessage())


_COLLECTOR = _Collector(logging.WARNING)
