"""Two watchdogs for one pipeline: one leads, the other takes over, nothing is reported twice."""

import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from signal import SIGCONT, SIGSTOP

import httpx
import pytest

from deploy.local.launcher import Supervisor, Worker
from runtime.kafka.reader import read_topic
from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import ALERTS, TOPICS
from tests.support.clusters import cluster_of
from tests.support.servers.webhook import WebhookServer
from tests.support.waiting import eventually
from workers.observation import unwatched
from workers.operations.doctor import check_alerts
from workers.serving.live import pipeline_follower
from workers.serving.live.pipeline_follower import PipelineFollower
from workers.serving.live.pipeline_view import PipelineView

DEADLINE_S = 120.0
SERVE = "silence/stage/serve"
TAKEOVER_S = "6"


class Stage(ThreadingHTTPServer):
    """A stage that says of itself what the test wants."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.well = False


class _Answer(BaseHTTPRequestHandler):
    server: Stage

    def do_GET(self) -> None:
        self.send_response(200 if self.server.well else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        threading.Thread(target=stage.serve_forever, daemon=True).start()
        yield stage
        stage.shutdown()


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    settings = Settings(
        kafka_bootstrap=environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=environment["WARDSTREAM_TOPIC_PREFIX"],
    )
    create_topics(cluster_of(settings))
    registry = SchemaRegistry(settings.registry_url)
    registry.register_all([topic for topic in TOPICS.values() if topic.avro])
    return settings


@pytest.mark.timeout(400)
def test_the_standby_takes_over_and_each_alert_is_raised_once_and_cleared_once(
    settings: Settings, supervisor: Supervisor, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec = SchemaRegistry(settings.registry_url).reader(ALERTS)

    def written() -> list[tuple[int, str]]:
        alerts = [
            codec.decode(message.value()) for message in read_topic(cluster_of(settings), ALERTS)
        ]
        assert {alert["alert_id"] for alert in alerts} <= {SERVE}
        return [(alert["seq"], alert["state"]) for alert in alerts]

    def role(name: str) -> str:
        url = f"http://127.0.0.1:{supervisor.metrics_port(name)}/healthz"
        return str(httpx.get(url, timeout=30).json().get("lease", ""))

    def start(name: str) -> None:
        environment = {
            "WARDSTREAM_WATCHDOG__AFTER_S": "1",
            "WARDSTREAM_WATCHDOG__POLL_S": "0.3",
            "WARDSTREAM_WATCHDOG__TAKEOVER_S": TAKEOVER_S,
            "WARDSTREAM_WATCHDOG__WEBHOOK_URL": webhook.url,
            "WARDSTREAM_WATCHDOG__HEALTH": json.dumps(
                {"serve": f"http://127.0.0.1:{stage.server_port}/healthz"}
            ),
        }
        worker = Worker(name=name, command=("watchdog",), environment=environment)
        supervisor.start(worker, ready_deadline_s=DEADLINE_S)

    def reported(*states: str) -> None:
        """In the topic each once; a webhook may hear one twice where the watch changes hands."""
        eventually(lambda: [state for _, state in written()] == [*states], DEADLINE_S)
        assert written() == list(enumerate(states, 1))

        def heard() -> bool:
            return [one for one, _ in itertools.groupby(webhook.states(SERVE))] == [*states]

        eventually(heard, DEADLINE_S)

    with WebhookServer() as webhook:
        start("first")
        eventually(lambda: role("first") == "leader", DEADLINE_S)
        start("second")
        eventually(lambda: role("second").startswith("standby, "), DEADLINE_S)
        reported("RAISED")

        supervisor.kill("first")
        eventually(lambda: role("second") == "leader", DEADLINE_S)
        stage.well = True
        reported("RAISED", "CLEARED")
        assert "leads" in check_alerts(cluster_of(settings))

        supervisor.restart("first")
        eventually(lambda: supervisor.ready("first"), DEADLINE_S)
        eventually(lambda: role("first").startswith("standby, "), DEADLINE_S)
        stage.well = False
        reported("RAISED", "CLEARED", "RAISED")

        # A frozen one wakes with what it knew, and is refused.
        supervisor.kill("second", SIGSTOP)
        eventually(lambda: role("first") == "leader", DEADLINE_S)
        stage.well = True
        reported("RAISED", "CLEARED", "RAISED", "CLEARED")
        supervisor.kill("second", SIGCONT)
        supervisor.release("second")
        eventually(lambda: role("second").startswith("standby, "), DEADLINE_S)
        reported("RAISED", "CLEARED", "RAISED", "CLEARED")

        # With SIGTERM the lease is handed over, without waiting.
        supervisor.stop("first")
        eventually(lambda: role("second") == "leader", DEADLINE_S)
        supervisor.kill("second")
        monkeypatch.setattr(unwatched, "UNWATCHED_S", 1.0)
        monkeypatch.setattr(pipeline_follower, "LAG_EVERY_S", 1.0)
        view = PipelineView()
        follower = PipelineFollower(
            cluster_of(
                settings.model_copy(
                    update={"watchdog": settings.watchdog.model_copy(update={"takeover_s": 1.0})}
                )
            ),
            view,
            settings.model_copy(
                update={"watchdog": settings.watchdog.model_copy(update={"takeover_s": 1.0})}
            ).watchdog,
        )
        follower.start()
        try:
            eventually(view.alerts, DEADLINE_S)
        finally:
            follower.close()
        assert [alert.what for alert in view.alerts()] == [
            "No watchdog runs: silence of the pipeline would not be reported"
        ]
        reported("RAISED", "CLEARED", "RAISED", "CLEARED")
