"""Each silence of the real pipeline is reported: by webhook, topic, health and on the page."""

import json
import re
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from deploy.local.launcher import Worker
from deploy.services import WATCHED, process
from runtime.kafka.reader import read_topic
from schemas.registry import SchemaRegistry
from schemas.topics import ALERTS
from tests.e2e.board.browser import launch
from tests.support.clusters import cluster_of
from tests.support.played_pipeline import HOUR_US, PlayedPipeline
from tests.support.servers.webhook import WebhookServer
from tests.support.waiting import eventually
from workers.observation.alert_log import read_alerts

HOG = ("--backend", "hog", "--mode", "live")
TIME = r"\d\d:\d\d"
DEADLINE_S = 120.0
NOT_RUN = {"ingest", "guard", "clocks", "notifier"}
"""Processes that a played pipeline has not: the clip is played from outside, nobody is notified."""

NOWHERE = {
    "WARDSTREAM_REDIS_URL": "redis://127.0.0.1:1/0",
    "WARDSTREAM_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
}
"""Addresses where nothing answers: the watchdog needs neither store."""


def start_watchdog(pipeline: PlayedPipeline, webhook: WebhookServer) -> None:
    row = process("watchdog")
    health = {
        name: f"http://127.0.0.1:{pipeline.supervisor.metrics_port(name)}/healthz"
        for name in WATCHED
        if name not in NOT_RUN
    }
    settings = {
        "WARDSTREAM_WATCHDOG__AFTER_S": "4",
        "WARDSTREAM_WATCHDOG__POLL_S": "0.5",
        "WARDSTREAM_WATCHDOG__HEALTH": json.dumps(health),
        "WARDSTREAM_WATCHDOG__WEBHOOK_URL": webhook.url,
    }
    pipeline.supervisor.start(
        Worker(name=row.name, command=row.command, environment=settings | NOWHERE),
        ready_deadline_s=90,
    )


def fault(pipeline: PlayedPipeline) -> str:
    """Fault that the watchdog's health reports; empty while it reports none."""
    url = f"http://127.0.0.1:{pipeline.supervisor.metrics_port('watchdog')}/healthz"
    answer = httpx.get(url, timeout=30)
    return str(answer.json().get("fault", "")) if answer.status_code == 503 else ""


@pytest.mark.timeout(600)
def test_a_stopped_stage_is_reported_by_every_channel_and_cleared_when_it_goes_on(
    pipeline: PlayedPipeline, clip: Path
) -> None:
    pipeline.register(clip, pipeline.now_us() - HOUR_US)
    pipeline.start(HOG)
    with WebhookServer() as webhook, sync_playwright() as playwright:
        expect.set_options(timeout=DEADLINE_S * 1000)
        page = launch(playwright).new_page()
        pipeline.play("--mode", "live", "--fps", "2", "--loop")
        eventually(lambda: pipeline.outcomes() > 8, DEADLINE_S, "pictures to come through")
        start_watchdog(pipeline, webhook)
        page.goto(pipeline.board_url)
        expect(page.locator(".zone[data-stale='false']").first).to_be_visible()
        notices = page.locator("#notices")

        pipeline.supervisor.kill("stream")
        expect(notices).to_contain_text(re.compile(f"Counting has stopped since {TIME}"))
        counting = "silence/stage/stream"
        eventually(lambda: webhook.raised(counting), DEADLINE_S, "the webhook")
        eventually(
            lambda: "Counting has stopped" in fault(pipeline),
            DEADLINE_S,
            "the health to say it too",
        )
        assert "ALERT RAISED PAGE silence/stage/stream" in text(pipeline)

        pipeline.supervisor.restart("stream")
        expect(notices).not_to_contain_text("Counting has stopped")
        eventually(lambda: webhook.is_over(counting), DEADLINE_S, "the end of it")

        pipeline.supervisor.kill("ingest")
        expect(notices).to_contain_text(re.compile(f"No new data from any camera since {TIME}"))
        eventually(lambda: webhook.raised("silence/line"), DEADLINE_S, "the webhook")

        pipeline.supervisor.kill("serve", SIGSTOP)
        expect(page.locator("#banner")).to_contain_text("Connection to the board lost")
        expect(page.locator(".zone[data-stale='false']")).to_have_count(0)
        pipeline.supervisor.kill("serve", SIGCONT)
        pipeline.supervisor.release("serve")
        expect(page.locator("#live-word")).not_to_have_text("Not live")
        pipeline.supervisor.kill("serve")
        expect(page.locator("#banner")).to_contain_text("Connection to the board lost")
        eventually(lambda: webhook.raised("silence/stage/serve"), DEADLINE_S, "the webhook")
        page.context.browser.close()  # type: ignore[union-attr]
        check_the_topic(pipeline, webhook)


def text(pipeline: PlayedPipeline) -> str:
    return pipeline.supervisor.log("watchdog").read_text()


def check_the_topic(pipeline: PlayedPipeline, webhook: WebhookServer) -> None:
    """Every alert is there once, numbered within its key, as the webhook received it."""
    codec = SchemaRegistry(pipeline.settings.registry_url).reader(ALERTS)
    written: list[dict[str, Any]] = []

    def complete() -> bool:
        written[:] = [
            codec.decode(message.value())
            for message in read_topic(cluster_of(pipeline.settings), ALERTS)
        ]
        return [alert | {"seq": 0} for alert in written] == webhook.reported

    eventually(complete, DEADLINE_S, "the topic to hold what the webhook was told")
    for key in {alert["alert_id"] for alert in written}:
        numbers = [alert["seq"] for alert in written if alert["alert_id"] == key]
        assert numbers == list(range(1, len(numbers) + 1))

    def newest(key: str) -> str:
        return read_alerts(cluster_of(pipeline.settings), codec, DEADLINE_S)[key]["state"]

    # A starved machine may raise and clear either once more.
    eventually(lambda: newest("silence/stage/stream") == "CLEARED", DEADLINE_S, "counting goes on")
    eventually(lambda: newest("silence/line") == "RAISED", DEADLINE_S, "the silent line")
