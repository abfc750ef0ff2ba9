"""The board in a real browser follows what is written to Redis."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from deploy.local.launcher import LocalServices
from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOORS, ZONES
from tests.support.board_server import BoardServer
from tests.support.live_log import LiveLog
from tests.support.live_writer import (
    LiveWriter,
    camera_fact,
    floor_fact,
    now_us,
    track,
    zone_fact,
)
from workers.registry.view import RegistryView

Start = Callable[..., BoardServer]
Open = Callable[..., Page]

SQUARE = [{"x": x, "y": y} for x, y in ((100, 100), (400, 100), (400, 400), (100, 400))]


def ward() -> RegistryView:
    view = RegistryView()
    view.add(
        [
            Fact(FLOORS, floor_fact("ward-3", name="Ward 3")),
            Fact(CAMERAS, camera_fact("left", name="Left half")),
            Fact(ZONES, zone_fact("bay-1", name="Bay 1", order=1, polygon=SQUARE)),
            Fact(ZONES, zone_fact("bay-2", name="Bay 2", order=2)),
        ],
        now_us(),
    )
    return view


def zone(page: Page, zone_id: str) -> Any:
    return page.locator(f".zone[data-zone='{zone_id}']")


def test_the_page_changes_when_a_person_enters(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    page = open_page(start_board(registry=ward()).url)
    writer.zone("bay-1", people=2, scheduled=3, required=4)  # figures grow old within seconds
    bay = zone(page, "bay-1")

    expect(bay.locator(".people")).to_have_text("2")
    expect(bay.locator(".sentence")).to_have_text("2 staff missing for sure, possibly 2 more")
    expect(bay.locator(".because")).to_have_text(
        "2 people here, none identified: short even if they are staff"
    )
    expect(bay.locator(".scheduled")).to_have_text("3")
    expect(bay.locator(".required")).to_have_text("4")
    expect(page.locator("#headline")).to_have_text(
        "Bay 1: 2 staff missing for sure, possibly 2 more"
    )

    writer.zone_event("bay-1", "ENTERED")
    writer.zone("bay-1", people=3, identified=1, scheduled=3, required=4)

    expect(bay.locator(".people")).to_have_text("3")
    expect(bay.locator(".sentence")).to_have_text("1 staff missing for sure, possibly 2 more")
    expect(bay.locator(".because")).to_have_text(
        "3 people here, 2 of them not identified: short even if they are staff"
    )
    expect(bay.locator(".change")).to_have_text(re.compile("^entered "))
    expect(page.locator("#headline")).to_have_text(
        "Bay 1: 1 staff missing for sure, possibly 2 more"
    )


def test_the_table_has_the_same_figures_and_the_longest_stay_and_the_address_keeps_it(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    page = open_page(start_board(registry=ward()).url)
    nurses = [coverage("nurse", 3, 0, 2)]
    in_bay = {"people": 2, "scheduled": 3, "required": 3, "roles": nurses}
    writer.zone("bay-1", **in_bay, longest_since_us=now_us() - 185 * 60_000_000)
    page.locator("label", has_text="Table").click()
    row = page.locator(".zone-table tbody[data-zone='bay-1'] .of-zone")

    expect(row.locator("[data-column=gap]")).to_have_text(
        "1 nurse missing for sure, possibly 2 more"
    )
    expect(row.locator("[data-column=here]")).to_have_text("2")
    expect(row.locator("[data-column=longest]")).to_have_text("3 h")
    expect(zone(page, "bay-1")).to_be_hidden()
    page.reload()
    writer.zone("bay-1", **in_bay, longest_since_us=None)
    expect(row.locator("[data-column=longest]")).to_have_text("\N{EN DASH}")
    assert page.url.endswith("?view=table")


def coverage(role: str, required: int, known: int, unknown: int, **fields: Any) -> dict[str, Any]:
    """Coverage of a role by people who are known to have it and by others whom nobody knows."""
    gap_max = max(0, required - known)
    return {
        "role": role,
        "present_min": known,
        "present_max": known + unknown,
        "scheduled": required,
        "required": required,
        "gap_min": max(0, gap_max - unknown),
        "gap_max": gap_max,
        **fields,
    }


def test_each_role_has_a_row_that_says_what_is_missing_for_sure_and_what_may_be(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    roles = [coverage("nurse", 2, 1, 2), coverage("care-assistant", 1, 0, 2)]
    writer.zone("bay-2", people=0)
    writer.zone("bay-1", people=3, identified=1, required=3, roles=roles)
    page = open_page(start_board(registry=ward(), stale_after_s=60.0).url)
    bay = zone(page, "bay-1")
    nurse, assistant = (bay.locator(f".role[data-role='{r['role']}']") for r in roles)

    expect(nurse.locator(".role-name")).to_have_text("NNurse")
    expect(nurse.locator(".role-gap")).to_have_text("Possibly 1 missing")
    expect(nurse.locator(".here")).to_have_text("1 to 3")
    expect(assistant.locator(".role-name")).to_have_text("CCare assistant")
    expect(bay.locator(".sentence")).to_have_text("Possibly 2 staff missing")
    expect(bay.locator(".because")).to_have_text(
        "3 people here, 2 of them not identified: "
        "enough if 1 nurse and 1 care assistant are among them"
    )
    expect(page.locator("#headline")).to_have_text(
        "No zone is short for sure. Bay 1: possibly 1 nurse and 1 care assistant missing"
    )

    roles = [coverage("nurse", 4, 1, 1), coverage("care-assistant", 1, 0, 1)]
    writer.zone("bay-1", people=2, identified=1, required=5, roles=roles)

    expect(nurse.locator(".role-gap")).to_have_text("2 missing for sure, possibly 1 more")
    expect(bay.locator(".sentence")).to_have_text("3 staff missing for sure, possibly 1 more")
    expect(page.locator("#headline")).to_have_text(
        "Bay 1: 3 staff missing for sure (nurse or care assistant), possibly 1 more"
    )

    writer.zone("bay-1", people=0, required=4, roles=[coverage("nurse", 4, 0, 0)])

    expect(assistant).to_have_count(0)
    expect(bay.locator(".because")).to_have_text("Nobody is here")
    expect(page.locator("#headline")).to_have_text("Bay 1: 4 nurses missing for sure")


def test_a_gap_says_since_when_who_fills_in_and_where_counts_disagree(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    began = now_us() - 25 * 60_000_000
    times = {"sure_since_us": began, "possible_since_us": began - 60_000_000}
    nurses = coverage("nurse", 3, 1, 0, **times, least_required=2)
    assistants = coverage("care-assistant", 1, 1, 0, standing_in=[{"role": "nurse", "people": 1}])
    heads = {"source": "HEADS", "low": 2, "high": 2, "is_apart": False}
    badges = {"source": "BADGES", "low": 4, "high": None, "is_apart": True}
    flow = {"source": "FLOW", "low": 1, "high": 5, "is_apart": False}  # excludes neither
    counts = {"low": 2, "high": 2, "disagreement": 2, "sources": [heads, flow, badges]}
    zone_now = {"people": 2, "identified": 2, "required": 4, "least_required": 3, "count": counts}
    writer.zone("bay-2", people=0)
    writer.zone("bay-1", **zone_now, **times, roles=[nurses, assistants])
    page = open_page(start_board(registry=ward(), stale_after_s=60.0).url)
    bay = zone(page, "bay-1")
    at = page.evaluate(
        "ms => new Date(ms).toLocaleTimeString([], "
        "{hour: '2-digit', minute: '2-digit', hour12: false, timeZone: 'Europe/Vienna'})",
        began / 1000,
    )
    expect(page.locator("#clock .time-zone")).to_have_text("Europe/Vienna")

    for _ in range(2):  # from the API, then from the stream
        expect(page.locator("#headline")).to_contain_text(
            re.compile(f"^Bay 1: 2 nurses missing for sure, since .*{at}$")
        )
        expect(bay.locator(".gap .since")).to_contain_text(at)
        expect(bay.locator(".role[data-role='nurse'] .since")).to_contain_text(at)
        expect(bay.locator(".role[data-role='nurse'] .required")).to_have_text("2 to 3")
        expect(bay.locator(".stand-in")).to_have_text(["", "1 nurse stands in"])
        expect(bay.locator(".differ")).to_have_text(
            "Counts differ by 2: 2 seen, 4 or more by badge; "
            "badges may lie there without their people"
        )
        writer.zone("bay-1", **zone_now, **times, roles=[nurses, assistants])

    maybe = coverage("nurse", 3, 2, 0, gap_min=0)
    unseen = {"people": 2, "identified": 2, "required": 3, "gap_min": 0, "is_watched": False}
    writer.zone("bay-1", **unseen, roles=[maybe])
    expect(bay.locator(".sentence")).to_have_text("Possibly 1 nurse missing")
    expect(bay.locator(".because")).to_have_text(
        "2 people here, all identified. "
        "No camera that reports sees all of this zone: more people may be here"
    )
    expect(bay.locator(".differ")).to_be_hidden()


def test_a_zone_is_shown_by_text_shape_and_position_not_by_colour_alone(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=3, identified=3, required=3)
    writer.zone("bay-2", people=4, identified=0, required=2)
    page = open_page(start_board(registry=ward()).url)

    names = page.locator("#zones .zone .name")
    expect(names).to_have_text(["Bay 2", "Bay 1"])
    expect(zone(page, "bay-1").locator(".sentence")).to_have_text("Covered")
    expect(zone(page, "bay-2").locator(".sentence")).to_have_text("Possibly 2 staff missing")
    shapes = {zone(page, z).locator(".icon").inner_html() for z in ("bay-1", "bay-2")}
    assert len(shapes) == 2

    page.get_by_text("Ward order").click()
    expect(names).to_have_text(["Bay 1", "Bay 2"])
    page.reload()
    expect(names).to_have_text(["Bay 1", "Bay 2"])


def test_numbers_that_grow_old_turn_grey_and_say_so_while_nothing_arrives(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    page = open_page(start_board(registry=ward(), stale_after_s=3.0).url)
    expect(zone(page, "bay-1").locator(".fresh .word")).to_have_text("NO DATA")
    writer.zone("bay-1", people=2, required=1)
    bay = zone(page, "bay-1")
    expect(bay).to_have_attribute("data-stale", "false")

    expect(bay).to_have_attribute("data-stale", "true")
    expect(bay.locator(".fresh .word")).to_have_text("STALE")
    expect(bay.locator(".fresh .age")).to_have_text(re.compile(r"^\d+ s ago$"))
    expect(page.locator("#banner")).to_contain_text("No fresh numbers")

    writer.zone("bay-1", people=2, required=1)
    expect(bay).to_have_attribute("data-stale", "false")
    expect(page.locator("#banner")).to_be_hidden()


def test_people_move_as_dots_in_a_drawing_of_the_frame(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    writer.camera("left", [track(1, 200.0, 300.0)])
    page = open_page(start_board(registry=ward()).url)
    camera = page.locator(".camera[data-camera='left']")
    dots = camera.locator(".mark")
    expect(dots).to_have_count(1)
    expect(camera.locator(".view")).to_have_attribute("viewBox", "0 0 768 576")
    expect(camera.locator(".zone-name").first).to_have_text("Bay 1: \u2013")

    writer.floor("ward-3", people=[{"person_id": "left:2", "role": "nurse"}])
    # Where the person was before, once more: a slow page opens later than a trail is long.
    writer.camera("left", [track(1, 200.0, 300.0)])
    writer.camera("left", [track(1, 260.0, 340.0), track(2, 500.0, 300.0)])

    expect(dots).to_have_count(2)
    expect(camera.locator(".mark.person")).to_have_css("transform", "matrix(1, 0, 0, 1, 260, 340)")
    expect(camera.locator(".mark.staff")).to_have_css("transform", "matrix(1, 0, 0, 1, 500, 300)")
    expect(camera.locator(".trail").first).to_have_attribute(
        "points", re.compile(r"200\.0,300\.0 260\.0,340\.0$")
    )
    expect(camera.locator(".count")).to_have_text("2 people tracked")

    writer.camera("left", [])
    expect(dots).to_have_count(0)
    assert page.locator("img, video, canvas").count() == 0


def test_the_page_recovers_after_the_board_restarts(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=1)
    board = start_board(registry=ward())
    page = open_page(board.url)
    people = zone(page, "bay-1").locator(".people")
    expect(people).to_have_text("1")

    board.stop()
    expect(page.locator("#banner")).to_contain_text("Connection to the board lost")
    expect(page.locator("#live-word")).to_have_text("Not live")
    writer.zone("bay-1", people=5)
    board.start()

    expect(people).to_have_text("5")
    expect(page.locator("#live-word")).to_have_text("Live")
    writer.zone("bay-1", people=6)
    expect(people).to_have_text("6")
    expect(page.locator("#banner")).to_be_hidden()


def test_a_pipeline_that_started_again_is_shown_although_its_numbers_count_from_one(
    start_board: Start,
    open_page: Open,
    writer: LiveWriter,
    live_log: LiveLog,
    redis_service: LocalServices,
) -> None:
    """The store was emptied while the page was open: seq starts again below the page's last one."""
    for people in range(9):
        writer.zone("bay-1", people=people)
    board = start_board(registry=ward())
    page = open_page(board.url)
    people_now = zone(page, "bay-1").locator(".people")
    expect(people_now).to_have_text("8")

    board.stop()
    redis_service.kill("redis")  # it keeps nothing on disk
    redis_service.restart("redis")
    LiveWriter(live_log, board.redis_url, writer.prefix).zone("bay-1", people=3)
    board.start()

    expect(people_now).to_have_text("3")


def test_the_page_says_that_redis_is_away_and_recovers(
    start_board: Start, open_page: Open, writer: LiveWriter, redis_service: LocalServices
) -> None:
    writer.zone("bay-1", people=1)
    page = open_page(start_board(registry=ward()).url)
    expect(zone(page, "bay-1").locator(".people")).to_have_text("1")

    redis_service.kill("redis")
    expect(page.locator("#banner")).to_contain_text("out of reach")
    redis_service.restart("redis")
    writer.zone("bay-1", people=4)

    expect(zone(page, "bay-1").locator(".people")).to_have_text("4")
    expect(page.locator("#banner")).to_be_hidden()


def test_the_fallback_detector_is_shown(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    writer.camera("left", [])
    page = open_page(start_board(registry=ward()).url)
    expect(page.locator("#detector")).to_contain_text("yolox-nano")
    expect(page.locator("#caution")).to_be_hidden()

    writer.camera("left", [], model_name="opencv-hog", model_version="1")

    expect(page.locator("#caution")).to_contain_text("misses many people")
    expect(page.locator("#detector")).to_contain_text("opencv-hog")


def test_what_changes_between_the_snapshot_and_the_stream_is_shown(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=1)
    page = open_page("about:blank")
    waiting: list[Route] = []
    page.route("**/changes*", lambda route: waiting.append(route))  # noqa: PLW0108
    page.goto(start_board(registry=ward()).url)
    people = zone(page, "bay-1").locator(".people")
    expect(people).to_have_text("1")

    writer.zone("bay-1", people=2)
    while waiting:
        waiting.pop().continue_()

    expect(people).to_have_text("2")


def test_a_detector_that_changes_while_the_page_loads_is_shown_too(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    writer.camera("left", [])
    page = open_page("about:blank")
    waiting: list[Route] = []
    page.route("**/api/v1/cameras", lambda route: waiting.append(route))  # noqa: PLW0108
    reported: list[str] = []
    browser = page.context.new_cdp_session(page)
    browser.on(
        "Network.eventSourceMessageReceived", lambda event: reported.append(event["eventName"])
    )
    browser.send("Network.enable")
    page.goto(start_board(registry=ward()).url)
    await_in(
        page, lambda: bool(waiting) and bool(reported), "the page to ask for cameras and follow"
    )

    writer.camera("left", [], model_name="opencv-hog", model_version="1")
    await_in(page, lambda: "camera" in reported, "the change to be told")
    waiting.pop(0).continue_()

    expect(page.locator("#caution")).to_contain_text("misses many people")


def await_in(page: Page, condition: Callable[[], bool], what: str) -> None:
    """Run the page's event loop until a condition holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        page.wait_for_timeout(20)


def test_a_name_with_markup_is_shown_as_text(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    writer.zone(hostile, people=1)
    page = open_page(start_board().url)

    expect(page.locator(".zone .name")).to_have_text(hostile)
    assert page.locator("img").count() == 0


def test_a_zone_registered_later_appears_without_a_reload(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    registry = ward()
    page = open_page(start_board(registry=registry).url)
    expect(page.locator(".zone")).to_have_count(2)

    registry.add([Fact(ZONES, zone_fact("bay-3", name="Bay 3", order=3))], now_us())
    expect(page.locator(".zone")).to_have_count(3)
    writer.zone("bay-3", people=2)
    expect(zone(page, "bay-3").locator(".people")).to_have_text("2")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_the_page_fits_its_window_in_both_colour_schemes(
    start_board: Start, open_page: Open, writer: LiveWriter, size: tuple[int, int], scheme: str
) -> None:
    writer.zone("bay-1", people=12, required=4)
    page = open_page(
        start_board(registry=ward()).url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
    )
    bay = zone(page, "bay-1")
    expect(bay.locator(".people")).to_be_in_viewport()
    expect(bay.locator(".sentence")).to_be_in_viewport()
    wide = page.locator("html").evaluate("html => html.scrollWidth")
    assert wide <= size[0]
    dark = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", dark))) < 150) == (scheme == "dark")

    page.locator("#theme").click()
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_change_of_coverage_is_announced_to_screen_readers_and_a_number_is_not(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=3, identified=3, required=3)
    page = open_page(start_board(registry=ward()).url)
    people = zone(page, "bay-1").locator(".people")
    expect(people).to_have_text("3")

    writer.zone("bay-1", people=4, identified=3, required=3)
    expect(people).to_have_text("4")
    expect(page.locator("#announce")).to_have_text("")
    writer.zone("bay-1", people=1, identified=1, required=3)
    expect(page.locator("#announce")).to_have_text("Bay 1: 2 staff missing for sure")


def test_the_headline_never_says_that_all_is_covered_while_a_zone_is_silent(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    names = RegistryView()
    facts = [zone_fact(f"bay-{n}", name=f"Bay {n}", order=n, camera_id=None) for n in (1, 2, 3)]
    names.add([Fact(ZONES, fact) for fact in facts], now_us())
    long = now_us() + 20_000_000  # fresh until the end of the test, and not yet ahead of the clock
    page = open_page(start_board(registry=names, stale_after_s=30.0).url)
    headline = page.locator("#headline")

    for zone_id in ("bay-1", "bay-2"):
        writer.zone(zone_id, people=2, identified=2, required=2, as_of_us=long)
    expect(headline).to_have_text("No fresh numbers for Bay 3; the others are covered")
    expect(headline).to_have_attribute("data-state", "unclear")
    expect(page.locator("#tally")).to_contain_text(re.compile(r"1\s*stale"))

    writer.zone("bay-2", people=2, identified=0, required=2, as_of_us=long)
    expect(headline).to_have_text("No fresh numbers for Bay 3; cannot tell for Bay 2")

    writer.zone("bay-1", people=0, required=2, as_of_us=long)
    expect(headline).to_have_text("Bay 1: 2 staff missing for sure")

    writer.zone("bay-3", people=1, identified=1, required=1, as_of_us=long)
    for zone_id in ("bay-1", "bay-2"):
        writer.zone(zone_id, people=2, identified=2, required=2, as_of_us=long)
    expect(headline).to_have_text("All zones that need staff are covered")
    expect(headline).to_have_attribute("data-state", "covered")
