"""Each guard of the sinks is needed: with it the rows are right, without it these tests see it."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import Message

from runtime.errors import DeadLetter
from runtime.kafka.topic_partition import source_partition
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import Settings
from tests.support.builders.outputs import ward
from tests.support.clusters import cluster_of, make_timescale_sink
from tests.support.sink_topics import DERIVED, SinkTopics, last_seqs, progress
from tests.support.tables import as_items, differences
from tests.support.waiting import eventually
from workers.sinks.loop import SinkLoop
from workers.sinks.timescale import sink as sink_module
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.item import Item
from workers.storage.progress import Progress, Verdict

LOG = ward(seconds=60, seed=5)
ITEMS = as_items(LOG)


def write_with_repeats(sink: TimescaleSink) -> None:
    for start in range(0, len(ITEMS), 100):
        sink.write(ITEMS[max(0, start - 40) : start + 100])


def test_with_the_fence_repeats_change_nothing(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    write_with_repeats(timescale_sink)

    assert differences(database_url, ITEMS) == []


def test_without_the_fence_repeats_show(
    timescale_sink: TimescaleSink, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Progress, "judge", lambda *_: Verdict.NEW)
    monkeypatch.setattr(sink_module, "_report", lambda *_: None)  # its counters would object
    write_with_repeats(timescale_sink)

    assert differences(database_url, ITEMS) != []


def test_without_progress_in_the_transaction_repeats_show(
    timescale_sink: TimescaleSink, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tracks would still be guarded by their own seq; the digest of what was written is not."""
    monkeypatch.setattr(sink_module, "save_progress", lambda *_: None)
    write_with_repeats(timescale_sink)

    assert progress(database_url) != last_seqs(ITEMS)


class Crash(RuntimeError):
    """Stands for the end of the process."""


class CrashingSink:
    """The real sink, in a process that dies at one write, before or after it.

    Args:
        settings: The database.
        at: Number of the write.
        after: Whether the write still happens.
    """

    name = "timescale"

    def __init__(self, settings: Settings, at: int, *, after: bool) -> None:
        self._sink = make_timescale_sink(settings)
        self._left = at
        self._after = after

    def prepare(self) -> None:
        self._sink.prepare()

    def write(self, items: Sequence[Item]) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Crash
        self._sink.write(items)
        if self._left == 0:
            raise Crash

    def housekeep(self) -> None:
        """Nothing is due."""

    def close(self) -> None:
        self._sink.close()


class CommitsFirst(SinkLoop):
    """The loop with its order turned round."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._submit = self.loop._processor.submit
        setattr(self.loop._processor, "submit", self._commit_and_submit)  # noqa: B010 - a method

    def _commit_and_submit(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.commits.ledger.processed(source_partition(message), message.offset() or 0, 0.0)
        self.commits.commit()
        self._submit(messages)


def run(loop_type: type[SinkLoop], settings: Settings, sink: CrashingSink) -> Service:
    """Start a loop in a thread; it ends by its sink's crash or by the service's stop."""
    service = Service(settings, Health("sink-timescale"))
    loop = loop_type(service, cluster_of(settings), sink, DERIVED, max_records=40, linger_s=0.02)

    def body() -> None:
        try:
            loop.run()
        except Crash:
            service.stop.set()

    threading.Thread(target=body, daemon=True).start()
    return service


def crash_thrice_then_finish(
    loop_type: type[SinkLoop], settings: Settings, *, after: bool, seconds: float
) -> bool:
    """Whether everything is written in the end."""
    dsn = settings.database_url.get_secret_value()
    for at in (3, 2, 5):
        service = run(loop_type, settings, CrashingSink(settings, at, after=after))
        eventually(service.stop.is_set, what="the sink has crashed")
    service = run(loop_type, settings, CrashingSink(settings, 10**9, after=after))
    try:
        eventually(lambda: progress(dsn) == last_seqs(ITEMS), seconds, "all is written")
        return differences(dsn, ITEMS) == []
    except AssertionError:
        return False
    finally:
        service.stop.set()


@pytest.mark.parametrize("after", [False, True], ids=["before-the-write", "after-the-write"])
def test_a_crash_at_any_write_loses_nothing(
    after: bool, pipeline: SinkTopics, pipeline_settings: Settings
) -> None:
    pipeline.send(LOG)

    assert crash_thrice_then_finish(SinkLoop, pipeline_settings, after=after, seconds=60)


def test_offsets_committed_before_the_write_lose_records(
    pipeline: SinkTopics, pipeline_settings: Settings, database_url: str
) -> None:
    pipeline.send(LOG)
    crash_thrice_then_finish(CommitsFirst, pipeline_settings, after=False, seconds=6)

    assert differences(database_url, ITEMS) != []


def test_a_dead_letter_in_a_batch_does_not_take_the_batch_along(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    bad = as_items([(LOG[0][0], {**LOG[0][1], "floor_id": "\0", "seq": 10**6})])
    for portion in (ITEMS[:50], ITEMS[50:]):
        with pytest.raises(DeadLetter):
            timescale_sink.write([*portion, *bad])
        timescale_sink.write(portion)

    assert differences(database_url, ITEMS) == []
