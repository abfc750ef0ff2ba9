"""A board shows the zones that its address chooses, and says so."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from runtime.facts.log import Fact
from schemas.topics import FLOORS, UNITS, ZONES
from tests.support.board_server import BoardServer
from tests.support.live_writer import (
    LiveWriter,
    alert,
    floor_fact,
    now_us,
    unit_fact,
    zone_fact,
)
from workers.registry.view import RegistryView

Start = Callable[..., BoardServer]
Open = Callable[..., Page]

ZONES_OF = {"ward-3": ("bay-1", "bay-2"), "ward-4": ("bay-3", "bay-4")}
UNIT_OF = {
    "bay-1": ("east", "Surgery"),
    "bay-2": ("west", "Medicine"),
    "bay-3": ("west", "Medicine"),
}


@pytest.fixture
def board(start_board: Start, writer: LiveWriter) -> BoardServer:
    """Two floors with two bays each; the first two bays of three are in units."""
    view = RegistryView()
    corners = [{"x": x, "y": y} for x, y in ((0.0, 0.0), (5.0, 0.0), (5.0, 5.0))]
    for floor_id, zone_ids in ZONES_OF.items():
        view.add([Fact(FLOORS, floor_fact(floor_id, name=floor_id.replace("-", " ").title()))], 1)
        for zone_id in zone_ids:
            fact = zone_fact(
                zone_id, floor_id=floor_id, name=zone_id.title(), polygon=corners, camera_id=None
            )
            view.add([Fact(ZONES, fact)], now_us())
            writer.zone(zone_id, floor_id=floor_id, people=1)
        writer.floor(floor_id)
    for unit_id, department in {*UNIT_OF.values()}:
        members = [name for name, (unit, _) in UNIT_OF.items() if unit == unit_id]
        fact = unit_fact(unit_id, zone_ids=members, department=department, site="Main")
        view.add([Fact(UNITS, fact)], now_us())
    return start_board(registry=view, stale_after_s=600.0)


def shown(page: Page) -> set[str | None]:
    return {one.get_attribute("data-zone") for one in page.locator("#zones > .zone").all()}


CHOICES = {
    "": {"bay-1", "bay-2", "bay-3", "bay-4"},
    "?floor=ward-4": {"bay-3", "bay-4"},
    "?department=Medicine": {"bay-2", "bay-3"},
    "?department=Medicine&floor=ward-4": {"bay-3"},
    "?site=Main&zone=bay-1&zone=bay-3": {"bay-1", "bay-3"},
    "?unit=east": {"bay-1"},
}


def test_the_address_chooses_zones_by_site_department_unit_floor_and_one_by_one(
    board: BoardServer, open_page: Open
) -> None:
    page, wall = open_page(board.url), open_page(f"{board.url}wall.html")
    for search, zones in CHOICES.items():
        page.goto(f"{board.url}{search}")
        wall.goto(f"{board.url}wall.html{search}")
        expect(page.locator("#zones > .zone")).to_have_count(len(zones))
        expect(wall.locator(".tile")).to_have_count(len(zones))

        assert shown(page) == zones
        for where in (page, wall) if search else ():
            expect(where.locator("#chips")).to_contain_text(f"{len(zones)} of 4 zones")
        expect(wall.locator("#chips button")).to_have_count(0)


def test_a_choice_is_made_and_taken_out_by_keyboard_and_stays_in_the_address(
    board: BoardServer, open_page: Open, writer: LiveWriter
) -> None:
    asked: list[str] = []
    page = open_page(board.url)
    page.on("request", lambda one: asked.append(one.url) if "/changes?" in one.url else None)
    writer.alerts("ward-4", alert("bay-4"))
    expect(page.locator("#act")).to_contain_text("Bay-4")

    page.locator("#chooser summary").focus()
    page.keyboard.press("Enter")
    page.locator("#filter-floor").select_option("ward-3")

    expect(page.locator("#zones > .zone")).to_have_count(2)
    expect(page.locator(".chip")).to_have_text(re.compile("Floor Ward 3"))
    expect(page).to_have_url(re.compile(r"\?floor=ward-3$"))
    expect(page.locator("#act")).to_be_hidden()  # an alert of another floor
    expect(page.locator("#headline")).not_to_contain_text("Bay-4")
    writer.zone("bay-1", floor_id="ward-3", people=7)
    expect(page.locator(".zone[data-zone='bay-1'] .people")).to_have_text("7")
    assert asked[-1].endswith("&floor_id=ward-3"), "the server sends no more than is shown"

    page.reload()
    expect(page.locator("#zones > .zone")).to_have_count(2)
    page.get_by_role("button", name="Floor Ward 3: take out of what is shown").press("Enter")

    expect(page.locator("#zones > .zone")).to_have_count(4)
    expect(page.locator("#chips")).to_be_hidden()
    expect(page).to_have_url(board.url)
    writer.zone("bay-3", floor_id="ward-4", people=5)
    expect(page.locator(".zone[data-zone='bay-3'] .people")).to_have_text("5")
    expect(page.locator("#announce")).not_to_contain_text("New alert")


def test_what_nobody_knows_is_named_and_no_zone_is_shown_in_silence(
    board: BoardServer, open_page: Open
) -> None:
    page = open_page(f"{board.url}?floor=attic")

    expect(page.locator(".chip")).to_have_text(
        re.compile("Floor attic .nobody knows it, or you may not see it.")
    )
    for where in ("#no-zones", "#headline"):
        expect(page.locator(where)).to_have_text("No zone is in what was chosen.")
    page.get_by_role("button", name="Show all zones").click()
    expect(page.locator("#zones > .zone")).to_have_count(4)
