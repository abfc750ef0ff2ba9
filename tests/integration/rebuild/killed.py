"""A rebuild that is killed while it folds its second partition."""

import os
import signal
from collections.abc import Sequence

from runtime.clock import SystemClock
from runtime.settings import Settings
from workers.rebuild.begin import parse_begin
from workers.rebuild.ledger import Ledger
from workers.rebuild.run import Order, rebuild
from workers.sinks.item import Item
from workers.sinks.timescale.sink import TimescaleSink


class Killed(TimescaleSink):
    """Writes, and when a partition was folded before, that was all."""

    def write(self, items: Sequence[Item]) -> None:
        super().write(items)
        if FOLDED:
            os.kill(os.getpid(), signal.SIGKILL)


FOLDED: list[int] = []
note_folded = Ledger.note_folded


def noting(self: Ledger, revision: int, partition: int, folded: object) -> None:
    note_folded(self, revision, partition, folded)  # type: ignore[arg-type]
    FOLDED.append(partition)


if __name__ == "__main__":
    from workers.rebuild import run

    run.TimescaleSink = Killed  # type: ignore[misc]
    Ledger.note_folded = noting  # type: ignore[method-assign,assignment]
    begin = parse_begin("2026-01-01T00:00", SystemClock().now_us())
    rebuild(Settings(), SystemClock(), Order(begin=begin, by="ward manager"))
