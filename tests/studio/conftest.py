"""What tests of pages share: one browser for each worker, and a check that no page asked for anything outside this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from browser import Visits, launched

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    with launched() as one:
        yield one


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visits]:
    """Opens pages: `page = visit(server.url, width=390)`."""
    visits = Visits(browser)
    yield visits
    visits.end()
