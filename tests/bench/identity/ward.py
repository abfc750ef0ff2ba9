"""A simulated floor: people with and without badges, readers at its doors, and cameras that err.

Nothing of the posterior is used, so that it cannot be right about itself. What goes wrong here:
staff without a badge; badges that two share, that somebody else has, or that lie near a reader;
people who follow others through a door without a read; readers that miss; tracks that are lost and
come again under another number, with or without a link, and that change bodies when two meet.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.bench.identity.plan import Floats, Plan

ROLES = ("assistant", "doctor", "nurse")
VISITOR = "visitor"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ward:
    """Who is there and what goes wrong; every rate is a probability unless it says otherwise.

    Attributes:
        seed: One seed gives the same ward each time.
        coverage: Staff who have a badge.
        minutes: Length, minutes.
        nurses: Number of nurses.
        assistants: Number of care assistants.
        doctors: Number of doctors.
        visitors: Number of visitors.
        shared: Badges that two of one role share.
        lent: Badges that somebody else has.
        lost: Badges that lie near a reader.
        misses: A reader misses a badge that passes.
        tailgates: Somebody who follows another through a door does without a read.
        follows: A walk is in the company of somebody else.
        unseen: Share of time in which cameras lose a person.
        linked: A track that comes again has a link, the right one.
        swaps_per_s: Two within 0.6 m exchange their tracks, per second.
        noise_m: Standard deviation of a reported position, m.
        uniforms: Probability that what somebody wears is taken for what it is; 0 for no classes.
        mistaken: Share of people who are taken for one and the same other role at every look.
        late_s: Longest time that a read takes to arrive, s.
        rooms: Rooms beside a corridor, each with a door and a reader at it; 0 for an open floor
            with six readers.
        misplaced_m: Every reader is so far from where it is stated to be, m.
        clock_off_s: Every reader's clock is ahead by so much, s.
    """

    seed: int
    coverage: float
    minutes: float = 30.0
    nurses: int = 5
    assistants: int = 3
    doctors: int = 2
    visitors: int = 6
    shared: float = 0.1
    lent: float = 0.03
    lost: float = 0.02
    misses: float = 0.1
    tailgates: float = 0.6
    follows: float = 0.25
    unseen: float = 0.05
    linked: float = 0.8
    swaps_per_s: float = 0.02
    noise_m: float = 0.15
    uniforms: float = 0.0
    mistaken: float = 0.0
    late_s: float = 6.0
    rooms: int = 0
    misplaced_m: float = 0.0
    clock_off_s: float = 0.0


class Body(NamedTuple):
    """A human being: who they are in truth."""

    staff_id: str
    role: str


class Track(NamedTuple):
    """What cameras report of somebody, and who that is.

    Attributes:
        number: Number of the track.
        x_m: Reported position, m.
        y_m: Reported position, m.
        shown: Class that a model shows; empty without one.
        body: Index of the human being, which nobody but the evaluation may know.
    """

    number: int
    x_m: float
    y_m: float
    shown: str
    body: int


class Second(NamedTuple):
    """One second of the ward.

    Attributes:
        at_s: Time, seconds from 1.
        tracks: People that cameras report.
        reads: Reads that arrive: time (s), number of the reader, badge.
        links: Tracks that begin as the continuation of others: earlier, later number.
        there: Indexes of all bodies on the floor, seen or not.
    """

    at_s: int
    tracks: list[Track]
    reads: list[tuple[float, int, str]]
    links: list[tuple[int, int]]
    there: list[int]


@dataclass(slots=True)
class Simulation:
    """A ward and the seconds of it.

    Attributes:
        ward: What it is like.
        bodies: Everybody.
        readers: Where readers are stated to be, m, shape `(R, 2)`.
        badges: By badge, whose it is by the records of the hospital.
        seconds: What happens.
    """

    ward: Ward
    bodies: list[Body]
    readers: Floats
    badges: dict[str, list[Body]] = field(default_factory=dict)
    seconds: list[Second] = field(default_factory=list)


def simulate(ward: Ward) -> Simulation:
    """Let people walk, badges be read, and cameras look."""
    random = np.random.default_rng([ward.seed, round(ward.coverage * 100)])
    bodies = _bodies(ward)
    plan = Plan.of(ward.rooms, random)
    badges, carried, lying = _badges(ward, bodies, random)
    simulation = Simulation(ward, bodies, _stated(ward, plan.readers), badges)
    simulation.seconds = list(_seconds(ward, bodies, plan, carried, lying, random))
    return simulation


def _stated(ward: Ward, readers: Floats) -> Floats:
    """Where readers are stated to be, m."""
    angles = np.random.default_rng([ward.seed, 78]).uniform(0, 2 * np.pi, len(readers))
    return readers + ward.misplaced_m * np.column_stack([np.cos(angles), np.sin(angles)])


def _taken_for(ward: Ward, bodies: list[Body]) -> dict[int, str]:
    """The role for which some are taken at every look, by index of the body."""
    random = np.random.default_rng([ward.seed, 77])
    found = {}
    for body, one in enumerate(bodies):
        other = str(random.choice([role for role in (*ROLES, VISITOR) if role != one.role]))
        if random.random() < ward.mistaken:
            found[body] = other
    return found


def _bodies(ward: Ward) -> list[Body]:
    counts = (("nurse", ward.nurses), ("assistant", ward.assistants), ("doctor", ward.doctors))
    found = [Body(f"{role}-{one}", role) for role, count in counts for one in range(count)]
    return found + [Body("", VISITOR)] * ward.visitors


def _badges(
    ward: Ward, bodies: list[Body], random: np.random.Generator
) -> tuple[dict[str, list[Body]], dict[int, list[str]], list[str]]:
    """Badges by the records, which of them each body carries, and which lie somewhere."""
    badges: dict[str, list[Body]] = {}
    carried: dict[int, list[str]] = {one: [] for one in range(len(bodies))}
    lying: list[str] = []
    staff = [one for one, body in enumerate(bodies) if body.staff_id]
    for one in staff:
        if random.random() >= ward.coverage:
            continue
        badge = f"badge-{one}"
        badges[badge] = [bodies[one]]
        alike = [
            other for other in staff if other != one and bodies[other].role == bodies[one].role
        ]
        dice = random.random()
        if dice < ward.lost:
            lying.append(badge)
        elif dice < ward.lost + ward.lent:
            carried[int(random.choice([o for o in range(len(bodies)) if o != one]))].append(badge)
        elif dice < ward.lost + ward.lent + ward.shared and alike:
            other = int(random.choice(alike))
            badges[badge] = [bodies[one], bodies[other]]
            carried[int(random.choice([one, other]))].append(badge)
        else:
            carried[one].append(badge)
    return badges, carried, lying


class _Walker:
    """Where one body is and goes."""

    def __init__(self, plan: Plan, random: np.random.Generator) -> None:
        self.at = plan.anywhere(random)
        self.way: list[Floats] = []
        self.pause_s = random.uniform(0, 30)
        self.follows: int | None = None
        self.away_s = random.uniform(0, 60)
        self.hidden_s = 0.0
        self.number = 0
        self.last_number = 0


def _seconds(
    ward: Ward,
    bodies: list[Body],
    plan: Plan,
    carried: dict[int, list[str]],
    lying: list[str],
    random: np.random.Generator,
) -> Iterator[Second]:
    readers = plan.readers
    walkers = [_Walker(plan, random) for _ in bodies]
    armed = np.ones((len(bodies), len(readers)), bool)
    lies_at = {badge: int(random.integers(len(readers))) for badge in lying}
    read_at = np.full(len(readers), -99.0)
    arriving: list[tuple[float, tuple[float, int, str]]] = []
    numbers = 0
    taken_for = _taken_for(ward, bodies)
    for at_s in range(1, round(ward.minutes * 60) + 1):
        tenths: list[tuple[float, int, str]] = []
        for tenth in range(5):
            now_s = at_s - 1 + (tenth + 1) / 5
            _walk(walkers, plan, ward, random)
            tenths += _read(walkers, plan, carried, (armed, read_at), ward, now_s, random)
        for badge, reader in lies_at.items():
            if random.random() < 1 / 240:
                tenths.append((float(at_s), reader, badge))
        for true_s, reader, badge in tenths:
            due_s = true_s + random.uniform(0.1, ward.late_s)
            stated_s = true_s + ward.clock_off_s
            arriving.append((max(due_s, stated_s), (stated_s, reader, badge)))
        links, numbers = _tracked(walkers, numbers, ward, random)
        _swap(walkers, ward, random)
        tracks = []
        for body, walker in enumerate(walkers):
            if walker.number:
                x_m, y_m = walker.at + random.normal(0, ward.noise_m, 2)
                shown = ""
                if ward.uniforms:
                    others = [one for one in (*ROLES, VISITOR) if one != bodies[body].role]
                    right = random.random() < ward.uniforms
                    shown = bodies[body].role if right else str(random.choice(others))
                    shown = taken_for.get(body, shown)
                tracks.append(Track(walker.number, float(x_m), float(y_m), shown, body))
        now = sorted(one for due, one in arriving if due <= at_s)
        arriving = [one for one in arriving if one[0] > at_s]
        there = [body for body, walker in enumerate(walkers) if walker.away_s <= 0]
        yield Second(at_s, tracks, now, links, there)


def _tracked(
    walkers: list[_Walker], numbers: int, ward: Ward, random: np.random.Generator
) -> tuple[list[tuple[int, int]], int]:
    """Who is reported for a second; links of those who come again, and numbers given so far."""
    links = []
    for walker in walkers:
        out = walker.away_s > 0
        walker.away_s -= 1
        walker.hidden_s -= 1
        if out or walker.hidden_s > 0:
            walker.last_number = 0 if out else walker.last_number or walker.number
            walker.number = 0
            continue
        if random.random() < 1 / 900:
            walker.away_s = random.uniform(60, 300)
        if random.random() < ward.unseen / 10:
            walker.hidden_s = random.uniform(4, 16)
        if not walker.number:
            numbers += 1
            walker.number = numbers
            if walker.last_number and random.random() < ward.linked:
                links.append((walker.last_number, walker.number))
            walker.last_number = 0
    return links, numbers


def _walk(walkers: list[_Walker], plan: Plan, ward: Ward, random: np.random.Generator) -> None:
    """A fifth of a second of everybody's way."""
    for one, walker in enumerate(walkers):
        if walker.away_s > 0:
            continue
        if walker.pause_s > 0:
            walker.pause_s -= 0.2
            if walker.pause_s <= 0:
                walker.way = plan.way(walker.at, random)
                others = [o for o, w in enumerate(walkers) if o != one and w.way and w.away_s <= 0]
                near = [o for o in others if np.hypot(*(walkers[o].at - walker.at)) < 6]
                walker.follows = (
                    int(random.choice(near)) if near and random.random() < ward.follows else None
                )
            continue
        if walker.follows is not None:
            other = walkers[walker.follows]
            if other.away_s > 0 or not other.way:
                walker.follows = None
            else:
                _toward(walker, other.at, 0.7, 1.5)
                continue
        if not walker.way:
            walker.pause_s = random.uniform(5, 90)
        elif _toward(walker, walker.way[0], 0.15, 1.2):
            del walker.way[0]


def _toward(walker: _Walker, goal: Floats, near_m: float, speed_m_s: float) -> bool:
    apart = goal - walker.at
    far_m = float(np.hypot(*apart))
    if far_m <= near_m:
        return True
    walker.at = walker.at + apart / far_m * min(0.2 * speed_m_s, far_m - near_m + 1e-3)
    return False


def _read(
    walkers: list[_Walker],
    plan: Plan,
    carried: dict[int, list[str]],
    passing: tuple[NDArray[np.bool_], Floats],
    ward: Ward,
    now_s: float,
    random: np.random.Generator,
) -> Iterator[tuple[float, int, str]]:
    armed, read_at = passing
    here = np.array([walker.away_s <= 0 for walker in walkers])[:, None]
    ways = np.array([walker.at for walker in walkers])[:, None] - plan.readers
    apart_m = np.hypot(ways[..., 0], ways[..., 1])
    armed |= here & (apart_m > 2.0)
    found = here & armed & (apart_m <= 0.8)
    armed &= ~found
    for body, reader in np.argwhere(found).tolist():
        followed = now_s - read_at[reader] < 4
        if random.random() < (ward.tailgates if followed else ward.misses):
            continue
        for badge in carried[body]:
            read_at[reader] = now_s
            yield now_s, reader, badge


def _swap(walkers: list[_Walker], ward: Ward, random: np.random.Generator) -> None:
    at = np.array([walker.at for walker in walkers])
    ways = at[:, None] - at
    near = np.triu(np.hypot(ways[..., 0], ways[..., 1]) < 0.6, 1)
    for one, other in np.argwhere(near).tolist():
        first, second = walkers[one], walkers[other]
        if first.number and second.number and random.random() < ward.swaps_per_s:
            first.number, second.number = second.number, first.number
