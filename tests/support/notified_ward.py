"""A notifier that is started and killed, with the alerts that it reads and its receiver."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import ALERT_ACTIONS, ALERTS, FLOORS, UNITS, ZONE_ALERTS, ZONES, Topic
from tests.support.builders.alert_actions import zone_alert
from tests.support.builders.messages import SECRET
from tests.support.clusters import cluster_of
from tests.support.live_writer import now_us
from tests.support.servers.receiver import Receiver
from tests.support.sink_topics import await_leaders

TOPICS = (ZONE_ALERTS, ALERT_ACTIONS, ALERTS, FLOORS, ZONES, UNITS)


class NotifiedWard:
    """One floor whose alerts a notifier reads.

    Args:
        settings: Settings of the run, with brokers, registry, database and a prefix.
        receiver: Where its messages go.
        folder: Where the file of destinations and the logs are.
        account: Environment with which the notifier signs in at the database.
        makes_topics: Whether the topics are made; else they are there.
    """

    def __init__(
        self,
        settings: Settings,
        receiver: Receiver,
        folder: Path,
        account: dict[str, str],
        *,
        makes_topics: bool = True,
    ) -> None:
        self.settings = settings
        self._cluster = cluster_of(settings)
        self._admin = self._cluster.admin()
        self._receiver = receiver
        self._folder = folder
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None
        self._seq = 0
        self._open: dict[str, Any] = {}
        registry = SchemaRegistry(settings.registry_url)
        for topic in TOPICS:
            registry.register(topic)
        names = {self._cluster.name(topic): topic for topic in TOPICS if makes_topics}
        wanted = [
            NewTopic(name, one.partitions, 1, config=one.config) for name, one in names.items()
        ]
        for future in self._admin.create_topics(wanted).values() if wanted else ():
            future.result()
        if wanted:
            await_leaders(self._admin, names)
        self._codecs = {topic: registry.writer(topic) for topic in (ZONE_ALERTS, ALERT_ACTIONS)}
        self._producer = ReliableProducer(self._cluster)
        self._destinations = folder / "destinations.yaml"
        (folder / "secret").write_text(SECRET)
        self._destinations.write_text(
            "- name: phones\n  kind: webhook\n  secret_file: secret\n"
            "  route: ward\n  owners: ['*']\n"
            f"  url: http://127.0.0.1:{receiver.port}/\n  allow: [127.0.0.1/32]\n"
        )

    def decide(self, zone_id: str, action: str, **fields: Any) -> Any:
        """Append what was decided about the alert of a zone now; returns the alert."""
        at_us = now_us()
        known = self._open.get(zone_id, {"opened_us": at_us})
        alert = {
            **zone_alert(action=action),
            "alert_id": f"gap/zone/{zone_id}",
            "zone_id": zone_id,
            "opened_us": known["opened_us"],
            "decided_us": at_us,
            **fields,
        }
        self._open[zone_id] = alert
        if action == "CLOSED":
            del self._open[zone_id]
        self._seq += 1
        self._append(
            ZONE_ALERTS,
            {
                "floor_id": "floor",
                "seq": self._seq,
                "as_of_us": at_us,
                "inputs_through_us": at_us,
                "reason": "CHANGE",
                "decided": [alert],
                "open": list(self._open.values()),
            },
        )
        return alert

    def repeat(self, alert: Any) -> None:
        """Append a record that only says that an alert is open, as the fold does each minute."""
        self._seq += 1
        self._append(
            ZONE_ALERTS,
            {
                "floor_id": "floor",
                "seq": self._seq,
                "as_of_us": now_us(),
                "inputs_through_us": now_us(),
                "reason": "PERIODIC",
                "decided": [],
                "open": [alert],
            },
        )

    def act(self, record: Any) -> None:
        """Append what somebody did."""
        self._append(ALERT_ACTIONS, record)

    def _append(self, topic: Topic, record: Any) -> None:
        value = self._codecs[topic].encode(record)
        self._producer.produce(self._cluster.name(topic), key="floor", value=value, partition=3)
        self._producer.flush(30)

    def start(self) -> None:
        """Start a notifier."""
        own = {
            "WARDSTREAM_KAFKA_BOOTSTRAP": self.settings.kafka_bootstrap,
            "WARDSTREAM_REGISTRY_URL": self.settings.registry_url,
            "WARDSTREAM_TOPIC_PREFIX": self.settings.topic_prefix,
            "WARDSTREAM_DATABASE_URL": self.settings.database_url.get_secret_value(),
            "WARDSTREAM_DELIVERY__DESTINATIONS": str(self._destinations),
            "WARDSTREAM_DELIVERY__FIRST_RETRY_S": "0.2",
            "WARDSTREAM_DELIVERY__RETRY_MAX_S": "0.5",
            "WARDSTREAM_NOTIFIER__GROUP_S": "0.3",
            **self._account,
        }
        with (self._folder / "notifier.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workers.cli", "notify", "run"],
                env={**os.environ, **own},
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """Kill it at once, wherever it is."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def log(self) -> list[dict[str, Any]]:
        """Every record of the topic of actions."""
        codec = self._cluster.registry.reader(ALERT_ACTIONS)
        return [
            codec.decode(value)
            for message in read_topic(self._cluster, ALERT_ACTIONS, [3])
            for value in (message.value(),)
            if isinstance(value, bytes)
        ]

    def bodies(self) -> list[Any]:
        """What the receiver got."""
        return [json.loads(one.body) for one in self._receiver.received]

    def close(self) -> None:
        """End the notifier, and delete the topics."""
        self.kill()
        names = [self._cluster.name(topic) for topic in TOPICS]
        for future in self._admin.delete_topics(names).values():
            future.result()
