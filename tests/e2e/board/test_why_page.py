"""From a zone's figure on the board to what it rests on, over the real database and the log."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache

import pytest
from playwright.sync_api import Page, expect

from runtime.clock import SystemClock
from runtime.facts.log import Fact
from schemas.topics import OCCUPANCY, PRESENCE, TRACKS, UNITS
from tests.support.board_server import BoardServer
from tests.support.builders.revisions import revise
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.clusters import cluster_of
from tests.support.database_roles import database_roles
from tests.support.explained_ward import HOUR_US, PEOPLE, facts, fill
from tests.support.inference_ward import HEIGHT, WIDTH, Ward, frame, jpeg
from tests.support.kept_audit import KeptAudit
from tests.support.live_writer import LiveWriter, unit_fact
from tests.support.services import Services, empty_database, new_prefix
from workers.access.rights import AccessRole
from workers.local.pipeline import settings_of
from workers.registry.view import RegistryView
from workers.serving.api.people import Sources
from workers.serving.recorded.explanations import ZoneExplanations
from workers.serving.recorded.frames import LatestFrames
from workers.storage.timescale.rows import at as to_moment

Start = Callable[..., BoardServer]
Open = Callable[..., Page]


@cache
def now_us() -> int:
    """When the first test of the module runs: a time taken while tests are collected gets old."""
    return SystemClock().now_us()


def fresh_us() -> int:
    """A figure of now."""
    return now_us() - 2_000_123


def old_us() -> int:
    """A figure of eight hours ago."""
    return now_us() - 8 * HOUR_US


PURPOSE = "a complaint about bay A"

CALLERS = NamedCallers(
    person("coordinator", AccessRole.COORDINATOR),
    person("analyst", AccessRole.ANALYST),
    person("engineer", AccessRole.ENGINEER),
    person("auditor", AccessRole.AUDITOR),
)


@pytest.fixture(scope="module")
def sources(services: Services, database_template: str) -> Iterator[Sources]:
    """A database and a log with a figure of now, and one of eight hours ago that was corrected."""
    settings = settings_of({**services.environment, "WARDSTREAM_TOPIC_PREFIX": new_prefix()})
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(services, database_template))
        fill(services, url, now_us(), old_us(), fresh_us())
        revise(url, "a", to_moment(old_us()), scheduled=2, roles={"scheduled": 2})
        roles = stack.enter_context(database_roles(url))
        ward = Ward(settings, further=(OCCUPANCY, PRESENCE, TRACKS))
        stack.callback(ward.close)
        ward.send(frame("bed-1", 1, captured_us=fresh_us()))
        ward.send(frame("bed-1", 2, captured_us=now_us() + HOUR_US))
        cluster = cluster_of(settings)
        found = stack.enter_context(ZoneExplanations(roles.address("serving"), cluster))
        yield Sources(frames=LatestFrames(cluster, lambda *_: b""), explanations=found)


@pytest.fixture
def board(start_board: Start, writer: LiveWriter, sources: Sources) -> BoardServer:
    view = RegistryView()
    unit = unit_fact("east", zone_ids=["a"], floor_ids=["west"])
    view.add([*(Fact(topic, one) for topic, one in facts(now_us())), Fact(UNITS, unit)], now_us())
    roles = [
        {"role": "nurse", "present_min": 1, "present_max": 2, "scheduled": 1, "required": 2}
        | {"gap_min": 0, "gap_max": 1}
    ]
    for at_us in (old_us(), fresh_us()):
        writer.zone(
            "a",
            floor_id="west",
            as_of_us=at_us,
            inputs_through_us=at_us,
            people=2,
            identified=1,
            required=2,
            roles=roles,
        )
    return start_board(
        registry=view,
        authenticator=CALLERS,
        recorder=KeptAudit(),
        sources=sources,
        stale_after_s=120.0,
    )


@pytest.fixture
def visit(open_page: Open, board: BoardServer) -> Callable[..., Page]:
    def visit(by: str, path: str = "") -> Page:
        return open_page(board.url + path, extra_http_headers={HEADER: by})

    return visit


def old() -> str:
    """The address of the page for the old figure."""
    at = datetime.fromtimestamp(old_us() / 1e6 + 1, UTC).isoformat().replace("+00:00", "Z")
    return f"why.html?zone=a&at={at}"


def test_a_figure_of_the_board_leads_by_keyboard_to_people_facts_cameras_and_records(
    visit: Callable[..., Page],
) -> None:
    page = visit("coordinator")
    link = page.get_by_role("link", name="Why does Bay A show this?")
    expect(link).to_be_visible()
    link.press("Enter")

    expect(page.locator(".figure-card .sentence")).to_have_text("Possibly 1 nurse missing")
    expect(page.locator(".answer-title")).to_have_text(
        re.compile(r"Bay A, .*\d\d:\d\d:\d\d \(Europe/Vienna\)")
    )
    assert re.search(r"zone=a&at=\d{4}-\d\d-\d\dT.*\.\d{6}Z&seq=2", page.url.replace("%3A", ":"))
    expect(page.locator(".figure-card .note")).to_contain_text("record 2 of this zone")
    people = page.get_by_role("table", name="Who was counted").locator("tbody tr")
    expect(people).to_have_count(2)
    expect(people.nth(0)).to_contain_text("Nurse by badge, 97 % sure; pseudonym s-7f3a")
    expect(people.nth(0)).to_contain_text("1.3, 3.0 m, to 0.4 m")
    expect(people.nth(0).get_by_role("button", name="Show the name")).to_be_visible()
    expect(people.nth(1)).to_contain_text("Not identified")
    expect(page.get_by_role("table", name="Required then")).to_contain_text("2 nurses")
    expect(page.get_by_role("table", name="Required then")).to_contain_text("by Eve Author")
    expect(page.get_by_role("table", name="Scheduled then")).to_contain_text("s-7f3a")
    cameras = page.get_by_role("table", name="Cameras of the floor").locator("tbody tr")
    expect(cameras.nth(0)).to_contain_text("saw people of this zone")
    expect(cameras.nth(1)).to_contain_text("had not reported")
    records = page.get_by_role("table", name="The records")
    expect(records.locator("tr", has_text="frames.captured.v1, bed-1")).to_contain_text(
        re.compile(r"Yes: partition \d+, offset 0, of .*; kept for 6 hours")
    )
    expect(page.get_by_role("button", name="Show the picture")).to_have_count(0)
    assert page.title().startswith("Why Bay A, ")

    page.reload()
    expect(page.locator(".figure-card .sentence")).to_have_text("Possibly 1 nurse missing")
    page.get_by_role("button", name="1 min earlier").press("Enter")
    expect(page.locator("#answer")).to_contain_text("Nothing was known of this zone then.")
    page.go_back()
    expect(page.locator(".figure-card .sentence")).to_have_text("Possibly 1 nurse missing")


def test_an_older_figure_says_what_expired_since_when_and_what_a_revision_has_now(
    visit: Callable[..., Page], board: BoardServer
) -> None:
    page = visit("analyst", old())
    shown, known = page.locator(".figure-card").nth(0), page.locator(".figure-card").nth(1)

    expect(shown.locator("h3")).to_have_text("As shown then")
    expect(shown.locator("td[data-column=scheduled]")).to_have_text("1")
    expect(known.locator("h3")).to_have_text("As known now, by revision 1")
    expect(known.locator("td[data-column=scheduled]")).to_have_text("2 (was 1)")
    frames = page.locator("tr", has_text="frames.captured.v1, bed-1")
    expect(frames).to_contain_text(re.compile(r"No, expired since .*; kept for 6 hours"))

    expect(page.get_by_role("table", name="Who was counted")).to_have_count(0)
    page.get_by_label("Why do you need to see these people?").fill(PURPOSE)
    page.get_by_role("button", name="Show them").press("Enter")
    people = page.get_by_role("table", name="Who was counted").locator("tbody tr th")
    expect(people).to_have_text(PEOPLE)
    audit = board.recorder
    assert isinstance(audit, KeptAudit)
    assert [(kept.why, kept.act.from_us) for kept in audit.kept if kept.act.persons[1:]] == [
        (PURPOSE, old_us())
    ]

    coordinator = visit("coordinator", old())
    expect(coordinator.locator("#answer")).to_contain_text("more than five minutes old")
    expect(coordinator.get_by_label("Why do you need")).to_have_count(0)


def test_the_picture_of_the_record_is_shown_with_a_reason_to_who_may_see_it(
    visit: Callable[..., Page],
) -> None:
    at = datetime.fromtimestamp(fresh_us() / 1e6, UTC).isoformat(timespec="microseconds")
    page = visit("engineer", f"why.html?zone=a&at={at.replace('+00:00', 'Z')}")

    expect(page.locator("#answer")).to_contain_text("is for access roles that may see where people")
    page.get_by_role("button", name="Show the picture").first.press("Enter")
    page.get_by_label("Why do you need the picture?").fill("is the camera dirty")
    page.get_by_role("button", name="Show it").press("Enter")
    picture = page.locator(".picture canvas")
    expect(picture).to_be_visible()
    assert picture.evaluate("one => [one.width, one.height]") == [WIDTH, HEIGHT]

    headers = {HEADER: "engineer", "X-Purpose": PURPOSE}
    asked = f"{page.url.partition('why.html')[0]}api/v1/cameras"
    of_record, latest = (
        page.request.get(f"{asked}/bed-1/frame{query}", headers=headers)
        for query in ("?offset=0", "")
    )
    assert (of_record.body(), latest.body()) == (jpeg(1), jpeg(2))
    for camera, offset, status in (("bed-1", 99, 404), ("bed-2", 0, 404), ("bed-1", -1, 422)):
        answer = page.request.get(f"{asked}/{camera}/frame?offset={offset}", headers=headers)
        assert answer.status == status, (camera, offset)


@pytest.mark.parametrize(
    ("by", "path", "text"),
    [
        pytest.param("coordinator", "why.html?zone=x", "There is no zone 'x'", id="unknown-zone"),
        pytest.param("coordinator", "why.html?zone=a&at=noon", "'noon' is no time", id="no-time"),
        pytest.param("auditor", "why.html?zone=a", "may not see this page", id="no-right"),
    ],
)
def test_a_question_without_an_answer_says_why(
    visit: Callable[..., Page], by: str, path: str, text: str
) -> None:
    page = visit(by, path)

    expect(page.get_by_role("alert")).to_contain_text(text)
    expect(page.locator("#state")).to_be_hidden()
    expect(page.locator("#answer")).to_be_empty()


def test_a_board_that_cannot_be_reached_is_named_and_asked_again(
    visit: Callable[..., Page],
) -> None:
    page = visit("coordinator", "why.html?zone=a")
    expect(page.locator("#answer h2").first).to_be_visible()

    page.context.set_offline(True)
    page.get_by_role("button", name="Now").click()
    expect(page.get_by_role("alert")).to_contain_text("the board is out of reach")
    page.context.set_offline(False)
    page.get_by_role("button", name="Now").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.locator("#answer h2").first).to_be_visible()
