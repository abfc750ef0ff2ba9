"""A store of records, as the loop of the sinks sees it."""

from collections.abc import Sequence
from typing import Protocol

from workers.storage.item import Gap, Item


class Sink(Protocol):
    """A store of records."""

    name: str

    def prepare(self) -> None:
        """Called before the first record, and to ask whether a store that was away is back.

        Raises:
            Retry: The store is out of reach; the sink starts all the same, and waits.
            Stop: The store is not what it must be.
        """
        ...

    def write(self, items: Sequence[Item]) -> Sequence[Gap] | None:
        """Store a batch for good; the same batch twice leaves the same state.

        Returns:
            Seqs that never came before records of the batch, if the store keeps everything.

        Raises:
            Retry: The store is out of reach; nothing or a part was written.
            DeadLetter: The store can never take the batch as it is.
            Stop: A seq came again with other bytes, or the store is not what it must be.
            WentBack: The store lacks what it held; nothing was written.
        """
        ...

    def housekeep(self) -> None:
        """Called between batches, for work that is due now and then.

        Raises:
            Retry: The store is out of reach; the loop goes on and calls again.
        """
        ...

    def close(self) -> None:
        """Disconnect from the store."""
        ...
