"""Make up reads of badges for the people of a running floor, to try and to show what reads do.

Some of the people carry a badge, by a seed, and a reader reads it as the processor believes that
readers do. Whatever is made up is called so: by its reader, its badge, and who recorded it. Every
read passes the checks that a file or a request of reads passes; where its reader and its badge are
registered, it says no more than reader, badge and time, as one of a hospital does.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from confluent_kafka import Message

from runtime.facts.log import FactLog
from runtime.kafka.cluster import Cluster
from runtime.kafka.follower import Follower
from schemas.records.evidence import BadgeRead
from schemas.records.presence import Person, Presence
from schemas.topics import PRESENCE
from streams.domain.evidence.readers import Reader, reads
from workers.operations.simulated_ward import (
    FACTS,
    SIMULATED,
    SimulatedReader,
    rows_of,
    simulated_id,
    ward_of,
)
from workers.registry.badge_reads import records_of
from workers.registry.files import ImportRefused
from workers.serving.evidence.writer import ReadWriter

OLD_US: Final = 15_000_000
"""Presence older than this is passed over, microseconds: a read would come too late to count."""

_SECOND_US: Final = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Badges:
    """Who carries badges, and how well they are read.

    Attributes:
        seed: Another one gives other people other badges.
        coverage: Share of people who carry a badge.
        missed: Share of reads that a reader misses.
        again_us: A reader reads a badge again after this long at the earliest, microseconds.
        kept_us: Somebody who is not seen any more keeps the badge for this long, microseconds.
        lost_us: Who appears within this time of somebody's end, as near as they can have walked, is
            the same person under another id, microseconds.
        walks_m_s: How fast they walk meanwhile, m/s.
    """

    seed: int = 1
    coverage: float = 0.8
    missed: float = 0.05
    again_us: int = 10 * _SECOND_US
    kept_us: int = 60 * _SECOND_US
    lost_us: int = 5 * _SECOND_US
    walks_m_s: float = 1.5


@dataclass(slots=True)
class _Floor:
    """What is remembered of a floor.

    Attributes:
        carried: Badge of each person; empty for who carries none.
        seen_us: When each person was seen last, microseconds.
        positions: Where they were then, m; nobody whose place is known in pixels alone.
        read_us: When each reader read each badge last, microseconds.
        second: The second that was looked at last.
    """

    carried: dict[str, str] = field(default_factory=dict)
    seen_us: dict[str, int] = field(default_factory=dict)
    positions: dict[str, tuple[float, float]] = field(default_factory=dict)
    read_us: dict[tuple[str, str], int] = field(default_factory=dict)
    second: int = -1


class Simulation:
    """Makes reads from presence, the same ones from the same records.

    Args:
        readers: The made-up readers.
        holders: Whose each badge is; without any badge there are badges of nobody known.
        badges: Who carries them, and how well they are read.
    """

    def __init__(
        self,
        readers: Iterable[SimulatedReader],
        holders: Mapping[str, Sequence[str]],
        badges: Badges = Badges(),
    ) -> None:
        self._readers: dict[str, list[Reader]] = defaultdict(list)
        for floor_id, reader in readers:
            self._readers[floor_id].append(reader)
        self._holders = {badge_id: list(holders[badge_id]) for badge_id in sorted(holders)}
        self._badges = badges
        self._floors: dict[str, _Floor] = defaultdict(_Floor)

    def take(self, presence: Presence) -> list[BadgeRead]:
        """The reads of a tick, in order of reader and badge; at most one look for each second."""
        floor_id, at_us = presence["floor_id"], presence["as_of_us"]
        floor = self._floors[floor_id]
        second = at_us // _SECOND_US
        if second <= floor.second or floor_id not in self._readers:
            return []
        floor.second = second
        people = [one for one in presence["people"] if one["observed"]]
        self._hand_out(floor, people, at_us)
        found = [
            _read(floor_id, reader, badge_id, self._holders.get(badge_id, []), at_us)
            for person in people
            for badge_id in (floor.carried[person["person_id"]],)
            for reader in self._readers[floor_id]
            if badge_id and self._is_read(floor, reader, badge_id, person, at_us)
        ]
        return sorted(found, key=lambda one: (one["reader_id"], one["badge_id"]))

    def _hand_out(self, floor: _Floor, people: Sequence[Person], at_us: int) -> None:
        """Give those who are new a badge or none, and take back those of people who left."""
        for person in people:
            if person["person_id"] not in floor.carried:
                self._continue(floor, person, at_us)
        for person in people:
            person_id, x_m, y_m = person["person_id"], person["x_m"], person["y_m"]
            floor.seen_us[person_id] = at_us
            if x_m is not None and y_m is not None:
                floor.positions[person_id] = (x_m, y_m)
        oldest_us = at_us - self._badges.kept_us
        for person_id in [one for one, seen_us in floor.seen_us.items() if seen_us < oldest_us]:
            _forget(floor, person_id)
        read_us = floor.read_us.items()
        floor.read_us = {one: at for one, at in read_us if at_us - at < self._badges.again_us}
        for person_id in sorted(floor.seen_us):
            if person_id not in floor.carried:
                floor.carried[person_id] = self._badge_of(person_id)

    def _continue(self, floor: _Floor, person: Person, at_us: int) -> None:
        """Let somebody new carry what who was lost just now and just there carried, or did not."""
        x_m, y_m = person["x_m"], person["y_m"]
        if x_m is None or y_m is None:
            return
        found: list[tuple[float, str]] = []
        for person_id, position in floor.positions.items():
            away_us = at_us - floor.seen_us[person_id]
            if not 0 < away_us <= self._badges.lost_us:
                continue
            apart_m = math.dist(position, (x_m, y_m))
            if apart_m <= self._badges.walks_m_s * away_us / _SECOND_US:
                found.append((apart_m, person_id))
        if found:
            _, earlier = min(found)
            floor.carried[person["person_id"]] = floor.carried[earlier]
            _forget(floor, earlier)

    def _badge_of(self, person_id: str) -> str:
        """A badge that nobody carries now; empty for who carries none."""
        if self._chance("carries", person_id) >= self._badges.coverage:
            return ""
        if not self._holders:
            return simulated_id(f"badge-{hashlib.sha256(person_id.encode()).hexdigest()[:8]}")
        taken = {badge for floor in self._floors.values() for badge in floor.carried.values()}
        free = [one for one in self._holders if one not in taken]
        return min(free, key=lambda one: self._chance("badge", person_id, one), default="")

    def _is_read(
        self, floor: _Floor, reader: Reader, badge_id: str, person: Person, at_us: int
    ) -> bool:
        pair = (reader.reader_id, badge_id)
        if pair in floor.read_us:
            return False
        x_m, y_m = person["x_m"], person["y_m"]
        if not reader.zone_id and (x_m is None or y_m is None):
            return False
        likely = reads(reader, x_m or 0.0, y_m or 0.0, 0.0, person["zone_ids"])
        chance = self._chance("read", *pair, str(at_us // _SECOND_US))
        if chance >= likely * (1.0 - self._badges.missed):
            return False
        floor.read_us[pair] = at_us
        return True

    def _chance(self, *parts: str) -> float:
        """A number from 0 to 1 (exclusive) that the seed and these texts alone decide."""
        text = "\x1f".join([str(self._badges.seed), *parts])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7]) / 2.0**56


class SimulatedReads:
    """Follows the presence of a run, and appends made-up reads while it is open.

    Args:
        cluster: Where the topics are.
        floor_ids: Floors of which reads are made up; of all where none are named.
        badges: Who carries badges, and how well they are read.

    Attributes:
        sent: Number of reads so far.
        old: Number of presence records that were too old for reads to count.
        error: Why reads cannot be made up now; empty while they can.
        latest: The reads that were appended last.

    Raises:
        Retry: The brokers or the schema registry are out of reach.
    """

    def __init__(
        self,
        cluster: Cluster,
        floor_ids: Sequence[str] = (),
        badges: Badges = Badges(),
    ) -> None:
        facts = FactLog(cluster, FACTS)
        try:
            self.ward = ward_of(facts.sync(), floor_ids)
        finally:
            facts.close()
        self._clock = cluster.clock
        self._codec = cluster.registry.reader(PRESENCE)
        self._writer = ReadWriter(cluster)
        self._simulation = Simulation(self.ward.readers, self.ward.holders, badges)
        self._follower = Follower(
            "simulated-reads", cluster, [PRESENCE], self._take, self._failed, age_s=1.0
        )
        self.sent = self.old = 0
        self.error = ""
        self.latest: list[BadgeRead] = []

    def start(self) -> None:
        """Start to follow."""
        self._follower.start()

    def close(self) -> None:
        """Stop."""
        self._follower.close()

    def _take(self, messages: Sequence[Message], _ended: bool) -> None:
        """Append the reads of some presence.

        Raises:
            Retry: The brokers do not take them; they are lost, as of a reader without a network.
        """
        oldest_us = self._clock.now_us() - OLD_US
        made: list[BadgeRead] = []
        for message in messages:
            presence = cast("Presence", self._codec.decode(message.value()))
            if presence["as_of_us"] < oldest_us:
                self.old += 1
                continue
            made += self._simulation.take(presence)
        self.error = ""
        if made:
            self._send(made)

    def _send(self, made: Sequence[BadgeRead]) -> None:
        """Check reads as those of a file or a request are, and append them."""
        floors = self.ward.floors
        now_us = self._clock.now_us()
        try:
            checked = records_of(rows_of(made, floors), floors, recorded_at_us=now_us, by=SIMULATED)
        except ImportRefused as error:  # such as of a clock that is behind that of the cameras
            self.error = str(error)
            return
        self._writer.append(checked, lambda read: floors.partitions[read["floor_id"]])
        self.sent += len(checked)
        self.latest = checked

    def _failed(self, error: Exception) -> None:
        self.error = str(error)


def _forget(floor: _Floor, person_id: str) -> None:
    del floor.seen_us[person_id], floor.carried[person_id]
    floor.positions.pop(person_id, None)


def _read(
    floor_id: str, reader: Reader, badge_id: str, staff_ids: list[str], at_us: int
) -> BadgeRead:
    covers = bool(reader.zone_id)
    return BadgeRead(
        reader_id=reader.reader_id,
        at_us=at_us,
        recorded_at_us=at_us,
        badge_id=badge_id,
        staff_ids=staff_ids,
        floor_id=floor_id,
        x_m=None if covers else reader.x_m,
        y_m=None if covers else reader.y_m,
        range_m=None if covers else reader.range_m,
        zone_id=reader.zone_id,
        recorded_by=SIMULATED,
    )
