"""A browser, and a board on a Redis of these tests alone."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.e2e.board.browser import launch
from tests.support.board_fixtures import live_url, redis_prefix, redis_service, start_board, writer
from tests.support.issuer import Issuer
from tests.support.services import Services, empty_database

__all__ = ["live_url", "redis_prefix", "redis_service", "start_board", "writer"]

DEADLINE_MS = 20_000


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Drives the browser."""
    with sync_playwright() as started:
        expect.set_options(timeout=DEADLINE_MS)
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium."""
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages; a page with a script error fails the test."""
    contexts = []
    errors: list[str] = []

    def open_at(url: str, **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(DEADLINE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: (
                errors.append(message.text)
                if message.type == "error" and "Failed to load resource" not in message.text
                else None
            ),
        )
        page.goto(url)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture(scope="module")
def registry_database(services: Services, database_template: str) -> Iterator[str]:
    """A migrated database of this module."""
    with empty_database(services, database_template) as url:
        yield url


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """A provider for logins."""
    with Issuer() as running:
        yield running
