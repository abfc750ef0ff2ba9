import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.facts import log as fact_log
from streams.domain.facts.timeline import Facts
from streams.domain.facts.versions import (
    VISIBLE_AFTER_US,
    ConflictingFact,
    InvalidFact,
    visible_as_of,
)
from tests.support.builders.domain import (
    T0,
    S,
    camera,
    clock,
    facts_of,
    rectangle,
    requirement,
    topic_of,
    view,
    zone,
)


def name_at(facts: Facts, at_us: int) -> str | None:
    found = facts.at(at_us).cameras.get("cam")
    return found["name"] if found else None


@pytest.mark.parametrize(
    ("valid_us", "recorded_us", "visible_us"),
    [
        pytest.param(T0, T0 - 60 * S, T0, id="planned-ahead"),
        pytest.param(T0, T0, T0 + 5 * S, id="recorded-as-it-became-valid"),
        pytest.param(T0 - 60 * S, T0, T0 + 5 * S, id="back-dated"),
        pytest.param(T0, T0 - 5 * S, T0, id="recorded-five-seconds-before"),
    ],
)
def test_a_fact_is_visible_when_valid_and_five_seconds_after_it_was_recorded(
    valid_us: Any, recorded_us: Any, visible_us: Any
) -> None:
    facts = facts_of(camera(valid_from_us=valid_us, recorded_at_us=recorded_us))

    assert "cam" not in facts.at(visible_us - 1).cameras
    assert "cam" in facts.at(visible_us).cameras


@pytest.mark.parametrize(
    ("valid_us", "recorded_us", "visible_us"),
    [
        pytest.param(T0, T0 - 60 * S, T0, id="planned-ahead"),
        pytest.param(T0, T0, T0 + 5 * S, id="recorded-as-it-became-valid"),
        pytest.param(T0 + 2 * S, T0, T0 + 5 * S, id="recorded-shortly-before"),
        pytest.param(T0 - 60 * S, T0, T0 - 60 * S, id="back-dated"),
        pytest.param(T0 - 1, T0, T0 - 1, id="back-dated-by-a-microsecond"),
    ],
)
def test_in_a_rebuild_only_back_dated_facts_are_visible_earlier(
    valid_us: int, recorded_us: int, visible_us: int
) -> None:
    facts = Facts(visible_as_of)
    facts.add("cameras.v1", camera(valid_from_us=valid_us, recorded_at_us=recorded_us))

    assert "cam" not in facts.at(visible_us - 1).cameras
    assert "cam" in facts.at(visible_us).cameras


def test_the_highest_visible_version_wins_even_when_it_is_valid_from_earlier() -> None:
    facts = facts_of(
        camera(name="one", version=1, valid_from_us=T0),
        camera(name="three", version=3, valid_from_us=T0 + 20 * S),
        camera(name="two", version=2, valid_from_us=T0 + 30 * S),
    )

    assert name_at(facts, T0 - 1) is None
    assert name_at(facts, T0) == "one"
    assert name_at(facts, T0 + 20 * S) == "three"
    assert name_at(facts, T0 + 40 * S) == "three"


def test_a_removal_is_a_version_and_can_be_followed_by_another() -> None:
    facts = facts_of(
        camera(name="one"),
        camera(version=2, removed=True, valid_from_us=T0 + 10 * S),
        camera(name="back", version=3, valid_from_us=T0 + 20 * S),
    )

    assert name_at(facts, T0) == "one"
    assert name_at(facts, T0 + 10 * S) is None
    assert name_at(facts, T0 + 20 * S) == "back"


def test_a_snapshot_is_the_same_object_until_the_next_change() -> None:
    facts = facts_of(camera(), camera(version=2, name="two", valid_from_us=T0 + 10 * S))

    first = facts.at(T0)

    assert first.until_us == T0 + 10 * S
    assert facts.at(T0 + 10 * S - 1) is first
    assert facts.at(T0 + 10 * S) is not first
    assert facts.at(T0) is first


def test_a_later_record_changes_what_it_may_and_nothing_before() -> None:
    facts = facts_of(camera(name="one"), camera(version=2, name="two", valid_from_us=T0 + 60 * S))
    before, after = facts.at(T0), facts.at(T0 + 70 * S)

    facts.add("cameras.v1", camera(version=3, name="three", recorded_at_us=T0 + 25 * S))

    assert name_at(facts, T0 + 30 * S - 1) == "one"
    assert name_at(facts, T0 + 30 * S) == "three"
    assert name_at(facts, T0 + 70 * S) == "three"
    assert before.cameras["cam"]["name"] == "one"
    assert after.cameras["cam"]["name"] == "two"
    assert facts.at(T0 + 29 * S).until_us == T0 + 30 * S


def test_the_order_in_which_facts_are_added_plays_no_part() -> None:
    records = [
        camera(name="one"),
        camera(name="two", version=2, valid_from_us=T0 + 10 * S),
        camera(version=3, removed=True, valid_from_us=T0 + 20 * S),
        zone(),
    ]
    times = [T0, T0 + 10 * S, T0 + 15 * S, T0 + 20 * S]

    answers = []
    for order in itertools.permutations(records):
        facts = Facts()
        answer = []
        for record in order:
            facts.add("zones.v1" if "zone_id" in record else "cameras.v1", record)
            for at_us in times:  # a look in between changes nothing
                facts.at(at_us)
        answer = [(name_at(facts, at_us), sorted(facts.at(at_us).zones)) for at_us in times]
        answers.append(answer)

    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == ("one", ["zone"])


def test_the_same_version_twice_changes_nothing_and_another_under_its_number_is_refused() -> None:
    facts = facts_of(camera(name="one"))
    snapshot = facts.at(T0)

    facts.add("cameras.v1", camera(name="one"))

    assert facts.at(T0) is snapshot
    with pytest.raises(ConflictingFact, match="'cam' version 1 changed"):
        facts.add("cameras.v1", camera(name="two"))


def test_zones_and_cameras_of_a_floor_are_sorted() -> None:
    facts = facts_of(
        zone("z-b"),
        zone("z-a"),
        zone("z-c", floor_id="other"),
        camera("c-2"),
        camera("c-1"),
        camera("c-3", "other"),
    )

    snapshot = facts.at(T0)

    assert [area.zone_id for area in snapshot.zones_of("floor")] == ["z-a", "z-b"]
    assert snapshot.cameras_of("floor") == ["c-1", "c-2"]
    assert snapshot.cameras_of("nowhere") == []


@pytest.mark.parametrize(
    ("topic", "record", "message"),
    [
        pytest.param(
            "zones.v1", zone(polygon=rectangle(0, 0, 1, 1)[:2]), "3 to 200", id="two-vertices"
        ),
        pytest.param("zones.v1", zone(camera_id=None), "names its camera", id="no-camera"),
        pytest.param("zones.v1", zone(space="UNKNOWN"), "space is UNKNOWN", id="no-space"),
        pytest.param("zones.v1", zone(enter_after_ms=-1), "enter_after_ms", id="negative-time"),
        pytest.param("zones.v1", zone(dwell_limit_s=0.0), "dwell_limit_s", id="no-limit"),
        pytest.param("cameras.v1", camera(homography=[1.0]), "nine numbers", id="short"),
        pytest.param("cameras.v1", camera(homography=[1.0] * 9), "singular", id="singular"),
        pytest.param(
            "requirements.v1", requirement(time_zone="Mars/Base"), "Mars/Base", id="time-zone"
        ),
        pytest.param("requirements.v1", requirement(weekdays=[0]), "weekdays", id="weekday"),
        pytest.param("requirements.v1", requirement(count=-1), "count", id="count"),
        pytest.param("requirements.v1", requirement(from_minute=1440), "from_minute", id="from"),
    ],
)
def test_a_fact_without_meaning_is_refused_and_the_one_before_is_kept(
    topic: Any, record: Any, message: Any
) -> None:
    facts = Facts()

    with pytest.raises(InvalidFact, match=message):
        facts.add(topic, record)

    snapshot = facts.at(T0)
    assert (snapshot.zones, snapshot.cameras, snapshot.requirements_of("zone")) == ({}, {}, [])


def test_a_zone_stays_on_its_floor() -> None:
    facts = facts_of(zone())

    with pytest.raises(InvalidFact, match="a zone stays on its floor"):
        facts.add("zones.v1", zone(version=2, floor_id="other"))

    assert facts.at(T0).zones["zone"].floor_id == "floor"


def test_a_camera_stays_on_its_floor() -> None:
    """Another floor has another partition, in which the camera's `seq` would start again."""
    facts = facts_of(camera(), camera(version=2, removed=True, recorded_at_us=T0))

    with pytest.raises(InvalidFact, match="a camera stays on its floor: 'floor', not 'other'"):
        facts.add("cameras.v1", camera(floor_id="other", version=3, recorded_at_us=T0))
    facts.add("cameras.v1", camera(name="back", version=4, recorded_at_us=T0))

    back = facts.at(T0 + VISIBLE_AFTER_US).cameras["cam"]
    assert (back["name"], back["floor_id"]) == ("back", "floor")


def test_a_topic_without_facts_is_refused() -> None:
    with pytest.raises(KeyError):
        Facts().add("tracks.updated.v1", camera())


def test_reader_and_domain_agree_when_a_fact_becomes_visible() -> None:
    """`FactLog.complete_until_us` is only true for the delay that the domain applies."""
    assert fact_log.VISIBLE_AFTER_US == VISIBLE_AFTER_US
    assert fact_log.APPEND_WITHIN_US < fact_log.VISIBLE_AFTER_US


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(0, 5), st.booleans()),
        unique_by=lambda given: given[0],
        max_size=6,
    )
)
def test_at_any_time_the_highest_visible_version_is_in_force(
    versions: list[tuple[int, int, bool]],
) -> None:
    facts = facts_of(
        *(
            camera(name=str(version), version=version, valid_from_us=T0 + at * S, removed=removed)
            for version, at, removed in versions
        )
    )

    for at in range(7):
        seen = [given for given in versions if given[1] <= at]
        newest = max(seen, default=(0, 0, True))
        assert name_at(facts, T0 + at * S) == (None if newest[2] else str(newest[0]))


def test_a_decision_is_visible_by_the_rule_of_facts_and_ends_with_a_removal() -> None:
    facts = facts_of(
        clock(valid_from_us=T0 + 20 * S),
        clock(version=2, removed=True, valid_from_us=T0 + 40 * S),
        view(valid_from_us=T0, recorded_at_us=T0 + 30 * S),
        view(state="TRUSTED", version=2, reason="looked at it", valid_from_us=T0 + 50 * S),
    )

    clocks = [facts.at(T0 + at * S).clock("cam") is not None for at in (19, 20, 39, 40)]
    suspects = [facts.at(T0 + at * S).is_suspect("cam") for at in (34, 35, 49, 50)]

    assert clocks == [False, True, True, False]
    assert suspects == [False, True, True, False]


def test_a_camera_that_was_calibrated_anew_is_suspected_no_longer() -> None:
    judged = view(camera_version=2, recorded_at_us=T0 + 20 * S)
    named = camera(version=3, name="another name", recorded_at_us=T0 + 30 * S)
    calibrated = camera(
        version=4, homography=[1, 0, 0, 0, 1, 0, 0, 0, 1], recorded_at_us=T0 + 40 * S
    )
    facts = facts_of(judged, camera(), camera(version=2), named, calibrated)

    suspects = [facts.at(T0 + at * S).is_suspect("cam") for at in (24, 25, 36, 44, 45, 60)]

    assert suspects == [False, True, True, True, False, False]


def test_a_verdict_on_the_new_calibration_makes_the_camera_suspect_again() -> None:
    facts = facts_of(
        camera(),
        camera(version=2, homography=[1, 0, 0, 0, 1, 0, 0, 0, 1], recorded_at_us=T0),
        view(camera_version=1, recorded_at_us=T0),
        view(version=2, camera_version=2, recorded_at_us=T0 + 20 * S),
    )

    assert [facts.at(T0 + at * S).is_suspect("cam") for at in (10, 25)] == [False, True]


def test_nothing_is_decided_about_a_camera_without_a_record() -> None:
    snapshot = facts_of(camera(), clock("other"), view("other")).at(T0 + 60 * S)

    assert snapshot.clock("cam") is None
    assert not snapshot.is_suspect("cam")


@pytest.mark.parametrize("decision", [clock, view])
def test_a_version_of_a_decision_never_changes(decision: Any) -> None:
    facts = facts_of(decision())

    with pytest.raises(ConflictingFact):
        facts.add(topic_of(decision()), decision(recorded_by="somebody else"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("drift_ppm", math.nan, id="drift-that-is-no-number"),
        pytest.param("drift_ppm", -1000.5, id="clock-that-is-no-clock"),
        pytest.param("delay_us", -1, id="picture-before-it-was-taken"),
        pytest.param("delay_us", 60_000_001, id="delay-of-more-than-a-minute"),
        pytest.param("offset_us", 2**63 - 1, id="offset-out-of-reach"),
        pytest.param("reference_us", -(2**63), id="reference-out-of-reach"),
    ],
)
def test_a_correction_that_cannot_be_counted_with_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidFact, match=field):
        facts_of(clock(**{field: value}))
