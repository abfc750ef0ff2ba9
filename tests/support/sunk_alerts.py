"""Alerts on their way from the log to a board: topics, and the two sinks that read them."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_topic
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import ALERT_ACTIONS, DEAD_LETTERS, ZONE_ALERTS
from tests.support.builders.alert_actions import zone_alert
from tests.support.clusters import cluster_of, make_redis_sink, make_timescale_sink
from tests.support.live_writer import now_us
from tests.support.sink_topics import await_leaders
from workers.sinks.loop import SinkLoop
from workers.sinks.sink import Sink

S = 1_000_000
PARTITION = 3


class SunkAlerts:
    """Appends what the fold decides about the alerts of a floor; see `sunk_alerts`.

    Args:
        settings: Settings of the run.
        floor_id: The floor.
    """

    def __init__(self, settings: Settings, floor_id: str) -> None:
        self.settings = settings
        self._floor_id = floor_id
        self._cluster = cluster_of(settings)
        admin = self._cluster.admin()
        registry = SchemaRegistry(settings.registry_url)
        names = {}
        for topic in (ZONE_ALERTS, ALERT_ACTIONS, DEAD_LETTERS):
            if topic is not DEAD_LETTERS:
                registry.register(topic)
            names[self._cluster.name(topic)] = topic
        wanted = [
            NewTopic(name, one.partitions, 1, config=one.config) for name, one in names.items()
        ]
        for future in admin.create_topics(wanted).values():
            future.result()
        await_leaders(admin, names)
        self._codec = registry.writer(ZONE_ALERTS)
        self._reads = registry.reader
        self._producer = ReliableProducer(self._cluster)
        self._seq = 0
        self._open: dict[str, Any] = {}

    def decide(self, alert_id: str, action: str = "OPENED", **fields: Any) -> dict[str, Any]:
        """Append what was decided about an alert now; returns the alert.

        Args:
            alert_id: Its id, such as `gap/zone/bay-1`.
            action: What was decided.
            fields: Of the alert; those that are not given stay as they were.
        """
        at_us = now_us()
        parts = alert_id.split("/")
        first = {
            "alert_id": alert_id,
            "rule_id": parts[0],
            "rule_name": parts[0].capitalize(),
            "zone_id": parts[2] if parts[1] == "zone" else "",
            "opened_us": at_us,
            "since_us": at_us - 120 * S,
            "tier": "PAGE",
        }
        alert: dict[str, Any] = {
            **self._open.get(alert_id, {**zone_alert(), **first}),
            "action": action,
            "cause": {"OPENED": "BREACH", "CHANGED": "WORSE"}.get(action, "CLEARED"),
            "decided_us": at_us,
            **fields,
        }
        self._open[alert_id] = alert
        if action == "CLOSED":
            del self._open[alert_id]
        self._seq += 1
        record: Mapping[str, Any] = {
            "floor_id": self._floor_id,
            "seq": self._seq,
            "as_of_us": at_us,
            "inputs_through_us": at_us,
            "reason": "CHANGE",
            "decided": [alert],
            "open": list(self._open.values()),
        }
        name = self._cluster.name(ZONE_ALERTS)
        value = self._codec.encode(record)
        self._producer.produce(name, key=self._floor_id, value=value, partition=PARTITION)
        self._producer.flush(30)
        return alert

    def actions(self) -> list[dict[str, Any]]:
        """Every record of the topic of actions."""
        codec = self._reads(ALERT_ACTIONS)
        return [
            codec.decode(value)
            for message in read_topic(self._cluster, ALERT_ACTIONS)
            for value in (message.value(),)
            if isinstance(value, bytes)
        ]


@contextmanager
def sunk_alerts(settings: Settings, floor_id: str) -> Iterator[SunkAlerts]:
    """The topics of alerts, and sinks that write them into Redis and TimescaleDB meanwhile."""
    log = SunkAlerts(settings, floor_id)
    loops: list[tuple[Service, threading.Thread]] = []

    def start(sink: Sink, *topics: Any) -> None:
        service = Service(settings, Health(f"sink-{sink.name}"))
        loop = SinkLoop(service, cluster_of(settings), sink, topics, max_records=100)
        loops.append((service, threading.Thread(target=loop.run, daemon=True)))

    start(make_redis_sink(settings), ZONE_ALERTS)
    start(make_timescale_sink(settings), ZONE_ALERTS, ALERT_ACTIONS)
    for _, thread in loops:
        thread.start()
    try:
        yield log
    finally:
        for service, _ in loops:
            service.stop.set()
        for _, thread in loops:
            thread.join(60)
            assert not thread.is_alive(), "a sink did not end"
