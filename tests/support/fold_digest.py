"""Digests of a fold's outputs, key by key, so that two runs can be compared.

Each record is digested in its canonical form, and the digests of a key are chained in the order
of `seq`. Two runs agree when the chains of all keys agree; otherwise the first record that
differs is named.
"""

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

_DECIMALS = 4
"""Finer than every published step, coarser than what a 32-bit float on the wire loses."""


class ConflictingRecord(ValueError):
    """One key holds two different records with the same `seq`."""


class Difference(NamedTuple):
    """The first record in which two folds differ.

    Attributes:
        topic: Topic of the record.
        key: Key of the record.
        seq: `seq` of the record.
        first: Digest in the first fold; None when it has no such record.
        second: Digest in the second fold; None when it has no such record.
    """

    topic: str
    key: str
    seq: int
    first: str | None
    second: str | None


def canonical(record: Mapping[str, Any]) -> bytes:
    """Write a record as bytes that are the same whether it came from memory or from Avro.

    Keys are sorted and floats rounded to 4 decimals, as 32-bit floats keep the published steps.

    >>> canonical({"b": 1, "a": 0.5})
    b'{"a":0.5,"b":1}'
    """
    return json.dumps(
        _plain(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DECIMALS) + 0.0  # no negative zero
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


class FoldDigest:
    """Digest of one fold; takes its records one by one, those of a key in rising `seq`."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], dict[int, str]] = {}
        self._last: dict[tuple[str, str], int] = {}

    def add(self, topic: str, key: str, record: Mapping[str, Any]) -> bool:
        """Take in one record.

        Returns:
            False for a repeated record, which is ignored as a consumer ignores it.

        Raises:
            ConflictingRecord: The key has another record with the same `seq`.
        """
        series = (topic, key)
        seq: int = record["seq"]
        digest = blake2b(
            b"\0".join((topic.encode(), key.encode(), canonical(record))), digest_size=16
        ).hexdigest()
        known = self._records.setdefault(series, {})
        if seq in known:
            if known[seq] != digest:
                raise ConflictingRecord(f"{topic} {key!r} seq {seq} came with two contents")
            return False
        if seq < self._last.get(series, 0):
            return False
        known[seq] = digest
        self._last[series] = seq
        return True

    def by_key(self) -> dict[tuple[str, str], str]:
        """Hex digest of each key's records in order of `seq`, by topic and key, sorted."""
        return {series: self._chain(self._records[series]) for series in sorted(self._records)}

    def by_topic(self) -> dict[str, str]:
        """Hex digest of each topic, over the digests of its keys in order of key."""
        topics: dict[str, dict[int, str]] = {}
        for (topic, key), digest in self.by_key().items():
            chain = topics.setdefault(topic, {})
            chain[len(chain)] = f"{key}={digest}"
        return {topic: self._chain(chain) for topic, chain in topics.items()}

    def count(self) -> dict[str, int]:
        """Number of records by topic, sorted."""
        counts: dict[str, int] = {}
        for topic, key in sorted(self._records):
            counts[topic] = counts.get(topic, 0) + len(self._records[topic, key])
        return counts

    def records(self, topic: str, key: str) -> Mapping[int, str]:
        """Hex digest of each record of a key, by `seq`."""
        return self._records.get((topic, key), {})

    def all_series(self) -> list[tuple[str, str]]:
        """Every topic and key, sorted."""
        return sorted(self._records)

    @staticmethod
    def _chain(digests: Mapping[int, str]) -> str:
        whole = blake2b(digest_size=16)
        for seq in sorted(digests):
            whole.update(f"{seq}:{digests[seq]}\n".encode())
        return whole.hexdigest()


def first_difference(first: FoldDigest, second: FoldDigest) -> Difference | None:
    """Find the first record, by topic, key and `seq`, in which two folds differ.

    Returns:
        None when they hold the same records.
    """
    for topic, key in sorted({*first.all_series(), *second.all_series()}):
        ours, theirs = first.records(topic, key), second.records(topic, key)
        for seq in sorted({*ours, *theirs}):
            if ours.get(seq) != theirs.get(seq):
                return Difference(topic, key, seq, ours.get(seq), theirs.get(seq))
    return None
