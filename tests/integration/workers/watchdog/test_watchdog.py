"""The watchdog while Kafka is away, and across its own restart."""

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.launcher import LocalServices, Supervisor, Worker
from runtime.clock import SystemClock
from runtime.facts.log import Fact
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import ALERTS, CAMERAS, DETECTIONS, FLOORS, FRAMES, TOPICS
from tests.support.clusters import cluster_of
from tests.support.facts import publish_facts
from tests.support.live_writer import camera_fact, floor_fact
from tests.support.servers.webhook import WebhookServer
from tests.support.waiting import eventually
from workers.observation.alert_log import read_alerts

DEADLINE_S = 120.0
LOG = "silence/log"


@pytest.mark.timeout(400)
def test_a_log_that_is_away_is_reported_without_it_and_written_there_once_it_is_back(
    tmp_path: Path,
) -> None:
    with (
        LocalServices(tmp_path / "services", components=("kafka", "registry")) as services,
        WebhookServer() as webhook,
        Supervisor(tmp_path, services.environment) as supervisor,
    ):
        settings = Settings(
            kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
            registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        )
        create_topics(cluster_of(settings))
        registry = SchemaRegistry(settings.registry_url)
        registry.register_all([topic for topic in TOPICS.values() if topic.avro])
        now_us = SystemClock().now_us()
        publish_facts(
            cluster_of(settings),
            [
                Fact(FLOORS, floor_fact("ward-3")),
                Fact(CAMERAS, camera_fact("left", name="Left half")),
            ],
        )
        worker = Worker(
            name="watchdog",
            command=("watchdog",),
            environment={
                "WARDSTREAM_WATCHDOG__AFTER_S": "3",
                "WARDSTREAM_WATCHDOG__POLL_S": "0.5",
                "WARDSTREAM_WATCHDOG__TAKEOVER_S": "3",
                "WARDSTREAM_WATCHDOG__WEBHOOK_URL": webhook.url,
                "WARDSTREAM_WATCHDOG__HEALTH": json.dumps({"serve": "http://127.0.0.1:1/healthz"}),
            },
        )
        supervisor.start(worker, ready_deadline_s=DEADLINE_S)

        def alerts() -> dict[str, Any]:
            return dict(read_alerts(cluster_of(settings), registry.reader(ALERTS)))

        with pictures(settings, registry):
            camera = "silence/camera/left"
            eventually(lambda: webhook.states("silence/stage/serve"), DEADLINE_S)
            eventually(lambda: webhook.raised(camera), DEADLINE_S)
            eventually(lambda: {"silence/stage/serve", camera} <= alerts().keys(), DEADLINE_S)
            reported = alerts()[camera]
            assert reported["what"] == "No new data from camera Left half"
            assert now_us <= reported["since_us"] < reported["at_us"], "since its last picture"
            services.kill("kafka")
            eventually(lambda: webhook.raised(LOG), DEADLINE_S)
            port = supervisor.metrics_port("watchdog")
            eventually(lambda: "data store (Kafka) does not answer" in fault(port), DEADLINE_S)
            assert f"ALERT RAISED PAGE {LOG}" in supervisor.log("watchdog").read_text()
            assert webhook.raised("silence/stage/serve")
            assert webhook.raised(camera), "blind, nothing is cleared"

            services.restart("kafka")
            eventually(lambda: webhook.is_over(LOG), DEADLINE_S)
            eventually(lambda: LOG in alerts() and alerts()[LOG]["state"] == "CLEARED", DEADLINE_S)
            assert alerts()[LOG]["seq"] % 2 == 0, "raised and cleared in turn"

        serve = "silence/stage/serve"

        def is_reported_again_after_a_restart() -> bool:
            reported = len(webhook.states(serve))
            supervisor.kill("watchdog")
            supervisor.restart("watchdog")
            eventually(lambda: supervisor.ready("watchdog"), DEADLINE_S)
            eventually(lambda: serve in standing(port), DEADLINE_S)
            return len(webhook.states(serve)) > reported

        # It waits for what was told before for so long only, and a starved machine may need longer.
        assert not all(is_reported_again_after_a_restart() for _ in range(3))
        assert "CLEARED" not in webhook.states(serve)
        eventually(lambda: alerts()[serve]["seq"] == len(webhook.states(serve)), DEADLINE_S)


@contextmanager
def pictures(settings: Settings, registry: SchemaRegistry) -> Iterator[None]:
    """One picture of a camera, and heartbeats of another while the block runs."""
    producer = ReliableProducer(cluster_of(settings))
    frames, outcomes = registry.writer(FRAMES), registry.writer(DETECTIONS)
    name = cluster_of(settings).name(DETECTIONS)
    seen = {"camera_id": "left", "captured_us": 1, "frame_seq": 1, "outcome": "DETECTED"}
    producer.produce(name, key="left", value=outcomes.encode(seen), partition=3)
    ended = threading.Event()

    def beat() -> None:
        for seq in itertools.count(1):
            record = {"camera_id": "right", "seq": seq, "captured_us": seq, "kind": "HEARTBEAT"}
            producer.produce(
                cluster_of(settings).name(FRAMES), key="right", value=frames.encode(record)
            )
            producer.poll()
            if ended.wait(0.3):
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def fault(port: int) -> str:
    """What the watchdog's health says is wrong; empty while it says that all is well."""
    answer = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=30)
    return str(answer.json().get("fault", "")) if answer.status_code == 503 else ""


def standing(port: int) -> list[str]:
    body = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=30).json()
    return [alert["alert_id"] for alert in body.get("alerts", [])]
