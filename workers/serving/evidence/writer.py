"""Append reads of badges to their topic: all of a request or none, and in time.

Whoever reads the topic takes a read in by `recorded_at_us`, and relies on its append within
`APPEND_WITHIN_US` of it. So the time is put in last, and what the brokers take later is aborted.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Final
from uuid import uuid4

import structlog

from runtime.errors import Retry
from runtime.facts.log import APPEND_WITHIN_US
from runtime.kafka.cluster import Cluster
from runtime.kafka.transactional import FencedProducer, Messages, Outgoing
from schemas.codec import Codec
from schemas.records.evidence import BadgeRead
from schemas.registry import IncompatibleSchema, NotRegistered, RegistryError
from schemas.topics import BADGE_READS

log = structlog.get_logger(__name__)

CLAIM: Final = "badge-reads-"
"""Start of the claim of each board: two boards write beside each other."""

TURN_S: Final = 2.0
"""Longest wait for the reads of another request, s."""

_PATIENCE_S: Final = 2.0
_TRANSACTION_S: Final = 5.0

_MESSAGES: Final = Messages(
    refused="the brokers take no reads now, so nothing was taken: {error}",
    nothing="the brokers took none of the reads; send them again: {error}",
    rival="none of the reads was taken, since this board's place is another's; send them again",
    late=(
        f"the brokers did not take the reads within {APPEND_WITHIN_US / 1e6:.0f} s, "
        "so none was taken; send them again"
    ),
    unknown=(
        "whether the reads were taken is not known; send them again, since each counts once: "
        "{error}"
    ),
)


class ReadWriter:
    """Appends reads, one request after another, from any thread.

    Args:
        cluster: Where the topics are.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._claim = f"{CLAIM}{uuid4()}"
        self._turn = threading.Lock()
        self._codec: Codec | None = None
        self._producer: FencedProducer | None = None

    def append(
        self,
        reads: Sequence[BadgeRead],
        partition_of: Callable[[BadgeRead], int],
    ) -> int:
        """Append reads, all or none, as recorded now.

        Args:
            reads: Records; their `recorded_at_us` is replaced.
            partition_of: Partition of a read.

        Returns:
            The time that they were recorded at, UTC microseconds.

        Raises:
            Retry: The brokers or the schema registry are out of reach or too slow. The message says
                whether nothing was taken.
            Stop: This board may not write them.
        """
        if not self._turn.acquire(timeout=TURN_S):
            raise Retry("the brokers are slow, and other reads wait, so none was taken")
        try:
            return self._append(reads, partition_of)
        except Exception:
            self._producer = None  # what is left of its transaction ends with the next claim
            raise
        finally:
            self._turn.release()

    def _append(self, reads: Sequence[BadgeRead], partition_of: Callable[[BadgeRead], int]) -> int:
        codec, producer = self._opened()
        name = self._cluster.name(BADGE_READS)
        now_us = self._cluster.clock.now_us()
        producer.write(
            [
                Outgoing(
                    name,
                    partition_of(read),
                    read["reader_id"].encode(),
                    codec.encode({**read, "recorded_at_us": now_us}),
                )
                for read in reads
            ],
            by_us=now_us + APPEND_WITHIN_US,
        )
        return now_us

    def _opened(self) -> tuple[Codec, FencedProducer]:
        """The codec and the producer, which are made where there are none."""
        try:
            if self._codec is None:
                self._codec = self._cluster.registry.writer(BADGE_READS)
        except (RegistryError, NotRegistered, IncompatibleSchema) as error:
            log.warning("badge_reads.no_schema", error=str(error))
            raise Retry(f"the schema of reads is not to be had, so none was taken: {error}") from (
                error
            )
        if self._producer is None:
            self._producer = FencedProducer(
                self._cluster, self._claim, _MESSAGES, _TRANSACTION_S, patience_s=_PATIENCE_S
            )
        return self._codec, self._producer
