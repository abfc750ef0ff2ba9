"""Read the newest checkpoint of a partition, as its owner or while the owner keeps writing."""

from collections.abc import Collection

from confluent_kafka import KafkaException

from runtime.checkpoints.codec import HEAD_KEY, Checkpoint, Head, assemble, decode_head
from runtime.checkpoints.errors import CheckpointDamaged, ReplayNeeded
from runtime.checkpoints.log import LogReader
from runtime.clock import Clock
from runtime.errors import Retry
from runtime.retry import Tries, constant

_AGAIN = constant(0.8, most_failures=40)  # an owner saves twice a second


def newest_records(log: LogReader, topic: str, partition: int) -> dict[bytes, bytes]:
    """Newest value of each key of a partition's checkpoints; empty when there is none.

    Raises:
        CheckpointDamaged: There are entities but no head.
        KafkaException: The broker is out of reach.
        ReplayNeeded: The topic could not be read to its end in time.
    """
    newest = log.newest_values(topic, partition, _holds_all_that_the_head_names)
    records = {key: value for key, value in newest.items() if value is not None}
    if newest and HEAD_KEY not in records:
        raise CheckpointDamaged(f"partition {partition} holds entities but no head")
    return records


def written_ms(log: LogReader, topic: str, partition: int, keys: Collection[bytes]) -> int | None:
    """Append time of the newest record of `keys`, broker's time, ms; None when there is none.

    The head's append time would not do: it is also written when only settings or fold change.

    Raises:
        ReplayNeeded: The topic could not be read in time.
    """
    newest: dict[bytes, int] = {}
    for window in log.windows(topic, partition, "read_committed"):
        times = {m.key(): m.timestamp()[1] for m in window if m.key() in keys}
        newest = times | newest
        if len(newest) == len(keys):
            break
    return max(newest.values(), default=None)


def read_beside_owner(
    log: LogReader, topic: str, partition: int, clock: Clock, *, max_version: int
) -> Checkpoint | None:
    """The newest checkpoint of a partition that its owner may be writing; None without one.

    A read may catch part of the next checkpoint; the head reveals that, and the read is retried.

    Raises:
        CheckpointDamaged: The checkpoint still contradicts itself after retries.
        Retry: The broker is out of reach.
    """
    before: dict[bytes, bytes] = {}
    tries = Tries(_AGAIN, clock)
    while True:
        try:
            records = newest_records(log, topic, partition)
        except (KafkaException, ReplayNeeded) as error:
            raise Retry(f"{topic}[{partition}] was not read: {error}") from error
        try:
            return assemble(partition, records, max_version=max_version) if records else None
        except CheckpointDamaged as error:
            if records == before:
                raise
            tries.failed(error)
        before = records


def read_head(log: LogReader, topic: str, partition: int) -> Head | None:
    """Head of a partition's checkpoint, whatever version its states have; None without one.

    Raises:
        CheckpointDamaged: The record is not a head, or has a later format.
        Retry: The broker is out of reach.
    """
    try:
        newest = log.newest_values(topic, partition, lambda found: HEAD_KEY in found)
    except (KafkaException, ReplayNeeded) as error:
        raise Retry(f"{topic}[{partition}] was not read: {error}") from error
    value = newest.get(HEAD_KEY)
    return None if value is None else decode_head(value)


def _holds_all_that_the_head_names(newest: dict[bytes, bytes | None]) -> bool:
    head = newest.get(HEAD_KEY)
    return head is not None and all(name.encode() in newest for name in decode_head(head).entities)
