"""The board in a browser while a camera plays through the whole pipeline, and fails."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from deploy.local import extras
from schemas.topics import DETECTIONS, FRAMES, ZONE_EVENTS
from tests.e2e.board.browser import launch
from tests.e2e.records import arrive, check_derived, check_every_frame_has_one_outcome, records
from tests.support.played_pipeline import HOUR_US, played_pipeline
from tests.support.servers.rtsp import rtsp_camera, rtsp_clip, rtsp_url
from tests.support.waiting import eventually
from workers.local.demo.probes import scrape

UNKNOWN = "\u2013"
"""Text of the page before the first measurement."""

HOG = ("--backend", "hog", "--mode", "live")
FPS = 5
IMPATIENT = {
    "WARDSTREAM_INGEST__HEARTBEAT_S": "0.5",
    "WARDSTREAM_INGEST__RECONNECT_INITIAL_S": "0.2",
    "WARDSTREAM_INGEST__RECONNECT_MAX_S": "1",
}
ROWS = """[...document.querySelectorAll('.zone')].map(
    (row) => [row.dataset.zone, row.querySelector('.people').innerText])"""
"""The number of people of each zone on the page."""


@pytest.mark.timeout(600)
def test_the_board_follows_a_camera_that_fails_comes_back_and_was_silent_meanwhile(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """The number that a nurse reads follows the camera, from pixels to the page.

    A real RTSP server is killed while ingest reads from it, and started again.
    """
    minute = rtsp_clip(extras.clip(), tmp_path / "ward.mp4", 600)  # longer than the test plays it
    with (
        rtsp_camera(minute, tmp_path) as camera,
        played_pipeline({**environment, **IMPATIENT}, tmp_path / "line") as pipeline,
    ):
        pipeline.register(minute, pipeline.now_us() - HOUR_US)
        pipeline.start(HOG)
        with sync_playwright() as playwright:
            browser = launch(playwright)
            page = browser.new_page()
            page.goto(pipeline.board_url)
            people = page.locator("#zones .zone .people")
            eventually(lambda: people.count() == 4, 120, "the four zones of the ward")
            numbers: dict[str, set[str]] = {}

            def changed() -> bool:
                # At once: rows change places, and a number belongs to the zone of its row.
                for name, number in page.evaluate(ROWS):
                    numbers.setdefault(name, set()).add(number)
                return any(seen - {UNKNOWN, "0"} and len(seen) >= 2 for seen in numbers.values())

            pipeline.play("--mode", "live", "--fps", str(FPS), video=rtsp_url(camera))
            eventually(changed, 120, f"a number on the board to change: {numbers}")
            eventually(lambda: page.locator(".camera .mark").count() > 0, 120, "dots for people")
            assert "opencv-hog" in page.locator("body").inner_text(), (
                "the last resort is said out loud"
            )
            browser.close()
        arrive(pipeline, DETECTIONS, 4 * FPS, outcome="DETECTED")
        camera.kill()
        killed_us = pipeline.now_us()
        arrive(pipeline, FRAMES, 10, kind="HEARTBEAT")
        silent = scrape(pipeline.supervisor.metrics_port("ingest"))
        back_us = pipeline.now_us()
        camera.start()
        arrive(pipeline, DETECTIONS, 4 * FPS, outcome="DETECTED")
        assert pipeline.supervisor.stop("ingest") == 0
        pipeline.settle()

        outcomes = check_every_frame_has_one_outcome(pipeline)
        frames = records(pipeline, FRAMES)
        check_derived(pipeline)
        events = records(pipeline, ZONE_EVENTS, by="zone_id")
        infer = scrape(pipeline.supervisor.metrics_port("infer"))

    moved = {name for name, seen in numbers.items() if seen - {UNKNOWN, "0"}}
    entered = {
        zone for zone, found in events.items() if any(one["kind"] == "ENTERED" for one in found)
    }
    assert moved <= entered, "the board shows only what the log holds"
    assert infer is not None
    assert infer.labels_of("wardstream_detector_info")["name"] == "opencv-hog"
    assert silent is not None
    assert silent.total("wardstream_ingest_connected") == 0
    assert {outcome for outcome, _ in outcomes} <= {"DETECTED", "SKIPPED", "HEARTBEAT"}
    for ledger in pipeline.ledgers():
        sent = frames[ledger["camera_id"]]
        pictures = [frame for frame in sent if frame["kind"] == "FRAME"]
        assert sum(ledger["outcomes"].values()) == ledger["read"]
        assert ledger["outcomes"]["sent"] == len(pictures)
        assert ledger["outcomes"]["thinned"] > 0, "10 frames a second come, 5 are taken"
        assert ledger["heartbeats"] == len(sent) - len(pictures)
        assert ledger["reconnects"] >= 1
        between = [f for f in sent if killed_us + 2_000_000 < f["captured_us"] < back_us]
        assert {frame["kind"] for frame in between} == {"HEARTBEAT"}
        assert any(frame["source_clock_us"] for frame in pictures), "RTCP told the camera's clock"
