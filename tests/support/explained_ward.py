"""A floor whose figure can be explained: its tables, filled by the sink, and its topics."""

from typing import Any

from schemas.topics import CAMERAS, FLOORS, OCCUPANCY, PRESENCE, REQUIREMENTS, SHIFTS, ZONES, Topic
from tests.support.builders.outputs import occupancy, person, presence, role
from tests.support.live_writer import camera_fact, floor_fact, zone_fact
from tests.support.recorded import record_all
from tests.support.services import Services

HOUR_US = 3_600_000_000
PEOPLE = ["west:1", "west:2"]


def facts(now_us: int) -> list[tuple[Topic, dict[str, Any]]]:
    """Floor `west` with zone `a` and two cameras, a shift of Ann's, and two nurses required."""
    stamp: dict[str, Any] = {
        "version": 1,
        "valid_from_us": now_us - 12 * HOUR_US,
        "recorded_at_us": now_us - 12 * HOUR_US,
        "removed": False,
        "recorded_by": "Eve Author",
    }
    shift = {
        "shift_id": "early-7f3a",
        "staff_id": "s-7f3a",
        "zone_id": "a",
        "role": "nurse",
        "starts_us": now_us - 11 * HOUR_US,
        "ends_us": now_us + HOUR_US,
        "time_zone": "Europe/Vienna",
        "kind": "WORK",
        "status": "PLANNED",
        "replaces": "",
        "agency": "",
    }
    needed = {
        "requirement_id": "nurses",
        "zone_id": "a",
        "role": "nurse",
        "count": 2,
        "weekdays": [1, 2, 3, 4, 5, 6, 7],
        "from_minute": 0,
        "to_minute": 1440,
        "time_zone": "Europe/Vienna",
    }
    return [
        (FLOORS, {**floor_fact("west"), **stamp}),
        *((CAMERAS, {**camera_fact(one, floor_id="west"), **stamp}) for one in ("bed-1", "bed-2")),
        (ZONES, {**zone_fact("a", floor_id="west", camera_id="bed-1", name="Bay A"), **stamp}),
        (SHIFTS, {**shift, **stamp}),
        (REQUIREMENTS, {**needed, **stamp}),
    ]


def measured(seq: int, at_us: int) -> list[tuple[Topic, dict[str, Any]]]:
    """A figure of zone `a`, with two people: Ann by her badge, and one whom nobody knows."""
    ann = person(
        PEOPLE[0],
        camera_ids=["bed-1", "bed-2"],
        zone_ids=["a"],
        role="nurse",
        role_confidence=0.97,
        role_evidence=["BADGE"],
        staff_id="s-7f3a",
        duty_status="ON_SHIFT",
        x_m=1.25,
        y_m=3.0,
        position_sd_m=0.2,
    )
    other = person(PEOPLE[1], camera_ids=["bed-1"], zone_ids=["a"])
    figure = occupancy(seq, 0, 2, zone_id="a", floor_id="west", person_ids=PEOPLE, identified=1)
    figure |= {"required": 2, "scheduled": 1, "gap_min": 0, "gap_max": 1, "least_required": 2}
    figure |= {"as_of_us": at_us, "inputs_through_us": at_us, "cameras_missing": ["bed-2"]}
    figure |= {"roles": [role("nurse", 1, 1, 2, 1)], "possible_since_us": at_us - 60_000_000}
    here = presence(seq, 0, [ann, other], floor_id="west")
    return [
        (OCCUPANCY, figure),
        (PRESENCE, {**here, "as_of_us": at_us, "inputs_through_us": at_us}),
    ]


def fill(services: Services, dsn: str, now_us: int, *moments_us: int) -> None:
    """Have the facts, and a figure of each moment, oldest first, written into a database."""
    records = facts(now_us)
    for number, moment_us in enumerate(moments_us, 1):
        records += measured(number, moment_us)
    record_all(services, dsn, records)
