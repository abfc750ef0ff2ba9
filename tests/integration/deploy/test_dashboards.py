"""Every query of the dashboards runs on a real database or a real Prometheus."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx
import psycopg
import pytest

from deploy.grafana.panels import LIVE_COVERAGE, PIPELINE_HEALTH, Panel
from deploy.grafana.push import push
from deploy.local import extras
from deploy.local.ports import free_ports
from runtime.process import metrics
from runtime.process.health import Health, serve_health
from runtime.process.settings import Settings
from tests.support.paths import ROOT
from tests.support.waiting import eventually

READY_S = 30.0


def fill(panel: Panel) -> str:
    """A panel's SQL with Grafana's time macro filled in for an hour."""
    sql = panel.query
    while "$__timeFilter(" in sql:
        head, _, rest = sql.partition("$__timeFilter(")
        column, _, tail = rest.partition(")")
        sql = f"{head}{column} BETWEEN '2026-11-01 10:00+00' AND '2026-11-01 11:00+00'{tail}"
    return sql


@pytest.mark.parametrize("panel", LIVE_COVERAGE, ids=lambda panel: panel.title)
def test_a_question_to_the_database_is_understood(panel: Panel, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        cursor = connection.execute(fill(panel).encode())
        columns = [column.name for column in cursor.description or ()]

    assert len(columns) == len(set(columns)) >= 3
    assert panel.kind == "table" or columns[0] == "time"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Prometheus that has scraped a process with every metric."""
    for name in ("record", "live"):
        metrics.INGEST_FRAMES.labels(name, "sent").inc()
        metrics.INFERENCE_FRAMES.labels(name, "").inc()
        metrics.STREAM_EVENTS.labels(name).inc()
        metrics.SINK_ROWS.labels(name, "tracks").inc()
        metrics.SINK_LAG.labels(name).observe(0.1)
        metrics.DEAD_LETTERS_TOTAL.labels(name, "corrupt_jpeg").inc()
        metrics.LAG_RECORDS.labels(name).set(1)
        metrics.LAG_SECONDS.labels(name).set(1)
        metrics.BREAKER_STATE.labels(name).set(2)
        metrics.ALERTS_STANDING.labels(name).set(1)
    metrics.INFERENCE_SECONDS.observe(0.02)
    metrics.STREAM_TICK_LAG.observe(0.02)
    metrics.CHECKPOINT_SECONDS.observe(0.02)
    metrics.SERVING_CLIENTS.set(1)
    process = serve_health(Health("test"), Settings(metrics_port=0))
    [port] = free_ports(1)
    folder = tmp_path_factory.mktemp("prometheus")
    config = folder / "prometheus.yml"
    target = f"127.0.0.1:{process.server_address[1]}"
    job = {"job_name": "wardstream", "static_configs": [{"targets": [target]}]}
    config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [job]}))
    command = [str(extras.prometheus()), f"--config.file={config}"]
    command += [f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as started:
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for_two_scrapes(address)
            yield address
        finally:
            started.terminate()
    process.shutdown()


def _wait_for_two_scrapes(address: str) -> None:
    """A rate needs two samples."""

    def scraped() -> bool:
        with suppress(httpx.HTTPError):
            found = _ask(address, "count_over_time(wardstream_serving_clients[1m])")
            return bool(found) and float(found[0]["value"][1]) >= 2
        return False

    eventually(scraped, READY_S, "a second scrape by Prometheus", pause_s=0.2)


def _ask(address: str, query: str) -> list[dict[str, list[str]]]:
    answer = httpx.get(f"{address}/api/v1/query", params={"query": query})
    answer.raise_for_status()
    result: list[dict[str, list[str]]] = answer.json()["data"]["result"]
    return result


@pytest.mark.parametrize("panel", PIPELINE_HEALTH, ids=lambda panel: panel.title)
def test_a_question_to_prometheus_has_an_answer(panel: Panel, prometheus: str) -> None:
    query = panel.query.replace("rate(", "last_over_time(")  # a counter at rest has rate 0

    assert _ask(prometheus, panel.query), panel.query
    assert any(float(series["value"][1]) > 0 for series in _ask(prometheus, query)) or (
        "increase" in query
    )


def test_pushing_sends_every_dashboard_with_the_token() -> None:
    """Grafana itself cannot run here; the test serves its documented endpoint."""
    received = []

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, self.headers["Authorization"], json.loads(body)))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"status": "success"}')

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        titles = push(f"http://127.0.0.1:{server.server_address[1]}", "secret")
        server.shutdown()

    assert titles == ["Live coverage", "Pipeline health"]
    assert {path for path, _, _ in received} == {"/api/dashboards/db"}
    assert {token for _, token, _ in received} == {"Bearer secret"}
    assert [body["dashboard"]["title"] for _, _, body in received] == titles


def test_the_provisioning_names_the_sources_that_the_panels_use() -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    sources = (folder / "datasources" / "wardstream.yaml").read_text()

    for uid in ("timescale", "prometheus"):
        assert f"uid: {uid}" in sources
