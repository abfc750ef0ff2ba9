"""Made-up reads: of those who stand near a reader and carry a badge, called what they are."""

from typing import Any

from runtime.facts.log import Fact
from schemas.records.evidence import BadgeRead
from schemas.records.presence import Person, Presence
from schemas.topics import BADGES, FLOORS, READERS, STAFF, ZONES
from streams.domain.evidence.readers import Reader
from workers.operations.simulated_reads import Badges, Simulation
from workers.operations.simulated_ward import SIMULATED, SimulatedReader, rows_of, ward_of
from workers.registry.badge_reads import records_of

SECOND_US = 1_000_000
START_US = 1_796_100_000 * SECOND_US
DOOR = SimulatedReader("f", Reader("simulated-door", 5.0, 5.0))
ROOM = SimulatedReader("f", Reader("simulated-room", zone_id="room"))
EVERYBODY = Badges(coverage=1.0, missed=0.0)


def own(*staff_ids: str) -> dict[str, list[str]]:
    """A badge for each."""
    return {f"{SIMULATED}-{one}": [one] for one in staff_ids}


HELD = own(*(f"n{number}" for number in range(8)))


def person(person_id: str, x_m: float | None, y_m: float | None, **fields: Any) -> Person:
    return {
        "person_id": person_id,
        "camera_ids": ["c"],
        "foot_x_px": None,
        "foot_y_px": None,
        "x_m": x_m,
        "y_m": y_m,
        "zone_ids": [],
        "observed": True,
        "last_observed_us": 0,
        "role": "",
        "role_confidence": 0.0,
        "staff_id": None,
        "calibration_suspect": False,
        "position_sd_m": None,
        "height_m": None,
        **fields,  # type: ignore[typeddict-item]
    }


def presence(second: float, *people: Person, floor_id: str = "f") -> Presence:
    return {
        "floor_id": floor_id,
        "seq": 1,
        "as_of_us": START_US + round(second * SECOND_US),
        "inputs_through_us": 0,
        "cameras_missing": [],
        "people": list(people),
        "camera_versions": [],
        "coverage": None,
    }


def at_the_door(simulation: Simulation, seconds: int, *names: str) -> list[BadgeRead]:
    """The reads of people who stand at the door for some seconds."""
    people = [person(name, 5.0, 5.0) for name in names]
    return [one for second in range(seconds) for one in simulation.take(presence(second, *people))]


def test_who_stands_at_a_reader_is_read_again_and_again_and_who_is_far_away_never() -> None:
    simulation = Simulation([DOOR], HELD, EVERYBODY)
    near, far = person("near", 5.0, 5.0), person("far", 15.0, 5.0)

    found = [one for at in range(25) for one in simulation.take(presence(at, near, far))]

    assert [(one["at_us"] - START_US) // SECOND_US for one in found] == [0, 10, 20]
    assert len({one["badge_id"] for one in found}) == 1


def test_a_read_is_called_made_up_and_says_where_its_reader_is_and_whose_badge_it_is() -> None:
    [read] = at_the_door(Simulation([DOOR], own("n1"), EVERYBODY), 1, "p")

    assert read["reader_id"].startswith(SIMULATED)
    assert (read["badge_id"], read["recorded_by"]) == (f"{SIMULATED}-n1", SIMULATED)
    assert read["staff_ids"] == ["n1"]
    assert (read["floor_id"], read["x_m"], read["y_m"], read["range_m"]) == ("f", 5.0, 5.0, 1.5)
    assert read["zone_id"] == ""


def test_a_reader_of_a_zone_reads_who_is_in_it_wherever() -> None:
    simulation = Simulation([ROOM], own("n1", "n2"), EVERYBODY)
    inside = person("in", None, None, zone_ids=["room"])

    [read] = simulation.take(presence(0, inside, person("out", None, None)))

    assert (read["zone_id"], read["x_m"], read["range_m"]) == ("room", None, None)


def test_the_same_seed_makes_the_same_reads_and_another_one_others() -> None:
    names = [f"p{number}" for number in range(8)]

    def made(seed: int) -> list[BadgeRead]:
        badges = Badges(seed=seed, coverage=0.5, missed=0.3)
        return at_the_door(Simulation([DOOR], HELD, badges), 30, *names)

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_about_the_share_of_people_that_is_asked_for_carries_a_badge() -> None:
    names = [f"p{number}" for number in range(400)]
    held = own(*(f"n{number}" for number in range(400)))

    for coverage in (0.0, 0.5, 1.0):
        simulation = Simulation([DOOR], held, Badges(coverage=coverage, missed=0.0))
        badges = {one["badge_id"] for one in at_the_door(simulation, 1, *names)}
        assert abs(len(badges) / len(names) - coverage) < 0.08


def test_nobody_carries_a_badge_that_somebody_else_carries() -> None:
    elsewhere = SimulatedReader("g", DOOR.reader._replace(reader_id="simulated-lift"))
    simulation = Simulation([DOOR, elsewhere], own("n1", "n2"), EVERYBODY)

    found = at_the_door(simulation, 1, "a", "b", "c", "d")
    others = simulation.take(presence(0, person("e", 5.0, 5.0), floor_id="g"))

    assert sorted(one["badge_id"] for one in found) == ["simulated-n1", "simulated-n2"]
    assert others == []


def test_a_badge_is_free_again_a_while_after_its_carrier_left() -> None:
    simulation = Simulation([DOOR], own("n1"), EVERYBODY)
    assert simulation.take(presence(0, person("a", 5.0, 5.0)))

    assert not simulation.take(presence(30, person("b", 5.0, 5.0))), "a may be seen again"
    [read] = simulation.take(presence(90, person("c", 5.0, 5.0)))

    assert read["staff_ids"] == ["n1"]


def test_who_is_not_seen_and_ticks_within_a_second_give_nothing() -> None:
    simulation = Simulation([DOOR], own("n1"), EVERYBODY)

    assert not simulation.take(presence(0.2, person("a", 5.0, 5.0, observed=False)))
    assert not simulation.take(presence(0.4, person("a", 5.0, 5.0)))
    assert simulation.take(presence(1.0, person("a", 5.0, 5.0)))


def test_without_registered_staff_badges_are_of_nobody_known() -> None:
    [read] = at_the_door(Simulation([DOOR], {}, EVERYBODY), 1, "p")

    assert read["staff_ids"] == []
    assert read["badge_id"].startswith(f"{SIMULATED}-badge-")


def fact(**fields: Any) -> dict[str, Any]:
    return {"version": 1, "removed": False, **fields}


def zone(zone_id: str, floor_id: str, space: str, **fields: Any) -> Fact:
    square = [{"x": x, "y": y} for x, y in ((0.0, 0.0), (4.0, 0.0), (4.0, 2.0), (0.0, 2.0))]
    row = {"zone_id": zone_id, "floor_id": floor_id, "space": space, "polygon": square}
    return Fact(ZONES, fact(**row, **fields))


def test_readers_are_placed_in_zones_of_metres_and_cover_those_of_pixels() -> None:
    facts = [
        Fact(FLOORS, fact(floor_id="f", partition=5, time_zone="UTC")),
        zone("bay", "f", "FLOOR_M"),
        zone("cam-bay", "g", "IMAGE_PX"),
        zone("gone", "f", "FLOOR_M"),
        zone("gone", "f", "FLOOR_M", removed=True),
        Fact(STAFF, fact(staff_id="n1", role="nurse")),
        Fact(STAFF, fact(staff_id="n2", role="nurse", removed=True)),
    ]

    ward = ward_of(facts)

    assert ward.floors.partitions == {"f": 5}
    assert ward.holders == own("n1")
    assert [(one.floor_id, one.reader.reader_id) for one in ward.readers] == [
        ("f", "simulated-bay"),
        ("g", "simulated-cam-bay"),
    ]
    assert (ward.readers[0].reader.x_m, ward.readers[0].reader.y_m) == (2.0, 1.0)
    assert ward.readers[1].reader.zone_id == "cam-bay"
    assert [one.floor_id for one in ward_of(facts, ["g"]).readers] == ["g"]


def test_who_is_lost_and_found_again_near_by_keeps_the_badge_under_another_id() -> None:
    simulation = Simulation([DOOR], HELD, EVERYBODY)
    [before] = simulation.take(presence(0, person("f:1", 5.0, 5.0)))

    again, other = person("f:2", 5.2, 5.0), person("f:3", 5.0, 5.0)
    later = [one for at in range(3, 30) for one in simulation.take(presence(at, again))]
    last = [one for at in range(30, 60) for one in simulation.take(presence(at, again, other))]

    assert {one["badge_id"] for one in later} == {before["badge_id"]}
    assert {one["badge_id"] for one in last} > {before["badge_id"]}


def reader(reader_id: str, **fields: Any) -> Fact:
    where = {"floor_id": "f", "x_m": 1.0, "y_m": 2.0, "range_m": 3.0, "zone_id": ""}
    return Fact(READERS, fact(reader_id=reader_id, **{**where, **fields}))


def badge(badge_id: str, *staff_ids: str) -> Fact:
    return Fact(BADGES, fact(badge_id=badge_id, staff_ids=staff_ids, from_us=None, until_us=None))


def test_registered_readers_and_badges_count_only_where_they_are_called_simulated() -> None:
    floor = Fact(FLOORS, fact(floor_id="f", partition=5, time_zone="UTC"))
    real = [reader("door-3"), badge("b-17", "n1")]
    made_up = [reader("simulated-desk"), badge("simulated-pool", "n1", "n2")]
    others = [zone("bay", "f", "FLOOR_M"), Fact(STAFF, fact(staff_id="n1", role="nurse"))]

    ward = ward_of([floor, *others, *real, *made_up])
    without = ward_of([floor, *others, *real])

    assert [one.reader for one in ward.readers] == [Reader("simulated-desk", 1.0, 2.0, 3.0)]
    assert ward.holders == {"simulated-pool": ["n1", "n2"]}
    assert [one.reader.reader_id for one in without.readers] == ["simulated-bay"]
    assert without.holders == own("n1")


def test_a_read_says_reader_badge_and_time_alone_where_both_are_registered() -> None:
    floor = Fact(FLOORS, fact(floor_id="f", partition=5, time_zone="UTC"))
    door = reader("simulated-door", x_m=5.0, y_m=5.0, range_m=1.5)
    ward = ward_of([floor, door, badge("simulated-n1", "n1")])
    made = at_the_door(Simulation(ward.readers, ward.holders, EVERYBODY), 1, "p")

    [row] = rows_of(made, ward.floors)
    [whole] = rows_of(made, ward_of([floor]).floors)
    now_us = START_US + SECOND_US
    filled = records_of([row], ward.floors, recorded_at_us=now_us, by=SIMULATED)

    assert row.model_fields_set == {"reader_id", "badge_id", "read_at"}
    assert (whole.floor_id, whole.x_m, whole.staff_ids) == ("f", 5.0, ["n1"])
    assert filled == [{**made[0], "recorded_at_us": now_us}]
