"""What occupancy says of gaps and of the number of people, as the fold sends it."""

import random
from collections.abc import Sequence

import pytest

from runtime.checkpoints import EntityState
from schemas.records.frames import DetectionOutcome
from schemas.records.zones import ZoneOccupancy
from streams.domain.evidence.waiting import NO_READS, Reads
from streams.domain.facts.timeline import Facts
from streams.domain.pipeline import PartitionPipeline
from streams.domain.settings import FloorSettings, PipelineSettings
from streams.domain.staffing.assignment import assign
from streams.domain.staffing.coverage import Plan
from streams.domain.staffing.ratio import Ratio
from streams.domain.zones.membership import Stay, ZoneState
from streams.domain.zones.occupancy import Found, Watch, find
from streams.state.codec import decode_state, encode_state
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    box,
    camera,
    census,
    facts_of,
    heartbeat,
    occupancies,
    outcome,
    presences,
    rectangle,
    requirement,
    staff,
    zone,
)
from tests.support.builders.reads import badge_read
from tests.support.fakes import KnownReads

SCALE = [0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 1.0]
"""A homography: 100 px are a metre."""

INSIDE_PX, BESIDE_PX, OUTSIDE_PX = 200.0, 330.0, 700.0


def measured(
    outcomes: Sequence[DetectionOutcome],
    facts: Facts,
    reads: Reads = NO_READS,
    pipeline: PartitionPipeline | None = None,
) -> list[ZoneOccupancy]:
    pipeline = pipeline or PartitionPipeline()
    return occupancies([one for event in outcomes for one in pipeline.advance(event, facts, reads)])


def shown(seconds: float, *x_px: float, since_s: float = 0.0) -> list[DetectionOutcome]:
    """People who stand there, as the camera sees them ten times a second."""
    return [
        outcome(T0 + round(since_s * S) + at_ms * MS, [box(x, 400) for x in x_px])
        for at_ms in range(0, round(seconds * 1000), 100)
    ]


def at_s(us: int | None) -> float | None:
    return None if us is None else (us - T0) / S


def since(one: ZoneOccupancy) -> tuple[float | None, float | None]:
    return at_s(one["possible_since_us"]), at_s(one["sure_since_us"])


def test_a_gap_is_sure_and_possible_since_the_ticks_at_which_it_became_so() -> None:
    facts = facts_of(camera(), zone(leave_after_ms=500), requirement(count=1))

    found = measured([*shown(5), *shown(10, INSIDE_PX, since_s=5), *shown(5, since_s=15)], facts)

    empty, entered, left = found[0], next(one for one in found if one["people"]), found[-1]
    assert since(empty) == (0.0, 0.0)
    assert since(entered) == (0.0, None)
    assert [since(one) for one in left["roles"]] == [since(left)]  # type: ignore[arg-type]
    # Somebody who may be a nurse was there for 10 s: it is the same sure gap after that.
    assert since(left) == (0.0, 0.0)


def test_a_sure_gap_that_was_not_sure_for_half_a_minute_is_another_one() -> None:
    facts = facts_of(camera(), zone(leave_after_ms=500), requirement(count=1))

    found = measured([*shown(5), *shown(40, INSIDE_PX, since_s=5), *shown(5, since_s=45)], facts)

    possible_s, sure_s = since(found[-1])
    assert possible_s == 0.0
    assert sure_s is not None
    assert sure_s > 44.0


def test_a_requirement_that_takes_effect_opens_a_gap_at_its_time_and_ends_it() -> None:
    facts = facts_of(
        camera(),
        zone(),
        requirement(count=0),
        requirement(count=2, version=2, valid_from_us=T0 + 20 * S),
        requirement(count=0, version=3, valid_from_us=T0 + 40 * S),
    )

    found = measured(shown(50), facts)

    opened = next(one for one in found if one["gap_max"])
    assert (at_s(opened["as_of_us"]), since(opened)) == (20.0, (20.0, 20.0))
    closed = next(
        one for one in found if one["as_of_us"] > opened["as_of_us"] and not one["required"]
    )
    assert (at_s(closed["as_of_us"]), since(closed)) == (40.0, (None, None))


def test_a_zone_whose_camera_is_silent_has_no_sure_gap() -> None:
    facts = facts_of(camera(), camera("other"), zone(), requirement(count=2))
    both = [
        event
        for at_ms in range(0, 12_000, 100)
        for event in ([outcome(T0 + at_ms * MS, [])] if at_ms < 5_000 else [])
        + [heartbeat(T0 + at_ms * MS, "other")]
    ]

    found = measured(both, facts)

    before, after = found[0], found[-1]
    assert (before["is_watched"], before["gap_min"], before["gap_max"]) == (True, 2, 2)
    assert (after["is_watched"], after["gap_min"], after["gap_max"]) == (False, 0, 2)
    assert after["cameras_missing"] == ["cam"]
    assert [(role["gap_min"], role["gap_max"]) for role in after["roles"]] == [(0, 2)]
    assert after["count"] is not None
    assert (after["count"]["low"], after["count"]["high"]) == (0, None)
    assert since(after) == (0.0, None)


def test_a_zone_on_the_floor_that_no_calibrated_camera_sees_has_no_sure_gap() -> None:
    area = {"space": "FLOOR_M", "camera_id": "", "polygon": rectangle(1, 1, 3, 3)}
    away = area | {"polygon": rectangle(20, 1, 23, 3)}
    facts = facts_of(
        camera(homography=SCALE),
        zone("here", **area),
        zone("away", **away),
        requirement("r1", zone_id="here"),
        requirement("r2", zone_id="away"),
    )

    found = {one["zone_id"]: one for one in measured(shown(2), facts)}

    assert (found["here"]["is_watched"], found["here"]["gap_min"]) == (True, 1)
    assert (found["away"]["is_watched"], found["away"]["gap_min"]) == (False, 0)
    without = facts_of(camera(), zone("here", **area), requirement("r1", zone_id="here"))
    assert not measured(shown(2), without)[0]["is_watched"]


def counts(one: ZoneOccupancy) -> dict[str, tuple[int, int | None]]:
    assert one["count"] is not None
    return {each["source"]: (each["low"], each["high"]) for each in one["count"]["sources"]}


def walk(x_from: float, x_to: float, since_s: float, seconds: float) -> list[DetectionOutcome]:
    steps = round(seconds * 10)
    return [
        outcome(
            T0 + round(since_s * S) + step * 100 * MS,
            [box(x_from + (x_to - x_from) * step / steps, 400)],
        )
        for step in range(steps)
    ]


def test_who_walks_in_and_out_is_counted_by_heads_and_by_crossings_alike() -> None:
    facts = facts_of(camera(), zone(leave_after_ms=500))
    events = [
        *shown(3, OUTSIDE_PX),
        *walk(OUTSIDE_PX, INSIDE_PX, 3, 4),
        *shown(3, INSIDE_PX, since_s=7),
        *walk(INSIDE_PX, OUTSIDE_PX, 10, 4),
        *shown(3, OUTSIDE_PX, since_s=14),
    ]

    found = measured(events, facts)

    assert {one["people"] for one in found} == {0, 1}
    for one in found:
        assert one["count"] is not None
        assert one["count"]["disagreement"] == 0
        assert counts(one)["FLOW"] == (one["people"], one["people"])


def test_who_is_lost_inside_may_be_there_for_the_flow_until_seen_again() -> None:
    facts = facts_of(camera(), zone(leave_after_ms=500))
    events = [
        *shown(3, OUTSIDE_PX),
        *walk(OUTSIDE_PX, INSIDE_PX, 3, 4),
        *shown(3, INSIDE_PX, since_s=7),
        *shown(20, since_s=10),
        *shown(5, INSIDE_PX, since_s=30),
    ]

    found = measured(events, facts)

    hidden = [one for one in found if at_s(one["as_of_us"]) == 20.0]
    assert [(one["people"], counts(one)["HEADS"], counts(one)["FLOW"]) for one in hidden] == [
        (0, (0, 0), (0, 1))
    ]
    assert hidden[0]["count"] == {
        "low": 0,
        "high": 0,
        "disagreement": 0,
        "sources": [
            {"source": "HEADS", "low": 0, "high": 0, "is_apart": False},
            {"source": "FLOW", "low": 0, "high": 1, "is_apart": False},
        ],
    }
    assert found[-1]["count"] is not None
    assert (found[-1]["people"], found[-1]["count"]["disagreement"]) == (1, 0)


def test_who_is_lost_inside_is_not_taken_to_be_there_any_more_after_an_hour() -> None:
    facts = facts_of(camera(), zone(leave_after_ms=500))
    events = [
        *shown(3, OUTSIDE_PX),
        *walk(OUTSIDE_PX, INSIDE_PX, 3, 4),
        *shown(3, INSIDE_PX, since_s=7),
        *[outcome(T0 + (10 + at) * S, []) for at in range(0, 3700, 2)],
    ]

    found = measured(events, facts, pipeline=PartitionPipeline())

    maybe = [(one["as_of_us"] - T0) / S for one in found if counts(one).get("FLOW") == (0, 1)]
    assert 10.0 < maybe[0] < 20.0
    assert 3590.0 < maybe[-1] < 3616.0
    assert counts(found[-1])["FLOW"] == (0, 0)


def two_in_turns() -> list[DetectionOutcome]:
    """One is inside from 0 to 6 s, another from 3 to 10 s."""
    return [
        *shown(3, INSIDE_PX),
        *shown(3, INSIDE_PX, BESIDE_PX, since_s=3),
        *shown(4, BESIDE_PX, since_s=6),
        *shown(4, since_s=10),
    ]


def test_the_longest_stay_is_that_of_who_came_first_until_they_leave() -> None:
    facts = facts_of(camera(), zone(leave_after_ms=500))

    found = measured(two_in_turns(), facts)

    longest = [one["longest_since_us"] for one in found]
    sinces = [at_s(since) for since in dict.fromkeys(longest) if since]
    assert sinces == pytest.approx([0.0, 3.0], abs=0.2)  # a track begins at its second frame
    assert [since is None for since in longest] == [one["people"] == 0 for one in found]


def test_settings_without_it_give_no_longest_stay() -> None:
    facts = facts_of(camera(), zone(leave_after_ms=500))
    old = PartitionPipeline(PipelineSettings(floor=FloorSettings(finds_longest=False)))

    found = measured(two_in_turns(), facts, pipeline=old)

    assert {one["people"] for one in found} == {0, 1, 2}
    assert {one["longest_since_us"] for one in found} == {None}


def test_settings_without_it_let_who_is_lost_inside_contradict_the_flow() -> None:
    facts = facts_of(camera(), zone(leave_after_ms=500))
    old = PartitionPipeline(PipelineSettings(floor=FloorSettings(widens_flow=False)))
    events = [
        *shown(3, OUTSIDE_PX),
        *walk(OUTSIDE_PX, INSIDE_PX, 3, 4),
        *shown(3, INSIDE_PX, since_s=7),
        *shown(10, since_s=10),
    ]

    last = measured(events, facts, pipeline=old)[-1]

    assert (counts(last)["HEADS"], counts(last)["FLOW"]) == ((0, 0), (1, 1))


def test_a_restart_after_any_record_gives_the_same_bytes() -> None:
    facts = facts_of(camera(), zone(leave_after_ms=500), requirement(count=1))
    events = [
        *shown(2, OUTSIDE_PX),
        *walk(OUTSIDE_PX, INSIDE_PX, 2, 3),
        *shown(4, since_s=5),
        *walk(INSIDE_PX, OUTSIDE_PX, 9, 3),
    ]
    whole = PartitionPipeline()
    saved: dict[str, EntityState] = {}

    for one in events:
        expected = whole.advance(one, facts)
        split = PartitionPipeline()
        split.restore({key: decode_state(key, state) for key, state in saved.items()})
        assert split.advance(one, facts) == expected
        saved |= split.take_changed(encode_state)
        for key, state in whole.take_changed(encode_state).items():
            assert saved[key] == state


ROLES = ("assistant", "doctor", "nurse", "patient")


def random_plan(chance: random.Random) -> Plan:
    staff_roles = ROLES[:3]
    return Plan(
        0,
        1,
        scheduled={role: chance.randrange(3) for role in staff_roles},
        required={role: chance.randrange(4) for role in staff_roles if chance.random() < 0.7},
        covers={
            role: [one for one in staff_roles if one != role and chance.random() < 0.4]
            for role in staff_roles
        },
        priority=tuple(chance.sample(staff_roles, chance.randrange(4))),
        ratios=tuple(
            Ratio(role, 1, chance.randint(1, 4), chance.randrange(2), "PRESENT")
            for role in staff_roles
            if chance.random() < 0.3
        ),
        not_staff=frozenset({"patient"}),
    )


def found_of(roles: Sequence[str], plan: Plan, *, is_watched: bool = True) -> Found:
    state = ZoneState(
        stays={
            f"p{number}": Stay("cam", 0, 10, counted=True, role=role)
            for number, role in enumerate(roles)
        }
    )
    return find(state, plan, Watch([], is_watched, {"cam": 10}), None, 10, follows_gaps=True)


@pytest.mark.parametrize("seed", range(4))
def test_the_true_coverage_is_within_what_is_published_whoever_the_people_are(seed: int) -> None:
    """Any role that badges did not give may be true, of who is seen and of who is not."""
    chance = random.Random(seed)
    for _ in range(150):
        plan = random_plan(chance)
        true = [chance.choice(ROLES) for _ in range(chance.randrange(8))]
        read = [role if chance.random() < 0.5 else "" for role in true]
        published = found_of(read, plan).coverage
        truth = found_of(true, plan).coverage

        assert published.gap_min <= truth.gap_min == truth.gap_max <= published.gap_max
        assert published.least_required <= truth.required <= published.required
        gaps = {one["role"]: one["gap_max"] for one in truth.roles}
        for one in published.roles:
            assert one["gap_min"] <= gaps.get(one["role"], 0) <= one["gap_max"]
        alone = [one for one in true if chance.random() < 0.5]
        unwatched = found_of(alone, plan, is_watched=False).coverage
        assert unwatched.gap_min == 0
        assert {one["gap_min"] for one in unwatched.roles} <= {0}


def test_it_is_known_who_covers_whom() -> None:
    plan = Plan(
        0,
        1,
        required={"nurse": 1, "assistant": 1},
        covers={"nurse": ["assistant"]},
        priority=("nurse",),
    )

    roles = {one["role"]: one for one in found_of(["nurse", "nurse"], plan).roles}

    assert roles["assistant"]["standing_in"] == [{"role": "nurse", "people": 1}]
    assert (roles["assistant"]["gap_max"], roles["assistant"]["present_min"]) == (0, 1)
    assert roles["nurse"]["standing_in"] == []


@pytest.mark.parametrize("seed", range(3))
def test_what_a_floor_with_readers_publishes_holds_whoever_its_people_are(seed: int) -> None:
    chance = random.Random(seed)
    facts = facts_of(
        camera(homography=SCALE),
        zone(polygon=rectangle(0, 0, 600, 720)),
        staff("ann", "nurse"),
        staff("bob", "doctor"),
        *(
            requirement(f"r-{role}", role=role, count=chance.randrange(3))
            for role in ("nurse", "doctor", "assistant")
        ),
    )
    positions_px = [100.0 + 150.0 * number for number in range(chance.randint(2, 4))]
    reads = [badge_read(T0 + S, "away", staff_ids=[], x_m=9.0, y_m=4.0)]
    for who in ("ann", "bob")[: chance.randint(1, 2)]:
        x_m = positions_px[0 if who == "ann" else -1] / 100.0
        for number in range(3):
            at_us = T0 + (6 + 2 * number) * S
            reads.append(
                badge_read(
                    at_us, f"b-{who}", reader_id=who, staff_ids=[who], x_m=x_m, y_m=4.0, range_m=1.0
                )
            )
    pipeline = PartitionPipeline()

    found = measured(shown(25, *positions_px), facts, KnownReads(reads), pipeline)

    assert any(one["identified"] for one in found)
    last = found[-1]
    required = {one["role"]: one["required"] for one in last["roles"] if one["required"]}
    stays = pipeline.floors["floor"].zones["zone"].stays
    for _ in range(50):
        true: dict[str, int] = {}
        for stay in stays.values():
            role = stay.role or chance.choice(ROLES)
            true[role] = true.get(role, 0) + 1
        empty = assign(true, required, {}).empty
        assert last["gap_min"] <= sum(empty.values()) <= last["gap_max"]
        for one in last["roles"]:
            assert one["gap_min"] <= empty.get(one["role"], 0) <= one["gap_max"]


def test_settings_of_an_earlier_release_give_what_it_gave() -> None:
    facts = facts_of(camera(), camera("other"), zone(), requirement(count=2))
    old = PartitionPipeline(PipelineSettings(floor=FloorSettings(follows_gaps=False)))
    events = [
        *shown(5, INSIDE_PX),
        heartbeat(T0 + 12 * S, "other"),
        heartbeat(T0 + 30 * S, "other"),
    ]

    found = measured(events, facts, pipeline=old)

    for one in found:
        assert (one["count"], one["least_required"], one["is_watched"]) == (None, None, True)
        assert since(one) == (None, None)
        assert {since(role) for role in one["roles"]} <= {(None, None)}  # type: ignore[arg-type]
    assert found[-1]["gap_min"] == 2
    assert not old.floors["floor"].zones["zone"].gaps


def test_a_floor_is_covered_by_whoever_is_in_its_zones_and_nobody_counts_twice() -> None:
    facts = facts_of(
        camera(),
        zone("bay", polygon=rectangle(0, 0, 300, 720)),
        zone("bed", polygon=rectangle(100, 0, 300, 720)),
        zone("desk", polygon=rectangle(400, 0, 600, 720)),
        requirement("r1", zone_id="bay", count=2),
        requirement("r2", zone_id="desk", count=1),
    )
    pipeline = PartitionPipeline()

    outputs = [
        one for event in shown(5, INSIDE_PX, 500.0) for one in pipeline.advance(event, facts)
    ]

    last = presences(outputs)[-1]["coverage"]
    assert last is not None
    assert (last["people"], last["required"]) == (2, 3)
    assert (last["gap_min"], last["gap_max"]) == (1, 3)
    assert (at_s(last["possible_since_us"]), at_s(last["sure_since_us"])) == (0.0, 0.0)
    assert [(one["role"], one["gap_min"], one["gap_max"]) for one in last["roles"]] == [
        ("nurse", 1, 3)
    ]
    by_zone = {one["zone_id"]: one for one in occupancies(outputs)}
    assert {name: (one["people"], one["gap_min"]) for name, one in by_zone.items()} == {
        "bay": (1, 1),
        "bed": (1, 0),
        "desk": (1, 0),
    }


def test_a_floor_that_nobody_looks_at_says_when_a_requirement_takes_effect() -> None:
    facts = facts_of(
        camera(),
        zone(),
        requirement(count=0),
        requirement(count=2, version=2, valid_from_us=T0 + 20 * S),
    )
    events = [*shown(2), *(heartbeat(T0 + at_s * S) for at_s in range(3, 30))]
    pipeline = PartitionPipeline()

    outputs = [one for event in events for one in pipeline.advance(event, facts)]

    found = [(one["as_of_us"], one["coverage"]) for one in presences(outputs)]
    assert found[0][1] is None
    at_us, covered = found[-1]
    assert covered is not None
    assert (at_s(at_us), covered["gap_max"]) == (20.0, 2)
    assert at_s(covered["possible_since_us"]) == 20.0


def test_occupancy_names_the_census_and_when_it_is_too_old_or_missing() -> None:
    """Nobody counts at first; 2 s later there are 9 patients, and 2 s later that is too old."""
    settings = PipelineSettings(floor=FloorSettings(census_max_age_us=2 * S))
    facts = facts_of(
        camera(),
        zone(enter_after_ms=0),
        requirement(basis="CENSUS", per=4, at_least=1),
        census(9, T0 + 2 * S),
    )

    found = measured(
        shown(6.0, INSIDE_PX, INSIDE_PX + 90), facts, NO_READS, PartitionPipeline(settings)
    )

    named = [
        (one["census"], one["least_required"], one["required"])
        for one in found
        if one["people"] == 2 and one["reason"] == "CHANGE"
    ]
    nobody = {"people": None, "from_us": None, "is_believed": False}
    counted = {"people": 9, "from_us": T0 + 2 * S, "is_believed": True}
    assert named == [(nobody, 1, 1), (counted, 3, 3), ({**counted, "is_believed": False}, 1, 3)]


def test_a_zone_whose_requirements_relate_to_no_census_names_none() -> None:
    facts = facts_of(camera(), zone(), requirement(), census(9))

    [*_, found] = measured(shown(2.0, INSIDE_PX), facts)

    assert found["census"] is None
