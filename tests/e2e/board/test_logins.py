"""Logging in with Chromium at a real Keycloak: a person at the board, a display on a wall."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOORS, UNITS, ZONES
from tests.support.board_server import BoardServer
from tests.support.keycloak_fixtures import administrator, board_with_logins, gate, provider
from tests.support.live_writer import camera_fact, floor_fact, now_us, unit_fact, zone_fact
from tests.support.servers.keycloak import UNIT, Provider
from workers.registry.view import RegistryView

__all__ = ["administrator", "board_with_logins", "gate", "provider"]

Open = Callable[..., Page]


@pytest.fixture
def board(board_with_logins: Callable[..., BoardServer]) -> BoardServer:
    """A board of two units with one zone each."""
    ward = RegistryView()
    ward.add(
        [
            Fact(FLOORS, floor_fact("ward-3", name="Ward 3")),
            Fact(CAMERAS, camera_fact("left", name="Left half")),
            Fact(ZONES, zone_fact("bay-1", name="East bay")),
            Fact(ZONES, zone_fact("bay-2", name="West bay")),
            Fact(UNITS, unit_fact(UNIT, name="East unit", zone_ids=["bay-1"])),
            Fact(UNITS, unit_fact("west", name="West unit", zone_ids=["bay-2"])),
        ],
        now_us(),
    )
    return board_with_logins(registry=ward)


def test_a_person_logs_in_sees_the_own_unit_and_logs_out(
    board: BoardServer, open_page: Open, provider: Provider
) -> None:
    page = open_page(board.url)  # the page itself leads to the provider
    log_in(page, "east-coordinator", provider)

    expect(page.get_by_text("coordinator in East unit")).to_be_visible()
    expect(page.locator("#zones").get_by_text("East bay").first).to_be_visible()
    assert "West bay" not in page.inner_text("body")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password").first).to_be_visible()


def test_a_display_shows_its_unit_once_somebody_has_entered_its_code(
    board: BoardServer, open_page: Open, provider: Provider
) -> None:
    display = open_page(f"{board.url}wall.html")
    code = display.locator("#pair-code")
    expect(code).to_have_text(re.compile(r"\w{4}-\w{4}"))

    phone = open_page(display.locator("#pair-url").inner_text())
    phone.get_by_role("textbox").fill(code.inner_text())
    phone.get_by_role("button", name="Submit").click()
    log_in(phone, "wall", provider)
    phone.get_by_role("button", name="Yes").click()

    expect(display.get_by_text("East bay").first).to_be_visible()
    assert "West bay" not in display.inner_text("body")


def log_in(page: Page, user: str, provider: Provider) -> None:
    """Fill the provider's form."""
    page.get_by_label("Username or email").fill(user)
    page.get_by_label("Password").first.fill(provider.passwords[user])
    page.get_by_role("button", name="Sign In").click()
