"""Units on the board and in SQL, filled by both sinks from one log: equal figures of one moment."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import httpx
import psycopg
import pytest

from runtime.clock import SystemClock
from runtime.facts.log import Fact
from runtime.process.settings import Settings
from schemas.topics import FLOORS, OCCUPANCY, PRESENCE, UNITS, ZONES, Topic
from tests.support.board_server import BoardServer
from tests.support.builders.outputs import (
    SECOND_US,
    START_US,
    TICK_US,
    at_us,
    floor_coverage,
    item,
    occupancy,
    person,
    presence,
    role,
)
from tests.support.clusters import make_redis_sink
from tests.support.live_writer import floor_fact, unit_fact, zone_fact
from tests.support.waiting import eventually
from workers.registry.view import RegistryView
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.item import Item
from workers.storage.timescale.rows import at

NOW_S = 40.0
"""The board asks this long after the first record, s of event time."""

SILENT_S = 9.0
"""A floor of the ward was last looked at this long before, s: longer than `stale_after_s`."""

Log = list[tuple[Topic, dict[str, Any]]]


class NowClock(SystemClock):
    """Shows the moment at which the board asks."""

    def now_us(self) -> int:
        return START_US + round(NOW_S * SECOND_US)


class Ward:
    """Floors `live`, `late`, `silent` and `blind` of a site, each with zones of random staffing.

    What is known of `late` ends some seconds before now, `silent` is looked at no longer, and on
    `blind` a camera does not report. A zone has no record at all.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.site = f"site-{seed}"
        self.known_s = {
            self._id("live"): NOW_S - 0.2,
            self._id("late"): NOW_S - self._chance.choice([0.6, 1.8, 3.2]),
            self._id("silent"): NOW_S - SILENT_S,
            self._id("blind"): NOW_S - 0.4,
        }
        self.zones = {
            f"{floor_id}-{number}": floor_id for floor_id in self.known_s for number in range(3)
        }
        self.dumb = self._id("live-2")
        self.facts = self._facts()

    def _id(self, name: str) -> str:
        return f"{self.site}-{name}"

    def _facts(self) -> list[Fact]:
        units: dict[str, dict[str, Any]] = {
            "a": {"zone_ids": [self._id("live-0"), self._id("late-0")], "department": "surgery"},
            "b": {"floor_ids": [self._id("live")], "department": "surgery"},
            "c": {"floor_ids": [self._id("late"), self._id("silent")], "department": "medicine"},
            "d": {"floor_ids": [self._id("blind")], "department": ""},
            "e": {"zone_ids": [self._id("live-1"), self._id("blind-1")], "department": "medicine"},
        }
        names = sorted(units)
        for name in names:
            others = [self._id(other) for other in names if other != name]
            units[name]["neighbour_ids"] = self._chance.sample(others, self._chance.randrange(2))
        known = {"valid_from_us": START_US - 10**9, "recorded_at_us": START_US - 10**9}
        return [
            *(Fact(FLOORS, floor_fact(floor_id, **known)) for floor_id in self.known_s),
            *(
                Fact(
                    ZONES,
                    zone_fact(
                        zone_id,
                        floor_id=floor_id,
                        camera_id=f"{floor_id}-cam" if zone_id.endswith("1") else None,
                        **known,
                    ),
                )
                for zone_id, floor_id in self.zones.items()
            ),
            *(
                Fact(UNITS, unit_fact(self._id(name), site=self.site, **listed, **known))
                for name, listed in units.items()
            ),
        ]

    def log(self) -> Log:
        """Ticks of every floor, and a record of a zone when it changes and every 10 s."""
        seqs: dict[str, int] = {}
        found: Log = []
        for tick in range(int(NOW_S * 5)):
            seconds = tick / 5
            for floor_id, known_s in self.known_s.items():
                if seconds > known_s:
                    continue
                missing = []
                if floor_id.endswith("blind") and seconds > NOW_S - 3:
                    missing = [f"{floor_id}-cam"]
                for zone_id in (zone for zone, on in self.zones.items() if on == floor_id):
                    if zone_id != self.dumb and (tick % 50 == 0 or self._chance.random() < 0.03):
                        seqs[zone_id] = seqs.get(zone_id, 0) + 1
                        zone = self._zone(zone_id, floor_id, seqs[zone_id], seconds)
                        found.append((OCCUPANCY, {**zone, "cameras_missing": missing}))
                seqs[floor_id] = seqs.get(floor_id, 0) + 1
                people = [person(f"{floor_id}:1", zone_ids=[])]
                covered = floor_coverage(1, []) if floor_id.endswith("late") else None
                floor = presence(seqs[floor_id], seconds, people, floor_id, covered)
                found.append((PRESENCE, {**floor, "cameras_missing": missing}))
        return found

    def _zone(self, zone_id: str, floor_id: str, seq: int, seconds: float) -> dict[str, Any]:
        people = [f"{floor_id}:{number}" for number in range(8) if self._chance.random() < 0.4]
        known = self._chance.randrange(len(people) + 1)
        doctors = self._chance.randrange(known + 1)
        unknown = len(people) - known
        roles = [
            role("doctor", doctors, unknown, self._chance.randrange(3), 1),
            role("nurse", known - doctors, unknown, self._chance.randrange(4), 2),
        ]
        empty = sum(one["gap_max"] for one in roles)
        return occupancy(
            seq,
            seconds,
            len(people),
            zone_id=zone_id,
            floor_id=floor_id,
            identified=known,
            scheduled=3,
            required=sum(one["required"] for one in roles),
            gap_min=max(0, empty - unknown),
            gap_max=empty,
            roles=roles,
            person_ids=people,
        )


@contextmanager
def board_of(settings: Settings, ward: Ward, log: list[Item]) -> Iterator[BoardServer]:
    """A board that follows while the sink fills Redis with a log."""
    clock = NowClock()
    registry = RegistryView()
    registry.add(ward.facts, clock.now_us())
    sink = make_redis_sink(settings, clock)
    half = len(log) // 2
    sink.write(log[:half])
    options: dict[str, Any] = {"registry": registry, "clock": clock}
    with BoardServer(settings.redis_address, settings.redis_prefix, **options) as board:
        eventually(lambda: httpx.get(f"{board.url}api/v1/trends").json().get("zones"))
        # By ticks, as they come: of several values of a zone in one batch, the board hears of one.
        for _, tick in groupby(log[half:], key=lambda one: one.record["as_of_us"]):
            sink.write(list(tick))
        yield board


def answers_of(settings: Settings, ward: Ward, dsn: str, log: list[Item]) -> tuple[Any, Any]:
    """What the board and SQL answer for a ward, in the same words."""
    with board_of(settings, ward, log) as board:
        last = START_US + round(min(s for s in ward.known_s.values() if s > NOW_S - 5) * SECOND_US)

        def answer() -> Any:
            found = httpx.get(f"{board.url}api/v1/units").json()
            return found if found.get("as_of_us") == last else None

        shown = eventually(answer)
    with psycopg.connect(dsn) as connection:
        when = {"at": at(shown["as_of_us"]), "site": ward.site}
        totals = connection.execute(
            "SELECT department, unit_id, people, scheduled, required, gap_min, gap_max, zone_ids,"
            " stale_zone_ids FROM staffing(%(at)s) WHERE site = %(site)s",
            when,
        ).fetchall()
        roles = connection.execute(
            "SELECT department, unit_id, role, present_min, present_max, scheduled, required,"
            " gap_min, gap_max, spare FROM staffing_by_role(%(at)s) WHERE site = %(site)s",
            when,
        ).fetchall()
        nearest = {
            (unit_id, *row)
            for unit_id in sorted({row[1] for row in totals if row[1]})
            for row in connection.execute(
                "SELECT role, unit_id, spare, steps FROM nearest_surplus(%(at)s, %(unit)s)",
                {**when, "unit": unit_id},
            ).fetchall()
        }
    in_sql = (sorted(map(str, totals)), sorted(map(str, roles)), nearest)
    return _of_board(shown), in_sql


def _of_board(shown: Any) -> Any:
    totals, roles = [], []
    groups = [
        *((unit["department"], unit["unit_id"], unit) for unit in shown["units"]),
        *((group["department"], None, group) for group in shown["departments"]),
        *((None, None, group) for group in shown["sites"]),
    ]
    for department, unit_id, one in groups:
        figures = [one["people"], one["scheduled"], one["required"]]
        gap = (one["gap"]["min"], one["gap"]["max"])
        totals.append((department, unit_id, *figures, *gap, one["zone_ids"], one["stale_zone_ids"]))
        for each in one["roles"]:
            names = ("role", "present_min", "present_max", "scheduled", "required")
            gap = (each["gap"]["min"], each["gap"]["max"])
            roles.append(
                (department, unit_id, *(each[name] for name in names), *gap, each["spare"])
            )
    nearest = {
        (unit["unit_id"], one["role"], one["unit_id"], one["spare"], one["steps"])
        for unit in shown["units"]
        for one in unit["nearest"]
    }
    return sorted(map(str, totals)), sorted(map(str, roles)), nearest


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_units_of_the_board_are_those_of_sql_at_its_moment(
    seed: int, pipeline_settings: Settings, timescale_sink: TimescaleSink, database_url: str
) -> None:
    """Also while one floor is seconds behind another, and with the same stale zones: of a floor at
    which nobody looks any more, of a camera that does not report, and without a record."""
    ward = Ward(seed)
    settings = pipeline_settings.model_copy(
        update={"redis_prefix": f"{ward.site}.", "topic_prefix": ""}
    )
    log = [item(topic, record, number) for number, (topic, record) in enumerate(ward.log())]
    timescale_sink.write([item(fact.topic, dict(fact.record)) for fact in ward.facts])
    timescale_sink.write(log)

    on_board, in_sql = answers_of(settings, ward, database_url, log)

    for found, expected in zip(in_sql, on_board, strict=True):
        assert found == expected
    stale = "\n".join(on_board[0])
    for zone_id in (ward.dumb, f"{ward.site}-silent-0", f"{ward.site}-blind-0"):
        assert stale.count(zone_id) >= 2, "named in its unit and its site"
    assert bool(on_board[2]) == (seed != 3), "somebody can be spared, but in one of the wards"
    assert at_us(NOW_S) % TICK_US == 0
