"""The seam to Faust: where a consumer begins to read after a rebalance.

Faust calls `seek_to_committed` after each rebalance, while the flow of records is closed,
and takes what it returns for the read and the committed position. Answering there with the
checkpoint's offset needs no private name of Faust; but it relies on the order of calls in
`Recovery._resume_streams` of faust-streaming 0.15.3, which is pinned for that reason. Both
application signals (`on_partitions_assigned`, `on_rebalance_complete`) come at moments when
a seek is overtaken or undone: see ADR 0002.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, cast

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

StockSeek = Callable[[], Awaitable[Mapping[TP, int]]]


class ReadPositions(Protocol):
    """Decides where each assigned partition is read from."""

    def on_assigned(self) -> None:
        """A rebalance has reached this process; called before Faust acts on it."""
        ...

    async def seek(self, consumer: CheckpointedConsumer, stock: StockSeek) -> Mapping[TP, int]:
        """Position the consumer and tell where; `stock` is Faust's own way."""
        ...


class CheckpointedConsumer(driver.Consumer):
    """Faust's consumer, except that it resumes where the checkpoints say."""

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Note the rebalance before anything else happens in it."""
        self._positions.on_assigned()
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to the checkpoints instead of the group's committed offsets."""
        return await self._positions.seek(self, super().seek_to_committed)

    @property
    def _positions(self) -> ReadPositions:
        return cast("CheckpointedTransport", self.transport).positions


class CheckpointedTransport(driver.Transport):
    """Makes the consumer above; give it to `app.transport` before the first agent."""

    Consumer = CheckpointedConsumer
    positions: ReadPositions

    def __init__(self, app: faust.App, positions: ReadPositions, **kwargs: Any) -> None:
        super().__init__(app.conf.broker_consumer, app, **kwargs)
        self.positions = positions
