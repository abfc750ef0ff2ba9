"""A sink whose partitions went to another one while its store is away does not call it well."""

import threading
from collections.abc import Sequence

from runtime.errors import Retry
from runtime.process.health import Health
from runtime.process.service import Service
from schemas.topics import OCCUPANCY
from tests.support.builders.outputs import occupancy
from tests.support.clusters import cluster_of
from tests.support.sink_topics import DERIVED, SinkTopics
from tests.support.waiting import eventually
from workers.sinks.loop import SinkLoop
from workers.storage.item import Item


class Away:
    """A sink whose store is away until told, and whose loop loses all it has at the first write."""

    name = "timescale"
    loop: SinkLoop

    def __init__(self) -> None:
        self.away = True
        self.asked = 0
        self.written: list[Item] = []

    def prepare(self) -> None:
        self.asked += 1
        if self.away and self.asked > 1:
            raise Retry("the store is away")

    def write(self, items: Sequence[Item]) -> None:
        if self.away:
            consumer = self.loop.loop._consumer
            held = consumer.assignment()
            self.loop.loop.on_revoke(consumer, held)
            consumer.incremental_unassign(held)
            raise Retry("the store is away")
        self.written += items

    def housekeep(self) -> None:
        """Nothing is due."""

    def close(self) -> None:
        """Nothing is open."""


def test_a_sink_probes_its_store_until_it_is_back_and_resumes(pipeline: SinkTopics) -> None:
    sink, service = Away(), Service(pipeline.settings, Health("sink-timescale"))
    sink.loop = loop = SinkLoop(
        service, cluster_of(service.settings), sink, DERIVED, max_records=40
    )
    thread = threading.Thread(target=loop.run, daemon=True)
    thread.start()
    try:
        pipeline.send([(OCCUPANCY, occupancy(1, 0, 1))])
        eventually(lambda: sink.asked >= 4, what="the store was asked by nothing but a question")
        assert "paused" in service.health.detail
        assert loop.outage.since_us is not None

        sink.away = False
        eventually(lambda: loop.outage.since_us is None, what="it is well")
        eventually(lambda: "paused" not in service.health.detail, what="it says so")
        assert not loop.guard.is_open
        assert service.health.detail.get("store") is None
    finally:
        service.stop.set()
        thread.join(60)
    assert not thread.is_alive()
