"""The one agent: batches of detections into the checkpointed fold of their floors."""

import asyncio
from typing import cast

import faust

from runtime.health import Health
from streams.checkpointing import Checkpointing
from streams.fact_source import FactSource
from streams.fail_stop import FailStop

BEAT_S = 0.5
"""Seconds between two signs of life."""


def register(
    app: faust.App,
    input_topic: str,
    checkpointing: Checkpointing,
    facts: FactSource,
    health: Health,
) -> None:
    """Wire detections -> fold; side inputs are read on between batches."""
    detections = app.topic(input_topic, key_serializer="raw", value_serializer="raw")

    async def floors(stream: faust.StreamT[bytes]) -> None:
        async for events in checkpointing.batches(cast("faust.Stream[bytes]", stream)):
            with FailStop():
                if facts.is_old():
                    await asyncio.to_thread(facts.refresh)
            await checkpointing.fold(events)

    async def beat() -> None:
        health.detail["partitions"] = str(len(checkpointing.partitions))
        if checkpointing.counts.loads and not health.is_ready:
            health.ready()
        health.beat()

    app.agent(detections, name="floors")(floors)
    app.timer(BEAT_S, name="health")(beat)
