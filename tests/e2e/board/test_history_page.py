"""The past on the board: scrubbed by keyboard, replayed, saved, over the real database."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from schemas.topics import OCCUPANCY
from tests.support.board_server import BoardServer
from tests.support.builders.outputs import at_us
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.database_roles import database_roles
from tests.support.kept_audit import KeptAudit
from tests.support.past_ward import REVISED_S, Records, fill, newest, view
from tests.support.services import Services, empty_database
from workers.access.rights import AccessRole
from workers.serving.api.people import Sources
from workers.serving.recorded.past import PastZones

Start = Callable[..., BoardServer]
Open = Callable[..., Page]

CALLERS = NamedCallers(
    person("viewer", AccessRole.VIEWER),
    person("analyst", AccessRole.ANALYST),
    person("auditor", AccessRole.AUDITOR),
)


@pytest.fixture(scope="module")
def recorded(services: Services, database_template: str) -> Iterator[tuple[Sources, Records]]:
    """A database of 90 s, as the board's role reads it, and what is in it."""
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(services, database_template))
        records = fill(url)
        roles = stack.enter_context(database_roles(url))
        past = stack.enter_context(PastZones(roles.address("serving")))
        yield Sources(past=past), records


@pytest.fixture
def visit(
    open_page: Open, start_board: Start, recorded: tuple[Sources, Records]
) -> Callable[..., Page]:
    board = start_board(
        registry=view(), authenticator=CALLERS, recorder=KeptAudit(), sources=recorded[0]
    )

    def visit(by: str, seconds: float, query: str = "") -> Page:
        at = datetime.fromtimestamp(at_us(seconds) / 1e6, UTC).isoformat().replace("+00:00", "Z")
        headers = {HEADER: by}
        return open_page(f"{board.url}history.html?at={at}{query}", extra_http_headers=headers)

    return visit


def test_any_moment_is_reached_by_keyboard_and_shows_the_record_that_was_newest(
    visit: Callable[..., Page], recorded: tuple[Sources, Records]
) -> None:
    page, records = visit("viewer", 20.0), recorded[1]
    rows = page.get_by_role("table", name="Zones then").locator("tbody tr")

    def shows(seconds: float) -> None:
        for row, zone in ((0, "zone-r0"), (1, "zone-r1")):
            people = newest(records, OCCUPANCY, "zone_id", zone, seconds)["people"]
            cell = rows.nth(row).locator("td[data-column=people]")
            expect(cell).to_have_text(str(people))

    shows(20.0)
    alerts = page.get_by_role("table", name="Alerts that were open").locator("tbody tr")
    expect(alerts).to_have_count(2)
    expect(page.locator("#moment")).to_have_text(re.compile(r".*\d\d:\d\d:\d\d \(Europe/Vienna\)"))
    slider = page.get_by_role("slider", name="Time of the day")
    before = int(slider.input_value())
    slider.press("Shift+ArrowRight")
    expect(slider).to_have_value(str(before + 60))
    shows(80.0)
    expect(page.get_by_text("No alert was open.")).to_be_hidden()
    slider.press("ArrowLeft")
    expect(slider).to_have_value(str(before + 59))
    assert "at=" in page.url
    expect(page.get_by_text("access roles that may see it (history.read)")).to_be_visible()

    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").press("Enter")
    text = Path(saved.value.path()).read_bytes().decode("utf-8-sig")
    head, first, second, *rest = text.split("\r\n")
    assert head.startswith("at,zone_id,zone,floor_id,state,people")
    assert (first.split(",")[1], second.split(",")[1], rest) == ("zone-r0", "zone-r1", [""])

    page.get_by_label("Speed").select_option("60")
    page.get_by_role("button", name="Replay").press("Enter")
    expect(rows.nth(0)).to_contain_text("STALE")  # nothing came after 90 s
    page.get_by_role("button", name="Stop").press("Enter")
    expect(page.get_by_role("button", name="Replay")).to_be_visible()
    assert int(slider.input_value()) > before + 60


def test_what_is_known_now_names_its_revision_and_people_are_shown_for_a_reason(
    visit: Callable[..., Page],
) -> None:
    page = visit("analyst", REVISED_S)
    row = page.get_by_role("table", name="Zones then").locator("tbody tr").nth(0)
    expect(row.locator("td[data-column=scheduled]")).to_have_text("2")

    page.get_by_text("As known now").click()
    expect(row.locator("td[data-column=scheduled]")).to_have_text("7")
    expect(row.locator("td[data-column=revision]")).to_have_text("revision 1")
    assert "view=known" in page.url
    page.get_by_label("Why do you need to see where people were?").fill("a complaint")
    page.get_by_role("button", name="Show them").press("Enter")
    people = page.get_by_role("table", name="Where people were: floor-r0")
    expect(people.locator("tbody tr").first).to_contain_text("zone-r0")

    page.context.set_offline(True)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("the board is out of reach")


def test_who_may_not_see_the_board_does_not_see_its_past(visit: Callable[..., Page]) -> None:
    expect(visit("auditor", 20.0).get_by_role("alert")).to_contain_text("may not see this page")
