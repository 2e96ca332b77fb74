"""What tests of pages share: one browser for each worker, and a check that no page asked for anything outside this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

pytest.register_assert_rewrite("browser")

from browser import Visits, launched  # noqa: E402  # what it asserts says what there was

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext


@pytest.fixture(scope="session")
def browser() -> Iterator[BrowserContext]:
    """Chromium, without a window; its pages have a cache in common."""
    with launched() as one:
        yield one.new_context()


@pytest.fixture
def visit(browser: BrowserContext) -> Iterator[Visits]:
    """Opens pages: `page = visit(server.url, width=390)`."""
    visits = Visits(browser)
    yield visits
    visits.end()
