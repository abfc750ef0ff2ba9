"""The page of topics, from `schemas/topics.py`."""

from docs.generate.markdown import code, table
from schemas.topics import TOPICS, Topic

INTRODUCTION = """\
# Topics

Every topic, from the table in `schemas/topics.py`. `wardstream topics create` makes them, and a
process that finds a topic with other partitions or settings stops. All topics use the broker's
append time; event time is in the value.

A topic *by floor* puts all records of a floor into the partition that `floors.v1` assigned to
it for life. Values are Avro in the Confluent wire format unless the table says bytes; each
field's meaning and unit is in `schemas/avsc`. What is promised of each topic:
[guarantees](../guarantees.md#order-and-retention-of-topics).
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            INTRODUCTION,
            table(
                ("topic", "key", "partitions", "by floor", "kept", "largest record", "values"),
                map(_row, TOPICS.values()),
            ),
        ]
    )


def _row(topic: Topic) -> tuple[object, ...]:
    return (
        code(topic.name),
        topic.key,
        topic.partitions,
        "yes" if topic.placed_by_floor else "",
        _kept(topic),
        f"{topic.max_message_bytes // (1024 * 1024)} MiB",
        f"[Avro](../../schemas/avsc/{topic.name}.avsc)" if topic.avro else "bytes",
    )


def _kept(topic: Topic) -> str:
    if topic.cleanup == "compact":
        return "newest per key"
    hours = topic.retention_ms // 3_600_000
    return f"{hours} hours" if hours < 24 else f"{hours // 24} days"
