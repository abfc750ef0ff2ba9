"""The past on the board: scrubbed by keyboard, replayed, saved, over the real database."""

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from schemas.topics import OCCUPANCY, ZONE_EVENTS
from tests.e2e.board.test_accessibility import serious
from tests.support.board_server import BoardServer
from tests.support.builders.outputs import at_us
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.database_roles import database_roles
from tests.support.kept_audit import KeptAudit
from tests.support.past_minutes import Minute, fill_minutes, hours_by_hand
from tests.support.past_ward import REVISED_S, Records, correct, fill, newest, view
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
def recorded(
    services: Services, database_template: str
) -> Iterator[tuple[Sources, Records, list[Minute]]]:
    """A database of 90 s and four nights, as the board's role reads it, and what is in it."""
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(services, database_template))
        records = fill(services, url)
        correct(url, records)
        roles = stack.enter_context(database_roles(url))
        past = stack.enter_context(PastZones(roles.address("serving")))
        yield Sources(past=past), records, fill_minutes(url, ["zone-r0", "zone-r1"])


@pytest.fixture
def visit(
    open_page: Open, start_board: Start, recorded: tuple[Sources, Records, list[Minute]]
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
    visit: Callable[..., Page], recorded: tuple[Sources, Records, list[Minute]]
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


@pytest.fixture
def report(visit: Callable[..., Page]) -> Callable[..., Page]:
    """Opens the weekly report of a week, from the page of the past."""

    def report(week: str, query: str = "") -> Page:
        page = visit("viewer", 20.0)
        page.goto(page.url.partition("history.html")[0] + f"report.html?week={week}{query}")
        expect(page.get_by_text("Looking")).to_be_hidden()
        return page

    return report


DASH, TIMES = "\N{EN DASH}", "2\N{MULTIPLICATION SIGN}"
WEEKS = (("2025-10-20", "twice"), ("2026-03-23", "skipped"))
"""Mondays of weeks whose Sunday has the hour from 02:00 twice, or not at all."""


def test_the_heat_map_of_a_week_has_the_figures_of_each_hour_also_when_clocks_change(
    report: Callable[..., Page], recorded: tuple[Sources, Records, list[Minute]]
) -> None:
    page = report(WEEKS[0][0], "&zone=zone-r1")
    for monday, at_two in WEEKS:
        page.get_by_label("Any day of that week").fill(monday)
        page.get_by_role("button", name="Show", exact=True).press("Enter")
        expect(page).to_have_url(re.compile(f"week={monday}"))
        expect(page.get_by_text("Looking")).to_be_hidden()
        heat = page.get_by_role("table", name="Short of staff by hour and weekday", exact=True)
        cells = heat.locator("tbody").evaluate(
            "body => [...body.rows].map((row) => [...row.cells].slice(1).map((cell) =>"
            " [cell.dataset.kind, cell.childNodes[0]?.textContent ?? '', cell.textContent]))"
        )
        since, until = (f"{day}T00:00{offset(day)}" for day in (monday, week_after(monday)))
        by_hand = hours_by_hand(recorded[2], "zone-r1", since, until, "Europe/Vienna")
        assert ((7, 2) in by_hand) == (at_two == "twice")
        for weekday, hour in itertools.product(range(1, 8), range(24)):
            kind, text, whole = cells[hour][weekday - 1]
            counted = by_hand.get((weekday, hour))
            assert (TIMES in whole) == ((weekday, hour, at_two) == (7, 2, "twice"))
            if counted is None:
                assert (kind, text) == ("skipped", "skip")
                continue
            short, possible, covered, unseen = counted
            watched = short + possible + covered
            if not watched:
                assert (kind, text) == ("unseen", DASH), "no data is not zero"
                continue
            assert kind == ("thin" if watched < unseen else "seen")
            low, _, high = text.rstrip("\N{DEGREE SIGN}").partition(DASH)
            assert float(low.strip("<>")) == pytest.approx(100 * short / watched, abs=1.01)
            maybe = 100 * (short + possible) / watched
            assert float((high or low).strip("<>")) == pytest.approx(maybe, abs=1.01)
        expect(page.locator(".headline")).to_contain_text("zone-r1 lacked the most staff: short")
        expect(page.locator("#made")).to_contain_text("1 of 2 zones; as it was written")


MOMENTS = """async (asked) => {
    const { dayBounds, firstAt } = await import("/site_time.js");
    return asked.map(([day, zone]) => [...dayBounds(day, zone),
        ...[1, 2, 3].map((hour) => firstAt(`${day}T0${hour}:00:00`, zone))]);
}"""
NIGHTS = (
    ("2025-10-26", "Europe/Vienna"),
    ("2026-03-29", "Europe/Vienna"),
    ("2026-04-05", "Australia/Lord_Howe"),  # back by half an hour
    ("2026-10-04", "Australia/Lord_Howe"),
    ("2026-11-01", "America/Havana"),  # midnight comes twice
    ("2026-09-06", "America/Santiago"),  # and not at all
    ("2026-06-01", "Asia/Kathmandu"),
)


def test_an_hour_that_comes_twice_is_whole_on_every_clock(report: Callable[..., Page]) -> None:
    found = report(WEEKS[0][0]).evaluate(MOMENTS, NIGHTS)
    for (day, zone), moments in zip(NIGHTS, found, strict=True):
        start = datetime.fromisoformat(f"{day}T00:00Z") - timedelta(hours=16)
        minutes = [start + timedelta(minutes=number) for number in range(60 * 62)]
        shown = [one.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M") for one in minutes]
        following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        wanted = [f"{day}T00:00", f"{following}T00:00", *(f"{day}T0{one}:00" for one in (1, 2, 3))]
        by_hand = [
            next(at for at, text in zip(minutes, shown, strict=True) if text >= local)
            for local in wanted
        ]
        assert [datetime.fromtimestamp(us / 1e6, UTC) for us in moments] == by_hand, (day, zone)


def test_a_report_says_who_stayed_and_who_moved_and_can_be_asked_for_by_keyboard(
    report: Callable[..., Page], recorded: tuple[Sources, Records, list[Minute]]
) -> None:
    week = datetime.fromtimestamp(at_us(0) / 1e6, UTC).date()
    page = report(week.isoformat())
    expect(page.locator("#week")).to_contain_text("(Europe/Vienna)")
    left = {
        (record["zone_id"], record["person_id"], record["entered_us"])
        for topic, record in recorded[1]
        if topic is ZONE_EVENTS and record["kind"] == "LEFT"
    }
    dwell = page.get_by_role("table", name="How long people stayed").locator("tbody tr")
    expect(dwell).to_have_count(2)
    visits = [int(text) for text in dwell.locator("td[data-column=visits]").all_inner_texts()]
    assert 0 < sum(visits) <= len(left), "ids that links join are one visit"
    moves = page.get_by_role("table", name="Where people went")
    expect(moves.locator("tbody tr").first).to_contain_text("Outside of all zones")
    expect(page.get_by_role("img", name=re.compile("zone-r0: .* on average"))).to_be_visible()
    assert "cam-r0:" not in page.content(), "nobody is named, not even by a pseudonym"
    link = page.get_by_role("link", name="People, required staff and gap: CSV")
    answer = page.request.get(link.evaluate("link => link.href"))  # a download lacks the header
    lines = answer.body().decode("utf-8-sig").splitlines()
    assert lines[0].startswith("minute_utc,zone_id,zone_name,floor_id,known_s,people_avg")
    assert {line.split(",")[1] for line in lines[1:]} == {"zone-r0", "zone-r1"}

    page.get_by_role("button", name="Week before").press("Enter")
    expect(page.locator(".headline")).to_contain_text("Nothing is known of this week")
    expect(page.get_by_text("No visit is known in this week.")).to_be_visible()
    assert f"week={week.isoformat()}" not in page.url
    page.get_by_text("Show only").press("Enter")
    page.get_by_label("Zone", exact=True).select_option("zone-r0")
    expect(page.locator("#made")).to_contain_text("1 of 2 zones")
    assert "zone=zone-r0" in page.url
    page.context.set_offline(True)
    page.get_by_role("button", name="Week after").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("the board is out of reach")


def week_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=7)).isoformat()


def offset(day: str) -> str:
    """Of Vienna at the start of a day."""
    start = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=ZoneInfo("Europe/Vienna"))
    return start.isoformat()[-6:]


CELLS = """async (weeks) => {
    const { cellsOf, weekOf } = await import("/report_figures.js");
    return weeks.map(([monday, zone]) => {
        const week = weekOf(monday, zone);
        const cells = [...cellsOf([], week, week.to).values()];
        const odd = cells.filter((cell) => cell.twice || cell.kind !== "none");
        return odd.map(({ weekday, hour, kind, twice }) => [weekday, hour, kind, twice]);
    });
}"""
WEEKS_OF_CHANGE: tuple[tuple[str, str, list[list[object]]], ...] = (
    ("2025-10-20", "Europe/Vienna", [[7, 2, "none", 60]]),
    ("2026-03-23", "Europe/Vienna", [[7, 2, "skipped", 0]]),
    ("2026-03-30", "Australia/Lord_Howe", [[7, 1, "none", 30]]),
    ("2026-09-28", "Australia/Lord_Howe", []),  # half of an hour is there
    ("2026-06-01", "Asia/Kathmandu", []),
)


def test_the_heat_map_knows_how_much_of_an_hour_each_clock_shows_twice(
    report: Callable[..., Page],
) -> None:
    page = report(WEEKS[0][0])
    found = page.evaluate(CELLS, [[monday, zone] for monday, zone, _ in WEEKS_OF_CHANGE])
    assert found == [odd for _, _, odd in WEEKS_OF_CHANGE]


def test_a_report_with_figures_has_nothing_serious_for_axe(report: Callable[..., Page]) -> None:
    """The accessibility tests see every page, but this one without a figure."""
    page = report(WEEKS[0][0])
    expect(page.get_by_role("img", name=re.compile("zone-r0: .* on average"))).to_be_visible()
    assert serious(page) == []
    page.emulate_media(color_scheme="dark")
    assert serious(page, ["color-contrast"]) == []
