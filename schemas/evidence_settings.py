"""Settings of evidence that an operator may change, each declared once.

They are what differs from site to site: what goes wrong with badges, readers and tracking. Nobody
can measure that from what the pipeline sees, so it is stated. What has one right value is a default
of `streams.domain.evidence.settings`.

They are part of a run and saved in its checkpoints: two folds of one log agree only with the same
settings. All durations are in event time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.declare import setting


@dataclass(frozen=True, kw_only=True, slots=True)
class BadgeSettings:
    """What goes wrong with badges, and how sure a name must be; all durations are of event time."""

    named_at: float = setting(
        0.9,
        "0-1",
        "A role or a name is given from this probability on. Higher names fewer people, and fewer "
        "wrongly.",
        gt=0.5,
        le=1,
    )
    lent: float = setting(
        0.03,
        "0-1",
        "Share of badges that are with somebody else than their holder, as it was counted on "
        "`lent_counted` badges. No name is surer than what this leaves; above 0.1, no badge names "
        "anybody by itself.",
        ge=0,
        le=0.5,
    )
    lent_counted: float = setting(
        50.0,
        "badges",
        "On how many badges `lent` was counted. The floor adds what it sees: carriers of two "
        "badges. Where more than 1 - `named_at` may be lent, nine times in ten, a badge names "
        "nobody by itself: with 50 and 0.03, after two such pairs. Lower where nobody counted. "
        "0: just `lent`, whatever is seen.",
        ge=0,
        le=100_000,
    )
    lost: float = setting(
        0.01,
        "0-1",
        "A badge that nobody is known to carry lies near the reader that read it.",
        ge=0,
        le=0.5,
    )
    unseen: float = setting(
        0.05,
        "0-1",
        "Whoever was read was near the reader and no camera reported them. Higher where cameras do "
        "not see all readers.",
        ge=0.001,
        le=0.9,
    )
    unseen_counted: float = setting(
        10.0,
        "reads",
        "On how many reads `unseen` was counted. The floor adds what it sees: a reader that finds "
        "nobody more often has a clock or a position that is wrong, and its reads say less. "
        "0: all reads say what they say.",
        ge=0,
        le=100_000,
    )
    stray: float = setting(
        0.002,
        "0-1",
        "A reader reads a badge that is out of its reach, or reads it wrongly.",
        ge=0.00001,
        le=0.5,
    )
    doubted_holder: float = setting(
        0.5, "0-1", "A badge that was in two positions at once is with its holder.", ge=0, le=1
    )
    doubt_h: float = setting(
        8.0, "h", "A badge that was in two positions at once is doubted for this long.", ge=0, le=24
    )
    forget_h: float = setting(
        12.0,
        "h",
        "A badge that was not read for this long is forgotten; a floor without any read for this "
        "long remembers no positions for the next one.",
        ge=0.1,
        le=48,
    )
    swaps_per_h: float = setting(
        0.25,
        "1/h",
        "How often tracking gives a person's number to another one. Higher lets names fade sooner.",
        ge=0,
        le=60,
    )
    close_swaps_per_min: float = setting(
        1.2,
        "1/min",
        "How often tracking exchanges two people who are within `close_m` of each other.",
        ge=0,
        le=60,
    )
    close_m: float = setting(
        0.7, "m", "Two people within this distance may be exchanged.", ge=0, le=5
    )
    walks_m_s: float = setting(
        4.0,
        "m/s",
        "Nobody is faster than this: a badge that is was in two positions at once.",
        ge=0.5,
        le=20,
    )
    trail_s: float = setting(
        20.0,
        "s",
        "Positions are remembered for this long: reads that are later name nobody. Higher costs "
        "more, and bears readers that send late.",
        ge=6,
        le=120,
    )


NEUTRAL: Final[Mapping[str, Any]] = {
    "named_at": 0.9,
    "lent": 0.03,
    "lent_counted": 0.0,
    "lost": 0.01,
    "unseen": 0.05,
    "unseen_counted": 0.0,
    "stray": 0.002,
    "doubted_holder": 0.5,
    "doubt_h": 8.0,
    "forget_h": 12.0,
    "swaps_per_h": 0.25,
    "close_swaps_per_min": 1.2,
    "close_m": 0.7,
    "walks_m_s": 4.0,
    "trail_s": 20.0,
}
"""For each setting that a release added, the value with which evidence works as before it.

A checkpoint of an earlier release holds no such setting. A default may change; these stay."""
