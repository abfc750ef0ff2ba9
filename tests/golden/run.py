"""The runs of the goldens: one without a stop, and one with a restart in the middle."""

import hashlib
from dataclasses import dataclass, field

from tests.golden import figures, files
from tests.golden.adapter import FOLD_VERSION, STATE_VERSION, Pipeline, Sent
from tests.golden.reads import appended, reads
from tests.golden.reference import reference_data
from tests.golden.world import MINUTES, MS, RESTART_S, T0, Input

MOMENTS_S = (120, 240, RESTART_S, 420, MINUTES * 60)
"""Append times at which a checkpoint of every partition is taken, seconds."""

Checkpoints = dict[int, dict[bytes, bytes]]
"""Records of a checkpoint, by partition and key."""


Outputs = dict[int, list[Sent]]
"""By partition of the input, everything that was sent."""


def without(sent: Outputs, topics: set[str]) -> Outputs:
    """What was sent to other topics."""
    return {
        partition: [record for record in records if record.topic not in topics]
        for partition, records in sent.items()
    }


@dataclass
class Outcome:
    """The result of one run.

    Attributes:
        sent: All records sent, by partition of the input.
        checkpoints: Checkpoints, by append time in seconds.
        sent_by_restart: Number of records sent until the restart, by partition.
    """

    sent: Outputs = field(default_factory=dict)
    checkpoints: dict[int, Checkpoints] = field(default_factory=dict)
    sent_by_restart: dict[int, int] = field(default_factory=dict)

    def figures(self) -> figures.Figures:
        """Figures that the goldens keep, without those of the input."""
        return {
            "outputs": figures.of_outputs(self.sent),
            "order": figures.of_order(self.sent),
            "fold_version": FOLD_VERSION,
            "state_version": STATE_VERSION,
            "checkpoints": {
                f"{moment_s} s": figures.of_checkpoints(self.checkpoints[moment_s])
                for moment_s in sorted(self.checkpoints)
            },
        }


def input_figures(logs: dict[int, list[Input]]) -> figures.Figures:
    """Figures of the input: a difference here comes from the world, and not from the fold."""
    found: figures.Figures = {}
    for partition, log in sorted(logs.items()):
        rows = [f"{row.appended_ms} {row.key!r} {row.value!r}\n".encode() for row in log]
        digest = hashlib.sha256(b"".join(rows)).hexdigest()
        found[f"detections {partition}"] = {"records": len(log), "sha256": digest}
    facts = [f"{fact.appended_us} {fact.topic} {fact.value!r}\n" for fact in reference_data()]
    digest = hashlib.sha256("".join(facts).encode()).hexdigest()
    found["reference data"] = {"records": len(facts), "sha256": digest}
    sent = [f"{one.appended_us} {one.floor_id} {one.value!r}\n" for one in appended()]
    digest = hashlib.sha256("".join(sent).encode()).hexdigest()
    found["badge reads"] = {"records": len(sent), "sha256": digest}
    return found


def once_through(logs: dict[int, list[Input]]) -> Outcome:
    """Fold every partition from its start to its end."""
    outcome = Outcome()
    for partition, log in logs.items():
        _go_on(Pipeline(partition, reference_data(), reads(partition)), partition, log, outcome)
    return outcome


def restarted(logs: dict[int, list[Input]], first: Outcome, saved: Checkpoints) -> Outcome:
    """Continue in new pipelines from the checkpoints taken at the restart.

    Args:
        logs: Detections by partition.
        first: The run that reached the restart.
        saved: Checkpoints of the partitions that continue.

    Returns:
        The records that the first run had sent until then, and those that the new pipelines sent.
    """
    outcome = Outcome(checkpoints={RESTART_S: saved})
    for partition, checkpoint in saved.items():
        pipeline = Pipeline(partition, reference_data(), reads(partition), checkpoint)
        _go_on(pipeline, partition, logs[partition], outcome)
        before = first.sent[partition][: first.sent_by_restart[partition]]
        outcome.sent[partition] = before + outcome.sent[partition]
    return outcome


def continued(logs: dict[int, list[Input]], first: Outcome) -> dict[str, figures.Figures]:
    """What this release makes of the checkpoints that former folds wrote, by file.

    Another fold has other tracks in it, so the records after it are not those of a run from the
    start; the topics that came after a checkpoint, whose seqs it does not hold, are left out.
    """
    found = {}
    for path in files.saved_checkpoints():
        if files.fold_version_of(path) != FOLD_VERSION:
            partition = files.partition_of(path)
            sent = restarted(logs, first, {partition: files.read_checkpoint(path)}).sent
            found[path.stem] = figures.of_order(without(sent, files.topics_after(path)))
    return found


def _go_on(pipeline: Pipeline, partition: int, log: list[Input], outcome: Outcome) -> None:
    for moment_s in MOMENTS_S:
        end = sum(record.appended_ms <= T0 // MS + moment_s * 1_000 for record in log)
        if moment_s == MOMENTS_S[-1]:
            end = len(log)
        if end <= pipeline.next_offset:
            continue
        for offset in range(pipeline.next_offset, end):
            record = log[offset]
            pipeline.take(offset, record.key, record.value, record.appended_ms)
        outcome.checkpoints.setdefault(moment_s, {})[partition] = pipeline.checkpoint()
        if moment_s == RESTART_S:
            outcome.sent_by_restart[partition] = len(pipeline.sent)
    outcome.sent[partition] = pipeline.sent
