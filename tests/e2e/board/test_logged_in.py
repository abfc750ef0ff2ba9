"""The pages show who is logged in, and no more than that access role may see."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from runtime.facts.log import Fact
from schemas.topics import UNITS
from tests.e2e.board.test_board import ward
from tests.support.board_server import BoardServer
from tests.support.issuer import Issuer
from tests.support.live_writer import LiveWriter, alert, now_us, track

Start = Callable[..., BoardServer]
Open = Callable[..., Page]
Visit = Callable[..., Page]

UNIT = {
    "unit_id": "east",
    "version": 1,
    "valid_from_us": 0,
    "recorded_at_us": 0,
    "removed": False,
    "recorded_by": "test",
    "site": "Main house",
    "department": "Surgery",
    "name": "East ward",
    "floor_ids": ["ward-3"],
    "zone_ids": [],
    "neighbour_ids": [],
}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as running:
        running.user |= {"name": "Ann Ward", "wardstream_roles": ["coordinator:east"]}
        yield running


@pytest.fixture
def board(start_board: Start, issuer: Issuer, writer: LiveWriter) -> BoardServer:
    registry = ward()
    registry.add([Fact(UNITS, UNIT)], now_us())
    writer.camera("left", [track(1, 200.0, 300.0)])
    for zone_id in ("bay-1", "bay-2"):
        writer.zone(zone_id, people=2, required=4)
    return start_board(registry=registry, login=issuer.settings(), stale_after_s=60.0)


@pytest.fixture
def visit(open_page: Open, board: BoardServer) -> Visit:
    """Opens a page of the board, with a provider that lets its user in."""

    def go(path: str = "", **options: object) -> Page:
        return open_page(board.url + path, **options)

    return go


def test_a_coordinator_logs_in_sees_name_role_and_pages_and_logs_out(
    visit: Visit, board: BoardServer, issuer: Issuer
) -> None:
    page = visit()

    expect(page.locator("#who")).to_contain_text("Ann Ward")
    expect(page.locator("#who")).to_contain_text("coordinator in East ward")
    expect(page.locator(".zone")).to_have_count(2)
    expect(page.locator(".mark.person")).to_have_count(1)
    expect(page.get_by_role("link", name="Shifts")).to_be_visible()
    expect(page.get_by_role("link", name="Audit")).to_be_hidden()

    page.get_by_role("button", name="Log out").click()
    expect(page.locator("body")).to_contain_text("logged_out")
    assert f"{issuer.url}/end?" in page.url
    assert "id_token_hint=" in page.url
    assert not [cookie for cookie in page.context.cookies(board.url) if "session" in cookie["name"]]


def test_a_viewer_sees_figures_and_no_single_person(visit: Visit, issuer: Issuer) -> None:
    issuer.user["wardstream_roles"] = ["viewer:east"]
    page = visit()

    expect(page.locator(".zone[data-zone='bay-1'] .people")).to_have_text("2")
    expect(page.locator("#who")).to_contain_text("viewer in East ward")
    expect(page.get_by_text("Where people are")).to_be_hidden()
    expect(page.get_by_role("link", name="Shifts")).to_be_hidden()


def test_an_auditor_is_led_to_the_audit_and_shown_no_figure(visit: Visit, issuer: Issuer) -> None:
    issuer.user["wardstream_roles"] = ["auditor"]
    page = visit()

    expect(page.locator("#headline")).to_contain_text("does not show the board")
    expect(page.locator(".zone")).to_have_count(0)
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_role("radio", name="Who has seen a person")).to_be_visible()


def test_a_session_that_is_ended_leads_to_the_login_and_back(
    visit: Visit, board: BoardServer
) -> None:
    page = visit("favicon.svg")
    page.clock.install()
    page.goto(board.url)
    expect(page.locator("#who")).to_contain_text("Ann Ward")
    expect(page.locator(".zone")).to_have_count(2)

    page.context.clear_cookies()
    page.clock.fast_forward("00:25")
    expect(page.locator("h1")).to_have_text("Your session has ended")
    page.get_by_role("link", name="Log in").click()
    expect(page.locator("#who")).to_contain_text("Ann Ward")


def test_without_the_provider_who_is_in_goes_on_and_sees_a_notice(
    visit: Visit, board: BoardServer, issuer: Issuer
) -> None:
    issuer.expires_in_s = 1.0  # each look at the session asks the provider again
    page = visit("favicon.svg")
    page.clock.install()
    page.goto(board.url)
    expect(page.locator(".zone")).to_have_count(2)

    issuer.stop()
    page.clock.fast_forward("00:25")
    expect(page.locator("#session")).to_contain_text("The login service is out of reach")
    expect(page.locator("#session")).to_contain_text(
        re.compile(r"Your session ends at .*\d\d:\d\d")
    )
    expect(page.locator(".zone")).to_have_count(2)


def test_a_wall_display_shows_a_code_and_then_the_zones_of_its_unit(
    visit: Visit, issuer: Issuer
) -> None:
    issuer.user["wardstream_roles"] = ["wall:east"]
    page = visit("wall.html?unit=east", viewport={"width": 1920, "height": 1080})
    expect(page.locator("#pair-code")).to_have_text("WXYZ-1234")
    expect(page.locator("#pair-url")).to_contain_text(issuer.url)
    expect(page.locator(".tile")).to_have_count(0)

    issuer.approved = True
    expect(page.locator("h1#title")).to_have_text("East ward")
    people = page.locator(".tile[data-zone='bay-1'] .people")
    expect(people).to_have_text("2")
    assert people.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") > 100
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("link")).to_have_count(0)


def test_a_wall_display_whose_session_has_ended_shows_nothing_of_the_ward(
    visit: Visit, board: BoardServer, writer: LiveWriter, issuer: Issuer
) -> None:
    issuer.user["wardstream_roles"] = ["wall:east"]
    writer.alerts("ward-3", alert("bay-1"))
    page = visit()  # logs in
    expect(page.locator(".zone")).to_have_count(2)
    page.clock.install()
    page.goto(f"{board.url}wall.html")
    expect(page.locator("#act")).to_contain_text("Bay 1")

    page.context.clear_cookies()
    page.clock.fast_forward("01:05")
    expect(page.locator("#pair-code")).to_be_visible()
    page.clock.run_for(3_000)
    for shown in ("#act", "#zones", "#headline", "#part", "#banner"):
        expect(page.locator(shown)).to_be_hidden()


def test_a_board_without_logins_says_so(start_board: Start, open_page: Open) -> None:
    page = open_page(start_board(registry=ward()).url)

    expect(page.locator("#who")).to_contain_text("Local coordinator")
    expect(page.locator("#who")).to_contain_text("No login on this machine")
    expect(page.get_by_role("button", name="Log out")).to_have_count(0)
