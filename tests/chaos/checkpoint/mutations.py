"""Faults put into the worker on purpose, to show that the oracle would see them.

They live in the tests alone: each replaces a piece of the production code in the worker's
process before the app is built.
"""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import confluent_kafka
from faust.types import EventT

from runtime.checkpoints import outputs as outputs_module
from runtime.checkpoints import store as store_module
from runtime.checkpoints.claim import Claim
from runtime.checkpoints.fold import PartitionProgress, Record, Step
from streams.resume import Resumption
from streams.saving import Saving

SEEK_SHORT_BY = 50
KILL_AT_SAVE = 4
DROPPED_OFFSET = 150
LINGER_MS = 2_000


def replace(owner: object, name: str, value: object) -> None:
    """Put `value` in the place of a piece of the production code."""
    assert hasattr(owner, name)
    setattr(owner, name, value)


class UnfencedClaim(Claim):
    """A claim under an id of its own, which no newer owner ever takes over."""

    def __init__(
        self, bootstrap: str, topic: str, partition: int, transactional_id: str, *a: Any, **k: Any
    ) -> None:
        super().__init__(bootstrap, topic, partition, f"{transactional_id}-{uuid.uuid4()}", *a, **k)


class CarelessProgress(PartitionProgress):
    """Folds whatever is delivered, without a look at its offset."""

    def offer(self, record: Record) -> Step:
        if not self.claimed:
            return Step.UNCLAIMED
        self._fold.advance(record)
        self.next_offset = record.offset + 1
        return Step.FOLDED


class ForgetfulProgress(PartitionProgress):
    """Passes over one record of each partition without folding it."""

    def offer(self, record: Record) -> Step:
        if record.offset == self.next_offset == DROPPED_OFFSET and self.claimed:
            self.next_offset += 1
            return Step.FOLDED
        return super().offer(record)


def unfenced() -> None:
    """The broker no longer refuses a former owner.

    Its late checkpoint then mixes with its successor's, which the checksums show.
    """
    replace(store_module, "Claim", UnfencedClaim)


def careless() -> None:
    """Offsets are not compared, and reading resumes somewhat before the checkpoint."""
    replace(store_module, "PartitionProgress", CarelessProgress)
    position = Resumption._position

    async def short(self: Resumption, consumer: Any, stock: Any) -> Mapping[Any, int]:
        offsets = await position(self, consumer, stock)
        short = {tp: max(0, offset - SEEK_SHORT_BY) for tp, offset in offsets.items()}
        if short:
            await consumer.seek_wait(short)
        return short

    replace(Resumption, "_position", short)


def committed_position() -> None:
    """Reading resumes where the group committed, as Faust would have it."""

    async def stock_position(_: Resumption, _consumer: Any, stock: Any) -> Mapping[Any, int]:
        return dict(await stock())

    replace(Resumption, "_position", stock_position)


def unguarded() -> None:
    """Load and seek only: no waiting for a newer rebalance, no closing of the flow."""

    async def resume(self: Resumption, consumer: Any, stock: Any) -> Mapping[Any, int]:
        generation = self._app.consumer_generation_id
        mine = sorted(tp.partition for tp in self._assigned(consumer))
        self.partitions = dict(await self._load(mine, lambda: True))
        self.generation = generation
        return await self._position(consumer, stock)

    replace(Resumption, "_resume", resume)
    replace(Resumption, "_settled", lambda _: True)


def lingering_kill(*, outputs_first: bool) -> None:
    """Outputs leave late, and the process is killed right after its fourth checkpoint.

    In the right order nothing is lost by that; with the checkpoint first, everything that
    lingered is.
    """
    replace(
        outputs_module,
        "Producer",
        lambda config: confluent_kafka.Producer({**config, "linger.ms": LINGER_MS}),
    )
    saves = 0

    async def flush_and_commit(self: Saving) -> None:
        nonlocal saves
        async with self.folding:
            snapshots = self._store.snapshots(self._resumption.partitions.values(), generation=0)
            if not snapshots:
                return
            if outputs_first:
                await self._thread.call(self._store.outputs.flush)
            await self._thread.call(lambda: self._store.commit(snapshots))
            saves += 1
            if saves == KILL_AT_SAVE:
                os.kill(os.getpid(), signal.SIGKILL)
            await self._thread.call(self._store.outputs.flush)

    replace(Saving, "_flush_and_commit", flush_and_commit)


def forgetful() -> None:
    """The fold loses a record."""
    replace(store_module, "PartitionProgress", ForgetfulProgress)


def delivered(
    mutation: str, boot_id: str, events: Sequence[EventT[bytes]]
) -> Sequence[EventT[bytes]]:
    """What reaches the fold of a batch: `lossy_delivery` takes records from the first worker."""
    if mutation != "lossy_delivery" or boot_id != "w1":
        return events
    return [e for e in events if e.message.offset != DROPPED_OFFSET or _once_more(e)]


_dropped: set[int] = set()


def _once_more(event: EventT[bytes]) -> bool:
    """Whether the event's partition has lost its one record already; else it does now."""
    if event.message.partition in _dropped:
        return True
    _dropped.add(event.message.partition)
    return False


MUTATIONS: dict[str, Callable[[], None]] = {
    "": lambda: None,
    "unfenced": unfenced,
    "careless": careless,
    "committed_position": committed_position,
    "unguarded": unguarded,
    "kill_after_commit": lambda: lingering_kill(outputs_first=True),
    "commit_before_outputs": lambda: lingering_kill(outputs_first=False),
    "forgetful": forgetful,
    "lossy_delivery": lambda: None,
}


def apply(mutation: str) -> None:
    """Put the fault in; must run before the app is built."""
    MUTATIONS[mutation]()
