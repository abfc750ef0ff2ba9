"""When to strike: the phases of a process, watched from outside."""

import os
import time
from collections.abc import Callable
from random import Random
from signal import SIGTERM

import psycopg

from deploy.local import health
from streams.stage import STAGE
from tests.chaos.line.line import AttackedLine, LineStopped
from tests.chaos.line.places import SINK_TIMESCALE, STREAMS
from workers.stages import SINK_REDIS
from workers.stages import SINK_TIMESCALE as TIMESCALE_STAGE

PATIENCE_S = 20.0
_FAST_S = 0.002

Moment = Callable[[AttackedLine, str, Random], bool]
"""Waits for a phase of a process; tells whether it came."""


def _until(condition: Callable[[], bool], line: AttackedLine) -> bool:
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        if line.supervisor.failure:
            raise LineStopped(line.supervisor.failure)
        if time.monotonic() > end_s:
            return False
        time.sleep(_FAST_S)
    return True


def running(line: AttackedLine, name: str, chance: Random) -> bool:
    """Any time while records flow."""
    records = line.progress.records
    flows = _until(lambda: line.progress.records > records, line)
    time.sleep(chance.uniform(0.0, 0.6))
    return flows


def starting(line: AttackedLine, name: str, chance: Random) -> bool:
    """While it starts again: imports, joins its group, loads and seeks."""
    running(line, name, chance)
    line.kill(name)
    line.restart(name)
    time.sleep(chance.uniform(0.2, 6.0))
    return True


def rebalancing(line: AttackedLine, name: str, chance: Random) -> bool:
    """While its group hands out partitions anew, because another member has gone or come."""
    others = [other for other in line.streams if other != name]
    if name in STREAMS and others:
        other = chance.choice(others)
        os.kill(line.supervisor.pid(other), SIGTERM)
        line.leaving.append(other)
        stage = STAGE
    else:
        line.kill(name)
        line.restart(name)
        stage = TIMESCALE_STAGE if name == SINK_TIMESCALE else SINK_REDIS
    came = _until(lambda: "REBALANC" in line.progress.group_state(stage), line)
    time.sleep(chance.uniform(0.0, 0.4))
    return came


def checkpointing(line: AttackedLine, name: str, chance: Random) -> bool:
    """While a transaction of checkpoints stands open."""
    came = _until(line.progress.in_checkpoint, line)
    time.sleep(chance.uniform(0.0, 0.01))
    return came


def committing(line: AttackedLine, name: str, chance: Random) -> bool:
    """While a sink is in a transaction of its store, or has just committed its offsets."""
    if name == SINK_TIMESCALE and chance.random() < 0.5:
        return _until(lambda: _in_transaction(line), line)
    stage = TIMESCALE_STAGE if name == SINK_TIMESCALE else SINK_REDIS
    before = line.progress.committed(stage)
    return _until(lambda: line.progress.committed(stage) != before, line)


def _in_transaction(line: AttackedLine) -> bool:
    dsn = line.settings.database_url.get_secret_value()
    with psycopg.connect(dsn) as connection:
        end_s = time.monotonic() + 2.0
        while time.monotonic() < end_s:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
            ).fetchone()
            connection.rollback()
            if found and found[0]:
                return True
    return False


def ending(line: AttackedLine, name: str, chance: Random) -> bool:
    """While it ends in an orderly way."""
    running(line, name, chance)
    port = line.supervisor.metrics_port(name)
    ready = health.http_status(port, "/readyz") == 200
    os.kill(line.supervisor.pid(name), SIGTERM)
    time.sleep(chance.uniform(0.0, 0.8))
    return ready


MOMENTS: dict[str, Moment] = {
    "run": running,
    "start": starting,
    "rebalance": rebalancing,
    "checkpoint": checkpointing,
    "commit": committing,
    "shutdown": ending,
}
