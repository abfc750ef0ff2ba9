"""A rebuild that is killed while it folds its second partition."""

import os
import signal
from collections.abc import Sequence

from runtime.clock import SystemClock
from runtime.process.settings import Settings
from tests.support.clusters import installation_of
from workers.operations.rebuild.bounds import Folded
from workers.operations.rebuild.ledger import Ledger
from workers.operations.rebuild.order import Order
from workers.operations.rebuild.run import rebuild
from workers.operations.rebuild.start import parse_origin
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.item import Gap, Item

FOLDED: list[int] = []
write, note_folded = TimescaleSink.write, Ledger.note_folded


def write_and_die(self: TimescaleSink, items: Sequence[Item]) -> list[Gap]:
    """Write; then kill the process if a partition has been folded before."""
    gaps = write(self, items)
    if FOLDED:
        os.kill(os.getpid(), signal.SIGKILL)
    return gaps


def note(self: Ledger, revision: int, partition: int, folded: Folded) -> None:
    """Note that a partition is folded."""
    note_folded(self, revision, partition, folded)
    FOLDED.append(partition)


if __name__ == "__main__":
    TimescaleSink.write = write_and_die  # type: ignore[method-assign]
    Ledger.note_folded = note  # type: ignore[method-assign]
    start = parse_origin("2026-01-01T00:00", SystemClock().now_us())
    rebuild(installation_of(Settings()), Order(origin=start, by="ward manager"))
