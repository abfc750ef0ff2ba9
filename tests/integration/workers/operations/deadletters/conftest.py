"""Topics of one test, and the commands that an operator types."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]
from typer.testing import CliRunner

from runtime.errors import DeadLetter
from runtime.kafka.dead_letter_log import DeadLetterRecord, read_dead_letters
from runtime.kafka.dead_letters import DeadLetterBox, dead_letter_headers
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import AUDIT, DEAD_LETTERS, STAFF, Topic
from tests.support.clusters import cluster_of
from tests.support.services import Services
from tests.support.sink_topics import await_leaders
from workers.cli.dlq import app
from workers.local.pipeline import settings_of


@dataclass(frozen=True)
class Answer:
    """The result of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """JSON records that it printed, one per line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Desk:
    """The topics of dead letters, of the audit and of one kind of facts, and their commands."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.settings: Settings = settings_of(environment)
        self.registry = SchemaRegistry(self.settings.registry_url)
        self.registry.register_all([AUDIT, STAFF])
        admin = cluster_of(self.settings).admin()
        wanted = [
            NewTopic(
                cluster_of(self.settings).name(topic), topic.partitions, 1, config=topic.config
            )
            for topic in (AUDIT, DEAD_LETTERS, STAFF)
        ]
        for future in admin.create_topics(wanted, operation_timeout=30).values():
            future.result()
        await_leaders(admin, [topic.topic for topic in wanted])
        self.producer = ReliableProducer(cluster_of(self.settings))

    def types(self, *description: str) -> Answer:
        """Type `wardstream dlq WORDS`."""
        result = CliRunner().invoke(app, list(description), env=dict(self.environment))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    def dead_letter(
        self,
        topic: Topic,
        offset: int,
        value: bytes | None,
        *,
        reason: str = "database_refused",
        stage: str = "sink-timescale",
        key: bytes | None = None,
    ) -> None:
        """Write a dead letter as a process of the pipeline does."""
        box = DeadLetterBox(
            self.producer, cluster_of(self.settings), self.settings.dead_letters, stage
        )
        name = cluster_of(self.settings).name(topic)
        box.put_raw(name, 0, offset, value, DeadLetter(reason, f"{reason} in a test"), key)
        self.producer.flush(30)

    def leave_in_place(self, topic: Topic, offset: int, length: int) -> None:
        """Write a dead letter as the stream processor does for an oversized record."""
        name = cluster_of(self.settings).name(topic)
        error = DeadLetter("not_wire_format", "a giant in a test")
        headers = dead_letter_headers(name, 0, offset, None, error, 1, "stream")
        headers.append(("left_in_place", str(length).encode()))
        dead_letters = cluster_of(self.settings).name(DEAD_LETTERS)
        self.producer.produce(dead_letters, key=f"{name}/0", value=None, headers=headers)
        self.producer.flush(30)

    def staff(self, staff_id: str, version: int = 1) -> bytes:
        """A fact as the bytes that are on its topic."""
        stamp = {"valid_from_us": 1, "recorded_at_us": 1, "removed": False, "recorded_by": "t"}
        record = {"staff_id": staff_id, "version": version, "role": "nurse", **stamp}
        return self.registry.writer(STAFF).encode(record)

    def dead_letters(self) -> list[DeadLetterRecord]:
        """All dead letters."""
        return read_dead_letters(cluster_of(self.settings))

    def facts(self) -> Sequence[tuple[bytes, bytes | None]]:
        """Key and value of every record on the topic of staff."""
        return [
            (bytes(m.key() or b""), m.value()) for m in read_topic(cluster_of(self.settings), STAFF)
        ]


@pytest.fixture
def desk(services: Services, run_prefix: str) -> Desk:
    """An empty desk."""
    return Desk({**services.environment, "WARDSTREAM_TOPIC_PREFIX": run_prefix})
