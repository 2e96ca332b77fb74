"""The libraries' log lines and warnings: kept off the terminal, and apart by thread."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import diffusers
import pytest
from huggingface_hub.utils.tqdm import are_progress_bars_disabled

from animate.models.quiet import quiet

LOGGER = logging.getLogger("diffusers.pipelines.anything")


class Terminal(logging.Handler):
    """What would be shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.shown.append(record.getMessage())


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    handler, library = Terminal(), logging.getLogger("diffusers")
    before = [(one, one.level) for one in library.handlers]
    level = library.level
    library.addHandler(handler)
    yield handler
    library.removeHandler(handler)
    library.setLevel(level)
    for one, own in before:
        one.setLevel(own)


def test_lines_are_collected_and_not_shown(terminal: Terminal) -> None:
    with quiet() as lines:
        LOGGER.warning("one %d", 1)
        assert lines == ["one 1"], "as it grows"
        LOGGER.error("two")
        LOGGER.info("three")
    LOGGER.warning("after")
    assert lines == ["one 1", "two"]
    assert terminal.shown == ["after"]


def test_what_is_quiet_within_what_is_quiet_has_its_own_lines() -> None:
    with quiet() as outer:
        LOGGER.warning("before")
        with quiet() as inner:
            LOGGER.warning("within")
        LOGGER.warning("after")
    assert (outer, inner) == (["before", "after"], ["within"])


def test_an_error_ends_it(terminal: Terminal) -> None:
    with pytest.raises(OSError, match="no file"), quiet():
        raise OSError("no file")
    LOGGER.warning("after")
    assert terminal.shown == ["after"]


def test_threads_keep_their_lines_apart(terminal: Terminal) -> None:
    """Two that are quiet, beginning and ending in turn, and one that is not."""
    together = threading.Barrier(3)

    def speak(name: str, silent: bool) -> list[str]:
        heard: list[str] = []
        for number in range(20):
            together.wait()
            if not silent:
                LOGGER.warning("%s %d", name, number)
                continue
            with quiet() as lines:
                LOGGER.warning("%s %d", name, number)
                LOGGER.error("%s %d!", name, number)
            heard += lines
        return heard

    with ThreadPoolExecutor(3) as threads:
        first, second, loud = (threads.submit(speak, name, silent) for name, silent in (("a", True), ("b", True), ("c", False)))
    for name, heard in (("a", first.result()), ("b", second.result())):
        assert heard == [line for number in range(20) for line in (f"{name} {number}", f"{name} {number}!")]
    assert loud.result() == []
    assert terminal.shown == [f"c {number}" for number in range(20)]


@pytest.mark.parametrize("level", [logging.ERROR, logging.CRITICAL])
def test_a_level_that_the_user_set_hides_warnings_and_they_are_collected_all_the_same(terminal: Terminal, level: int) -> None:
    diffusers.utils.logging.set_verbosity(level)
    with quiet() as lines:
        LOGGER.warning("collected")
    LOGGER.warning("hidden")
    LOGGER.log(level, "shown")
    assert lines == ["collected"]
    assert terminal.shown == ["shown"]


def test_bars_of_the_libraries_are_off_and_those_of_downloads_as_they_were() -> None:
    before = are_progress_bars_disabled()
    with quiet():
        assert not diffusers.utils.logging.is_progress_bar_enabled()
    assert are_progress_bars_disabled() == before


def test_future_warnings_are_ignored_where_they_come_from_the_libraries() -> None:
    with quiet():
        warnings.warn_explicit("old settings", FutureWarning, "config.py", 1, "diffusers.configuration_utils")
        warnings.warn("local_dir_use_symlinks is deprecated", UserWarning, stacklevel=1)
        with pytest.raises(FutureWarning, match="ours"):
            warnings.warn_explicit("ours", FutureWarning, "film.py", 1, "animate.film")
    filters = [*warnings.filters]
    with quiet():
        assert filters == [*warnings.filters], "once"
