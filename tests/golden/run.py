"""The run of the goldens: once through, and once with a restart in the middle."""

import hashlib
from dataclasses import dataclass, field

from tests.golden import figures
from tests.golden.adapter import FOLD_VERSION, STATE_VERSION, Pipeline, Sent
from tests.golden.reference import reference_data
from tests.golden.world import MINUTES, MS, RESTART_S, T0, Input

MOMENTS_S = (120, 240, RESTART_S, 420, MINUTES * 60)
"""When a checkpoint of every partition is taken, seconds by append time."""

Checkpoints = dict[int, dict[bytes, bytes]]
"""By partition and key, the records of a checkpoint."""


@dataclass
class Outcome:
    """What one run gave.

    Attributes:
        sent: By partition of the input, everything that was sent.
        checkpoints: By moment (s), the checkpoints.
        sent_by_restart: By partition, how many records were sent until the restart.
    """

    sent: dict[int, list[Sent]] = field(default_factory=dict)
    checkpoints: dict[int, Checkpoints] = field(default_factory=dict)
    sent_by_restart: dict[int, int] = field(default_factory=dict)

    def figures(self) -> figures.Figures:
        """As the goldens keep it, apart from the input."""
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
    """What goes in: a difference here is one of the world, and not of the fold."""
    found: figures.Figures = {}
    for partition, log in sorted(logs.items()):
        rows = [f"{row.appended_ms} {row.key!r} {row.value!r}\n".encode() for row in log]
        digest = hashlib.sha256(b"".join(rows)).hexdigest()
        found[f"detections {partition}"] = {"records": len(log), "sha256": digest}
    facts = [f"{fact.appended_us} {fact.topic} {fact.value!r}\n" for fact in reference_data()]
    digest = hashlib.sha256("".join(facts).encode()).hexdigest()
    found["reference data"] = {"records": len(facts), "sha256": digest}
    return found


def once_through(logs: dict[int, list[Input]]) -> Outcome:
    """Fold every partition from its start to its end."""
    outcome = Outcome()
    for partition, log in logs.items():
        _go_on(Pipeline(partition, reference_data()), partition, log, outcome)
    return outcome


def restarted(logs: dict[int, list[Input]], first: Outcome, saved: Checkpoints) -> Outcome:
    """Go on in new pipelines from checkpoints of the moment of the restart.

    Args:
        logs: Detections of the partitions.
        first: The run that came to the restart before.
        saved: Of the partitions that go on.

    Returns:
        What the first run had sent until then, and what the new pipelines sent.
    """
    outcome = Outcome(checkpoints={RESTART_S: saved})
    for partition, checkpoint in saved.items():
        pipeline = Pipeline(partition, reference_data(), checkpoint)
        _go_on(pipeline, partition, logs[partition], outcome)
        before = first.sent[partition][: first.sent_by_restart[partition]]
        outcome.sent[partition] = before + outcome.sent[partition]
    return outcome


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
