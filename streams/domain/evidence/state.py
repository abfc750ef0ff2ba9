"""What is remembered about the people of a floor and the badges read on it, as plain data."""

from dataclasses import asdict, dataclass, field
from typing import Any, Final

UNSEEN: Final = "?"
"""Stands among the carriers of a badge for somebody whom no camera reports."""

LYING: Final = "!"
"""Stands among the carriers of a badge for nobody: it lies near a reader."""

NOT_PEOPLE: Final = (UNSEEN, LYING)


class WithKept:
    """Something that is found again while it holds, and is no part of a state.

    Attributes:
        kept: What is kept; None for nothing.
    """

    __slots__ = ("kept",)

    def keep(self, found: Any) -> None:
        """Keep something, or nothing."""
        self.kept = found


@dataclass(slots=True)
class BadgeState(WithKept):
    """One badge.

    Attributes:
        carriers: Probability of each carrier, by person id, `UNSEEN` and `LYING`; the sum is 1.
        read_us: Event time of the last read, microseconds.
        reader_id: Reader of the last read.
        x_m: Position of that reader, m; None for a reader of a zone.
        y_m: Position of that reader, m; None for a reader of a zone.
        range_m: Range of that reader, m.
        doubted_us: When it was last in two positions at once, microseconds; None for never.
        tried: As how many badges it counts of which lending would have shown, 0 to 1.
        is_together: Whether its carrier was found to have a badge of somebody else, too.
    """

    carriers: dict[str, float] = field(default_factory=lambda: {UNSEEN: 1.0})
    read_us: int = 0
    reader_id: str = ""
    x_m: float | None = None
    y_m: float | None = None
    range_m: float = 0.0
    doubted_us: int | None = None
    tried: float = 0.0
    is_together: bool = False

    def __post_init__(self) -> None:
        self.keep(None)


@dataclass(slots=True)
class PersonState:
    """One person.

    Attributes:
        seen_us: Event time of the last tick at which they were reported, microseconds.
        trail: Where they were, oldest first: `[time_us, x_m, y_m, sd_m, zone_ids]`.
        worn: Looks at which a detector gave them each class, by class.
        looks: Looks that are not weighed yet, by class.
        worn_us: Event time of the last look that was weighed, microseconds; None before it.
        reads: The last reads that made somebody likely: `[time_us, reader_id, badge_id, share]`.
    """

    seen_us: int = 0
    trail: list[list[Any]] = field(default_factory=list)
    worn: dict[str, float] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)
    worn_us: int | None = None
    reads: list[list[Any]] = field(default_factory=list)


@dataclass(slots=True)
class EvidenceState(WithKept):
    """A floor's evidence.

    Attributes:
        at_us: Event time through which evidence is taken in, microseconds.
        aged_us: Event time through which it was let age, microseconds.
        badges: Badges by pseudonym.
        people: People by id.
        tried: Badges of which lending would have shown; each counts as far as others have badges.
        together: Pairs of badges of two that one person was found to carry.
        readers: By reader, how many reads were taken in and at how many nobody fitted.
    """

    at_us: int = 0
    aged_us: int = 0
    badges: dict[str, BadgeState] = field(default_factory=dict)
    people: dict[str, PersonState] = field(default_factory=dict)
    tried: float = 0.0
    together: float = 0.0
    readers: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keep(None)


def plain(state: EvidenceState) -> dict[str, Any]:
    """The state as dictionaries, lists, texts and numbers, in order of ids."""
    return {
        "at_us": state.at_us,
        "aged_us": state.aged_us,
        "badges": {name: asdict(state.badges[name]) for name in sorted(state.badges)},
        "people": {name: asdict(state.people[name]) for name in sorted(state.people)},
        "tried": state.tried,
        "together": state.together,
        "readers": {name: state.readers[name] for name in sorted(state.readers)},
    }


def of_plain(found: dict[str, Any]) -> EvidenceState:
    """The state that `plain` gave."""
    return EvidenceState(
        at_us=found["at_us"],
        aged_us=found["aged_us"],
        badges={name: BadgeState(**one) for name, one in found["badges"].items()},
        people={name: PersonState(**one) for name, one in found["people"].items()},
        tried=found["tried"],
        together=found["together"],
        readers=found["readers"],
    )
