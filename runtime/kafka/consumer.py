"""Take records from a consumer."""

import structlog
from confluent_kafka import Consumer, KafkaError, Message

from runtime.errors import Stop
from runtime.kafka.errors import is_refusal

log = structlog.get_logger(__name__)


def poll_batch(consumer: Consumer, max_records: int, wait_s: float) -> list[Message]:
    """Take up to `max_records`, waiting at most `wait_s`; broker hiccups are left to librdkafka.

    Raises:
        Stop: The broker reports an error that waiting cannot heal, such as an unknown topic, or
            that the process may not read it.
    """
    good: list[Message] = []
    for message in consumer.consume(max_records, wait_s):
        error = message.error()
        if error is None:
            good.append(message)
        elif error.code() == KafkaError._PARTITION_EOF:
            continue
        elif error.fatal() or is_refusal(error) or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            where = f"{message.topic()}[{message.partition()}]: " if message.topic() else ""
            raise Stop(f"Kafka: {where}{error.str()}")
        else:
            log.warning("kafka.consumer_error", error=error.str())
    return good
