"""When to inject a fault: the phases of a process, observed from outside."""

import os
import time
from collections.abc import Callable
from random import Random
from signal import SIGTERM

import psycopg

from deploy.local import health
from streams.stage import STAGE
from tests.chaos.pipeline.addresses import SINK_TIMESCALE, STREAMS
from tests.chaos.pipeline.pipeline import AttackedPipeline, PipelineStopped
from tests.support.waiting import NotInTime, eventually
from workers.stages import SINK_REDIS
from workers.stages import SINK_TIMESCALE as TIMESCALE_STAGE

PATIENCE_S = 20.0
_FAST_S = 0.002

Moment = Callable[[AttackedPipeline, str, Random], bool]
"""Waits for a phase of a process; returns whether it came."""


def _until(condition: Callable[[], bool], pipeline: AttackedPipeline) -> bool:
    def came() -> bool:
        if pipeline.supervisor.failure:
            raise PipelineStopped(pipeline.supervisor.failure)
        return condition()

    try:
        return eventually(came, PATIENCE_S, pause_s=_FAST_S)
    except NotInTime:
        return False


def running(pipeline: AttackedPipeline, name: str, chance: Random) -> bool:
    """Wait for any time while records flow."""
    records = pipeline.progress.records
    flows = _until(lambda: pipeline.progress.records > records, pipeline)
    time.sleep(chance.uniform(0.0, 0.6))
    return flows


def starting(pipeline: AttackedPipeline, name: str, chance: Random) -> bool:
    """Restart it, and wait for a time in which it imports, joins its group, loads or seeks."""
    running(pipeline, name, chance)
    pipeline.kill(name)
    pipeline.restart(name)
    time.sleep(chance.uniform(0.2, 6.0))
    return True


def rebalancing(pipeline: AttackedPipeline, name: str, chance: Random) -> bool:
    """Wait for a rebalance of its group, because another member has left or joined."""
    others = [other for other in pipeline.streams if other != name]
    if name in STREAMS and others:
        other = chance.choice(others)
        os.kill(pipeline.supervisor.pid(other), SIGTERM)
        pipeline.leaving.append(other)
        stage = STAGE
    else:
        pipeline.kill(name)
        pipeline.restart(name)
        stage = TIMESCALE_STAGE if name == SINK_TIMESCALE else SINK_REDIS
    came = _until(lambda: "REBALANC" in pipeline.progress.group_state(stage), pipeline)
    time.sleep(chance.uniform(0.0, 0.4))
    return came


def checkpointing(pipeline: AttackedPipeline, name: str, chance: Random) -> bool:
    """Wait for an open transaction of checkpoints."""
    came = _until(pipeline.progress.in_checkpoint, pipeline)
    time.sleep(chance.uniform(0.0, 0.01))
    return came


def committing(pipeline: AttackedPipeline, name: str, chance: Random) -> bool:
    """Wait until a sink is in a transaction of its store, or has just committed its offsets."""
    if name == SINK_TIMESCALE and chance.random() < 0.5:
        return _until(lambda: _in_transaction(pipeline), pipeline)
    stage = TIMESCALE_STAGE if name == SINK_TIMESCALE else SINK_REDIS
    before = pipeline.progress.committed(stage)
    return _until(lambda: pipeline.progress.committed(stage) != before, pipeline)


def _in_transaction(pipeline: AttackedPipeline) -> bool:
    dsn = pipeline.settings.database_url.get_secret_value()
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


def ending(pipeline: AttackedPipeline, name: str, chance: Random) -> bool:
    """Send SIGTERM, and wait for a time in which it ends."""
    running(pipeline, name, chance)
    port = pipeline.supervisor.metrics_port(name)
    ready = health.http_status(port, "/readyz") == 200
    os.kill(pipeline.supervisor.pid(name), SIGTERM)
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
