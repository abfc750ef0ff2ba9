"""The seam to Faust: where a consumer begins to read, and where its records go.

Faust calls `seek_to_committed` after each rebalance, while the flow of records is closed,
and uses the offsets that it returns as both the read and the committed positions. Returning the
checkpoint's offset there needs no private name of Faust; but it relies on the order of calls in
`Recovery._resume_streams` of faust-streaming 0.15.3, which is pinned for that reason. Both
application signals (`on_partitions_assigned`, `on_rebalance_complete`) come at moments when
a seek is overtaken or undone: see ADR 0002.

`getmany` passes fetched records to the fold as one batch, and not through Faust's event, channel
and agent for each record: those cost more than the whole fold (ADR 0007). Faust still owns the
group, the fetching and the flow of records.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

StockSeek = Callable[[], Awaitable[Mapping[TP, int]]]

Fetched = Mapping[TP, Sequence[Any]]
"""Records of aiokafka by topic and partition, in log order."""


class Deliver(Protocol):
    """Handles a batch of the input; returns when the next one may be fetched."""

    async def __call__(self, fetched: Fetched, generation: int) -> None:
        """Fold what was fetched in a generation of the group."""
        ...


class ReadPositions(Protocol):
    """Decides where to read each assigned partition from, and knows the progress of each."""

    def on_assigned(self) -> None:
        """Note that a rebalance has reached this process; called before Faust acts on it."""
        ...

    async def seek(self, consumer: CheckpointedConsumer, stock: StockSeek) -> Mapping[TP, int]:
        """Seek the consumer and return its offsets; `stock` is Faust's own seek."""
        ...

    async def seek_again(self, consumer: CheckpointedConsumer) -> None:
        """Seek to the next offset of the state: records were fetched but not folded."""
        ...

    def folded(self) -> Mapping[TP, int]:
        """The next offset of each partition of the input that is loaded."""
        ...


FETCH_MIN_BYTES = 256 * 1024
"""Bytes at which the broker answers a fetch at once; below, it collects for `fetch_wait_s`."""


class PromptThread(driver.AIOKafkaConsumerThread):
    """Faust's client thread, with a broker that collects records, but only for a short time.

    aiokafka has one fetch in flight per broker, and leaves out the partitions whose records still
    wait here to be folded. With Faust's hard-coded wait of 1.5 s, a fetch of partitions that
    happened to be quiet kept the busy ones waiting, and their records came in bursts, seconds
    old (ADR 0007).
    """

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = round(transport.fetch_wait_s * 1_000)
        consumer._fetch_min_bytes = FETCH_MIN_BYTES
        return consumer


class CheckpointedConsumer(driver.Consumer):
    """Faust's consumer, except that it resumes where the checkpoints say and hands on batches."""

    def _new_consumer_thread(self) -> PromptThread:
        return PromptThread(self, loop=self.loop, beacon=self.beacon)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Note the rebalance before anything else happens in it."""
        self._positions.on_assigned()
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to the checkpoints instead of the group's committed offsets."""
        return await self._positions.seek(self, super().seek_to_committed)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109
        """Fetch and fold one batch; nothing is left for Faust to hand on.

        Like Faust's own, it drops records that were fetched while a rebalance closed the flow or
        changed the generation, since another process may own them; unlike Faust's, it then seeks
        again.
        """
        generation = self.app.consumer_generation_id
        fetched, _ = await self._wait_next_records(timeout)
        if fetched and not self.should_stop:
            if not self.flow_active:
                await self.perform_seek()
            elif self.app.consumer_generation_id != generation:
                await self._positions.seek_again(self)
            else:
                await cast("CheckpointedTransport", self.transport).deliver(fetched, generation)
        nothing: list[tuple[TP, Any]] = []
        for message in nothing:
            yield message

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: Faust would look for events in its channels; `StallWatch` checks progress."""

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Any:  # noqa: ARG002
        """The partitions whose offsets may be committed to the group: those that are loaded."""
        return self._positions.folded().keys()

    def _new_offset(self, tp: TP) -> int | None:
        """The offset to commit to the group: a hint for lag monitoring only."""
        return self._positions.folded().get(tp)

    @property
    def _positions(self) -> ReadPositions:
        return cast("CheckpointedTransport", self.transport).positions


class CheckpointedTransport(driver.Transport):
    """Makes a `CheckpointedConsumer`; assign it to `app.transport` before the first agent."""

    Consumer = CheckpointedConsumer

    def __init__(
        self,
        app: faust.App,
        positions: ReadPositions,
        deliver: Deliver,
        *,
        fetch_wait_s: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(app.conf.broker_consumer, app, **kwargs)
        self.positions = positions
        self.deliver = deliver
        self.fetch_wait_s = fetch_wait_s
