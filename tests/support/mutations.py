"""Faults put into the worker on purpose, to show that the oracle would see them.

Only tests have them. Each replaces a piece of the production code in the worker's process before
the app is built. The process logs what was replaced and the first call of the replacement, so
that a test can distinguish a harmless fault from one that never took place: `unused`.
"""

import os
import re
import signal
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from runtime.checkpoints import outputs as outputs_module
from runtime.checkpoints import store as store_module
from runtime.checkpoints.claim import Claim
from runtime.checkpoints.fold import PartitionProgress, Record, Step
from runtime.kafka.cluster import Cluster
from runtime.kafka.producer import ReliableProducer
from streams.processor.resume import Resumption
from streams.processor.saving import Saving

SEEK_SHORT_BY = 50
KILL_AT_SAVE = 3
DROPPED_OFFSET = 150
LINGER_MS = 2_000
FIRST = "w1"
DELIVERY = "delivered"


def replace(owner: Any, name: str, value: Callable[..., Any]) -> None:
    """Replace a piece of the production code by `value`; log this and the first call of `value`."""
    assert hasattr(owner, name)
    piece = f"{owner.__name__}.{name}"
    called = False

    def replacement(*args: Any, **named: Any) -> Any:
        nonlocal called
        if not called:
            called = True
            _log("called", piece)
        return value(*args, **named)

    setattr(owner, name, replacement)
    _log("replaced", piece)


def _log(what: str, piece: str) -> None:
    """Write without a buffer, because the process may be killed."""
    os.write(2, f"mutation: {what} {piece}\n".encode())


def unused(logged: str) -> set[str]:
    """Replacements in the processes with these logs that none of the processes called.

    Raises:
        AssertionError: Nothing was replaced at all.
    """
    pieces = {
        what: set(re.findall(rf"mutation: {what} (\S+)", logged)) for what in ("replaced", "called")
    }
    assert pieces["replaced"], "no process has replaced anything"
    return pieces["replaced"] - pieces["called"]


def late_outputs(linger_ms: int) -> None:
    """Send outputs only after a delay, or when they are flushed."""
    late: dict[str, Any] = {"linger.ms": linger_ms}
    replace(outputs_module, "ReliableProducer", partial(ReliableProducer, **late))


class UnfencedClaim(Claim):
    """A claim with a transactional id of its own, which no newer owner fences."""

    def __init__(
        self, cluster: Cluster, topic: str, partition: int, transactional_id: str, *a: Any, **k: Any
    ) -> None:
        super().__init__(cluster, topic, partition, f"{transactional_id}-{uuid.uuid4()}", *a, **k)


class CarelessProgress(PartitionProgress):
    """Folds whatever is delivered, whatever its offset."""

    def offer(self, record: Record) -> Step:
        if not self.claimed:
            return Step.UNCLAIMED
        self._fold.advance(record)
        self.next_offset = record.offset + 1
        return Step.FOLDED


class ForgetfulProgress(PartitionProgress):
    """Skips one record of each partition without folding it."""

    def offer(self, record: Record) -> Step:
        if record.offset == self.next_offset == DROPPED_OFFSET and self.claimed:
            self.next_offset += 1
            return Step.FOLDED
        return super().offer(record)


def unfenced(_boot_id: str) -> None:
    """Let a former owner write: the broker no longer refuses it.

    Its late checkpoint then mixes with its successor's, which the checksums show.
    """
    replace(store_module, "Claim", UnfencedClaim)


def careless(_boot_id: str) -> None:
    """Compare no offsets, and resume reading a little before the checkpoint."""
    replace(store_module, "PartitionProgress", CarelessProgress)
    position = Resumption._position

    async def short(self: Resumption, consumer: Any, stock: Any) -> Mapping[Any, int]:
        offsets = await position(self, consumer, stock)
        short = {tp: max(0, offset - SEEK_SHORT_BY) for tp, offset in offsets.items()}
        if short:
            await consumer.seek_wait(short)
        return short

    replace(Resumption, "_position", short)


def committed_position(_boot_id: str) -> None:
    """Resume reading where the group committed, as Faust does."""
    replace(Resumption, "_saved_offsets", lambda *_: {})


def unguarded(_boot_id: str) -> None:
    """Only load and seek: neither wait for a newer rebalance nor close the flow."""

    async def resume(self: Resumption, consumer: Any, stock: Any) -> Mapping[Any, int]:
        generation = self._app.consumer_generation_id
        mine = sorted(tp.partition for tp in self._assigned(consumer))
        self.partitions = dict(await self._load(mine, lambda: True))
        self.generation = generation
        return await self._position(consumer, stock)

    replace(Resumption, "_resume", resume)
    replace(Resumption, "_settled", lambda _: True)


def lingering_kill(boot_id: str, *, outputs_first: bool) -> None:
    """Send outputs late, and kill the first worker right after its third checkpoint.

    In the right order this loses nothing; with the checkpoint first, all delayed outputs are lost.
    """
    late_outputs(LINGER_MS)
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
            if saves == KILL_AT_SAVE and boot_id == FIRST:
                os.kill(os.getpid(), signal.SIGKILL)
            await self._thread.call(self._store.outputs.flush)

    replace(Saving, "_flush_and_commit", flush_and_commit)


def forgetful(_boot_id: str) -> None:
    """Let the fold lose a record."""
    replace(store_module, "PartitionProgress", ForgetfulProgress)


def delivered(mutation: str, boot_id: str, records: Sequence[Record]) -> Sequence[Record]:
    """Records of a batch that reach the fold; `lossy_delivery` takes some from the first worker."""
    if mutation != "lossy_delivery" or boot_id != FIRST:
        return records
    return [record for record in records if record.offset != DROPPED_OFFSET or _once_more(record)]


_dropped: set[int] = set()


def _once_more(record: Record) -> bool:
    """Whether the record's partition has already lost a record; if not, it loses this one."""
    if record.partition in _dropped:
        return True
    _dropped.add(record.partition)
    _log("called", DELIVERY)
    return False


MUTATIONS: dict[str, Callable[[str], None]] = {
    "": lambda _: None,
    "unfenced": unfenced,
    "careless": careless,
    "committed_position": committed_position,
    "unguarded": unguarded,
    "kill_after_commit": lambda boot: lingering_kill(boot, outputs_first=True),
    "commit_before_outputs": lambda boot: lingering_kill(boot, outputs_first=False),
    "forgetful": forgetful,
    "lossy_delivery": lambda _: _log("replaced", DELIVERY),
}


def apply(mutation: str, boot_id: str) -> None:
    """Install the fault; must run before the app is built."""
    MUTATIONS[mutation](boot_id)
