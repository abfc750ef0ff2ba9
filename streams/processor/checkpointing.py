"""Fold a Faust consumer's batches into checkpointed state.

    store = CheckpointStore(bootstrap, topics, fold_factory, clock, ...)
    checkpointing = install(app, store, clock)

    @checkpointing.agent("floors")
    async def floors(records):
        await checkpointing.fold(records)

Faust keeps the group membership and fetches; this module decides where reading begins, what is
folded and when it is saved. The group's committed offsets are only a hint.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import faust
import structlog

from runtime.checkpoints import (
    CheckpointStore,
    PartitionProgress,
    Record,
    ReplayNeeded,
    Snapshot,
    Step,
)
from runtime.checkpoints.schedule import FreezeWatch, StallWatch
from runtime.clock import Clock
from runtime.errors import EXIT_STOP
from streams.processor.checkpoint_settings import CheckpointingCounts, CheckpointingSettings
from streams.processor.fail_stop import ExitProcess, FailStop, exit_now
from streams.processor.faust_consumer import CheckpointedTransport, Fetched
from streams.processor.resume import Resumption
from streams.processor.saving import Saving
from streams.processor.store_thread import StoreThread

log = structlog.get_logger(__name__)

BatchHandler = Callable[[Sequence[Record]], Awaitable[None]]
"""Handles a batch of input records, each partition's in log order."""

ASK_EVERY = 16
"""Records between two looks at the clock, to see whether other tasks must have their turn."""


class Checkpointing:
    """Drives a checkpoint store from a Faust app; made by `install`."""

    def __init__(
        self,
        app: faust.App,
        store: CheckpointStore,
        clock: Clock,
        settings: CheckpointingSettings,
        exit_process: ExitProcess,
        committed: Callable[[Sequence[Snapshot]], None] | None = None,
    ) -> None:
        self.settings = settings
        self.counts = CheckpointingCounts()
        self._app = app
        self._store = store
        self._clock = clock
        self._exit_process = exit_process
        self._handler: BatchHandler = self.fold
        self._generation: int | None = None
        self._stall = StallWatch(settings.stall_after_s)
        self._freeze = FreezeWatch(clock, settings.frozen_after_s)
        self._thread = StoreThread()
        self.resumption = Resumption(
            app,
            store.topics.input,
            self._load,
            limit_s=settings.load_limit_s,
            exit_process=exit_process,
        )
        self.saving = Saving(
            store,
            self.resumption,
            self._thread,
            clock,
            settings,
            self.counts,
            exit_process,
            committed,
            self._be_sure,
        )

    @property
    def partitions(self) -> Mapping[int, PartitionProgress]:
        """The loaded partitions, with the progress of each."""
        return self.resumption.partitions

    def agent(self, name: str) -> Callable[[BatchHandler], BatchHandler]:
        """Make a coroutine function the agent of the input, which gets every batch.

        The app's agent of that name only makes Faust subscribe to the topic; it gets no records
        (ADR 0007). If it does get one, Faust does not behave as we assume, and the process ends.
        """

        def register(handler: BatchHandler) -> BatchHandler:
            self._handler = handler

            async def bystander(stream: faust.StreamT[bytes]) -> None:
                async for _ in stream:
                    self._exit_process(EXIT_STOP, f"a record went to the agent {name} by itself")

            raw = self._app.topic(
                self._store.topics.input, key_serializer="raw", value_serializer="raw"
            )
            self._app.agent(raw, name=name)(bystander)
            return handler

        return register

    async def deliver(self, fetched: Fetched, generation: int) -> None:
        """Hand a batch to the agent."""
        self._generation = generation
        records = [
            _record(record)
            for tp, found in fetched.items()
            if tp.topic == self._store.topics.input
            for record in found
        ]
        with FailStop(self._exit_process):
            await self._handler(records)

    async def fold(self, records: Sequence[Record]) -> None:
        """Fold a batch; save when it is due. Ends the process rather than raise."""
        with FailStop(self._exit_process):
            position = 0
            while position < len(records):
                await self._be_sure()
                async with self.saving.folding:
                    position, obstacle = self._fold_slice(records, position)
                if obstacle is not None:
                    await self._clear(obstacle, records[position].offset)
                await self.saving.if_due()
                await asyncio.sleep(0)
            await self._be_sure()
            self._store.outputs.poll()

    async def watch(self) -> None:
        """Save while the input is idle; end the process when the consumer is stuck."""
        with FailStop(self._exit_process):
            await self._be_sure()
            if self._app.rebalancing:
                self._stall.forget()
                return
            await self.saving.if_due()
            now_s = self._clock.monotonic_s()
            consumer = self._app.consumer
            for tp in consumer.assignment():
                progress = self.partitions.get(tp.partition)
                if progress is None or tp.topic != self._store.topics.input:
                    continue
                end = consumer.highwater(tp) or 0
                if self._stall.observe(
                    now_s, tp.partition, progress.next_offset, end, excused=self._thread.busy
                ):
                    raise ReplayNeeded(
                        f"{tp.topic}[{tp.partition}] stands at {progress.next_offset} of {end} "
                        f"for {self.settings.stall_after_s:.0f} s"
                    )

    async def on_revoked(self, *_: Any, **__: Any) -> None:
        """Save and release the partitions, so that the next owner repeats nothing."""
        with FailStop(self._exit_process):
            await self.saving.now()
            self.resumption.forget()
            await self._thread.call(self._store.release)

    async def on_shutdown(self, *_: Any, **__: Any) -> None:
        """Save, release the partitions and disconnect."""
        with FailStop(self._exit_process):
            await self.saving.now()
            self.resumption.forget()
            await self._thread.call(self._store.close)
            log.info("checkpoints.closed", **asdict(self.counts))

    async def _load(
        self, partitions: Sequence[int], wanted: Callable[[], bool]
    ) -> Mapping[int, PartitionProgress]:
        started_s = self._clock.monotonic_s()
        self._freeze.clear()  # nothing is ours until it is loaded
        loaded = await self._thread.call(lambda: self._store.load(partitions, wanted=wanted))
        self.counts.loads += 1
        self.counts.load_s += self._clock.monotonic_s() - started_s
        self._stall.forget()
        log.info("checkpoints.loaded", next_offsets={p: s.next_offset for p, s in loaded.items()})
        return loaded

    def _fold_slice(
        self, records: Sequence[Record], start: int
    ) -> tuple[int, tuple[Step, PartitionProgress] | None]:
        """Fold from `start` until the slice's time is up or a record cannot be folded yet."""
        counts, partitions = self.counts, self.resumption.partitions
        if self.resumption.generation != self._generation:
            counts.unowned += len(records) - start
            return len(records), None
        until_s = self._clock.monotonic_s() + self.settings.max_slice_s
        for position in range(start, len(records)):
            record = records[position]
            progress = partitions.get(record.partition)
            if progress is None:
                counts.unowned += 1
                continue
            step = progress.offer(record)
            if step is Step.FOLDED:
                counts.folded += 1
                if self._freeze.suspected():
                    return position + 1, None  # its outputs are held until we are sure
                self._store.outputs.release()
                if not counts.folded % ASK_EVERY and self._clock.monotonic_s() > until_s:
                    return position + 1, None
            elif step is Step.REPEATED:
                counts.repeated += 1
            else:
                return position, (step, progress)
        return len(records), None

    async def _be_sure(self) -> None:
        """After a freeze, release outputs only once no other process can be sending them."""
        if self._freeze.suspected():
            # Another process may own the partitions by now: ask the broker.
            log.warning("checkpoints.frozen", longer_than_s=self.settings.frozen_after_s)
            self.counts.freezes += 1
            with FailStop(self._exit_process):
                await self._thread.call(self._store.confirm)
            self._freeze.clear()
        self._store.outputs.release()

    async def _clear(self, obstacle: tuple[Step, PartitionProgress], offset: int) -> None:
        """Make the record at `offset` foldable, or end the process."""
        step, progress = obstacle
        if step is Step.UNCLAIMED:
            await self._thread.call(lambda: self._store.claim(progress))
            self.counts.late_claims += 1
            return
        partition, expected = progress.partition, progress.next_offset
        explained = await self._thread.call(
            lambda: self._store.explains_gap(partition, expected, offset)
        )
        if self.partitions.get(partition) is not progress or progress.next_offset != expected:
            return  # handed over or advanced meanwhile; the record is checked again
        if not explained:
            raise ReplayNeeded(
                f"partition {partition}: offset {expected} comes next and exists, "
                f"but {offset} was delivered"
            )
        progress.pass_gap(offset)
        self.counts.gaps_explained += 1


def install(
    app: faust.App,
    store: CheckpointStore,
    clock: Clock,
    settings: CheckpointingSettings | None = None,
    exit_process: ExitProcess = exit_now,
    *,
    committed: Callable[[Sequence[Snapshot]], None] | None = None,
) -> Checkpointing:
    """Make `app` resume from the checkpoints of `store`; call it before the first agent.

    Args:
        app: From `streams.processor.faust_app.checkpointed_app`; it must have no Faust tables.
        store: Checkpoints of the one topic that the app folds.
        clock: Clock for the save schedule and for durations.
        settings: Settings of checkpointing; the defaults are for production.
        exit_process: Ends the process when it may not go on.
        committed: Called with each save once it is durable, to archive it; must return at once.

    Returns:
        The checkpointing by which the agent folds its batches.
    """
    settings = settings or CheckpointingSettings()
    checkpointing = Checkpointing(app, store, clock, settings, exit_process, committed)
    app.transport = CheckpointedTransport(
        app,
        checkpointing.resumption,
        checkpointing.deliver,
        fetch_wait_s=settings.fetch_wait_s,
    )
    app.on_partitions_revoked.connect(checkpointing.on_revoked, weak=False)
    app.on_before_shutdown.connect(checkpointing.on_shutdown, weak=False)
    app.timer(settings.save_every_s, name="checkpoints")(checkpointing.watch)
    return checkpointing


def _record(fetched: Any) -> Record:
    return Record(
        fetched.topic,
        fetched.partition,
        fetched.offset,
        fetched.key,
        fetched.value,
        fetched.timestamp,
        fetched.headers,
    )
