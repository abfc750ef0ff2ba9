"""`wardstream audit` as an operator types it."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]
from typer.testing import CliRunner, Result

from runtime.audit import Act, next_entry
from runtime.kafka.cluster import Cluster
from runtime.kafka.producer import ReliableProducer
from schemas.records.alerts import AuditEntry
from schemas.topics import AUDIT
from tests.support.services import Services
from tests.support.sink_topics import await_leaders
from workers.audit.writer import AuditLog
from workers.cli.audit import app

Types = Callable[..., Result]


@pytest.fixture
def types(services: Services, run_prefix: str, tmp_path: Path) -> Types:
    """Types `wardstream audit WORDS`, with anchors in a folder."""
    environment = {
        **services.environment,
        "WARDSTREAM_TOPIC_PREFIX": run_prefix,
        "WARDSTREAM_AUDIT__ANCHORS_URL": f"file://{tmp_path}/anchors-of-a-test",
    }
    return lambda *description: CliRunner().invoke(app, list(description), env=environment)


def replace_log(cluster: Cluster, entries: list[AuditEntry]) -> None:
    """Delete audit.v1 and write another one, as somebody with every right on the brokers may."""
    admin, name = cluster.admin(), cluster.name(AUDIT)
    for future in admin.delete_topics([name], operation_timeout=30).values():
        future.result()
    for future in admin.create_topics(
        [NewTopic(name, AUDIT.partitions, 1, config=AUDIT.config)], operation_timeout=30
    ).values():
        future.result()
    await_leaders(admin, [name])
    codec, producer = cluster.registry.writer(AUDIT), ReliableProducer(cluster)
    for entry in entries:
        producer.produce(name, key=entry["chain_id"], value=codec.encode(entry), partition=0)
    producer.flush(30)


def test_an_audit_that_was_rewritten_whole_is_found_by_the_command_and_not_anchored(
    cluster: Cluster, types: Types, entries: Callable[[], list[AuditEntry]]
) -> None:
    with AuditLog(cluster, "serving") as audit:
        for camera in ("ward-1", "ward-2"):
            audit.record_now(Act("frame.viewed", f"camera/{camera}"), actor="ada", why="a fall")
    anchored = types("anchor")
    intact = types("verify", "--json")
    last, rewritten = None, []
    for entry in entries():
        hidden = Act(entry["action"], entry["subject"].replace("ward-2", "ward-9"), entry["detail"])
        last = next_entry(
            last if entry["chain_id"] == audit.chain_id else None,
            entry["chain_id"], hidden, actor=entry["actor"], why=entry["why"], at_us=entry["at_us"],
        )  # fmt: skip
        rewritten.append(last)
    replace_log(cluster, rewritten)
    found = types("verify")
    refused = types("anchor")

    assert anchored.exit_code == 0, anchored.output
    assert intact.exit_code == 0, intact.output
    assert json.loads(intact.stdout)["faults"] == []
    assert found.exit_code == 1
    assert f"chain {audit.chain_id}: it was rewritten: entry 4 is not the one of" in found.stderr
    assert refused.exit_code == 1


def test_the_digest_on_the_report_proves_the_anchor(cluster: Cluster, types: Types) -> None:
    with AuditLog(cluster, "serving") as audit:
        audit.record_now(Act("frame.viewed", "camera/ward-1"), actor="ada", why="a fall")
    types("anchor")
    page = types("report")
    printed = re.search(r"SHA-256 +([0-9a-f]{64})", page.stdout)

    assert page.exit_code == 0, page.output
    assert printed is not None
    assert types("verify", "--printed", printed[1]).exit_code == 0
    assert types("verify", "--printed", "0" * 64).exit_code == 1
