"""The one agent: it folds batches of detections into the checkpointed state of their floors."""

import asyncio
from collections.abc import Sequence

import faust

from runtime.checkpoints import Record
from runtime.process.health import Health
from streams.processor.checkpointing import Checkpointing
from streams.processor.evidence_source import EvidenceSource
from streams.processor.fact_source import FactSource
from streams.processor.fail_stop import FailStop

BEAT_S = 0.5
"""Pause between two liveness beats, s."""


def register(
    app: faust.App,
    checkpointing: Checkpointing,
    facts: FactSource,
    evidence: EvidenceSource,
    health: Health,
) -> None:
    """Wire detections to the fold; newer reference data and evidence are read between batches."""

    @checkpointing.agent("floors")
    async def floors(records: Sequence[Record]) -> None:
        with FailStop():
            if facts.is_old():
                await asyncio.to_thread(facts.refresh)
            if evidence.is_old():
                await asyncio.to_thread(evidence.refresh)
        await checkpointing.fold(records)

    async def beat() -> None:
        health.detail["partitions"] = str(len(checkpointing.partitions))
        if checkpointing.counts.loads and not health.is_ready:
            health.ready()
        health.beat()

    app.timer(BEAT_S, name="health")(beat)
