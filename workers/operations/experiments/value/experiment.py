"""An experiment as a value: what is read, and how each arm folds it. Its id follows. Pure."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec

FORMAT: Final = 1
"""Version of the canonical bytes; it rises when the same experiment would get another id."""

SHORT: Final = 12
"""Digits of the id that name its schema and stand in tables."""


class PartitionRange(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of one partition.

    Attributes:
        partition: Partition of the detections.
        start: First offset that is folded; the state at it is that of `checkpoint`, or empty.
        first: First offset whose results are kept.
        end: Offset before which the fold ends.
        records: Records from `start` to `end`.
        sha256: Hex digest of these records: offset, append time, key and value.
        checkpoint: SHA-256 of the archived checkpoint with the state at `start`; empty without.
        reads_first: First offset of the badge reads that may count.
        reads_end: Offset before which they end.
        reads_sha256: Hex digest of these reads.
    """

    partition: int
    start: int
    first: int
    end: int
    records: int
    sha256: str
    checkpoint: str = ""
    reads_first: int = 0
    reads_end: int = 0
    reads_sha256: str = ""


class SettingsFrom(msgspec.Struct, frozen=True, kw_only=True):
    """The fold's settings from an offset of a partition on.

    Attributes:
        partition: Partition of the detections.
        offset: First offset at which they hold.
        values: By name, as a checkpoint holds them.
    """

    partition: int
    offset: int
    values: dict[str, Any]


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One way to fold the range.

    Attributes:
        name: Its name in the experiment, such as `a`.
        source: Where its detections come from; `log` for those that the log holds.
        settings: Settings of the fold, by partition and offset.
        facts: Facts that replace all versions of their id on the log, by topic.
        replaced: Names of the settings that are not those of the line.
    """

    name: str
    source: str = "log"
    settings: tuple[SettingsFrom, ...] = ()
    facts: dict[str, list[dict[str, Any]]] = {}
    replaced: tuple[str, ...] = ()


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """What is folded, and how. The order of ranges, arms, facts and models does not matter.

    Attributes:
        prefix: Prefix of the topics.
        ranges: What is read of each partition.
        facts_sha256: Hex digest of the facts on the log that an event in the range can see.
        facts_until_us: Facts that are visible from then on are not used, UTC microseconds.
        models: Name and version of each model in the range; a version names its map of scores.
        arms: At least one.
        code: Release and fold that the results depend on.
    """

    prefix: str
    ranges: tuple[PartitionRange, ...]
    facts_sha256: str
    facts_until_us: int
    models: tuple[str, ...]
    arms: tuple[Arm, ...]
    code: str

    @property
    def id(self) -> str:
        """Hex SHA-256 of the canonical bytes."""
        return hashlib.sha256(canonical(self)).hexdigest()

    @property
    def records(self) -> int:
        """Detections that each arm folds."""
        return sum(one.records for one in self.ranges)


def canonical(experiment: Experiment) -> bytes:
    """The bytes whose digest is the id: JSON with sorted names; what has no order is sorted."""
    whole = msgspec.to_builtins(experiment)
    whole["ranges"] = _sorted(whole["ranges"])
    whole["models"] = sorted(whole["models"])
    for arm in whole["arms"]:
        arm["settings"] = _sorted(arm["settings"])
        arm["facts"] = {topic: _sorted(facts) for topic, facts in arm["facts"].items()}
        arm["replaced"] = sorted(arm["replaced"])
    whole["arms"] = _sorted(whole["arms"])
    return _bytes({"format": FORMAT, **whole})


def digest_of(values: Sequence[Any]) -> str:
    """Hex SHA-256 of values in any order."""
    return hashlib.sha256(_bytes(_sorted(values))).hexdigest()


def schema_of(identity: str) -> str:
    """The schema of the database that holds the results of an experiment."""
    return f"x_{identity[:SHORT]}"


def _sorted(values: Sequence[Any]) -> list[Any]:
    return sorted(values, key=_bytes)


def _bytes(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")
