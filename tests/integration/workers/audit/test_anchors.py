"""Anchors on a real S3 server, written by a user who may not delete them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.audit import Act
from runtime.kafka.cluster import Cluster
from runtime.storage.objects import ObjectStore
from tests.support.paths import ROOT
from tests.support.servers.versity import BUCKET, VersityServer
from tests.support.services import Services
from tests.support.waiting import eventually
from workers.audit.anchoring import add_anchor, read_anchors, verify
from workers.audit.writer import AuditLog

DAY_S = 86_400


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VersityServer]:
    with VersityServer(tmp_path_factory.mktemp("versity")) as started:
        yield started


@pytest.fixture
def store(server: VersityServer, run_prefix: str, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    for name, value in server.anchor.environment.items():
        monkeypatch.setenv(name, value)
    return ObjectStore(f"{server.url}/{run_prefix}")


def view(cluster: Cluster, *cameras: str) -> str:
    """Record views in a chain of their own; returns its id."""
    with AuditLog(cluster, "serving") as audit:
        for camera in cameras:
            audit.record_now(Act("frame.viewed", f"camera/{camera}"), actor="ada", why="a fall")
        return audit.chain_id


def test_the_anchoring_user_writes_once_and_can_neither_replace_nor_delete(
    server: VersityServer, cluster: Cluster, store: ObjectStore, run_prefix: str
) -> None:
    view(cluster, "ward-1")
    first = add_anchor(cluster, store, "anchor")
    path = f"/{BUCKET}/{run_prefix}/{first.path}"

    assert not store.create(first.path, b"another")
    assert server.anchor.asks("DELETE", path).status == 403
    assert server.anchor.asks("PUT", f"/{BUCKET}", "policy=", b"{}").status == 403
    assert read_anchors(store) == ([first], [])
    assert verify(cluster, store)[2] == []


def test_an_anchor_that_is_overwritten_all_the_same_is_found_and_the_first_is_still_there(
    server: VersityServer, cluster: Cluster, store: ObjectStore, run_prefix: str
) -> None:
    view(cluster, "ward-1")
    first = add_anchor(cluster, store, "anchor")
    path = f"/{BUCKET}/{run_prefix}/{first.path}"
    written = server.root.asks("HEAD", path).version
    forged = first.encode().replace(b'"number":1', b'"number": 1')

    assert server.anchor.asks("PUT", path, "", forged).status == 200  # S3 keeps both

    faults = verify(cluster, store)[2]
    assert any("is no anchor" in fault for fault in faults), faults
    refused = server.root.asks("DELETE", path, f"versionId={written}")
    assert refused.status == 403, refused
    kept = server.root.asks("GET", path, f"versionId={written}")
    assert kept.body == first.encode()


def test_the_daily_process_anchors_once_a_day_of_its_clock(
    server: VersityServer,
    services: Services,
    cluster: Cluster,
    store: ObjectStore,
    run_prefix: str,
    tmp_path: Path,
) -> None:
    view(cluster, "ward-1")
    now_s = cluster.clock.now_us() / 1e6
    clock = tmp_path / "now"
    clock.write_text(str(now_s))
    command = (sys.executable, "-m", "tests.support.anchoring_program")
    process = subprocess.Popen(
        [*command, str(clock), f"{server.url}/{run_prefix}"],
        cwd=ROOT,
        env={
            **os.environ,
            **services.environment,
            **server.anchor.environment,
            "WARDSTREAM_TOPIC_PREFIX": run_prefix,
        },
    )
    try:
        eventually(lambda: len(read_anchors(store)[0]) == 1, what="the first anchor")
        later = view(cluster, "ward-2")
        clock.write_text(str(now_s + DAY_S + 1))
        eventually(lambda: len(read_anchors(store)[0]) == 2, what="the anchor of the next day")
    finally:
        process.terminate()
        code = process.wait(20)
    first, second = read_anchors(store)[0]
    assert second.at_us - first.at_us >= DAY_S * 1_000_000
    assert later in {head.chain_id for head in second.heads}
    assert verify(cluster, store)[2] == []
    assert code == 0
