"""Figures of a run that the goldens keep, and where a run first differs from them.

A series is all records sent to one topic with one key; its digest covers key, partition, value and
headers of each record. The value of a dead letter's `error` header is left out, because it is
prose and may be reworded. A block checksum covers 50 records.
"""

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.golden.adapter import Sent

BLOCK = 50
"""Number of records that one checksum covers."""

Figures = dict[str, Any]


def packed(record: Sent) -> bytes:
    """A record as bytes that are unique to it."""
    parts = [record.topic.encode(), str(record.partition).encode(), record.key]
    parts.append(b"none" if record.value is None else b"=" + record.value)
    for name, value in record.headers:
        parts += [name.encode(), b"" if name == "error" else value]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def of_series(records: Sequence[Sent]) -> Figures:
    """Number of records, bytes, digest and block checksums of one series."""
    rows = [packed(record) for record in records]
    blocks = [b"".join(rows[index : index + BLOCK]) for index in range(0, len(rows), BLOCK)]
    return {
        "records": len(rows),
        "bytes": sum(len(record.value or b"") for record in records),
        "sha256": _sha256(rows),
        "blocks": " ".join(f"{zlib.crc32(block):08x}" for block in blocks),
    }


def of_outputs(sent: Mapping[int, Sequence[Sent]]) -> dict[str, Figures]:
    """Figures of each series, by `topic key`."""
    series: dict[str, list[Sent]] = {}
    for partition in sorted(sent):
        for record in sent[partition]:
            series.setdefault(f"{record.topic} {record.key.decode()}", []).append(record)
    return {name: of_series(series[name]) for name in sorted(series)}


def of_order(sent: Mapping[int, Sequence[Sent]]) -> dict[str, Figures]:
    """Figures of all that a fold sent, in the order of sending, by partition of the input."""
    return {f"partition {partition}": of_series(sent[partition]) for partition in sorted(sent)}


def of_checkpoints(records: Mapping[int, Mapping[bytes, bytes]]) -> dict[str, str]:
    """Digest of each record of the partitions' checkpoints, by `partition key`."""
    return {
        f"{partition} {key.decode()}": _sha256([records[partition][key]])
        for partition in sorted(records)
        for key in sorted(records[partition])
    }


def difference(what: str, golden: Any, found: Any) -> str | None:
    """Where figures first differ from the golden ones; None when they are equal."""
    if golden == found:
        return None
    if not isinstance(golden, dict) or not isinstance(found, dict):
        return f"{what}: the golden is {golden!r}, and this release gives {found!r}"
    if golden.keys() != found.keys():
        gone, new = sorted(golden.keys() - found.keys()), sorted(found.keys() - golden.keys())
        return f"{what}: missing are {gone}, and new are {new}"
    if "blocks" in golden:
        return f"{what}: {_first_block(golden, found)}"
    reasons = [difference(f"{what}, {key}", golden[key], found[key]) for key in golden]
    reported = [reason for reason in reasons if reason]
    return "\n".join(reported[:20])


def _first_block(golden: Figures, found: Figures) -> str:
    ours, theirs = golden["blocks"].split(), found["blocks"].split()
    equal = [one == two for one, two in zip(ours, theirs, strict=False)]
    block = equal.index(False) if False in equal else len(equal)
    return (
        f"{golden['records']} records in {golden['bytes']} bytes are golden, and this release "
        f"gives {found['records']} in {found['bytes']}; the first difference is in the records "
        f"{block * BLOCK} to {block * BLOCK + BLOCK - 1} of the series, counted from 0"
    )


def _sha256(parts: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(4, "big") + part)
    return whole.hexdigest()
