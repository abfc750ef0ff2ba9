"""What the posterior says of a simulated ward, against who everybody is."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from schemas.class_settings import RoleOfClass
from streams.domain.evidence.classes import NO_CLASSES, Classes
from streams.domain.evidence.naming import Identity, identities
from streams.domain.evidence.readers import Badge, Holder, Read, Reader
from streams.domain.evidence.roles import Worn
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import EvidenceState
from streams.domain.evidence.step import Joined, advance
from tests.bench.identity.ward import ROLES, VISITOR, Simulation, Ward
from tests.support.builders.evidence import Seen, moment

SECOND_US = 1_000_000
EVERY_S = 5
BINS = 10
FROM_S = 120


@dataclass(slots=True)
class Scores:
    """Sums over presences, each of which is one person at one time, and over counts of roles.

    Attributes:
        presences: Presences of staff and visitors.
        unknown: Presences without a role.
        named: Presences with a member of staff.
        named_right: Those of them that are this member of staff.
        roles: Presences with a role.
        roles_right: Those of them that have it.
        bins: By tenths of the confidence of the likeliest member of staff: presences, right ones
            and the sum of the confidence.
        squares: Sum of the squares of how far that confidence was from 1 for the right ones and
            from 0 for the others.
        counts: Counts of a role.
        off: Sum of how far the known number was from the true one.
        width: Sum of the widths of the intervals.
        held: How many intervals held the true number.
    """

    presences: int = 0
    unknown: int = 0
    named: int = 0
    named_right: int = 0
    roles: int = 0
    roles_right: int = 0
    bins: list[list[float]] = field(default_factory=lambda: [[0, 0, 0.0] for _ in range(BINS)])
    squares: float = 0.0
    counts: int = 0
    off: int = 0
    width: int = 0
    held: int = 0

    def add(self, other: "Scores") -> None:
        """Add the sums of another run."""
        for name in ("presences", "unknown", "named", "named_right", "roles", "roles_right"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("squares", "counts", "off", "width", "held"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in zip(self.bins, other.bins, strict=True):
            for index, value in enumerate(theirs):
                mine[index] += value

    @property
    def brier(self) -> float:
        """Mean of the squares, 0 to 1; NaN where nobody is a candidate."""
        likeliest = sum(one[0] for one in self.bins)
        return self.squares / likeliest if likeliest else math.nan

    @property
    def calibration_error(self) -> float:
        """Mean distance of confidence from the share that is right, by tenths (ECE), 0 to 1."""
        likeliest = sum(one[0] for one in self.bins)
        apart = math.fsum(abs(right - confidence) for _, right, confidence in self.bins)
        return apart / likeliest if likeliest else math.nan


def classes_for(ward: Ward) -> Classes:
    """What an operator would state of the detector: how often a look is right, and the defaults."""
    if not ward.uniforms:
        return NO_CLASSES
    return Classes({role: RoleOfClass(role, ward.uniforms) for role in (*ROLES, VISITOR)})


def played(simulation: Simulation, settings: EvidenceSettings | None = None) -> Scores:
    """Run the posterior over a ward and compare."""
    settings = settings or EvidenceSettings()
    classes = classes_for(simulation.ward)
    readers = {
        f"r{number}": Reader(f"r{number}", float(x_m), float(y_m), 1.5)
        for number, (x_m, y_m) in enumerate(simulation.readers)
    }
    badges = {
        name: Badge(name, tuple(Holder(body.staff_id, body.role) for body in holders))
        for name, holders in simulation.badges.items()
    }
    holders = {name: [one.staff_id for one in badge.holders] for name, badge in badges.items()}
    state, scores = EvidenceState(), Scores()
    for second in simulation.seconds:
        advance(
            state,
            moment(
                at_us=second.at_s * SECOND_US,
                seen=[
                    Seen(f"f:{one.number}", one.x_m, one.y_m, simulation.ward.noise_m)
                    for one in second.tracks
                ],
                reads=[
                    Read(round(at_s * SECOND_US), f"r{reader}", badge)
                    for at_s, reader, badge in second.reads
                ],
                joined=[
                    Joined("REIDENTIFICATION", f"f:{earlier}", f"f:{later}", 0.8)
                    for earlier, later in second.links
                ],
                holders=holders,
                worn=[Worn(f"f:{one.number}", one.shown) for one in second.tracks if one.shown],
            ),
            readers,
            settings,
        )
        if second.at_s % EVERY_S or second.at_s < FROM_S:
            continue
        bodies = {f"f:{one.number}": simulation.bodies[one.body] for one in second.tracks}
        found = identities(state, list(bodies), badges, settings, classes)
        _score(scores, found, [bodies[one.person_id] for one in found])
    return scores


def _score(scores: Scores, found: Sequence[Identity], truth: Sequence[tuple[str, str]]) -> None:
    known = Counter(one.role for one in found)
    there = Counter(role for _, role in truth)
    unknown = known[""]
    for one, (staff_id, role) in zip(found, truth, strict=True):
        scores.presences += 1
        scores.unknown += not one.role
        if one.role:
            scores.roles += 1
            scores.roles_right += one.role == role
        if one.staff_id is not None:
            scores.named += 1
            scores.named_right += one.staff_id == staff_id
        if one.candidates:
            likeliest = one.candidates[0]
            bin_ = scores.bins[min(BINS - 1, int(likeliest.probability * BINS))]
            bin_[0] += 1
            bin_[1] += likeliest.staff_id == staff_id
            bin_[2] += likeliest.probability
            scores.squares += ((likeliest.staff_id == staff_id) - likeliest.probability) ** 2
    for role in ROLES:
        scores.counts += 1
        scores.off += abs(known[role] - there[role])
        scores.width += unknown
        scores.held += known[role] <= there[role] <= known[role] + unknown


def total(scores: Iterable[Scores]) -> Scores:
    """The sums of several runs."""
    found = Scores()
    for one in scores:
        found.add(one)
    return found
