"""Read the alerts topic: the newest alert of each key, and which alerts stand."""

from collections.abc import Callable
from typing import Final, cast

import structlog
from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicPartition

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.retry import Tries, constant
from schemas.codec import Codec, UndecodableValue
from schemas.records.alerts import Alert
from schemas.topics import ALERTS

log = structlog.get_logger(__name__)

_POLL_S: Final = 0.2
ANSWER_S: Final = 20.0


def read_alerts(
    cluster: Cluster,
    codec: Codec,
    within_s: float = ANSWER_S,
    meanwhile: Callable[[], None] = lambda: None,
) -> dict[str, Alert]:
    """The newest alert of each key, by reading the whole topic.

    Args:
        cluster: Where the topics are.
        codec: Reads alerts.
        within_s: Longest time that the reading may take, s.
        meanwhile: Called between polls.

    Raises:
        Retry: The broker is out of reach, or the topic was not read to its end in time.
        RegistryUnavailable: A schema cannot be looked up.
    """
    name = cluster.name(ALERTS)
    consumer = cluster.consumer(
        cluster.group("alerts"),
        **{"enable.partition.eof": True, "log_level": 0},
    )
    newest: dict[str, Alert] = {}
    try:
        left = set(range(ALERTS.partitions))
        consumer.assign([TopicPartition(name, number, OFFSET_BEGINNING) for number in left])
        tries = Tries(constant(_POLL_S, deadline_s=within_s), cluster.clock)
        while left:
            meanwhile()
            for message in consumer.consume(500, _POLL_S):
                fault = message.error()
                if fault is None:
                    keep_newest(newest, codec, message.value())
                elif fault.code() == KafkaError._PARTITION_EOF:
                    left.discard(message.partition() or 0)
            if tries.over:
                raise Retry(f"{name} was not read to its end within {within_s:.0f} s")
    except KafkaException as error:
        raise Retry(f"{name}: {error}") from error
    finally:
        consumer.close()
    return newest


def keep_newest(newest: dict[str, Alert], codec: Codec, value: bytes | None) -> bool:
    """Take in a record; False when it is unreadable, or not newer than the last one of its key.

    Raises:
        RegistryUnavailable: Its schema cannot be looked up.
    """
    try:
        alert = cast("Alert", codec.decode(value))
    except UndecodableValue as error:
        log.warning("alerts.unreadable", error=str(error))
        return False
    known = newest.get(alert["alert_id"])
    if known is not None and alert["seq"] <= known["seq"]:
        return False
    newest[alert["alert_id"]] = alert
    return True


def standing(newest: dict[str, Alert]) -> list[Alert]:
    """Alerts that are raised and not cleared, oldest first."""
    raised = [alert for alert in newest.values() if alert["state"] == "RAISED"]
    return sorted(raised, key=lambda alert: (alert["since_us"], alert["alert_id"]))
