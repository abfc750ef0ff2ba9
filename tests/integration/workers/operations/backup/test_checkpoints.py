"""Checkpoints that are copied while they are written are whole, whatever the moment."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from runtime.checkpoints.codec import (
    HEAD_KEY,
    EntityState,
    checksum,
    decode_head,
    empty_head,
    encode_entity,
    encode_head,
)
from runtime.kafka.reader import spans
from runtime.process.settings import Settings
from schemas.topics import STREAM_CHECKPOINTS
from tests.support.clusters import cluster_of
from tests.support.services import Services
from tests.support.sink_topics import await_leaders
from tests.support.waiting import eventually
from workers.local.pipeline import settings_of
from workers.operations.backup.entries import Entry, held, whole_checkpoints

PARTITION = 3
CAMERA = b"camera/one"


class Writer:
    """Writes checkpoints of one partition, in halves."""

    def __init__(self, settings: Settings) -> None:
        self._name = cluster_of(settings).name(STREAM_CHECKPOINTS)
        self._producer = cluster_of(settings).transactional(
            f"{settings.topic_prefix}writer", within_s=60.0
        )
        self._producer.init_transactions(30)

    def start(self, state: bytes) -> bytes:
        """Send the record of the camera; returns the head that belongs to it."""
        value = encode_entity(EntityState(1, state))
        self._producer.begin_transaction()
        self._produce(CAMERA, value)
        head = empty_head(PARTITION, "input", "boot")
        head.entities[CAMERA.decode()] = checksum(value)
        return encode_head(head)

    def end(self, head: bytes) -> None:
        """Send the head and commit."""
        self._produce(HEAD_KEY, head)
        self._producer.commit_transaction(30)

    def _produce(self, key: bytes, value: bytes) -> None:
        self._producer.produce(self._name, key=key, value=value, partition=PARTITION)
        assert self._producer.flush(30) == 0


@pytest.fixture
def settings(services: Services, run_prefix: str) -> Settings:
    settings = settings_of({**services.environment, "WARDSTREAM_TOPIC_PREFIX": run_prefix})
    admin = cluster_of(settings).admin()
    name = cluster_of(settings).name(STREAM_CHECKPOINTS)
    topic = NewTopic(name, STREAM_CHECKPOINTS.partitions, 1, config=STREAM_CHECKPOINTS.config)
    admin.create_topics([topic], operation_timeout=30)[name].result(60)
    await_leaders(admin, [name])
    return settings


def by_key(entries: list[Entry]) -> dict[bytes, bytes]:
    return {key: value for _, key, value in (entry.raw for entry in entries)}


def test_a_checkpoint_that_was_half_written_is_copied_whole(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(settings)
    writer.end(writer.start(b"first"))
    head = writer.start(b"second")
    looked: list[object] = []

    def ends(*given: Any, **named: Any) -> dict[int, tuple[int, int]]:
        found = spans(*given, **named)
        looked.append(found)
        return found

    monkeypatch.setattr("runtime.kafka.reader.spans", ends)
    with ThreadPoolExecutor(2) as pool:
        torn = pool.submit(lambda: by_key(held(cluster_of(settings), STREAM_CHECKPOINTS)))
        whole = pool.submit(lambda: by_key(whole_checkpoints(cluster_of(settings))))
        eventually(lambda: len(looked) == 2, what="both to find an end of the log without the head")
        writer.end(head)
        read, copied = torn.result(60), whole.result(60)

    named = decode_head(copied[HEAD_KEY]).entities[CAMERA.decode()]
    assert copied[CAMERA].endswith(b"second")
    assert checksum(copied[CAMERA]) == named
    assert read[CAMERA] == copied[CAMERA]
    assert read[HEAD_KEY] != copied[HEAD_KEY], "whoever reads once has one half of each"
