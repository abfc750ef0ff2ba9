"""Uncommitted records of a topic: a fold sent them, and no checkpoint holds them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from schemas.codec import Codec, UndecodableValue
from schemas.topics import TOPICS, Topic
from streams.stage import OUTPUTS
from streams.state.published import PublishedThrough, Watermarks, source_and_time

MARGIN_MS = 10_000
"""Read back at least this long before the checkpoint: brokers' clocks differ."""

UNKNOWN_MS = 250_000
"""Read back this long for keys that the checkpoint does not know: a commit may take 240 s."""

LIMIT_MS = 600_000
"""Read back at most this long: a process ends before writing a checkpoint takes longer."""


class Message(NamedTuple):
    """A record of a topic.

    Attributes:
        key: Record key.
        value: Record value, with its wire header.
        appended_ms: Broker's time when it was appended, ms.
    """

    key: str
    value: bytes
    appended_ms: int


Record = Mapping[str, Any]
Uncommitted = dict[str, dict[int, Record]]
"""By key and seq, the records that the checkpoint does not hold."""

Bases = Mapping[str, int]
"""By key, the last seq that the checkpoint holds; only keys that it knows."""


def read_uncommitted(
    windows: Iterable[list[Message]], codec: Codec, bases: Bases, since_ms: int | None
) -> Uncommitted:
    """Read a topic's partition backwards until everything is from before the checkpoint.

    Args:
        windows: Records of the log, from its end backwards; in order within each window.
        codec: Codec of the topic's values.
        bases: Last seqs that the checkpoint holds, by key.
        since_ms: Broker's time when the checkpoint was written, ms; None when it holds nothing.
    """
    found: Uncommitted = {}
    margin_ms, unknown_ms, limit_ms = (
        since_ms - back_ms if since_ms is not None else 0
        for back_ms in (MARGIN_MS, UNKNOWN_MS, LIMIT_MS)
    )
    for window in windows:
        met = False
        for message in window:
            known = bases.get(message.key)
            if known is None and message.appended_ms < unknown_ms:
                continue  # from a time when the key was in another partition
            try:
                record = codec.decode(message.value)
            except UndecodableValue:
                continue  # no fold wrote that
            seq = int(record["seq"])
            if seq > (known or 0):
                found.setdefault(message.key, {})[seq] = record
            else:
                met = True
        oldest_ms = window[0].appended_ms if window else limit_ms
        if (met and oldest_ms < margin_ms) or oldest_ms < limit_ms:
            break
    return found


def reconcile_mirrors(
    tails: dict[str, Uncommitted], emit: Callable[[Topic, str, Record], None]
) -> None:
    """Send records that only a topic or only its mirror got before their sender died.

    They are the same records under the same seqs, so both must hold them before later ones follow.

    Args:
        tails: Uncommitted records by topic; a topic and its mirror are equal afterwards.
        emit: Sends a record, given its topic, key and content.
    """
    for mirror in OUTPUTS:
        if mirror.mirrors is None:
            continue
        pair = (mirror.mirrors, mirror)
        for has, lacks in (pair, pair[::-1]):
            for key, records in sorted(tails[has.name].items()):
                others = tails[lacks.name].setdefault(key, {})
                for seq in sorted(seq for seq in records if seq > max(others, default=0)):
                    others[seq] = records[seq]
                    emit(lacks, key, records[seq])


def watermarks_of(tails: Mapping[str, Uncommitted], before: Watermarks) -> Watermarks:
    """Watermarks of each key, from uncommitted records and from earlier watermarks.

    Args:
        tails: Uncommitted records by topic; mirrors are skipped.
        before: Watermarks of the checkpoint that are still open.
    """
    watermarks: Watermarks = {topic: dict(known) for topic, known in before.items()}
    for name, tail in tails.items():
        topic = TOPICS[name]
        if topic.mirrors is not None:
            continue
        for key, records in tail.items():
            if not records:
                continue
            last = max(records)
            old = watermarks.get(name, {}).get(key)
            through = {} if old is None else dict(old.through)
            for seq in sorted(records):
                source, at_us = source_and_time(topic, records[seq])
                through_us, count = through.get(source, (0, 0))
                if at_us >= through_us:
                    through[source] = (at_us, count + 1 if at_us == through_us else 1)
            floor_id = str(records[last]["floor_id"])
            watermarks.setdefault(name, {})[key] = PublishedThrough(floor_id, last, through)
    return watermarks
