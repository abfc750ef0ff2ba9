"""The board in a browser while the clip plays through the whole pipeline."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from runtime.kafka.reader import read_topic
from schemas.registry import SchemaRegistry
from schemas.topics import ZONE_EVENTS
from tests.e2e.board.browser import launch
from tests.support.clusters import cluster_of
from tests.support.played_pipeline import HOUR_US, PlayedPipeline
from tests.support.waiting import eventually
from workers.local.demo.probes import scrape

UNKNOWN = "\u2013"
"""Text of the page before the first measurement."""

HOG = ("--backend", "hog", "--mode", "live")


@pytest.mark.timeout(600)
def test_the_board_changes_when_a_person_enters_a_zone_of_the_playing_clip(
    pipeline: PlayedPipeline, clip: Path
) -> None:
    """The number that a nurse reads follows the clip, from pixels to the page."""
    pipeline.register(clip, pipeline.now_us() - HOUR_US)
    pipeline.start(HOG)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page()
        page.goto(pipeline.board_url)
        people = page.locator("#zones .zone .people")
        eventually(lambda: people.count() == 4, 120, "the four zones of the ward")
        numbers: dict[str, set[str]] = {}

        def changed() -> bool:
            for row in page.locator("#zones .zone").all():
                name = row.get_attribute("data-zone") or ""
                numbers.setdefault(name, set()).add(row.locator(".people").inner_text())
            return any(seen - {UNKNOWN, "0"} and len(seen) >= 2 for seen in numbers.values())

        pipeline.play("--mode", "live", "--fps", "5")
        eventually(changed, 120, f"a number on the board to change: {numbers}")
        eventually(lambda: page.locator(".camera .mark").count() > 0, 120, "dots for people")
        assert "opencv-hog" in page.locator("body").inner_text(), "the last resort is said out loud"
        browser.close()
    eventually(pipeline.ended, 180, "the clip to end")

    codec = SchemaRegistry(pipeline.settings.registry_url).reader(ZONE_EVENTS)
    entered = {
        event["zone_id"]
        for message in read_topic(cluster_of(pipeline.settings), ZONE_EVENTS)
        if (event := codec.decode(message.value()))["kind"] == "ENTERED"
    }
    moved = {name for name, seen in numbers.items() if seen - {UNKNOWN, "0"}}
    assert moved <= entered, "the board shows only what the log holds"
    infer = scrape(pipeline.supervisor.metrics_port("infer"))
    assert infer is not None
    assert infer.labels_of("wardstream_detector_info")["name"] == "opencv-hog"
