"""The dead man while the log is away, and over a restart of his own."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.launcher import LocalServices, Supervisor, Worker
from runtime.clock import SystemClock
from runtime.settings import Settings
from runtime.topic_admin import create_topics
from schemas.registry import SchemaRegistry
from schemas.topics import ALERTS, TOPICS
from tests.integration.serving.waiting import eventually
from tests.servers.webhook import WebhookServer
from workers.health.alert_log import read_alerts

DEADLINE_S = 120.0
LINE = "silence/line"


@pytest.mark.timeout(400)
def test_a_log_that_is_away_is_told_without_it_and_written_there_once_it_is_back(
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
        create_topics(settings)
        registry = SchemaRegistry(settings.registry_url)
        registry.register_all([topic for topic in TOPICS.values() if topic.avro])
        worker = Worker(
            name="deadman",
            command=("deadman",),
            environment={
                "WARDSTREAM_DEADMAN__AFTER_S": "5",
                "WARDSTREAM_DEADMAN__LOOK_S": "0.5",
                "WARDSTREAM_DEADMAN__WEBHOOK_URL": webhook.url,
                "WARDSTREAM_DEADMAN__HEALTH": json.dumps({"serve": "http://127.0.0.1:1/healthz"}),
            },
        )
        supervisor.start(worker, ready_deadline_s=DEADLINE_S)

        def alerts() -> dict[str, Any]:
            return dict(read_alerts(settings, registry.reader(ALERTS), SystemClock()))

        eventually(lambda: webhook.states("silence/stage/serve"), DEADLINE_S)
        eventually(lambda: "silence/stage/serve" in alerts(), DEADLINE_S)
        services.kill("kafka")
        eventually(lambda: webhook.states(LINE) == ["RAISED"], DEADLINE_S)
        port = supervisor.metrics_port("deadman")
        status = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=30)
        assert status.status_code == 503
        assert "the line's log does not answer" in status.json()["fault"]
        assert f"ALERT RAISED PAGE {LINE}" in supervisor.log("deadman").read_text()
        assert webhook.states("silence/stage/serve") == ["RAISED"], "blind, nothing is cleared"

        services.restart("kafka")
        eventually(lambda: webhook.states(LINE) == ["RAISED", "CLEARED"], DEADLINE_S)
        eventually(lambda: LINE in alerts() and alerts()[LINE]["seq"] == 2, DEADLINE_S)
        assert alerts()[LINE]["state"] == "CLEARED"

        supervisor.kill("deadman")
        supervisor.restart("deadman")
        eventually(lambda: supervisor.ready("deadman"), DEADLINE_S)
        eventually(lambda: standing(port) == ["silence/stage/serve"], DEADLINE_S)
        assert webhook.states("silence/stage/serve") == ["RAISED"], "told once, by whichever"
        assert alerts()["silence/stage/serve"]["seq"] == 1


def standing(port: int) -> list[str]:
    body = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=30).json()
    return [alert["alert_id"] for alert in body.get("alerts", [])]
