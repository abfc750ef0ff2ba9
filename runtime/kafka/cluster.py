"""The brokers and the schema registry of one run: the only place that makes Kafka clients.

Everything that reads or writes a topic takes a `Cluster`. The policy of each kind of client is
written here once: what is acknowledged, what is committed, how a key finds its partition.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from confluent_kafka import Consumer, KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient

from runtime.clock import Clock
from runtime.kafka.client_log import ClientLog
from runtime.kafka.registry import guarded_registry, registry_address
from runtime.kafka.security import librdkafka
from runtime.process.security import KafkaSecurity
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import Topic

MAX_RECORD_BYTES: Final = 10_000_000
"""Largest record that a client sends or fetches, bytes; a topic may take less."""

DELIVERY_TIMEOUT_S: Final = 600.0
"""Time for which a record is retried before its delivery fails, s.

It is longer than a broker's restart, and short enough to end."""

Delivered = Callable[[KafkaError | None, Message], None]


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The brokers and the schema registry, as one run of Wardstream uses them.

    Attributes:
        bootstrap: Brokers as `host:port`, separated by commas.
        prefix: Prefix of the name of every topic, group and transactional id of the run.
        registry: Schemas of the topics; one for the whole process.
        clock: Gives the time to everything that works on the cluster.
        security: How the brokers are reached.
        keeps_asker: Whether one client asks all questions about topics; see `with_asker`.
    """

    bootstrap: str
    prefix: str = ""
    registry: SchemaRegistry
    clock: Clock
    security: KafkaSecurity = field(default_factory=KafkaSecurity)
    _log: ClientLog = field(init=False, repr=False)
    keeps_asker: bool = field(init=False, repr=False, compare=False, default=False)
    _asker: AdminClient | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_log", ClientLog(self.clock))

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> Self:
        """The cluster that the settings name; nothing is connected yet."""
        return cls(
            bootstrap=settings.kafka_bootstrap,
            prefix=settings.topic_prefix,
            registry=guarded_registry(
                registry_address(settings.registry_url, settings.security.registry), clock
            ),
            clock=clock,
            security=settings.security.kafka,
        )

    def with_asker(self, asker: AdminClient | None = None) -> Self:
        """The same, with one client for all questions about topics, for who asks many.

        A new client first learns of the brokers, which takes some milliseconds and, once in a
        while, three seconds.

        Args:
            asker: A client of the same brokers that is there already; None makes one for the first
                question.
        """
        same = replace(self)
        object.__setattr__(same, "keeps_asker", True)
        object.__setattr__(same, "_asker", asker)
        return same

    @property
    def asker(self) -> AdminClient:
        """A client for questions about topics; a new one, unless `with_asker` keeps one."""
        if not self.keeps_asker:
            return self.admin()
        if self._asker is None:
            object.__setattr__(self, "_asker", self.admin())
        assert self._asker is not None
        return self._asker

    def ask_anew(self) -> bool:
        """Leave the client that is kept, which knows leaders of before; False where none is."""
        object.__setattr__(self, "_asker", None)
        return self.keeps_asker

    def under(self, prefix: str) -> Self:
        """The same brokers and schemas, for a run whose names have another prefix."""
        same = replace(self, prefix=prefix)
        return same.with_asker(self._asker) if self.keeps_asker else same

    def name(self, topic: Topic) -> str:
        """Name of a topic on the broker."""
        return self.prefix + topic.name

    def group(self, stage: str) -> str:
        """Consumer group of a stage within this run."""
        return f"{self.prefix}wardstream-{stage}"

    def consumer(self, group: str, **overrides: Any) -> Consumer:
        """A consumer that commits only on request and starts where a topic begins.

        Args:
            group: Name on the broker, from `group`; needed also where partitions are assigned by
                hand.
            overrides: Settings of librdkafka that differ.
        """
        return Consumer(
            {
                **self._common(),
                "group.id": group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 50,
                "fetch.message.max.bytes": MAX_RECORD_BYTES,
                "session.timeout.ms": 10_000,
                "heartbeat.interval.ms": 2_000,
                "partition.assignment.strategy": "cooperative-sticky",
                **overrides,
            }
        )

    def producer(
        self,
        on_delivery: Delivered | None = None,
        *,
        delivery_timeout_s: float = DELIVERY_TIMEOUT_S,
        max_record_bytes: int = MAX_RECORD_BYTES,
        **overrides: Any,
    ) -> Producer:
        """An idempotent producer, acknowledged by all replicas in sync.

        Keys find their partition as with the Java client, see `runtime.kafka.partitioner`.

        Args:
            on_delivery: Called once for each record, with the error if it was not delivered.
            delivery_timeout_s: Time for which a record is retried, s.
            max_record_bytes: Largest record, bytes; a larger one is refused at once.
            overrides: Settings of librdkafka that differ.
        """
        reports = {} if on_delivery is None else {"on_delivery": on_delivery}
        return Producer(
            {
                **self._common(),
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": "murmur2_random",
                "compression.type": "lz4",
                "linger.ms": 5,
                "message.timeout.ms": round(delivery_timeout_s * 1000),
                "message.max.bytes": max_record_bytes,
                **reports,
                **overrides,
            }
        )

    def transactional(self, transactional_id: str, *, within_s: float) -> Producer:
        """A producer of transactions; the caller claims the id by `init_transactions`.

        Args:
            transactional_id: Name on the broker, the run's prefix included.
            within_s: Time after which the broker aborts an open transaction, s; it refuses more
                than its `transaction.max.timeout.ms`, which is 15 minutes by default.
        """
        claim: dict[str, Any] = {
            "transactional.id": transactional_id,
            "transaction.timeout.ms": round(within_s * 1000),
            "linger.ms": 0,
        }
        return self.producer(delivery_timeout_s=within_s, **claim)

    def admin(
        self, on_error: Callable[[KafkaError], None] | None = None, **overrides: Any
    ) -> AdminClient:
        """A client for questions about topics, and for what changes them.

        Args:
            on_error: Called, while the client is polled, when a connection fails.
            overrides: Settings of librdkafka that differ.
        """
        config = {**self._common(), **overrides}
        if on_error is not None:
            config["error_cb"] = on_error
        return AdminClient(config)

    def _common(self) -> dict[str, Any]:
        """Settings of every client."""
        return {
            "bootstrap.servers": self.bootstrap,
            "log_level": 3,
            "logger": self._log,
            **librdkafka(self.security),
        }
