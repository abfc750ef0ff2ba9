"""The relay killed and paused between any two steps: facts whole or none, never late, once each."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import TopicPartition

from runtime.facts.log import APPEND_WITHIN_US, Fact, FactLog
from runtime.process.settings import Settings
from schemas.topics import CAMERAS, FLOORS, STAFF, Topic
from tests.integration.workers.registry.editing import relay_program
from tests.support.clusters import cluster_of
from tests.support.paths import ROOT
from tests.support.waiting import eventually
from workers.registry.editing.database import Database
from workers.registry.editing.relay import Relay
from workers.registry.editing.step import Action
from workers.registry.editing.store import RegistryStore
from workers.registry.editing.takeover import ensure_taken_over
from workers.registry.editing.wanted import Origin, Put
from workers.registry.registered import Key
from workers.registry.rows import CameraRow, StaffRow

ANNA = Origin(author="anna")
_numbers = count()


@dataclass
class Installation:
    """One registry with its topics, for all tests of this file; each edits facts of its own."""

    settings: Settings
    store: RegistryStore
    program: subprocess.Popen[str]

    def edit(self) -> tuple[int, str]:
        """Register a camera, its floor and a member of staff; id of the edit, and of all three."""
        name = f"n{next(_numbers)}"
        rows = [
            Put(CameraRow(camera_id=name, width=640, height=480)),
            Put(StaffRow(staff_id=name, role="nurse")),
        ]
        edit_id = self.store.apply(rows, ANNA).edit_id
        assert edit_id is not None
        return edit_id, name

    def relay(self, at: str, sent: str, within_us: int = APPEND_WITHIN_US) -> int:
        """Start a relay that gets a signal after a step; returns its process id."""
        job = {
            "dsn": self.settings.database_address,
            "bootstrap": self.settings.kafka_bootstrap,
            "registry": self.settings.registry_url,
            "prefix": self.settings.topic_prefix,
            "at": at,
            "signal": sent,
            "within_us": within_us,
        }
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.write(json.dumps(job) + "\n")
        self.program.stdin.flush()
        return int(self.program.stdout.readline())

    def finish(self, within_us: int = APPEND_WITHIN_US) -> None:
        """Let another relay do what is left."""
        with Relay(
            cluster_of(self.settings), self.settings.database_address, within_us=within_us
        ) as relay:
            eventually(relay.lead, 30, "the lead")
            while relay.step() is not None:
                pass

    def found(self, topic: Topic, name: str) -> list[tuple[int, int]]:
        """Times of the committed facts of a name: in the fact, and of its append, microseconds."""
        cluster = cluster_of(self.settings)
        codec = cluster.registry.reader(topic)
        consumer = cluster.consumer(
            cluster.group("test"),
            **{"isolation.level": "read_committed", "enable.partition.eof": True},
        )
        consumer.assign([TopicPartition(cluster.name(topic), 0, 0)])
        times = []
        while True:
            [message] = consumer.consume(1, 20)
            if message.error() is not None:
                break
            if (message.key() or b"").decode() == f"{name}@1":
                record = codec.decode(message.value())
                times.append((record["recorded_at_us"], message.timestamp()[1] * 1000))
        consumer.close()
        return times

    def assert_whole_and_in_time(self, name: str, within_us: int = APPEND_WITHIN_US) -> None:
        """Every fact of an edit is there once, with one time, and was appended soon after it."""
        found = [self.found(topic, name) for topic in (FLOORS, CAMERAS, STAFF)]
        assert [len(facts) for facts in found] == [1, 1, 1]
        [recorded_us] = {facts[0][0] for facts in found}
        for facts in found:
            assert facts[0][1] <= recorded_us + within_us + 1_000  # the log's times are of 1 ms
        kept = self.store.newest(Key(CAMERAS, name))
        assert kept is not None
        assert kept.record["recorded_at_us"] == recorded_us
        assert kept.appended_at_us is not None


@pytest.fixture(scope="module")
def installation(settings: Settings) -> Iterator[Installation]:
    cluster = cluster_of(settings)
    program = subprocess.Popen(
        [sys.executable, "-m", relay_program.__name__],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program, Database(settings.database_address) as database:
        ensure_taken_over(cluster, database)
        yield Installation(settings, RegistryStore(database, cluster.clock), program)
        assert program.stdin is not None
        program.stdin.close()


def is_in_state(pid: int, state: str) -> bool:
    """Whether a process is stopped (`T`) or has ended (`Z`)."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == state


@pytest.mark.parametrize("step", relay_program.STEPS)
def test_a_relay_killed_after_any_step_leaves_facts_whole_or_none(
    installation: Installation, step: str
) -> None:
    _, name = installation.edit()
    killed = installation.relay(step, "SIGKILL")
    eventually(lambda: is_in_state(killed, "Z"), 30, f"the relay killed when it had {step}")
    before = {topic.name: installation.found(topic, name) for topic in (FLOORS, CAMERAS, STAFF)}
    assert {len(facts) for facts in before.values()} == {
        1 if step in {"appended", "finished"} else 0
    }

    installation.finish()

    installation.assert_whole_and_in_time(name)


@pytest.mark.parametrize("step", ["fixed", "produced", "appended"])
def test_a_relay_paused_beyond_the_deadline_appends_nothing_late(
    installation: Installation, step: str
) -> None:
    """It goes on where it was stopped, and finds that its time is over."""
    _, name = installation.edit()
    within_us = 300_000
    paused = installation.relay(step, "SIGSTOP", within_us)
    eventually(lambda: is_in_state(paused, "T"), 30, f"the relay stopped when it had {step}")
    deadline_us = int(time.time() * 1e6) + within_us
    eventually(lambda: time.time() * 1e6 > deadline_us, 10)

    os.kill(paused, signal.SIGCONT)

    eventually(lambda: is_in_state(paused, "Z"), 30, "the end of the relay's work")
    installation.assert_whole_and_in_time(name, within_us)


@pytest.mark.chaos_long
@pytest.mark.parametrize("step", ["fixed", "produced"])
def test_a_relay_paused_for_a_minute_appends_nothing_late(
    installation: Installation, step: str
) -> None:
    """By then the database has ended its session, and the broker its transaction."""
    _, name = installation.edit()
    paused = installation.relay(step, "SIGSTOP")
    eventually(lambda: is_in_state(paused, "T"), 30, f"the relay stopped when it had {step}")
    end_us = int(time.time() * 1e6) + 60_000_000
    eventually(lambda: time.time() * 1e6 > end_us, 90)

    os.kill(paused, signal.SIGCONT)

    eventually(lambda: is_in_state(paused, "Z"), 60, "the end of the relay's work")
    installation.assert_whole_and_in_time(name)


def test_a_relay_paused_while_another_takes_over_changes_nothing_when_it_goes_on(
    installation: Installation,
) -> None:
    edit_id, name = installation.edit()
    paused = installation.relay("fixed", "SIGSTOP", 300_000)
    eventually(lambda: is_in_state(paused, "T"), 30, "the relay stopped")
    end_session(installation, "wardstream-relay")  # as the database does to one that is silent

    installation.finish(300_000)
    installation.assert_whole_and_in_time(name, 300_000)
    os.kill(paused, signal.SIGCONT)
    eventually(lambda: is_in_state(paused, "Z"), 30, "the end of the relay's work")

    installation.assert_whole_and_in_time(name, 300_000)
    assert installation.store.is_appended(edit_id)


def test_a_search_that_takes_longer_than_a_relay_may_be_silent_is_made_once(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where very many facts are registered."""
    edit_id, name = installation.edit()
    dsn = installation.settings.database_address
    within_us = 20_000_000  # so that the fact is still in time after the search
    with Relay(cluster_of(installation.settings), dsn, within_us=within_us) as first:
        assert first.step() is Action.FIX
    sync = FactLog.sync

    def slow(log: FactLog) -> list[Fact]:
        end_s = time.monotonic() + 1.5
        eventually(lambda: time.monotonic() > end_s, 10)
        return sync(log)

    monkeypatch.setattr(FactLog, "sync", slow)
    with Relay(
        cluster_of(installation.settings), dsn, within_us=within_us, silence_s=1.0
    ) as second:
        second.claim()
        done = [second.step() for _ in range(2)]

    assert done == [Action.SEARCH, Action.APPEND]
    installation.finish(within_us)
    installation.assert_whole_and_in_time(name, within_us)
    assert installation.store.is_appended(edit_id)


def end_session(installation: Installation, application: str) -> None:
    with psycopg.connect(installation.settings.database_address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database()",
            [application],
        )
