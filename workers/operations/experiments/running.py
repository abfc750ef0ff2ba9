"""Run an experiment part by part; a run that was cut off goes on with the parts that lack."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from runtime.checkpoints import Checkpoint
from runtime.checkpoints.archive import CheckpointArchive
from runtime.errors import Stop
from runtime.process.sections import ExperimentSettings
from runtime.storage.objects import ObjectStore
from streams.stage import STAGE
from streams.state.version import STATE_VERSION
from workers.operations.experiments.facts import digest_until, read_facts
from workers.operations.experiments.folding import fold_part
from workers.operations.experiments.store import ExperimentStore, Kept, open_store
from workers.operations.experiments.value.experiment import SHORT, Experiment, PartitionRange
from workers.operations.installation import Installation
from workers.storage.timescale.rows import at

_GB: Final = 1_000_000_000
_DAY_US: Final = 86_400_000_000


def run(
    installation: Installation,
    experiment: Experiment,
    span: tuple[int, int],
    limits: ExperimentSettings,
    *,
    by: str,
    why: str = "",
    announce: Callable[[str], None] = lambda _: None,
) -> Kept:
    """Fold every arm over every range, and keep the rows; what is kept already is not folded again.

    Args:
        installation: Where everything is; its topics are only read.
        experiment: The experiment.
        span: First and last time of its range, UTC microseconds.
        limits: Quota and retention.
        by: Who runs it.
        why: Their reason.
        announce: Called with the text of each step.

    Raises:
        Retry: Something is out of reach or full; the same experiment goes on.
        Stop: Another process runs it, the quota is used up, or the log is not what was planned.
    """
    identity = experiment.id
    clock = installation.cluster.clock
    with (
        open_store(installation.database_url, installation.objects_url) as store,
        store.locked(identity),
    ):
        known = store.kept(experiment)
        if known is not None and known.done_at is not None:
            announce(f"experiment {identity[:SHORT]} was run before: nothing is folded again")
            return known
        if known is None:
            store.start(experiment, span, at(clock.now_us()), by, why)
        _parts(installation, experiment, store, limits, announce)
        store.finish(identity, at(clock.now_us()))
        done = store.kept(experiment)
        assert done is not None
        return done


def expire(installation: Installation, limits: ExperimentSettings) -> list[str]:
    """Drop experiments that were run longer ago than they are kept; returns their ids.

    Raises:
        Retry: Database or object store are out of reach.
    """
    before = at(installation.cluster.clock.now_us() - round(limits.keep_days * _DAY_US))
    dropped: list[str] = []
    with open_store(installation.database_url, installation.objects_url) as store:
        for one in store.all():
            if one.run_at < before:
                with suppress(Stop), store.locked(one.id):  # whoever holds it goes on
                    store.drop(one.id)
                    dropped.append(one.id)
    return dropped


def _parts(
    installation: Installation,
    experiment: Experiment,
    store: ExperimentStore,
    limits: ExperimentSettings,
    announce: Callable[[str], None],
) -> None:
    log = read_facts(installation.cluster)
    if digest_until(log, experiment.facts_until_us) != experiment.facts_sha256:
        raise Stop("the facts of the range are not those that were planned: plan it again")
    there = store.parts(experiment.id)
    for arm in sorted(experiment.arms, key=lambda one: one.name):
        for reads in sorted(experiment.ranges, key=lambda one: one.partition):
            what = f"arm {arm.name}, partition {reads.partition}"
            if (arm.name, reads.partition) in there:
                announce(f"{what}: kept before")
                continue
            used = sum(one.bytes for one in store.all())
            if used >= limits.quota_gb * _GB:
                raise Stop(
                    f"experiments hold {used / _GB:.1f} GB, and experiments.quota_gb allows "
                    f"{limits.quota_gb:g}: drop one, then run this one again: it goes on"
                )
            with tempfile.TemporaryDirectory(prefix="wardstream-experiment-") as folder:
                folded, paths = fold_part(
                    installation.cluster,
                    experiment,
                    arm,
                    reads,
                    log,
                    _checkpoint(installation, reads),
                    Path(folder),
                )
                files = {name: path.read_bytes() for name, path in paths.items()}
            store.keep(experiment.id, arm.name, reads.partition, folded, files)
            rows = ", ".join(f"{name} {number}" for name, number in folded.rows.items())
            announce(f"{what}: {folded.records} records, rows: {rows}")


def _checkpoint(installation: Installation, reads: PartitionRange) -> Checkpoint | None:
    """The archived checkpoint that a range starts from; None for an empty state.

    Raises:
        Stop: It is no longer in the archive.
        Retry: The object store is out of reach.
    """
    if not reads.checkpoint:
        return None
    stage = installation.cluster.prefix + STAGE
    archive = CheckpointArchive(ObjectStore(installation.archive_url), stage)
    for one in archive.held(reads.partition):
        if one.sha256 == reads.checkpoint:
            return archive.read(one, max_version=STATE_VERSION)
    raise Stop(
        f"the checkpoint at offset {reads.start} of partition {reads.partition} is no longer in "
        "the archive: plan the experiment again"
    )
