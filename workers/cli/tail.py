"""`wardstream tail TOPIC`: decoded records as JSON lines."""

import base64
import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaException, TopicPartition

from runtime.errors import EXIT_REPLAY, EXIT_STOP
from runtime.kafka.clients import consumer_config, physical_name
from runtime.process.settings import Settings
from schemas.codec import Codec, UndecodableValue
from schemas.registry import RegistryUnavailable, SchemaRegistry
from schemas.topics import TOPICS

_TIMEOUT_S = 10.0


def tail(
    topic: Annotated[str, typer.Argument(help="A topic of `wardstream topics list`.")],
    beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Start at the oldest record.")
    ] = False,
    count: Annotated[int | None, typer.Option(help="End after this many records.")] = None,
    key: Annotated[str | None, typer.Option(help="Only records with this key.")] = None,
    wait: Annotated[
        float | None, typer.Option(help="End after this many seconds without a record.")
    ] = None,
) -> None:
    """Print the records of a topic as JSON lines, oldest first within a partition."""
    if topic not in TOPICS:
        typer.echo(f"{topic} is not a topic; `wardstream topics list` names them all", err=True)
        raise typer.Exit(EXIT_STOP)
    settings = Settings()
    row = TOPICS[topic]
    name = physical_name(row, settings)
    codec = SchemaRegistry(settings.registry_url).reader(row) if row.avro else None
    consumer = Consumer(consumer_config(settings, f"{settings.topic_prefix}wardstream-tail"))
    try:
        partitions = consumer.list_topics(name, timeout=_TIMEOUT_S).topics[name].partitions
        start = OFFSET_BEGINNING if beginning else OFFSET_END
        consumer.assign([TopicPartition(name, number, start) for number in partitions])
        _print(consumer, codec, count, key, wait)
    except (KafkaException, RegistryUnavailable) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_REPLAY) from exc
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.close()
    finally:
        consumer.close()


def _print(
    consumer: Consumer,
    codec: Codec | None,
    count: int | None,
    key: str | None,
    wait_s: float | None,
) -> None:
    printed = 0
    while count is None or printed < count:
        message = consumer.poll(wait_s if wait_s is not None else 1.0)
        if message is None:
            if wait_s is not None:
                return
            continue
        if message.error() is not None:
            raise KafkaException(message.error())
        name = (message.key() or b"").decode(errors="replace")
        if key is not None and name != key:
            continue
        sys.stdout.write(json.dumps(_line(message, name, codec), default=_plain) + "\n")
        sys.stdout.flush()
        printed += 1


def _line(message: Any, key: str, codec: Codec | None) -> dict[str, Any]:
    line: dict[str, Any] = {
        "partition": message.partition(),
        "offset": message.offset(),
        "appended": datetime.fromtimestamp(message.timestamp()[1] / 1e3, UTC).isoformat(),
        "key": key,
    }
    if message.headers():
        line["headers"] = {name: (value or b"").decode() for name, value in message.headers()}
    if codec is None:
        return {**line, "bytes": message.value()}
    try:
        return {**line, "value": codec.decode(message.value())}
    except UndecodableValue as exc:
        return {**line, "undecodable": str(exc), "bytes": message.value()}


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {"length": len(value), "base64": base64.b64encode(value[:96]).decode()}
    return str(value)
