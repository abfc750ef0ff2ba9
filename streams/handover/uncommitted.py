"""What a topic holds beyond a checkpoint: the records that a fold sent and did not save."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from schemas.codec import Codec, UndecodableValue
from schemas.topics import OCCUPANCY, OCCUPANCY_LATEST
from streams.state.published import Mark, Marks, moment_of

MARGIN_MS = 10_000
"""Read back at least this long before the checkpoint: brokers' clocks differ."""

UNKNOWN_MS = 250_000
"""And so long for keys that the checkpoint does not know: a commit may take 240 s."""

LIMIT_MS = 600_000
"""And at most this long: a checkpoint that takes longer to be written ends the process before."""


class Message(NamedTuple):
    """A record of a topic, as far as it matters here.

    Attributes:
        key: Of the record.
        value: With its wire header.
        appended_ms: Broker's time.
    """

    key: str
    value: bytes
    appended_ms: int


Record = Mapping[str, Any]
Beyond = dict[str, dict[int, Record]]
"""By key and seq, the records that the checkpoint does not know of."""

Bases = Mapping[str, int]
"""By key, the last seq that the checkpoint knows of; keys of the partition that it knows alone."""


def beyond(
    windows: Iterable[list[Message]], codec: Codec, bases: Bases, since_ms: int | None
) -> Beyond:
    """Read a topic's partition backwards until everything is from before the checkpoint.

    Args:
        windows: Of the log, from its end backwards; each in order.
        codec: Of the topic.
        bases: What the checkpoint knows.
        since_ms: When it was written, broker's time; None when it knows of nothing.
    """
    found: Beyond = {}
    margin_ms, unknown_ms, limit_ms = (
        since_ms - back_ms if since_ms is not None else 0
        for back_ms in (MARGIN_MS, UNKNOWN_MS, LIMIT_MS)
    )
    for window in windows:
        met = False
        for message in window:
            known = bases.get(message.key)
            if known is None and message.appended_ms < unknown_ms:
                continue  # of a time when the key had its place elsewhere
            try:
                record = codec.decode(message.value)
            except UndecodableValue:
                continue  # whoever wrote that was no fold
            seq = int(record["seq"])
            if seq > (known or 0):
                found.setdefault(message.key, {})[seq] = record
            else:
                met = True
        oldest_ms = window[0].appended_ms if window else limit_ms
        if (met and oldest_ms < margin_ms) or oldest_ms < limit_ms:
            break
    return found


def level(tails: dict[str, Beyond], emit: Callable[[str, str, Record], None]) -> None:
    """Send what only one of the two topics of occupancies has got before its sender died.

    They are the same records under the same seqs, so both must hold them before others follow.

    Args:
        tails: By topic; both are equal afterwards.
        emit: Takes topic, key and record.
    """
    pair = (OCCUPANCY.name, OCCUPANCY_LATEST.name)
    for has, lacks in (pair, pair[::-1]):
        for key, records in sorted(tails[has].items()):
            others = tails[lacks].setdefault(key, {})
            for seq in sorted(seq for seq in records if seq > max(others, default=0)):
                others[seq] = records[seq]
                emit(lacks, key, records[seq])


def marks_of(tails: Mapping[str, Beyond], before: Marks) -> Marks:
    """How far each key was told, by what was sent beyond a checkpoint and by its own marks.

    Args:
        tails: By topic; but for the latest occupancies.
        before: Marks of the checkpoint that are still open.
    """
    marks: Marks = {topic: dict(known) for topic, known in before.items()}
    for topic, tail in tails.items():
        for key, records in tail.items():
            if not records or topic == OCCUPANCY_LATEST.name:
                continue
            last = max(records)
            old = marks.get(topic, {}).get(key)
            told = {} if old is None else dict(old.told)
            for seq in sorted(records):
                source, at_us = moment_of(topic, records[seq])
                through_us, count = told.get(source, (0, 0))
                if at_us >= through_us:
                    told[source] = (at_us, count + 1 if at_us == through_us else 1)
            mark = Mark(str(records[last]["floor_id"]), last, told)
            marks.setdefault(topic, {})[key] = mark
    return marks
