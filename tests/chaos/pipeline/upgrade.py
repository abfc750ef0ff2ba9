"""An upgrade while the pipeline runs: this release replaces the one before, worker by worker.

The whole installation is of the earlier release before it, as an operator has it: topics, schemas,
tables, facts and every process. The steps are those of docs/runbooks/upgrade.md. Stream processors
of the earlier release are asked to end, or killed, one after the other.
"""

from random import Random
from signal import SIGCONT, SIGKILL

from tests.chaos.pipeline.addresses import SERVE, SINKS
from tests.chaos.pipeline.moments import running
from tests.chaos.pipeline.pipeline import ORDERLY_S, WARDSTREAM, AttackedPipeline
from tests.chaos.pipeline.release import install


def upgrade(pipeline: AttackedPipeline, chance: Random) -> bool:
    """End one stream processor after the other, and start this release in its place.

    A process of the earlier release that gets a newer state refuses it and ends, as it must; it is
    replaced in its turn.
    """
    return _upgraded(pipeline, chance, kills=False)


def upgrade_killed(pipeline: AttackedPipeline, chance: Random) -> bool:
    """Kill one process after the other, and start this release in its place.

    Records that each stream processor has sent after its checkpoint stay valid, and later records
    must follow them.
    """
    return _upgraded(pipeline, chance, kills=True)


def _upgraded(pipeline: AttackedPipeline, chance: Random, *, kills: bool) -> bool:
    for name in pipeline.streams:
        pipeline.kill(name, SIGCONT)  # not to be started again by itself
    others = [*SINKS, SERVE]
    with pipeline.feeder.paused():  # so that there is input left for what comes then
        for name in others:
            _end(pipeline, name, kills=kills)
        install(WARDSTREAM, pipeline.environment)
        for name in others:
            pipeline.replace(name, WARDSTREAM)
    came = True
    for name in pipeline.streams:
        came = running(pipeline, name, chance) and came
        _end(pipeline, name, kills=kills)
        pipeline.replace(name, WARDSTREAM)
        pipeline.ready(name)
    for name in others:
        pipeline.ready(name)
    return came


def _end(pipeline: AttackedPipeline, name: str, *, kills: bool) -> None:
    if kills:
        pipeline.kill(name, SIGKILL)
    else:
        pipeline.supervisor.stop(name, deadline_s=ORDERLY_S)
