"""Search everything that a pipeline writes for what was planted, such as secrets and names."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import httpx
import psycopg
import redis
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from psycopg import sql

from runtime.process.secret_files import secrets_of
from runtime.process.settings import Settings
from schemas.topics import TOPICS
from tests.support.clusters import LOGGED

_READ_S = 30.0


class Output(NamedTuple):
    """One output that was searched.

    Attributes:
        name: What it is, such as `log serve` or `topic tracks.updated.v1`.
        content: Everything there.
    """

    name: str
    content: bytes


def secret_variables() -> list[str]:
    """The environment variable of every setting that is a secret."""
    return [f"WARDSTREAM_{'__'.join(path).upper()}" for path in secrets_of(Settings)]


def forms(needle: str) -> set[bytes]:
    """A needle as it may be written: plain, percent-encoded, in base64, in UTF-16."""
    whole = needle.encode()
    return {
        whole,
        quote(needle, safe="").encode(),
        b64encode(whole).rstrip(b"=")[:-1],  # the last digit depends on what follows
        needle.encode("utf-16-le"),
        whole.hex().encode(),
    }


def found(outputs: Iterable[Output], needles: Iterable[str]) -> list[str]:
    """Each output that holds a needle in some form, with the needle."""
    wanted = {needle: forms(needle) for needle in needles}
    return [
        f"{needle} in {output.name}"
        for output in outputs
        for needle, spellings in wanted.items()
        if any(spelling in output.content for spelling in spellings)
    ]


def logs(folder: Path) -> Iterator[Output]:
    """Every log in a folder."""
    for path in sorted(folder.rglob("*.log")):
        yield Output(f"log {path.stem}", path.read_bytes())


def answers(urls: Iterable[str], client: httpx.Client) -> Iterator[Output]:
    """What each URL answers, with its headers."""
    for url in urls:
        answer = client.get(url)
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        yield Output(f"answer {url}", head.encode() + b"\n" + answer.content)


def topics(bootstrap: str, prefix: str) -> Iterator[Output]:
    """Every record of every topic of a run: keys, headers and values."""
    consumer = Consumer(
        {
            **LOGGED,
            "bootstrap.servers": bootstrap,
            "group.id": f"{prefix}planted",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    try:
        there = consumer.list_topics(timeout=_READ_S).topics
        for name in sorted(TOPICS):
            if prefix + name in there:
                partitions = there[prefix + name].partitions
                yield Output(
                    f"topic {name}", b"\n".join(_records(consumer, prefix + name, partitions))
                )
    finally:
        consumer.close()


def _records(consumer: Consumer, topic: str, partitions: Iterable[int]) -> Iterator[bytes]:
    """Every record of a topic."""
    left = set(partitions)
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in left])
    while left:
        message = consumer.poll(_READ_S)
        assert message is not None, f"{topic} does not end"
        if (error := message.error()) is not None:
            assert error.code() == KafkaError._PARTITION_EOF, error
            left.discard(message.partition() or 0)
            continue
        headers = _flat([part for pair in message.headers() or [] for part in pair])
        yield b"|".join([message.key() or b"", headers, message.value() or b""])


def cached(url: str) -> Iterator[Output]:
    """Every key of a Redis database, with its value."""
    with redis.Redis.from_url(url) as client:
        for key in sorted(client.scan_iter()):
            kind = client.type(key)
            value: object = {
                b"string": client.get,
                b"hash": client.hgetall,
                b"zset": lambda name: client.zrange(name, 0, -1),
                b"set": client.smembers,
                b"list": lambda name: client.lrange(name, 0, -1),
                b"stream": client.xrange,
            }[kind](key)
            yield Output(f"key {key.decode()}", key + b" " + _flat(value))


def _flat(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, dict):
        return b" ".join(_flat(part) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple, set)):
        return b" ".join(map(_flat, value))
    return str(value).encode()


def rows(dsn: str) -> Iterator[Output]:
    """Every row of every table of ours, as text; bytes as hexadecimal digits."""
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname IN ('public', 'live', 'registry') ORDER BY 1, 2"
        ).fetchall()
        for schema, name in tables:
            statement = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(
                sql.Identifier(schema, name)
            )
            with connection.cursor().copy(statement) as copy:
                yield Output(f"table {schema}.{name}", b"".join(map(_flat, copy)))
