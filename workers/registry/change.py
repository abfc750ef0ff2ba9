"""What an import would do to the reference data: a value, before anything is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from runtime.facts.log import Fact
from workers.registry.registered import Key, Registered
from workers.registry.row import Row
from workers.registry.ward import Fault


@dataclass(frozen=True, slots=True)
class Stamp:
    """When, by whom and why facts are recorded; times in UTC microseconds."""

    valid_from_us: int
    recorded_at_us: int
    recorded_by: str
    reason: str = ""


class OnResize(StrEnum):
    """What becomes of zones whose camera's frame changes its size."""

    REFUSE = "refuse"
    SCALE = "scale"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Options:
    """What an import may do beyond writing its rows.

    Attributes:
        replace: Also remove facts of its kinds that no row names.
        cascade: With that, remove what rests on them too.
        on_resize: What becomes of zones whose camera's frame changes its size.
        now_us: Now, UTC microseconds; a shift far from it is refused. None asks the calendar alone.
        leaves_contradictions: Do it although others' facts no longer fit together, as an erasure:
            whoever took a shift over and is erased gives it back to its owner.
    """

    replace: bool = False
    cascade: bool = False
    on_resize: OnResize = OnResize.REFUSE
    now_us: int | None = None
    leaves_contradictions: bool = False


@dataclass(slots=True)
class Change:
    """What an import would do.

    Attributes:
        before: What is registered now.
        after: What would be registered.
        facts: Facts to append, in order.
        given: The row of each fact that is named; None where it is named without a row.
        causes: Why a fact changes that no row names.
        left: What did not fit together before, and still does not.
    """

    before: Registered
    after: Registered
    facts: list[Fact] = field(default_factory=list)
    given: dict[Key, Row | None] = field(default_factory=dict)
    causes: dict[Key, str] = field(default_factory=dict)
    left: list[Fault] = field(default_factory=list)

    def append(self, facts: Iterable[Fact]) -> None:
        """Take in new facts."""
        for fact in facts:
            self.facts.append(fact)
            self.after.add([fact])

    def stamp(self, stamp: Stamp) -> None:
        """Put other times into the new facts."""
        for fact in self.facts:
            fact.record["valid_from_us"] = stamp.valid_from_us
            fact.record["recorded_at_us"] = stamp.recorded_at_us


def without_reason(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without that which says why its version was recorded: no two versions share it."""
    return {name: value for name, value in record.items() if name != "reason"}


def reasoned(record: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """A record of a new version with its own reason, where facts of its kind hold one."""
    return {**record, "reason": reason} if "reason" in record else dict(record)


def stamped(known: Mapping[str, Any] | None, stamp: Stamp) -> dict[str, Any]:
    """The fields of a new version that say nothing of its content."""
    return {
        "version": 1 if known is None else known["version"] + 1,
        "valid_from_us": stamp.valid_from_us,
        "recorded_at_us": stamp.recorded_at_us,
        "recorded_by": stamp.recorded_by,
        "removed": False,
    }
