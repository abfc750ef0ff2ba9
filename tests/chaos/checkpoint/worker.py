"""The process under attack: the project's Faust wiring around the counting fold.

python -m tests.chaos.checkpoint.worker '{"bootstrap": ..., ...}'
"""

import logging
import random
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import faust
import msgspec

from runtime.checkpoints import CheckpointStore, PartitionProgress, Record, StageTopics
from runtime.clock import SystemClock
from runtime.errors import EXIT_REPLAY
from streams.processor.checkpoint_settings import CheckpointingSettings
from streams.processor.checkpointing import Checkpointing, install
from streams.processor.faust_app import checkpointed_app
from tests.chaos.checkpoint.counting import STATE_VERSION, CountingFold
from tests.support import mutations
from tests.support.clusters import cluster_at

REPORT_EVERY_S = 1.0


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How one worker runs.

    Attributes:
        bootstrap: Kafka's address.
        run: Prefix of the topics and name of the consumer group.
        boot_id: Name of this process.
        session_s: Consumer group session timeout, seconds.
        slow_load_s: Longest delay of a load, so that rebalances meet loads, seconds.
        save_every_s: Seconds between checkpoints.
        mutation: One of `mutations.MUTATIONS`, or empty for the intact system.
    """

    bootstrap: str
    run: str
    boot_id: str
    session_s: float = 4.0
    slow_load_s: float = 0.0
    save_every_s: float = 0.5
    mutation: str = ""


def topics(run: str) -> StageTopics:
    """Topics of a run; its outputs go to `<run>-output`."""
    return StageTopics(stage=run, input=f"{run}-input", checkpoints=f"{run}-checkpoints")


class SlowStore(CheckpointStore):
    """Waits before it loads, as with a large state or a busy broker."""

    slow_load_s = 0.0

    def load(
        self, partitions: Iterable[int], *, wanted: Callable[[], bool] = lambda: True
    ) -> dict[int, PartitionProgress]:
        time.sleep(random.uniform(0, self.slow_load_s))
        return super().load(partitions, wanted=wanted)


def build(options: WorkerOptions) -> tuple[faust.App, Checkpointing]:
    """Wire the app as `streams.processor.app` does."""
    clock = SystemClock()
    cluster = cluster_at(options.bootstrap, clock)
    app = checkpointed_app(options.run, cluster, session_timeout_s=options.session_s)
    store = SlowStore(
        cluster,
        topics(options.run),
        lambda _partition, emit: CountingFold(emit, f"{options.run}-output"),
        state_version=STATE_VERSION,
        boot_id=options.boot_id,
    )
    store.slow_load_s = options.slow_load_s
    settings = CheckpointingSettings(save_every_s=options.save_every_s, load_limit_s=40)
    checkpointing = install(app, store, clock, settings)

    @checkpointing.agent("counting")
    async def counting(records: Sequence[Record]) -> None:
        await checkpointing.fold(mutations.delivered(options.mutation, options.boot_id, records))

    return app, checkpointing


def report(checkpointing: Checkpointing) -> None:
    """Log the counts from time to time, because a killed process cannot at its end."""
    while True:
        time.sleep(REPORT_EVERY_S)
        logging.getLogger("report").info("counts: %s", checkpointing.counts)


def main() -> None:
    """Run until a signal comes."""
    options = msgspec.json.decode(sys.argv[1], type=WorkerOptions)
    mutations.apply(options.mutation, options.boot_id)
    app, checkpointing = build(options)
    threading.Thread(target=report, args=(checkpointing,), daemon=True).start()
    worker = faust.Worker(app, loglevel="INFO", redirect_stdouts=False)
    try:
        worker.execute_from_commandline()
    except SystemExit as end:  # Faust exits with 1 when it has no broker
        sys.exit(EXIT_REPLAY if end.code else 0)


if __name__ == "__main__":
    main()
