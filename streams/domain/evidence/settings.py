"""Settings of the posterior: stated rates of what goes wrong with badges and with tracking."""

from dataclasses import dataclass, field
from functools import lru_cache

from schemas.evidence_settings import BadgeSettings

MICROSECONDS = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceSettings:
    """Rates and limits; every rate is a probability unless it says otherwise.

    Attributes:
        lent: A badge is with somebody else than its holder. It bounds how sure a name can be.
        lent_counted: On how many badges that was counted; what shows on the floor is added to them.
            0: what shows changes nothing.
        lost: A badge lies near the reader that reads it, and nobody carries it.
        unseen: Whoever was read was near the reader and no camera reported them.
        unseen_counted: On how many reads that was counted; what readers show on the floor is added
            to them. 0: what they show changes nothing.
        stray: A reader reads a badge that is out of its reach, or reads it wrongly.
        doubted_holder: A badge that was in two positions at once is with its holder.
        swaps_per_s: How often tracking gives a person's number to another one, per second.
        close_swaps_per_s: How often it exchanges two who are within `close_m`, per second.
        close_m: Two people within this distance may be exchanged, m.
        walks_m_s: Nobody is faster than this, m/s.
        left_us: Evidence about who left is kept for this long, for a link, microseconds.
        doubt_us: A badge that was in two positions at once is doubted for this long, microseconds.
        forget_us: A badge that was not read for this long is forgotten, microseconds.
        trail_us: Positions are remembered for this long, for reads that arrive late, microseconds.
        trail_step_us: Time between two of these positions, microseconds.
        independent_us: Looks at somebody's clothes count as one look for each of these times,
            microseconds.
        role_forget_us: Time in which what they wear loses all but 1/e of its weight, microseconds.
        named_at: Least probability of a role or a name that is given.
        roles: Probability of each role of somebody of whom nothing is known; a visitor has a
            role too. Empty: nobody without a badge has a role, unless a detector's class says so.
    """

    lent: float = 0.03
    lent_counted: float = 50.0
    lost: float = 0.01
    unseen: float = 0.05
    unseen_counted: float = 10.0
    stray: float = 0.002
    doubted_holder: float = 0.5
    swaps_per_s: float = 1.0 / 14400.0
    close_swaps_per_s: float = 0.02
    close_m: float = 0.7
    walks_m_s: float = 4.0
    left_us: int = 30 * MICROSECONDS
    doubt_us: int = 8 * 3600 * MICROSECONDS
    forget_us: int = 12 * 3600 * MICROSECONDS
    trail_us: int = 20 * MICROSECONDS
    trail_step_us: int = MICROSECONDS
    independent_us: int = 10 * MICROSECONDS
    role_forget_us: int = 900 * MICROSECONDS
    named_at: float = 0.9
    roles: dict[str, float] = field(default_factory=dict, hash=False)


@lru_cache(maxsize=16)
def rates_of(badges: BadgeSettings) -> EvidenceSettings:
    """The rates that an operator's settings state; the others have their defaults."""
    hour_us = 3600 * MICROSECONDS
    return EvidenceSettings(
        lent=badges.lent,
        lent_counted=badges.lent_counted,
        lost=badges.lost,
        unseen=badges.unseen,
        unseen_counted=badges.unseen_counted,
        stray=badges.stray,
        doubted_holder=badges.doubted_holder,
        swaps_per_s=badges.swaps_per_h / 3600.0,
        close_swaps_per_s=badges.close_swaps_per_min / 60.0,
        close_m=badges.close_m,
        walks_m_s=badges.walks_m_s,
        doubt_us=round(badges.doubt_h * hour_us),
        forget_us=round(badges.forget_h * hour_us),
        trail_us=round(badges.trail_s * MICROSECONDS),
        named_at=badges.named_at,
    )
