"""A stage's own report is believed, and its silence is a sign of its own."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from runtime.process.settings import Settings
from tests.support.clusters import cluster_of
from tests.support.waiting import eventually
from workers.observation.signs import AuditAway
from workers.watchdog.endpoints import HealthProbes, answer_of, ask
from workers.watchdog.outcomes import WINDOW_S, OutcomeFollower

AT_US = 1_780_000_000_000_000


class Stage(ThreadingHTTPServer):
    """The health endpoint of a stage; a test sets its report."""

    status = 200
    text = json.dumps({"healthy": True})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/healthz"


class _Handler(BaseHTTPRequestHandler):
    server: Stage

    def do_GET(self) -> None:
        body = self.server.text.encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_healthy_stage_is_not_reported(stage: Stage) -> None:
    assert ask(stage.url) == ""


def test_a_stage_that_is_not_well_is_quoted(stage: Stage) -> None:
    stage.status, stage.text = 503, json.dumps({"healthy": False, "last_loop_s": 61.0})

    assert "HTTP 503" in ask(stage.url)
    assert "last_loop_s" in ask(stage.url)


def test_a_sink_that_has_paused_is_not_well_although_its_process_is(stage: Stage) -> None:
    paused = {"since_us": 1, "waits_for": "registry"}
    stage.text = json.dumps({"paused": paused, "registry": "out of reach for 12 s"})

    assert ask(stage.url) == "paused, registry out of reach for 12 s"


def test_a_stage_that_is_not_there_is_named_by_its_address() -> None:
    assert ask("http://127.0.0.1:1/healthz").startswith("no answer from 127.0.0.1:1")


def test_what_a_stage_says_is_followed(stage: Stage) -> None:
    probes = HealthProbes({"stream": stage.url}, SystemClock(), 0.01)
    probes.start()
    stage.status = 503
    eventually(lambda: probes.signs()["stream"].problem)
    bad = probes.signs()["stream"]
    stage.status = 200
    eventually(lambda: not probes.signs()["stream"].problem)

    assert probes.signs()["stream"].good_us > bad.good_us
    probes.close()


@pytest.mark.parametrize(
    "url", ["127.0.0.1:9100", "http://h:99999/", "http://h:x/", "http://:80/", "http://[h/"]
)
def test_what_is_no_url_is_refused_by_name(url: str) -> None:
    with pytest.raises(Stop, match="health endpoint of stream"):
        HealthProbes({"stream": url}, SystemClock(), 1.0)


def test_pictures_are_counted_over_a_minute_and_heartbeats_are_none() -> None:
    follower = OutcomeFollower(cluster_of(Settings()))
    for second in range(2 * WINDOW_S):
        at_us = AT_US + second * 1_000_000
        follower.take("left", "SKIPPED" if second % 4 else "DETECTED", at_us)
        follower.take("right", "HEARTBEAT", at_us)

    last_us = AT_US + (2 * WINDOW_S - 1) * 1_000_000
    assert follower.last_us() == {"left": last_us}
    assert follower.skipped(last_us) == (WINDOW_S + 1, 46)
    assert follower.skipped(last_us + 3_600_000_000) == (0, 0)


def test_an_unforeseen_error_ends_the_followers_claim_to_be_current(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Cluster, "consumer", lambda *_, **__: 1 / 0)
    follower = OutcomeFollower(cluster_of(Settings()))
    follower.current = True
    follower.start()

    eventually(lambda: not follower.current)
    follower.close()


def test_a_board_that_cannot_write_the_audit_says_since_when(stage: Stage) -> None:
    stage.text = json.dumps({"audit_away": {"since_us": 7, "error": "no broker"}})

    assert answer_of(stage.url).audit_away == AuditAway(7, "no broker")
    stage.text = json.dumps({"audit_away": "nonsense"})
    assert answer_of(stage.url).audit_away is None
