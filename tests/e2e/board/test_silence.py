"""The page shows silence, from the watchdog's alerts and from its own clock."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, expect

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOORS, ZONES
from tests.support.board_server import BoardServer
from tests.support.live_writer import (
    LiveWriter,
    camera_fact,
    floor_fact,
    now_us,
    track,
    zone_fact,
)
from workers.observation.alerts import make_alert
from workers.observation.findings import Finding
from workers.observation.signs import StageSign
from workers.registry.view import RegistryView

Start = Callable[..., BoardServer]
Open = Callable[..., Page]

TIME = r"\d\d:\d\d"
NAME = "Nurses' station and medication room"


def ward() -> RegistryView:
    view = RegistryView()
    view.add(
        [
            Fact(FLOORS, floor_fact("ward-3", name="Ward 3")),
            Fact(CAMERAS, camera_fact("left", name="Left half")),
            Fact(CAMERAS, camera_fact("right", name="Right half")),
            Fact(ZONES, zone_fact("bay-1", name="Bay 1", order=1)),
        ],
        now_us(),
    )
    return view


def alert(key: str, what: str, tier: Any = "PAGE") -> Any:
    finding = Finding(
        key=key,
        tier=tier,
        what=what,
        since_us=now_us() - 40_000_000,
        value=40.0,
        threshold=20.0,
        unit="s",
        next_action="look",
    )
    return {**make_alert(finding, "RAISED", now_us(), "operators"), "seq": 1}


@contextmanager
def kept_fresh(writer: LiveWriter, *camera_ids: str) -> Iterator[None]:
    """Write frames of some cameras while the block runs."""
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            for camera_id in camera_ids:
                writer.camera(camera_id, [track(1, 200.0, 300.0)])
            ended.wait(0.3)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_an_alert_is_shown_when_it_is_raised_and_gone_when_it_is_cleared(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=1)
    board = start_board(registry=ward())
    page = open_page(board.url)
    notices = page.locator("#notices li")
    expect(page.locator(".zone")).to_have_count(1)
    expect(notices).to_have_count(0)

    board.pipeline.show_alerts([alert("silence/stage/stream", "Counting has stopped")])
    expect(notices).to_have_text([re.compile(f"^Counting has stopped since {TIME}$")])
    late = open_page(board.url).locator("#notices li")
    expect(late).to_have_text([re.compile(f"^Counting has stopped since {TIME}$")])

    board.pipeline.show_alerts([])
    expect(notices).to_have_count(0)
    expect(late).to_have_count(0)


def test_a_stage_that_is_late_is_reported_with_how_much_waits(
    start_board: Start, open_page: Open
) -> None:
    board = start_board(registry=ward())
    page = open_page(board.url)
    board.pipeline.show_lags({"sink-timescale": StageSign(lag_records=1200, lag_s=42.0)})

    description = "History is written late: 1200 records to go, the oldest 42 s old"
    expect(page.locator("#late")).to_have_text(description)
    board.pipeline.show_lags({"sink-timescale": StageSign(lag_records=3, lag_s=0.2)})
    expect(page.locator("#late")).to_have_text("")


def test_the_page_finds_a_silent_camera_by_its_own_clock(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    """No watchdog runs, and nothing more is sent: only the page's clock advances."""
    writer.camera("right", [], captured_us=now_us() - 5_000_000)
    board = start_board(registry=ward())
    page = open_page(board.url)
    notices = page.locator("#notices")
    one = re.compile(f"^No new data from camera Right half since {TIME}$")

    with kept_fresh(writer, "left"):
        expect(notices).to_have_text(one)
    expect(notices).to_have_text(re.compile(f"^No new data on the board since {TIME}$"))
    with kept_fresh(writer, "left", "right"):
        expect(notices).to_be_hidden()


def test_pictures_without_counts_are_reported_as_counting_that_has_stopped(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=1, as_of_us=now_us() - 60_000_000)
    board = start_board(registry=ward())
    page = open_page(board.url)
    expect(page.locator(".zone")).to_have_count(1)
    writer.floor("ward-3", as_of_us=now_us() - 60_000_000)
    with kept_fresh(writer, "left", "right"):
        stopped = re.compile(f"^Counting has stopped since {TIME}$")
        expect(page.locator("#notices")).to_have_text(stopped)
    expect(page.locator("#banner")).to_contain_text(re.compile(f"No fresh numbers since {TIME}"))


def test_a_long_name_stays_inside_the_drawing(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    corners = {
        "edge": ((0, 100), (60, 100), (60, 300), (0, 300)),
        "far": ((720, 300), (768, 300), (768, 500), (720, 500)),
        "top": ((200, -40), (500, -40), (500, 60), (200, 60)),
        "foot": ((200, 560), (500, 560), (500, 576), (200, 576)),
    }
    registry = ward()
    registry.add(
        [
            Fact(
                ZONES,
                zone_fact(
                    name, name=NAME, polygon=[{"x": float(x), "y": float(y)} for x, y in corner]
                ),
            )
            for name, corner in corners.items()
        ],
        now_us(),
    )
    page = open_page(start_board(registry=registry).url)
    labels = page.locator(".camera[data-camera='left'] .zone-name")
    expect(labels).to_have_count(1 + len(corners))
    expect(labels.filter(has_text=NAME)).to_have_count(len(corners))

    plain = "({ x, y, width, height }) => ({ x, y, width, height })"
    boxes = labels.evaluate_all(f"all => all.map((text) => text.getBBox()).map({plain})")
    assert len(boxes) == 1 + len(corners)
    for box in boxes:
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 768
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 576 + box["height"] * 0.1


def test_a_stale_zone_leads_to_its_cameras_with_the_silent_one_and_the_stopped_stage(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=1, as_of_us=now_us() - 60_000_000)
    writer.camera("left", [], captured_us=now_us() - 60_000_000)
    board = start_board(registry=ward())
    board.pipeline.show_alerts(
        [
            alert("silence/stage/stream", "Counting has stopped"),
            alert("moved/camera/right", "Camera Right half shows another view"),
        ]
    )
    board.pipeline.show_lags(
        {"infer": StageSign(lag_records=7, lag_s=0.4)}, {"infer": 24.0}, now_us()
    )
    page = open_page(board.url)
    with kept_fresh(writer, "right"):
        page.get_by_role("link", name="Which camera of Bay 1 is silent?").press("Enter")

        cameras = page.get_by_role("table", name="Cameras").locator("tbody tr")
        expect(cameras).to_have_count(2)
        expect(cameras.nth(0)).to_contain_text(re.compile(r"Left half.*Silent.*no frame since"))
        expect(cameras.nth(0).locator("[data-column=clock]")).to_have_text("not measured")
        expect(cameras.nth(1)).to_contain_text(re.compile(r"Right half.*In doubt.*another view"))
        rate = re.compile(r"^[2-4]\.\d frames/s$")
        expect(cameras.nth(1).locator("[data-column=rate]")).to_have_text(rate)
    stages = page.get_by_role("table", name="Stages").locator("tbody tr")
    expect(stages.nth(0)).to_contain_text(
        re.compile(r"stream.*Stopped.*Counting has stopped, since")
    )
    infer = stages.filter(has_text="looks for people")
    expect(infer).to_contain_text("24.0 records/s")
    expect(infer).to_contain_text("7 records")
    unmeasured = re.compile(r"^Not measured: ingest .*guard \(watches the views")
    expect(page.locator("#unmeasured")).to_have_text(unmeasured)
    expect(page.locator("#headline")).to_contain_text("Stream stopped; ")

    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("The board is out of reach")
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_be_hidden()
