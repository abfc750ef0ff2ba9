"""The questions of docs/analysts.md, asked of a real database; the answers were worked out by hand.

The ward: bay 1 and the corridor, from 10:00 to 10:10 UTC.
"""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from schemas.records.staffing import Shift
from schemas.topics import (
    CAMERA_CLOCK,
    CAMERA_VIEWS,
    CAMERAS,
    CENSUS,
    FEEDBACK,
    FLOORS,
    LINKS,
    OCCUPANCY,
    PRESENCE,
    REQUIREMENTS,
    ROLES,
    SHIFTS,
    TRACKS,
    UNITS,
    ZONE_EVENTS,
    ZONES,
    Topic,
)
from streams.domain.staffing.roster import rosters
from tests.support.builders.outputs import (
    START_US,
    camera_tracks,
    floor_coverage,
    item,
    items,
    link,
    occupancy,
    person,
    presence,
    role,
    track,
    zone_event,
)
from tests.support.paths import ROOT
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.item import Item
from workers.storage.timescale.rows import to_us

QUERIES = ROOT / "deploy" / "timescale" / "queries"
TEN = datetime(2026, 9, 21, 10, 0, tzinfo=UTC)

Ask = Callable[..., list[tuple[Any, ...]]]


def clock(minute: int, second: float = 0) -> datetime:
    """10:MM:SS."""
    return TEN + timedelta(minutes=minute, seconds=second)


def shifted(record: dict[str, Any]) -> dict[str, Any]:
    """A record whose times were given in seconds after 10:00."""
    delta = to_us(TEN) - START_US

    def moved(name: str, value: Any) -> Any:
        if name.endswith("_us") and name != "dwell_us" and value is not None:
            return value + delta
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [{key: moved(key, inner) for key, inner in row.items()} for row in value]
        return value

    return {name: moved(name, value) for name, value in record.items()}


def fact(**values: Any) -> dict[str, Any]:
    early = to_us(TEN - timedelta(days=1))
    return {"version": 1, "valid_from_us": early, "recorded_at_us": early, **values}


@pytest.fixture
def ask(timescale_sink: TimescaleSink, database_url: str) -> Ask:
    """Fill the ward, and run a file of `deploy/timescale/queries`."""
    timescale_sink.write(
        [
            item(ZONES, fact(zone_id="bay-1", name="Bay 1", order=1)),
            item(ZONES, fact(zone_id="corridor", name="Corridor", order=2)),
            item(CAMERAS, fact(camera_id="cam-1", name="Bay camera")),
        ]
    )

    def run(name: str, **values: Any) -> list[tuple[Any, ...]]:
        text = (QUERIES / f"{name}.sql").read_text().replace("%", "%%")
        asked = set(re.findall(r":'(\w+)'", text))
        assert asked == set(values), "every parameter of the file is given, and no other"
        statement = re.sub(r":'(\w+)'", r"%(\1)s", text)
        with psycopg.connect(database_url, options="-c timezone=UTC") as connection:
            return connection.execute(statement.encode(), values).fetchall()

    return run


def test_who_was_in_which_zone_at_10_05(ask: Ask, timescale_sink: TimescaleSink) -> None:
    """Ann is in the bay from 10:01 to 10:06, Bob left at 10:04, Cid came at 10:05 sharp and is
    still there, Dan comes at 10:05:01; Eve is in the corridor, whose rows end at 10:04:50. An event
    that was corrected says nothing: Fay was never there."""
    bay = [
        zone_event(1, 60, "ENTERED", "ann", 60),
        zone_event(2, 90, "ENTERED", "bob", 90),
        zone_event(3, 240, "LEFT", "bob", 90),
        zone_event(4, 250, "ENTERED", "fay", 250),
        zone_event(5, 255, "LEFT", "fay", 255, corrects=4),
        zone_event(6, 300, "ENTERED", "cid", 300),
        zone_event(7, 301, "ENTERED", "dan", 301),
        zone_event(8, 360, "DWELL_EXCEEDED", "ann", 60),
        zone_event(9, 360, "LEFT", "ann", 60),
    ]
    events = [shifted({**event, "zone_id": "bay-1"}) for event in bay]
    events.append(shifted(zone_event(1, 200, "ENTERED", "eve", 200, zone_id="corridor")))
    known = [
        shifted(occupancy(1, 600, 2, zone_id="bay-1")),
        shifted(occupancy(1, 290, 1, zone_id="corridor")),
    ]
    timescale_sink.write([*items(ZONE_EVENTS, events), *items(OCCUPANCY, known)])

    assert ask("who_was_where", at=clock(5)) == [
        ("Bay 1", "ann", clock(1), clock(6), True),
        ("Bay 1", "cid", clock(5), None, True),
        ("Corridor", "eve", clock(3, 20), None, False),
    ]
    assert [row[1] for row in ask("who_was_where", at=clock(4))] == ["ann", "eve"]


def test_average_occupancy_weighs_each_value_by_how_long_it_held(
    ask: Ask, timescale_sink: TimescaleSink
) -> None:
    """10:00: 4 people for 15 s, then 1 for 45 s: (60 + 45) / 60 = 1.75, although the mean of the
    rows is 2. 10:01: 1 for 30 s more, then nobody looks; 10:02:30 on: 3 people, for 10 s."""
    measured = [
        occupancy(1, 0, 4),
        occupancy(2, 15, 1),
        occupancy(3, 40, 1, reason="PERIODIC"),
        occupancy(4, 60, 1, reason="PERIODIC"),
        occupancy(5, 150, 3),
        occupancy(6, 160, 0),
    ]
    timescale_sink.write(
        items(OCCUPANCY, [shifted({**record, "zone_id": "bay-1"}) for record in measured])
    )

    assert ask("occupancy_per_minute", **{"from": clock(0), "to": clock(10)}) == [
        (clock(0), "Bay 1", Decimal("1.750"), 4, timedelta(seconds=60)),
        (clock(1), "Bay 1", Decimal("1.000"), 1, timedelta(seconds=30)),
        (clock(2), "Bay 1", Decimal("3.000"), 3, timedelta(seconds=10)),
    ]


def test_coverage_gap_per_hour_is_an_interval_weighed_by_time(
    ask: Ask, timescale_sink: TimescaleSink
) -> None:
    """2 nurses are required. 10:59:30: 1 known nurse and 1 unknown person for 20 s: 0 to 1 missing.
    Then nobody for 10 s and, past the hour, 10 s more: 2 missing. Then 2 nurses for 20 s; then no
    nurse is required any more, for 30 s.
    10 o'clock: 30 s known; at least 10 * 2 / 30, at most (20 * 1 + 10 * 2) / 30.
    11 o'clock: 60 s known; 10 * 2 / 60 both."""
    start = 59 * 60 + 30
    steps = [
        (0, 2, [role("nurse", 1, 1, 2)]),
        (20, 0, [role("nurse", 0, 0, 2)]),
        (40, 2, [role("nurse", 2, 0, 2)]),
        (60, 2, []),
        (90, 2, []),
    ]
    measured = [
        shifted(occupancy(seq, start + after, people, zone_id="bay-1", roles=roles))
        for seq, (after, people, roles) in enumerate(steps, start=1)
    ]
    timescale_sink.write(items(OCCUPANCY, measured))

    found = ask("coverage_gap_per_hour", **{"from": clock(0), "to": clock(120)})
    assert found == [
        (
            *(clock(0), "Bay 1", "nurse", Decimal("2.000"), Decimal("0.667"), Decimal("1.333")),
            *(timedelta(seconds=10), timedelta(seconds=30), timedelta(seconds=30)),
        ),
        (
            *(clock(60), "Bay 1", "nurse", Decimal("1.000"), Decimal("0.333"), Decimal("0.333")),
            *(timedelta(seconds=10), timedelta(seconds=10), timedelta(seconds=60)),
        ),
    ]


def test_the_gap_of_a_floor_counts_who_is_in_its_zones_together(
    ask: Ask, timescale_sink: TimescaleSink
) -> None:
    """The floor needs 2 nurses. From 10:00:00 on there is 1 and somebody unknown, from 10:00:04 on
    nobody, and from 10:00:08 on nobody is required for 8 s, of which 5 s and 1 s are known. A tick
    in the middle of a second is not kept."""
    one = floor_coverage(2, [role("nurse", 1, 1, 2)])
    none = floor_coverage(0, [role("nurse", 0, 0, 2)], is_watched=False)
    steps = [(0, one), (0.4, none), (4, none), (8, None), (15, None), (16, None)]
    records = [
        shifted(presence(seq, after, [], "ward", covered))
        for seq, (after, covered) in enumerate(steps, start=1)
    ]
    timescale_sink.write(
        [item(FLOORS, fact(floor_id="ward", name="Ward 3")), *items(PRESENCE, records)]
    )

    times = [timedelta(seconds=n) for n in (4, 8, 4, 14)]
    numbers = [Decimal(text) for text in ("1.143", "0.571", "0.857")]
    assert ask("floor_gap_per_hour", **{"from": clock(0), "to": clock(60)}) == [
        (clock(0), "Ward 3", None, *numbers, *times),
        (clock(0), "Ward 3", "nurse", *numbers, *times),
    ]


def test_dwell_p95_per_zone(ask: Ask, timescale_sink: TimescaleSink) -> None:
    """Stays of 10, 20, ... 210 s: of 21 values the 95th percentile is the 20th, 200 s, and the
    median the 11th. A stay that lasts is not counted."""
    events = []
    for number in range(1, 22):
        name = f"p{number}"
        events.append(zone_event(2 * number - 1, number, "ENTERED", name, number))
        events.append(zone_event(2 * number, 11 * number, "LEFT", name, number))
    events.append(zone_event(50, 20, "ENTERED", "stays", 20))
    timescale_sink.write(
        items(ZONE_EVENTS, [shifted({**event, "zone_id": "corridor"}) for event in events])
    )

    assert ask("dwell_p95_per_zone", **{"from": clock(0), "to": clock(10)}) == [
        ("Corridor", 21, timedelta(seconds=110), timedelta(seconds=200))
    ]


def test_path_of_a_person(ask: Ask, timescale_sink: TimescaleSink) -> None:
    ticks = [
        presence(n, n / 5, [person("ann", foot_x_px=float(n), zone_ids=["bay-1"] if n > 6 else [])])
        for n in range(1, 16)
    ]
    timescale_sink.write(items(PRESENCE, [shifted(tick) for tick in ticks]))

    found = ask("path_of_a_person", person="ann", **{"from": clock(0), "to": clock(0, 3)})
    assert [(row[0], row[1], row[2]) for row in found] == [
        (clock(0, 0), [], 1.0),
        (clock(0, 1), [], 5.0),
        (clock(0, 2), ["bay-1"], 10.0),
    ]


def test_tracks_of_a_camera_leave_out_what_was_never_confirmed(
    ask: Ask, timescale_sink: TimescaleSink
) -> None:
    frames = [
        camera_tracks(1, 0, [track(1, 0, state="TENTATIVE"), track(2, 0, state="TENTATIVE")]),
        camera_tracks(2, 5, [track(1, 0, last_observed=5)]),
        camera_tracks(3, 9, [track(1, 0, last_observed=5, state="ENDED", observed=False)]),
    ]
    timescale_sink.write(items(TRACKS, [shifted(frame) for frame in frames]))

    assert ask("tracks_of_a_camera", **{"from": clock(0), "to": clock(1)}) == [
        ("Bay camera", 1, clock(0), timedelta(seconds=5), 2, "ENDED")
    ]


def evidence(gap_s: float, distance_heights: float) -> dict[str, Any]:
    return {"gap_s": gap_s, "distance_heights": distance_heights, "distance_m": None}


def test_paths_of_a_camera_apply_links_from_track_to_track(
    ask: Ask, timescale_sink: TimescaleSink
) -> None:
    """Tracks 1, 3 and 4 are one person, seen from 10:00:00 to 10:00:25 but for 5 s and 3 s; 2 is
    somebody else, and 5 was never confirmed. Another camera's tracks of the same numbers are none
    of theirs. The links are in the database before the tracks that they join."""
    frames = [
        camera_tracks(1, 0, [track(1, 0), track(2, 0)]),
        camera_tracks(2, 5, [track(1, 0, last_observed=5), track(2, 0, last_observed=5)]),
        camera_tracks(3, 10, [track(3, 10), track(2, 0, last_observed=10)]),
        camera_tracks(4, 15, [track(3, 10, last_observed=15)]),
        camera_tracks(5, 18, [track(4, 18), track(5, 18, state="TENTATIVE")]),
        camera_tracks(6, 25, [track(4, 18, last_observed=25)]),
    ]
    others = [camera_tracks(1, 1, [track(1, 1), track(3, 1)], camera_id="cam-2")]
    reported = [
        link(
            1,
            10,
            1,
            3,
            score=0.75,
            evidence=evidence(5.0, 0.25),
        ),
        link(
            2,
            18,
            3,
            4,
            score=0.5,
            evidence=evidence(3.0, 1.0),
        ),
    ]
    timescale_sink.write(items(LINKS, [shifted(one) for one in reported]))
    timescale_sink.write(items(TRACKS, [shifted(frame) for frame in [*frames, *others]]))

    nothing, cam = timedelta(0), "Bay camera"
    assert ask("paths_of_a_camera", **{"from": clock(0), "to": clock(1)}) == [
        (
            *(cam, ["cam-1:1", "cam-1:3", "cam-1:4"], clock(0), timedelta(seconds=25)),
            *(timedelta(seconds=8), 0.5),
        ),
        (cam, ["cam-1:2"], clock(0), timedelta(seconds=10), nothing, None),
        ("cam-2", ["cam-2:1"], clock(0, 1), nothing, nothing, None),
        ("cam-2", ["cam-2:3"], clock(0, 1), nothing, nothing, None),
    ]
    assert ask("paths_of_a_camera", **{"from": clock(0, 5), "to": clock(1)}) == []


def fused_link(seq: int, seconds: float, earlier: int, later: int, **values: Any) -> dict[str, Any]:
    """A link between two people of a fused floor."""
    fused = {
        "floor_id": "ward",
        "from_person_id": f"ward:{earlier}",
        "to_person_id": f"ward:{later}",
        "from_camera_id": "",
        "from_track_id": None,
        "to_track_id": None,
        "evidence": {"gap_s": None, "distance_heights": None, "distance_m": 0.5},
    }
    return shifted(link(seq, seconds, earlier, later, **{**fused, **values}))


def test_visits_apply_links_and_corrections(ask: Ask, timescale_sink: TimescaleSink) -> None:
    """Person 1 was seen again as 2, who was joined by 3; then 3 turned out to be 2, whose entry was
    counted twice. Person 4 is somebody else, and person 2 comes back after an hour."""
    events = [
        zone_event(1, 0, "ENTERED", "ward:1", 0),
        zone_event(2, 60, "LEFT", "ward:1", 0),
        zone_event(3, 70, "ENTERED", "ward:2", 70),
        zone_event(4, 80, "ENTERED", "ward:3", 80),
        zone_event(5, 80, "WITHDRAWN", "ward:3", 80, dwell_us=None, corrects=4),
        zone_event(6, 90, "ENTERED", "ward:4", 90),
        zone_event(7, 100, "LEFT", "ward:2", 70),
        zone_event(8, 3700, "ENTERED", "ward:2", 3700),
    ]
    links = [
        fused_link(1, 70, 1, 2),
        fused_link(2, 80, 2, 3, kind="MERGE"),
        fused_link(3, 90, 2, 4, kind="SPLIT"),
    ]
    timescale_sink.write(items(ZONE_EVENTS, [shifted(one) for one in events]))
    timescale_sink.write(items(LINKS, links))

    assert ask("visits_of_a_zone", zone="zone-1", **{"from": clock(-1), "to": clock(90)}) == [
        ("zone-1", ["ward:1", "ward:2"], clock(0), clock(1, 40), timedelta(seconds=100)),
        ("zone-1", ["ward:4"], clock(1, 30), None, None),
        ("zone-1", ["ward:2"], clock(61, 40), None, None),
    ]


def test_shifts_against_presence_as_they_were_known_then(
    ask: Ask, timescale_sink: TimescaleSink
) -> None:
    """S1 works from 09:00 to 17:00; that she went home early is written down at 10:08. The bay was
    last measured at 10:04:55, the corridor at 10:04:00, which is too long ago to say."""
    base = {"staff_id": "S1", "zone_id": "bay-1", "role": "nurse"}
    hours = {"starts_us": to_us(clock(-60)), "ends_us": to_us(clock(420))}
    late = {"version": 2, "valid_from_us": to_us(clock(0)), "recorded_at_us": to_us(clock(8))}
    timescale_sink.write(
        [
            item(SHIFTS, {**fact(shift_id="s"), **base, **hours}),
            item(SHIFTS, {**fact(shift_id="s"), **base, **hours, **late, "removed": True}),
            item(OCCUPANCY, shifted(occupancy(1, 295, 3, zone_id="bay-1"))),
            item(OCCUPANCY, shifted(occupancy(1, 240, 5, zone_id="corridor"))),
        ]
    )

    assert ask("shifts_against_presence", at=clock(5)) == [
        ("Bay 1", 3, 0, clock(4, 55), ["S1 (nurse)"]),
        ("Corridor", None, None, None, []),
    ]
    assert ask("shifts_against_presence", at=clock(9))[0][4] == []


def test_the_census_of_each_zone_as_it_was_known_then(
    ask: Ask, timescale_sink: TimescaleSink, database_url: str
) -> None:
    """The bay was counted at 10:01; at 10:06 somebody writes that it was 8. Nobody counted the
    corridor. The count of 10:04 is taken back at 10:05."""

    def count(census_id: str, people: int, at_min: int, **values: Any) -> Item:
        times = {"starts_us": to_us(clock(at_min)), "time_zone": "UTC"}
        content = {"zone_id": "bay-1", "people": people, **times, **values}
        return item(CENSUS, {**fact(census_id=census_id), **content})

    def later(minute: int) -> dict[str, int]:
        return {
            "version": 2,
            "valid_from_us": to_us(clock(0)),
            "recorded_at_us": to_us(clock(minute)),
        }

    timescale_sink.write(
        [
            count("early", 7, 1),
            count("early", 8, 1, **later(6)),
            count("late", 5, 4),
            count("late", 5, 4, **later(5), removed=True),
            item(ROLES, {**fact(role="nurse"), "covers": ["assistant"], "is_staff": True}),
            item(REQUIREMENTS, fact(requirement_id="r", basis="CENSUS", per=4, at_least=2)),
        ]
    )

    def bay(minute: int) -> tuple[Any, ...]:
        [found, corridor] = ask("census_of_each_zone", at=clock(minute))
        assert corridor == ("Corridor", None, None, None)
        return found

    assert bay(0) == ("Bay 1", None, None, None)
    assert bay(3) == ("Bay 1", 7, clock(1), timedelta(minutes=2))
    assert bay(4) == ("Bay 1", 5, clock(4), timedelta())
    assert bay(6) == ("Bay 1", 7, clock(1), timedelta(minutes=5))
    assert bay(7) == ("Bay 1", 8, clock(1), timedelta(minutes=6))
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT covers, priority, is_staff FROM roles").fetchall()
        ratio = connection.execute("SELECT basis, per, at_least FROM requirements").fetchall()
    assert (rows, ratio) == ([(["assistant"], None, True)], [("CENSUS", 4, 2)])


def decided(topic: Topic, version: int, minute: int, **values: Any) -> Item:
    """A decision about cam-1, recorded as it becomes valid."""
    time_us = to_us(clock(minute))
    times = {"valid_from_us": time_us, "recorded_at_us": time_us, "since_us": time_us}
    return item(topic, {"camera_id": "cam-1", "version": version, **times, **values})


def test_clocks_that_were_off(ask: Ask, timescale_sink: TimescaleSink) -> None:
    """The camera is 40 s ahead from the start; at 10:10 its clock jumps, at 10:11 it is right."""
    decisions = [
        decided(CAMERA_CLOCK, 1, 1, state="SETTLED", offset_us=-40_000_000, drift_ppm=-20.0),
        decided(CAMERA_CLOCK, 2, 10, state="UNSETTLED", delay_us=100_000),
        decided(CAMERA_CLOCK, 3, 11, state="SETTLED", offset_us=50_000),
    ]
    timescale_sink.write(decisions)

    span = {"from": clock(0), "to": clock(60), "limit": "100 ms"}
    assert ask("clocks_that_were_off", **span) == [
        ("Bay camera", clock(1, 5), clock(10, 5), timedelta(seconds=40), -20.0)
    ]
    assert ask("clocks_that_were_off", **span | {"limit": "10 ms"})[1][1:3] == (clock(11, 5), None)
    assert ask("clocks_that_were_off", **span | {"from": clock(10, 5)}) == []


def test_views_that_were_suspect(ask: Ask, timescale_sink: TimescaleSink) -> None:
    """Suspect three times: confirmed, then calibrated anew, then nobody has looked yet. A new name
    of the camera says nothing about its view."""

    def camera(version: int, minute: int, **values: Any) -> Item:
        times = dict.fromkeys(("valid_from_us", "recorded_at_us"), to_us(clock(minute)))
        named = {"camera_id": "cam-1", "name": "Bay camera"}
        return item(CAMERAS, fact(**named) | {"version": version} | times | values)

    early = {"since_us": to_us(clock(2)), "valid_from_us": to_us(clock(2))}
    turned = {"homography": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]}
    timescale_sink.write(
        [
            camera(2, 12, name="Camera of the bay"),
            camera(3, 15, **turned),
            decided(CAMERA_VIEWS, 1, 3, state="SUSPECT", reason="MOVED", **early),
            decided(CAMERA_VIEWS, 2, 5, state="TRUSTED", recorded_by="ann"),
            decided(CAMERA_VIEWS, 3, 10, state="SUSPECT", reason="DISAGREES", camera_version=1),
            decided(CAMERA_VIEWS, 4, 20, state="SUSPECT", reason="COVERED", camera_version=3),
        ]
    )

    name = "Bay camera"
    assert ask("views_that_were_suspect", **{"from": clock(0), "to": clock(60)}) == [
        (name, "MOVED", clock(2), clock(5, 5), "ann"),
        (name, "DISAGREES", clock(10), clock(15, 5), None),
        (name, "COVERED", clock(20), None, None),
    ]
    assert len(ask("views_that_were_suspect", **{"from": clock(16), "to": clock(60)})) == 1


def test_what_nobody_works_is_no_shift_against_presence(
    ask: Ask, timescale_sink: TimescaleSink
) -> None:
    """S1's shift is taken over by an agency from 10:04 on, S2's is cancelled, S3 has a break and is
    on call."""
    hours = {"starts_us": to_us(clock(-60)), "ends_us": to_us(clock(420)), "role": "nurse"}
    base = {"zone_id": "bay-1", **hours}
    over = {"staff_id": "", "agency": "Flex", "replaces": "s1", "starts_us": to_us(clock(4))}
    timescale_sink.write(
        [
            item(SHIFTS, {**fact(shift_id="s1"), **base, "staff_id": "S1"}),
            item(SHIFTS, {**fact(shift_id="flex"), **base, **over}),
            item(SHIFTS, {**fact(shift_id="s2"), **base, "staff_id": "S2", "status": "CANCELLED"}),
            item(SHIFTS, {**fact(shift_id="s3"), **base, "staff_id": "S3", "kind": "BREAK"}),
            item(SHIFTS, {**fact(shift_id="s4"), **base, "staff_id": "S3", "kind": "ON_CALL"}),
        ]
    )

    assert ask("shifts_against_presence", at=clock(3))[0][4] == ["S1 (nurse)"]
    assert ask("shifts_against_presence", at=clock(5))[0][4] == ["Flex (nurse)"]


def test_adherence_is_the_planned_time_in_the_planned_zone_and_conformance_the_time_worked(
    ask: Ask, timescale_sink: TimescaleSink
) -> None:
    """Ann's shift is from 10:00 to 10:10 in the bay with a break from 10:04 to 10:05: 9 minutes are
    planned. She is in the bay for 2 minutes, in the corridor for 1, nowhere for 1, in the bay
    through her break and until 10:10, and in the corridor for a minute more: 7 minutes where
    and when planned, 9 minutes worked. Nobody was identified as Bob. Cid's shift is Bob's too."""
    hours = {"zone_id": "bay-1", "starts_us": to_us(clock(0)), "ends_us": to_us(clock(10))}
    pause = {"kind": "BREAK", "starts_us": to_us(clock(4)), "ends_us": to_us(clock(5))}
    timescale_sink.write(
        [
            item(SHIFTS, {**fact(shift_id="a"), **hours, "staff_id": "ann"}),
            item(SHIFTS, {**fact(shift_id="p"), **hours, **pause, "staff_id": "ann"}),
            item(SHIFTS, {**fact(shift_id="b"), **hours, "staff_id": "bob", "replaces": "c"}),
            item(SHIFTS, {**fact(shift_id="c"), **hours, "staff_id": "cid"}),
        ]
    )
    zones = [(range(120), "bay-1"), (range(120, 180), "corridor"), (range(240, 600), "bay-1")]
    zones.append((range(600, 660), "corridor"))
    ticks = [
        presence(
            second + 1, second, [person(f"p{second // 90}", staff_id="ann", zone_ids=[zone_id])]
        )
        for seconds, zone_id in zones
        for second in seconds
    ]
    timescale_sink.write(items(PRESENCE, [shifted(tick) for tick in ticks]))

    minutes = [timedelta(minutes=n) for n in (9, 7, 9)]
    assert ask("shift_adherence", **{"from": clock(0), "to": clock(10)}) == [
        ("a", "ann", "Bay 1", *minutes, Decimal("0.778"), Decimal("1.000")),
        ("b", "bob", "Bay 1", timedelta(minutes=10), timedelta(0), timedelta(0), None, None),
    ]


def test_two_shifts_share_what_is_between_them(ask: Ask, timescale_sink: TimescaleSink) -> None:
    """10:00 to 10:02 and 10:04 to 10:06, seen from 09:59 to 10:06: each has its half of the gap."""
    shifts = [
        {"shift_id": name, "starts_us": to_us(clock(start)), "ends_us": to_us(clock(start + 2))}
        for name, start in (("am", 0), ("pm", 4))
    ]
    timescale_sink.write(
        [item(SHIFTS, {**fact(**one), "staff_id": "ann", "zone_id": "bay-1"}) for one in shifts]
    )
    ticks = [
        presence(second + 61, second, [person("p", staff_id="ann", zone_ids=["bay-1"])])
        for second in range(-60, 360)
    ]
    timescale_sink.write(items(PRESENCE, [shifted(tick) for tick in ticks]))

    found = ask("shift_adherence", **{"from": clock(0), "to": clock(10)})

    assert [(row[0], row[4], row[5]) for row in found] == [
        ("am", timedelta(minutes=2), timedelta(minutes=4)),
        ("pm", timedelta(minutes=2), timedelta(minutes=3)),
    ]


def test_the_working_time_of_sql_is_that_of_the_stream_processor(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    """Random rosters of three people, with everything that a shift can be."""
    chance = random.Random(14)
    expected: dict[str, list[tuple[int, int]]] = {}
    for ward in range(40):
        shifts = []
        for number in range(8):
            start_us = to_us(TEN) + chance.randrange(30) * 3_600_000_000
            others = [f"{ward}-{other}" for other in range(8) if other != number]
            shifts.append(
                {
                    **fact(shift_id=f"{ward}-{number}"),
                    "staff_id": chance.choice([f"{ward}-s1", f"{ward}-s2", ""]),
                    "zone_id": "bay-1",
                    "starts_us": start_us,
                    "ends_us": start_us + chance.randrange(1, 13) * 3_600_000_000,
                    "kind": chance.choice(["WORK", "WORK", "WORK", "ON_CALL", "BREAK", "UNKNOWN"]),
                    "status": chance.choice(["PLANNED", "PLANNED", "CANCELLED", "UNKNOWN"]),
                    "replaces": chance.choice(["", "", *others]),
                    "agency": "",
                }
            )
        timescale_sink.write([item(SHIFTS, shift) for shift in shifts])
        for staff_id, roster in rosters([cast(Shift, shift) for shift in shifts]).items():
            if roster.working:
                expected[staff_id] = list(roster.working)

    with psycopg.connect(database_url, options="-c timezone=UTC") as connection:
        rows = connection.execute(
            "SELECT staff_id, range_agg(working) FROM shift_working_time"
            " WHERE staff_id <> '' AND NOT isempty(working) GROUP BY staff_id"
        ).fetchall()

    assert len(expected) > 40
    assert {
        staff_id: [(to_us(one.lower), to_us(one.upper)) for one in spans]
        for staff_id, spans in rows
    } == expected


def test_every_query_file_is_asked_by_the_tests_of_this_folder() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    asked = {*re.findall(r'ask\(\s*"(\w+)"', tests), *re.findall(r'"(\w+)\.sql"', tests)}

    assert asked == {path.stem for path in QUERIES.glob("*.sql")}


def blocks(language: str) -> list[str]:
    """The blocks of the README and of docs/analysts.md in one language."""
    root = QUERIES.parents[2]
    text = (root / "README.md").read_text() + (root / "docs" / "analysts.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_what_the_guide_shows_can_be_typed(ask: Ask, database_url: str) -> None:
    """Every block of SQL runs, the README's among them; a role is made and not kept."""
    found = blocks("sql")
    assert len(found) > 9
    with psycopg.connect(database_url) as connection:
        for block in found:
            connection.execute(block.encode())
        connection.rollback()


def test_the_guide_says_how_long_each_table_is_kept(database_url: str) -> None:
    text = (QUERIES.parents[2] / "docs" / "analysts.md").read_text()
    promised = {"30 days": 30, "90 days": 90, "400 days": 400, "5 years": 1830}
    stated = {
        name: promised[period.strip()]
        for names, period in re.findall(r"^\| (`.*?) \|.*\|(.*)\|$", text, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
    with psycopg.connect(database_url) as connection:
        kept = connection.execute("SELECT table_name, extract(day FROM keep) FROM retention")
        assert stated == {name: int(days) for name, days in kept.fetchall()}


UNITS_OF_WARD = [
    {"unit_id": "u1", "zone_ids": ["bay-1"], "neighbour_ids": ["u2"], "department": "surgery"},
    {"unit_id": "u2", "floor_ids": ["ward"], "department": "surgery"},
    {"unit_id": "u3", "zone_ids": ["far"], "department": "medicine"},
]


def staffed(zone_id: str, people: list[str], nurses: int, required: int, **more: Any) -> Item:
    """A zone at 10:00 with known nurses, and others who are nobody known."""
    unknown = len(people) - nurses
    one = {
        **role("nurse", nurses, unknown, required),
        "gap_min": max(0, required - len(people)),
        "gap_max": max(0, required - nurses),
    }
    record = occupancy(1, 0, len(people), zone_id=zone_id, roles=[one], **more)
    gaps = {"required": required, "gap_min": one["gap_min"], "gap_max": one["gap_max"]}
    return item(OCCUPANCY, shifted({**record, **gaps, "person_ids": people}))


def test_units_at_a_moment_and_who_could_help(ask: Ask, timescale_sink: TimescaleSink) -> None:
    """Bay 1 needs 2 nurses and has 1 and somebody unknown. Next door, in the corridor, there are 3
    nurses for 1, one of them in a room that overlaps; that room needs 1 more than it has. So the
    corridor's unit can spare 1. The far unit can spare 1 too, but nobody registered a way."""
    units = [
        fact(
            **{"name": "", "site": "north", "floor_ids": [], "zone_ids": [], "neighbour_ids": []}
            | one
        )
        for one in UNITS_OF_WARD
    ]
    zones = [
        fact(zone_id="bay-1", name="Bay 1", floor_id="ward", camera_id="cam-1"),
        fact(zone_id="corridor", name="Corridor", floor_id="ward", camera_id=None),
        fact(zone_id="room", name="", floor_id="ward", camera_id=None),
        fact(zone_id="far", name="", floor_id="other", camera_id=None),
        fact(zone_id="dark", name="", floor_id="ward", camera_id=None),
        fact(zone_id="alone", name="", floor_id="nowhere", camera_id=None),
    ]
    timescale_sink.write([item(ZONES, {**one, "version": 2}) for one in zones])
    timescale_sink.write([item(UNITS, one) for one in units])
    timescale_sink.write(
        [
            staffed("bay-1", ["ann", "bob"], 1, 2, cameras_missing=["cam-2"]),
            staffed("corridor", ["cid", "dan", "eve"], 3, 1),
            staffed("room", ["eve"], 1, 2),
            staffed("far", ["fay", "gus"], 2, 1),
            staffed("dark", ["hal"], 1, 0, cameras_missing=["cam-2"]),
            staffed("alone", ["ida"], 1, 0),
        ]
    )

    assert ask("staffing_of_units", at=clock(0, 29)) == [
        ("north", None, None, 7, 0, 6, 1, 2, ["dark"]),
        ("north", "medicine", None, 2, 0, 1, 0, 0, []),
        ("north", "medicine", "u3", 2, 0, 1, 0, 0, []),
        ("north", "surgery", None, 5, 0, 5, 1, 2, ["dark"]),
        ("north", "surgery", "u1", 2, 0, 2, 0, 1, []),
        ("north", "surgery", "u2", 3, 0, 3, 1, 1, ["dark"]),
    ]
    assert ask("nearest_surplus", at=clock(0, 29), unit="u1") == [("nurse", "u2", 1, 1)]
    assert ask("nearest_surplus", at=clock(0, 29), unit="u3") == []
    stale = [row[-1] for row in ask("staffing_of_units", at=clock(0, 31))]
    assert stale[0] == ["bay-1", "corridor", "dark", "far", "room"]
    assert ask("staffing_of_units", at=clock(-2 * 24 * 60)) == []


def feedback(number: int, minute: int, **fields: Any) -> Item:
    """Feedback that was given a minute after what was shown, minutes after 10:00."""
    record = {
        "feedback_id": f"f-{number}",
        "zone_id": "bay-1",
        "floor_id": "floor-1",
        "given_at_us": to_us(clock(minute + 1)),
        "kind": "NOBODY_HERE",
        "as_of_us": to_us(clock(minute)),
        "seq": minute,
        "text": f"said {number}",
        "given_by": "ann",
        **fields,
    }
    return item(FEEDBACK, record)


def test_feedback_by_zone_and_hour_of_the_shift(ask: Ask, timescale_sink: TimescaleSink) -> None:
    """The day shift begins at 09:30, so 10:05 is in its first hour and 10:35 in its second; two
    people say the same of 10:05. Nobody is planned in the corridor. What came again counts once."""
    shift = {"starts_us": to_us(clock(-30)), "ends_us": to_us(clock(300)), "kind": "WORK"}
    cancelled = {**shift, "starts_us": to_us(clock(4)), "status": "CANCELLED"}
    for name, fields in (("day", shift), ("off", cancelled)):
        one = {**fact(shift_id=name), "staff_id": "", "zone_id": "bay-1", "role": "nurse"}
        timescale_sink.write([item(SHIFTS, {"status": "PLANNED", **one, **fields})])
    given = [
        feedback(1, 5),
        feedback(2, 5, given_by="bob"),
        feedback(3, 35),
        feedback(4, 35, kind="GAP_WRONG", zone_id="corridor"),
        feedback(3, 35, given_at_us=to_us(clock(37))),
        feedback(5, 500),
    ]
    timescale_sink.write(given)
    timescale_sink.write(given[2:4])

    assert ask("feedback_per_zone", **{"from": clock(0), "to": clock(60)}) == [
        ("NOBODY_HERE", "Bay 1", 1, 2, 1),
        ("GAP_WRONG", "Corridor", None, 1, 1),
        ("NOBODY_HERE", "Bay 1", 2, 1, 1),
    ]


def test_frames_of_feedback_by_model(ask: Ask, timescale_sink: TimescaleSink) -> None:
    frame = {"camera_id": "cam-1", "captured_us": to_us(clock(4, 59.9))}
    made_by = {"model_name": "yolox", "model_version": "2"}
    timescale_sink.write(
        [
            feedback(1, 5, **frame, **made_by),
            feedback(2, 5, **frame, **made_by, kind="NOT_THIS_ROLE", role="nurse", person_id="p"),
            feedback(3, 6, **frame | {"captured_us": to_us(clock(6))}, model_name="hog"),
            feedback(4, 7),
        ]
    )
    hour = {"from": clock(0), "to": clock(60)}

    kinds = ["NOBODY_HERE", "NOT_THIS_ROLE"]
    yolox = ("cam-1", clock(4, 59.9), kinds, ["bay-1"], "nurse", "yolox", "2", 2)
    assert ask("frames_of_feedback", model="yolox", **hour) == [yolox]
    found = ask("frames_of_feedback", model="", **hour)
    assert [row[-1] for row in found] == [2, 1]


def test_who_gave_feedback_and_its_text_are_apart_and_expire_sooner(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    timescale_sink.write([feedback(1, 5)])
    later = clock(5) + timedelta(days=31)

    with psycopg.connect(database_url, autocommit=True) as connection:
        rows = connection.execute("SELECT given_by, text FROM feedback_texts").fetchall()
        columns = {
            column.name for column in connection.execute("SELECT * FROM feedback").description or ()
        }
        connection.execute("SELECT * FROM drop_expired(%s)", [later])
        left = [
            connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            for table in ("feedback", "feedback_texts")
        ]

    assert rows == [("ann", "said 1")]
    assert not columns & {"given_by", "text"}
    assert left == [(1,), (0,)]
