"""Fold one partition of an arm into files of rows; nothing else hears of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from runtime.checkpoints import Checkpoint, OutputRecord, SettingsSpan
from runtime.errors import Retry, Stop
from runtime.facts.log import Fact
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import Expired, read_between
from schemas.topics import DEAD_LETTERS, DETECTIONS
from streams.domain.output import Output
from streams.domain.settings import PipelineSettings
from streams.encoding.outcomes import OutcomeReader
from streams.processor.evidence_source import EvidenceSource
from streams.processor.pipeline_fold import Wire
from streams.processor.replay import Folds, PartitionReplay
from workers.operations.experiments.facts import FixedFacts
from workers.operations.experiments.results import TABLES, ResultFile
from workers.operations.experiments.value.experiment import Arm, Experiment, PartitionRange


class FoldedPart(msgspec.Struct, frozen=True, kw_only=True):
    """What the fold of one partition of an arm gave.

    Attributes:
        records: Detections that were folded.
        dead_letters: Of these, those that could not be.
        rows: Rows by table.
    """

    records: int
    dead_letters: int
    rows: dict[str, int]


class RowWire(Wire):
    """Takes the outputs of a fold as they are: nothing is encoded, and no topic is named.

    Args:
        cluster: Where the schema of the detections is.
        take: Called with each output.
    """

    def __init__(self, cluster: Cluster, take: Callable[[Output], None]) -> None:
        # No schema of an output is asked for: nothing can be written to a topic.
        self.input = OutcomeReader(cluster.registry.reader(DETECTIONS))
        self.outputs = {}
        self.dead_letters = DEAD_LETTERS.name
        self._take = take

    def write(self, output: Output) -> tuple[str, bytes]:
        """Hand an output over."""
        self._take(output)
        return "", b""


def fold_part(
    cluster: Cluster,
    experiment: Experiment,
    arm: Arm,
    reads: PartitionRange,
    log: Sequence[Fact],
    checkpoint: Checkpoint | None,
    folder: Path,
) -> tuple[FoldedPart, dict[str, Path]]:
    """Fold a partition of an arm into files, one for each table.

    Args:
        cluster: The line's topics; they are only read.
        experiment: The experiment.
        arm: One of its arms.
        reads: One of its ranges.
        log: Facts of the log.
        checkpoint: State at its start; None for an empty one.
        folder: Where the files go.

    Raises:
        Retry: Broker or registry are out of reach, or the disk is full.
        Stop: The detections have expired, or the state cannot be read.
    """
    try:
        files = {topic: ResultFile(one, folder / one.name) for topic, one in TABLES.items()}
        folded = _fold(cluster, experiment, arm, reads, log, checkpoint, files)
        for file in files.values():
            file.close()
    except Expired as error:
        raise Stop(f"the range has expired since it was planned: {error}") from error
    except OSError as error:
        raise Retry(
            f"{folder} does not take the rows of arm {arm.name}: {error.strerror or error}; make "
            "room and run the same command again: it goes on where it was"
        ) from error
    return folded, {file.table.name: file.path for file in files.values()}


def _fold(
    cluster: Cluster,
    experiment: Experiment,
    arm: Arm,
    reads: PartitionRange,
    log: Sequence[Fact],
    checkpoint: Checkpoint | None,
    files: dict[str, ResultFile],
) -> FoldedPart:
    counts = {"records": 0, "dead": 0}
    is_counted = False

    def take(output: Output) -> None:
        file = files.get(output.topic.name)
        if is_counted and file is not None:
            file.take(output)

    def emit(record: OutputRecord) -> None:
        if is_counted and record.topic == DEAD_LETTERS.name:
            counts["dead"] += 1

    evidence = EvidenceSource(cluster)
    folds: Any = Folds(
        wire=RowWire(cluster, take),
        facts=FixedFacts(log, arm, experiment.facts_until_us),
        evidence=evidence,
        settings=PipelineSettings(),
        clock=cluster.clock,
    )
    spans = [
        SettingsSpan(one.offset, one.values)
        for one in sorted(arm.settings, key=lambda one: one.offset)
        if one.partition == reads.partition
    ]
    try:
        replay = PartitionReplay(
            folds, reads.partition, emit, start=reads.start, checkpoint=checkpoint, spans=spans
        )
        for message in read_between(cluster, DETECTIONS, reads.partition, reads.start, reads.end):
            is_counted = (message.offset() or 0) >= reads.first
            replay.advance(message)
            counts["records"] += 1
    finally:
        evidence.close()
    if counts["records"] != reads.records:
        raise Stop(
            f"{DETECTIONS.name}[{reads.partition}] holds {counts['records']} records of the range "
            f"now, {reads.records} when it was planned: plan it again"
        )
    rows = {file.table.name: file.rows for file in files.values()}
    return FoldedPart(records=counts["records"], dead_letters=counts["dead"], rows=rows)
