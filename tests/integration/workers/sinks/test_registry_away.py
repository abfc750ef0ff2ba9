"""A sink that lacks a schema names the registry, and does not accuse its store."""

import threading
from collections.abc import Sequence

from runtime.process.health import Health
from runtime.process.service import Service
from schemas.topics import OCCUPANCY
from tests.support.builders.outputs import occupancy
from tests.support.clusters import cluster_of
from tests.support.sink_topics import DERIVED, SinkTopics
from tests.support.waiting import eventually
from workers.sinks.loop import SinkLoop
from workers.storage.item import Item


class Counting:
    """A sink whose store is well."""

    name = "counting"

    def __init__(self) -> None:
        self.items: list[Item] = []

    def prepare(self) -> None:
        """Nothing is to be connected."""

    def write(self, items: Sequence[Item]) -> None:
        self.items += items

    def housekeep(self) -> None:
        """Nothing is due."""

    def close(self) -> None:
        """Nothing is open."""


def test_a_registry_out_of_reach_is_reported_as_such_and_the_breaker_of_the_store_stays_closed(
    pipeline: SinkTopics,
) -> None:
    nobody = pipeline.settings.model_copy(update={"registry_url": "http://127.0.0.1:1"})
    sink, service = Counting(), Service(nobody, Health("sink-counting"))
    loop = SinkLoop(service, cluster_of(service.settings), sink, DERIVED, max_records=40)
    thread = threading.Thread(target=loop.run, daemon=True)
    thread.start()
    detail = service.health.detail
    try:
        pipeline.send([(OCCUPANCY, occupancy(1, 0, 1))])
        eventually(
            lambda: "out of reach for" in detail.get("registry", ""),
            what="it says why it has paused",
        )

        assert detail["paused"]["waits_for"] == "registry"
        assert "store" not in detail
        assert not loop.guard.is_open
        assert sink.items == []
    finally:
        service.stop.set()
        thread.join(60)
    assert not thread.is_alive()
