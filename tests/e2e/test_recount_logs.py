"""`wardstream verify --from` on damaged logs; a log cannot be repaired, so the pipeline belongs to
this module alone.
"""

from collections.abc import Iterator

import pytest

from runtime.kafka.continuity import Break
from runtime.kafka.dead_letters import DeadLetterBox
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_topic
from schemas.registry import SchemaRegistry
from schemas.topics import FRAMES, OCCUPANCY
from tests.e2e.fed_pipeline import Fed, fed_pipeline, mismatches
from tests.support import simulated
from tests.support.clusters import cluster_of
from tests.support.services import Services
from workers.operations.verification.result import Mismatch
from workers.stages import INFERENCE


@pytest.fixture(scope="module")
def fed(
    services: Services, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fed]:
    folder = tmp_path_factory.mktemp("recount")
    with fed_pipeline(services, database_template, folder) as made:
        yield made


def test_what_the_logs_should_not_hold_is_named_by_topic_partition_and_offset(
    fed: Fed,
) -> None:
    """A record with other bytes, a frame without outcome, and records that are gone."""
    pipeline, feed, _, _ = fed
    settings = pipeline.settings
    codec = SchemaRegistry(settings.registry_url).writer(OCCUPANCY)
    some = [m for m in read_topic(cluster_of(settings), OCCUPANCY) if m.partition() == 1]
    record = codec.decode(some[4].value())
    producer = ReliableProducer(cluster_of(settings))
    name = cluster_of(settings).name(OCCUPANCY)
    other = codec.encode({**record, "people": record["people"] + 1})
    producer.produce(name, key=record["zone_id"], value=other, partition=1)
    producer.flush()

    found = mismatches(pipeline)["zone-occupancy.measured.v1 by seq"]

    assert found.where == f"{name} partition 1 offset {(some[-1].offset() or 0) + 1}"
    assert "key sim-1-zone seq 5 has other bytes than at offset" in found.what
    outcome = {"captured_us": simulated.START_US + 1, "width": 1, "height": 1, "frame_seq": 9_999}
    offset = feed.append_frame(0, "sim-0", outcome)
    assert "frames and their outcomes" not in mismatches(pipeline), "inference has not committed it"

    feed.commit_frames()
    found = mismatches(pipeline)["frames and their outcomes"]

    assert found.where == f"{cluster_of(settings).name(FRAMES)} partition 0 offset {offset}"
    assert found.what == "frame 9999 of sim-0 has no outcome"

    dead_letters = DeadLetterBox(producer, cluster_of(settings), settings.dead_letters, INFERENCE)
    lost = Break(cluster_of(settings).name(FRAMES), 1, "records_gone", 3, 7)
    dead_letters.gone(lost.topic, lost.partition, lost.lost, lost.records, lost.dead_letter)
    producer.flush()
    found = mismatches(pipeline)["records that the log lost unread"]

    assert found == Mismatch(f"{lost.topic} partition 1", lost.text)
