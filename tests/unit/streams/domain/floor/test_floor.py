"""When ticks close, what is late, and that a jump closes the same ticks as single steps."""

import dataclasses
import random
from typing import Any

import pytest

from schemas.topics import OCCUPANCY, OCCUPANCY_LATEST, PRESENCE, ZONE_EVENTS, Topic
from streams.domain.camera.view import View
from streams.domain.facts.timeline import Facts
from streams.domain.floor import ticks as floor_module
from streams.domain.floor.closing import next_due
from streams.domain.floor.state import FloorState, hear, report
from streams.domain.floor.tick import TICK_US
from streams.domain.floor.ticks import close_ticks
from streams.domain.settings import FloorSettings
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    camera,
    census,
    facts_of,
    occupancies,
    presences,
    rectangle,
    requirement,
    role,
    shift,
    staff,
    zone,
    zone_events,
)
from tests.support.builders.domain import view as decision
from tests.support.reference.views import Sighting, view_of

SETTINGS = FloorSettings()
ONE = facts_of(camera("cam"), zone())
TWO = facts_of(camera("cam"), camera("cam-2"), zone())


def view(
    at_ms: int, camera_id: str = "cam", feet: Any = ((200.0, 300.0),), looked: bool = True
) -> View:
    at_us = T0 + at_ms * MS
    people = [
        Sighting(number, x, y, None, None, looked, at_us)
        for number, (x, y) in enumerate(feet, start=1)
    ]
    return view_of(camera_id, at_us, looked, people)


def feed(floor: FloorState, facts: Facts, *views: View) -> Any:
    outputs = []
    for one in views:
        report(floor, one)
        outputs += close_ticks(floor, facts, SETTINGS)
    return outputs


def as_of(records: Any) -> list[int]:
    return [(record["as_of_us"] - T0) // MS for record in records]


def test_a_tick_closes_when_its_one_camera_has_reported_its_end() -> None:
    floor = FloorState("floor")

    assert feed(floor, ONE, view(100), view(199)) == []
    assert as_of(presences(feed(floor, ONE, view(200)))) == [200]
    assert as_of(presences(feed(floor, ONE, view(399)))) == []
    assert as_of(presences(feed(floor, ONE, view(401)))) == [400]


def test_a_tick_waits_for_the_slower_camera() -> None:
    floor = FloorState("floor")

    assert feed(floor, TWO, view(100), view(300), view(500)) == []
    assert presences(feed(floor, TWO, view(110, "cam-2"))) == []

    [presence] = presences(feed(floor, TWO, view(230, "cam-2")))

    assert presence["as_of_us"] == T0 + 200 * MS
    assert presence["inputs_through_us"] == T0 + 230 * MS
    assert presence["cameras_missing"] == []
    assert [person["person_id"] for person in presence["people"]] == ["cam-2:1", "cam:1"]


def test_a_camera_later_than_the_allowed_lateness_is_missing() -> None:
    floor = FloorState("floor")
    feed(floor, TWO, view(100), view(100, "cam-2"))

    waiting = feed(floor, TWO, *(view(at) for at in range(200, 2101, 100)))
    outputs = feed(floor, TWO, view(2200))

    assert waiting == []
    found = presences(outputs)
    assert as_of(found) == list(range(200, 2201, 200))
    assert all(presence["cameras_missing"] == ["cam-2"] for presence in found)
    # From here on nothing waits for it.
    assert as_of(presences(feed(floor, TWO, view(2400)))) == [2400]


def test_a_camera_never_heard_of_is_waited_for_once() -> None:
    floor = FloorState("floor")

    waiting = feed(floor, TWO, *(view(at) for at in range(100, 2101, 100)))
    outputs = feed(floor, TWO, view(2200), view(2400))

    assert waiting == []
    assert as_of(presences(outputs)) == list(range(200, 2401, 200))
    assert presences(outputs)[-1]["cameras_missing"] == ["cam-2"]


def test_a_camera_that_comes_back_is_waited_for_again() -> None:
    floor = FloorState("floor")
    feed(floor, TWO, view(100), view(100, "cam-2"))
    feed(floor, TWO, *(view(at) for at in range(200, 5001, 100)))
    assert floor.missing == ["cam-2"]

    outputs = feed(floor, TWO, view(5010, "cam-2"), view(5200), view(5400))

    assert outputs == []
    [presence] = presences(feed(floor, TWO, view(5250, "cam-2")))
    assert presence["cameras_missing"] == []


def test_what_comes_after_its_tick_has_closed_is_late_and_only_heard() -> None:
    floor = FloorState("floor")
    feed(floor, TWO, view(100), view(100, "cam-2"))
    feed(floor, TWO, *(view(at) for at in range(200, 3001, 100)))

    assert not report(floor, view(1500, "cam-2"))
    assert report(floor, view(3100, "cam-2"))
    assert [one.captured_us for one in floor.pending] == [T0 + 3100 * MS]


def test_a_zone_is_made_doubtful_only_by_its_own_camera() -> None:
    floor = FloorState("floor")
    facts = facts_of(camera("cam"), camera("cam-2"), zone(), zone("z2", camera_id="cam-2"))
    feed(floor, facts, view(100), view(100, "cam-2"))

    found = occupancies(feed(floor, facts, *(view(at) for at in range(200, 3001, 100))))

    missing = {record["zone_id"]: record["cameras_missing"] for record in found}
    assert missing == {"zone": [], "z2": ["cam-2"]}


def test_a_zone_whose_camera_is_not_on_the_floor_says_so() -> None:
    floor = FloorState("floor")
    facts = facts_of(camera("cam"), zone("z2", camera_id="elsewhere"))

    [record] = occupancies(feed(floor, facts, view(100), view(200)))

    assert record["cameras_missing"] == ["elsewhere"]


def test_an_empty_floor_that_is_watched_says_so_in_every_tick() -> None:
    """Otherwise nobody could distinguish an empty ward from a broken pipeline."""
    floor = FloorState("floor")

    outputs = feed(floor, ONE, view(100, feet=()), view(300, feet=()), view(500), view(700))
    left = feed(floor, ONE, view(900, feet=()), view(1100, feet=()), view(1300, feet=()))

    assert [len(presence["people"]) for presence in presences(outputs)] == [0, 0, 1]
    assert [len(presence["people"]) for presence in presences(left)] == [1, 0, 0]


def test_a_floor_without_cameras_in_view_falls_silent() -> None:
    """Heartbeats and skipped frames carry time, but say nothing about people."""
    floor = FloorState("floor")
    feed(floor, ONE, view(100, feet=()), view(300, feet=()))

    blind = feed(floor, ONE, *(view(at, feet=(), looked=False) for at in range(500, 3000, 100)))

    assert [presence["as_of_us"] for presence in presences(blind)] == [T0 + 400 * MS]


def test_people_of_a_silent_camera_are_held_for_a_while_and_then_dropped() -> None:
    floor = FloorState("floor")
    feed(floor, TWO, view(100), view(100, "cam-2"))
    outputs = feed(floor, TWO, *(view(at) for at in range(200, 5001, 100)))

    people = {
        (presence["as_of_us"] - T0) // MS: [person["person_id"] for person in presence["people"]]
        for presence in presences(outputs)
    }

    assert people[2000] == ["cam-2:1", "cam:1"]
    assert people[2200] == ["cam:1"]


def test_occupancy_is_sent_on_change_and_every_ten_seconds() -> None:
    floor = FloorState("floor")

    outputs = feed(floor, ONE, *(view(at) for at in range(100, 25_001, 100)))

    assert [
        (record["seq"], (record["as_of_us"] - T0) // MS, record["reason"], record["people"])
        for record in occupancies(outputs)
    ] == [
        (1, 200, "CHANGE", 0),
        (2, 600, "CHANGE", 1),
        (3, 10_000, "PERIODIC", 1),
        (4, 20_000, "PERIODIC", 1),
    ]


def test_a_person_out_of_a_working_cameras_view_leaves_after_the_zones_own_time() -> None:
    floor = FloorState("floor")
    seen = [view(at) for at in range(100, 1001, 100)]
    unseen = [view(at, feet=()) for at in range(1100, 4001, 100)]

    outputs = feed(floor, ONE, *seen, *unseen)

    left = [event for event in zone_events(outputs) if event["kind"] == "LEFT"]
    assert [(event["at_us"] - T0) // MS for event in left] == [1000]
    assert as_of(left) == [2600]
    assert left[0]["dwell_us"] == 900 * MS


@pytest.mark.parametrize("first", ["cam", "cam-2"])
def test_views_of_one_tick_are_taken_in_by_their_time_not_by_their_arrival(first: str) -> None:
    floor = FloorState("floor")
    everyone = zone(
        space="FLOOR_M", camera_id=None, polygon=rectangle(0, 0, 1, 1), enter_after_ms=0
    )
    facts = facts_of(camera("cam"), camera("cam-2"), everyone)
    views = [
        view_of(camera_id, at_us, True, [Sighting(1, 200.0, 300.0, 0.5, 0.5, True, at_us)])
        for camera_id, at_us in (("cam", T0 + 120 * MS), ("cam-2", T0 + 110 * MS))
    ]
    views.sort(key=lambda one: one.camera_id != first)

    outputs = feed(floor, facts, *views, view(200, "cam", ()), view(200, "cam-2", ()))

    assert [event["person_id"] for event in zone_events(outputs)] == ["cam-2:1", "cam:1"]


def test_the_latest_occupancy_is_the_measured_one() -> None:
    floor = FloorState("floor")

    outputs = feed(floor, ONE, *(view(at) for at in range(100, 11_001, 100)))

    by_topic: dict[str, list[Any]] = {}
    for output in outputs:
        by_topic.setdefault(output.topic.name, []).append((output.key, output.record))
    measured = by_topic["zone-occupancy.measured.v1"]
    assert len(measured) == 3
    assert by_topic["zone-occupancy.latest.v1"] == measured


def test_a_change_of_the_plan_is_a_change_of_occupancy() -> None:
    floor = FloorState("floor")
    facts = facts_of(
        camera(),
        zone(),
        staff(),
        shift(starts_us=T0 + 1 * S, ends_us=T0 + 3 * S),
        requirement(count=2, valid_from_us=T0 + 2 * S),
    )

    outputs = feed(floor, facts, *(view(at, feet=()) for at in range(100, 4001, 100)))

    assert [
        ((record["as_of_us"] - T0) // MS, record["scheduled"], record["required"])
        for record in occupancies(outputs)
    ] == [(200, 0, 0), (1000, 1, 0), (2000, 1, 2), (3000, 0, 2)]


def test_a_removed_zone_lets_its_people_go_and_starts_empty_with_its_seq() -> None:
    floor = FloorState("floor")
    facts = facts_of(
        camera(),
        zone(),
        zone(version=2, removed=True, valid_from_us=T0 + 2 * S),
        zone(version=3, valid_from_us=T0 + 3 * S, enter_after_ms=0),
    )

    outputs = feed(floor, facts, *(view(at) for at in range(100, 4001, 100)))

    assert [(event["seq"], event["kind"]) for event in zone_events(outputs)] == [
        (1, "ENTERED"),
        (2, "LEFT"),
        (3, "ENTERED"),
    ]
    assert [
        ((record["as_of_us"] - T0) // MS, record["seq"], record["people"])
        for record in occupancies(outputs)
    ] == [(200, 1, 0), (600, 2, 1), (2000, 3, 0), (3000, 4, 1)]


def test_a_zone_that_is_redrawn_around_its_people_keeps_their_stays() -> None:
    """Who is inside of both outlines has been there since before; who is not has left."""
    floor = FloorState("floor")
    moved = rectangle(100, 0, 400, 600)
    facts = facts_of(
        camera(),
        zone(dwell_limit_s=3.0),
        zone(version=2, valid_from_us=T0 + 2 * S, polygon=moved, dwell_limit_s=3.0),
    )
    feet = [(200.0, 300.0), (50.0, 300.0)]

    outputs = feed(floor, facts, *(view(at, feet=feet) for at in range(100, 6001, 100)))

    inside, outside = "cam:1", "cam:2"
    of = {
        who: [one for one in zone_events(outputs) if one["person_id"] == who]
        for who in (inside, outside)
    }
    assert [one["kind"] for one in of[inside]] == ["ENTERED", "DWELL_EXCEEDED"]
    assert of[inside][1]["entered_us"] == of[inside][0]["entered_us"] == T0 + 100 * MS
    assert of[inside][1]["at_us"] == T0 + 3100 * MS
    assert [one["kind"] for one in of[outside]] == ["ENTERED", "LEFT"]
    assert (of[outside][1]["dwell_us"] or 0) <= 2 * S
    assert {one["longest_since_us"] for one in occupancies(outputs)[1:]} == {T0 + 100 * MS}


def test_people_of_a_camera_that_leaves_the_floor_leave_its_zones() -> None:
    """They leave in the tick that ends with the removal; what the camera saw in it is ignored."""
    floor = FloorState("floor")
    facts = facts_of(
        camera("cam"),
        camera("cam-2"),
        camera("cam", version=2, removed=True, valid_from_us=T0 + 2 * S),
        zone(),
    )
    both = [one for at in range(100, 3001, 100) for one in (view(at), view(at, "cam-2", ()))]

    outputs = feed(floor, facts, *both)

    assert [(event["kind"], (event["at_us"] - T0) // MS) for event in zone_events(outputs)] == [
        ("ENTERED", 100),
        ("LEFT", 1800),
    ]
    gone = next(p for p in presences(outputs) if p["as_of_us"] > T0 + S and p["people"] == [])
    assert gone["as_of_us"] == T0 + 2 * S


BUSY = [
    camera("cam"),
    camera("cam-2"),
    camera("cam-3", version=1, valid_from_us=T0 + 40 * S),
    camera("cam-2", version=2, removed=True, valid_from_us=T0 + 700 * S),
    zone(dwell_limit_s=3.0),
    zone("z2", camera_id="cam-2", leave_after_ms=9000),
    zone("z2", camera_id="cam-2", version=2, removed=True, valid_from_us=T0 + 500 * S),
    zone("z3", space="FLOOR_M", camera_id=None, polygon=rectangle(0, 0, 1, 1)),
    staff(),
    shift("a", starts_us=T0 + 33 * S, ends_us=T0 + 1234 * S + 7),
    shift("b", zone_id="z2", starts_us=T0 + 50 * S, ends_us=T0 + 900 * S),
    requirement(count=3, from_minute=5, to_minute=17),
    requirement("ratio", basis="CENSUS", per=2, at_least=1),
    requirement("others", role="porter", basis="PRESENT", per=1),
    role("porter", "nurse", priority=1, valid_from_us=T0 + 77 * S),
    census(3, T0 + 91 * S - SETTINGS.census_max_age_us),  # too old from 91 s on
    census(5, T0 + 444 * S + 9, "later"),
]


RESTLESS = [
    camera("cam"),
    *(
        camera(
            "cam-2", version=number, removed=number % 2 == 0, valid_from_us=T0 + number * 1300 * MS
        )
        for number in range(1, 300)
    ),
]


OF_ZONES = (ZONE_EVENTS, OCCUPANCY, OCCUPANCY_LATEST)


def busy_log(seed: int) -> list[View]:
    """Two cameras with gaps of milliseconds to minutes, sometimes one without the other."""
    rng = random.Random(seed)
    at_ms, log = 0, []
    for number in range(240):
        # Bursts of frames, and a gap of any length after each.
        gaps = [7, 90, 150, 200, 400] if number % 12 else [1_000, 2_500, 11_000, 70_000, 400_000]
        at_ms += rng.choice(gaps)
        for camera_id in rng.choice([["cam"], ["cam"], ["cam-2"], ["cam", "cam-2"]]):
            feet = [
                (rng.choice([200.0, 200.0, 200.0, 600.0]), 300.0) for _ in range(rng.randrange(3))
            ]
            log.append(view(at_ms, camera_id, feet, looked=rng.random() < 0.8))
    return log


@pytest.mark.parametrize(
    ("seed", "records", "shown"),
    [
        *(pytest.param(seed, BUSY, {PRESENCE, *OF_ZONES}, id=f"busy-{seed}") for seed in range(3)),
        *(pytest.param(seed, RESTLESS, {PRESENCE}, id=f"restless-{seed}") for seed in range(2)),
    ],
)
def test_a_jump_is_the_same_as_closing_every_tick(
    seed: int, records: list[dict[str, Any]], shown: set[Topic], monkeypatch: Any
) -> None:
    log = [one for one in busy_log(seed) if one.captured_us < T0 + 1500 * S]
    jumping = FloorState("floor")
    jumped = feed(jumping, facts_of(*records), *log)

    monkeypatch.setattr(floor_module, "next_due", lambda floor, *_: floor.closed_us + TICK_US)
    walking = FloorState("floor")
    walked = feed(walking, facts_of(*records), *log)

    assert jumped == walked
    assert dataclasses.asdict(jumping) == dataclasses.asdict(walking)
    assert {output.topic for output in jumped} >= shown


def test_a_camera_that_is_back_after_a_gap_is_present_in_the_whole_gap() -> None:
    """Its report says so, even where a camera that has left advanced the floor's time."""
    floor = FloorState("floor")
    facts = facts_of(camera("cam"), zone())
    feed(floor, facts, view(100, feet=()))
    hear(floor, "gone", T0 + 5 * S)
    away = close_ticks(floor, facts, SETTINGS)

    back = feed(floor, facts, view(8100, feet=()), view(8200, feet=()))

    assert occupancies(away)[-1]["cameras_missing"] == ["cam"]
    assert as_of(occupancies(back)) == [5200]
    assert occupancies(back)[0]["cameras_missing"] == []


def test_a_gap_of_ten_years_costs_little_and_is_not_filled_with_numbers(monkeypatch: Any) -> None:
    asked = []

    def next_due_and_note(*given: Any) -> int:
        asked.append(given)
        return next_due(*given)

    monkeypatch.setattr(floor_module, "next_due", next_due_and_note)
    floor = FloorState("floor")

    feed(floor, ONE, *(view(at) for at in range(100, 1001, 100)))
    outputs = feed(floor, ONE, view(10 * 365 * 86_400_000 + 300))

    assert floor.closed_us == T0 + 10 * 365 * 86_400 * S + 200 * MS
    assert len(asked) < 50
    periodic = [record for record in occupancies(outputs) if record["reason"] == "PERIODIC"]
    assert as_of(periodic) == [10_000, 20_000, 30_000, 40_000, 50_000, 60_000]


def test_people_of_a_camera_whose_view_is_suspect_carry_the_sign_from_when_it_is_visible() -> None:
    decided = decision("cam", recorded_at_us=T0 - 5 * S + 300 * MS)
    facts = facts_of(camera("cam"), camera("cam-2"), zone(), decided)
    floor = FloorState("floor")

    looks = [view(at, name) for at in (200, 400, 600) for name in ("cam", "cam-2")]
    signs = [
        {person["person_id"]: person["calibration_suspect"] for person in presence["people"]}
        for presence in presences(feed(floor, facts, *looks))
    ]

    assert signs == [
        {"cam:1": False, "cam-2:1": False},
        {"cam:1": True, "cam-2:1": False},
        {"cam:1": True, "cam-2:1": False},
    ]
