"""Load the state of newly assigned partitions and seek to it, whatever happens meanwhile.

A rebalance can begin while the state of the last one is still being loaded, and Faust then
opens the flow of records before the load ends. Six guards keep that harmless:

1. while a rebalance is under way that has not reached `on_assigned`, wait;
2. close the flow before loading, since Faust may have opened it;
3. after the load and after the seek, check that it is still the same rebalance;
4. drop records of another generation (`streams.processor.faust_consumer`, `.checkpointing`);
5. ignore a late request for a generation that is already loaded and flowing;
6. handle one request at a time.

Without them the state stays correct, because only the next record of the log advances it; but
availability suffers, in a chain of replays. For figures and alternatives, see ADR 0002.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from faust.types import TP

from runtime.checkpoints import AssignmentChanged, PartitionProgress, ReplayNeeded
from streams.processor.fail_stop import ExitProcess, FailStop
from streams.processor.faust_consumer import StockSeek

Load = Callable[[Sequence[int], Callable[[], bool]], Awaitable[Mapping[int, PartitionProgress]]]
"""Loads partitions for as long as its second argument says that they are still wanted."""

REBALANCE_POLL_S = 0.02


class FlowControl(Protocol):
    """Opens and closes the flow of records."""

    def suspend(self) -> None:
        """Close the flow."""


class App(Protocol):
    """The rebalances of a group, as a Faust app shows them."""

    @property
    def rebalancing_count(self) -> int:
        """Number of rebalances so far."""

    @property
    def consumer_generation_id(self) -> int:
        """Generation of the group."""

    @property
    def should_stop(self) -> bool:
        """Whether the app is ending."""

    @property
    def flow_control(self) -> FlowControl:
        """The flow of records."""


class SeekingConsumer(Protocol):
    """The assignment and the positions of a consumer, as Faust's has them."""

    @property
    def flow_active(self) -> bool:
        """Whether records flow."""

    def assignment(self) -> set[TP]:
        """The assigned partitions."""

    def stop_flow(self) -> None:
        """Close the flow."""

    async def seek_wait(self, partitions: Mapping[TP, int]) -> object:
        """Seek, and return when the positions are set."""


class Resumption:
    """The partitions that this process folds, valid for one group generation.

    Attributes:
        partitions: State by partition number; empty while none is loaded.
        generation: The generation that `partitions` belongs to; None while none is loaded.
    """

    def __init__(
        self, app: App, topic: str, load: Load, *, limit_s: float, exit_process: ExitProcess
    ) -> None:
        """Prepare; nothing is loaded before Faust asks.

        Args:
            app: Faust app whose rebalances are followed.
            topic: Input topic; other topics of the app keep Faust's own positions.
            load: Function that loads the state.
            limit_s: Seconds for waiting, loading and seeking together. Must be below
                `broker_request_timeout`, after which Faust's recovery would end for good.
            exit_process: Ends the process when resuming fails.
        """
        self.partitions: dict[int, PartitionProgress] = {}
        self.generation: int | None = None
        self._app = app
        self._topic = topic
        self._load = load
        self._limit_s = limit_s
        self._exit_process = exit_process
        self._assigned_rebalance = -1
        self._one_at_a_time = asyncio.Lock()

    def on_assigned(self) -> None:
        """Note that the current rebalance has assigned its partitions."""
        self._assigned_rebalance = self._app.rebalancing_count

    def forget(self) -> None:
        """Forget all partitions; records that still arrive are dropped."""
        self.partitions = {}
        self.generation = None

    async def seek(self, consumer: SeekingConsumer, stock: StockSeek) -> Mapping[TP, int]:
        """Load the assigned partitions if need be, and seek to the next offsets of their state."""
        with FailStop(self._exit_process):
            try:
                async with asyncio.timeout(self._limit_s), self._one_at_a_time:
                    return await self._resume(consumer, stock)
            except TimeoutError as error:
                raise ReplayNeeded(
                    f"partitions could not be loaded in {self._limit_s:.0f} s"
                ) from error
        return {}

    async def seek_again(self, consumer: SeekingConsumer) -> None:
        """Seek to the next offsets of the loaded state: fetched records were not folded."""
        generation = self.generation
        async with self._one_at_a_time:
            if generation is None or not self._valid(generation):
                return  # the rebalance that is under way will seek
            try:
                await consumer.seek_wait(self._saved_offsets(consumer))
            except Exception:
                if self._valid(generation) and not self._app.should_stop:
                    raise

    def folded(self) -> Mapping[TP, int]:
        """The next offset of each partition that is loaded."""
        return {
            TP(self._topic, number): progress.next_offset
            for number, progress in self.partitions.items()
        }

    async def _resume(self, consumer: SeekingConsumer, stock: StockSeek) -> Mapping[TP, int]:
        while not self._app.should_stop:
            if not self._settled():
                await asyncio.sleep(REBALANCE_POLL_S)
                continue
            generation = self._app.consumer_generation_id
            if self.generation == generation:
                if consumer.flow_active:
                    return {}
            elif not await self._take_over(consumer, generation):
                continue
            try:
                offsets = await self._position(consumer, stock)
            except Exception:
                # a seek fails on partitions that were revoked meanwhile
                if self._valid(generation) and not self._app.should_stop:
                    raise
                continue
            if self._valid(generation):
                return offsets
        return {}

    async def _take_over(self, consumer: SeekingConsumer, generation: int) -> bool:
        """Load the partitions assigned in this generation; False if the generation is over."""
        consumer.stop_flow()
        self._app.flow_control.suspend()
        self.forget()
        mine = sorted(tp.partition for tp in self._assigned(consumer))
        try:
            loaded = await self._load(mine, lambda: self._valid(generation))
        except AssignmentChanged:
            return False
        if not self._valid(generation):
            return False
        self.partitions, self.generation = dict(loaded), generation
        return True

    async def _position(self, consumer: SeekingConsumer, stock: StockSeek) -> Mapping[TP, int]:
        offsets = dict(await stock()) if consumer.assignment() else {}
        ours = self._saved_offsets(consumer)
        if ours:
            await consumer.seek_wait(ours)
        return offsets | ours

    def _saved_offsets(self, consumer: SeekingConsumer) -> dict[TP, int]:
        """Next offset of each partition that is assigned and loaded."""
        return {
            tp: self.partitions[tp.partition].next_offset
            for tp in self._assigned(consumer)
            if tp.partition in self.partitions
        }

    def _settled(self) -> bool:
        return bool(self._app.rebalancing_count == self._assigned_rebalance)

    def _valid(self, generation: int) -> bool:
        return self._settled() and self._app.consumer_generation_id == generation

    def _assigned(self, consumer: SeekingConsumer) -> set[TP]:
        return {tp for tp in consumer.assignment() if tp.topic == self._topic}
