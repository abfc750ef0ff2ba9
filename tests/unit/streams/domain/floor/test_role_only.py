"""Where roles only are shown, nobody can be followed from one stay to the next."""

import random
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from runtime.checkpoints.spans import take_over
from schemas.topics import TRACKS
from streams.domain.evidence.waiting import NO_READS
from streams.domain.floor import ticks as floor_module
from streams.domain.floor.state import FloorState, report
from streams.domain.floor.tick import TICK_US
from streams.domain.floor.ticks import close_ticks
from streams.domain.pipeline import PartitionPipeline
from streams.domain.settings import PipelineSettings
from streams.domain.zones.stay_ids import stay_id
from streams.state.codec import decode_state, encode_state
from streams.state.settings_by_offset import SettingsByOffset, to_values
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    box,
    camera,
    facts_of,
    links,
    occupancies,
    of_topic,
    outcome,
    presences,
    rectangle,
    staff,
    zone,
    zone_events,
)
from tests.support.builders.domain import fold as plain_fold
from tests.support.builders.reads import badge_read
from tests.support.fakes import KnownReads
from tests.support.paths import ROOT
from tests.support.reference.views import Sighting, view_of
from tests.support.role_only_ward import (
    FLOOR,
    ROLE_ONLY,
    ROOM,
    facts,
    fold,
    log_of,
    reads_of,
    scalars,
    texts_of,
)

SEEDS = range(2)

LEFT_HALF = zone("left")
RIGHT_HALF = zone("right", polygon=rectangle(400, 0, 800, 600))
SCALE = [0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 1.0]
"""A homography: 100 px are a metre."""

TWO_ZONES = (camera(), LEFT_HALF, RIGHT_HALF)


def there(from_s: float, to_s: float, *x_px: float) -> list[Any]:
    """People who stand at these places for a while, as one camera sees them."""
    times = range(round(from_s * 1000), round(to_s * 1000), 100)
    return [outcome(T0 + at * MS, [box(x, 400) for x in x_px]) for at in times]


def crossing(from_s: float, x_from: float, x_to: float) -> list[Any]:
    """Somebody who walks through the picture, 10 px in a tenth of a second."""
    steps = range(round(abs(x_to - x_from) / 10))
    way = 10 if x_to > x_from else -10
    return [
        outcome(T0 + round(from_s * 1000 + step * 100) * MS, [box(x_from + way * step, 400)])
        for step in steps
    ]


def test_who_goes_from_one_zone_to_the_next_and_back_has_an_id_for_each_stay() -> None:
    log = [*there(0, 5, 200), *crossing(5, 200, 600), *there(9, 14, 600)]
    log += [*crossing(14, 600, 200), *there(18, 24, 200)]

    found, _ = fold(log, facts_of(*TWO_ZONES))
    plain = plain_fold(PartitionPipeline(), facts_of(*TWO_ZONES), log)

    assert {one["person_id"] for one in zone_events(plain)} == {"cam:1"}
    entered = [one for one in zone_events(found) if one["kind"] == "ENTERED"]
    assert [one["person_id"] for one in entered] == ["left:stay-1", "right:stay-1", "left:stay-3"]
    ended = [one["person_id"] for one in zone_events(found) if one["kind"] == "LEFT"]
    assert ended == ["left:stay-1", "right:stay-1"]
    people = [one for each in presences(found) for one in each["people"]]
    shown = {one["person_id"]: one["zone_ids"] for one in people}
    assert list(shown.values()) == WAY


WAY = [[], ["left"], ["left", "right"], ["right"], ["left", "right"], ["left"]]
"""The zones of somebody who goes there and back, as presence shows them one after the other."""


def test_a_role_goes_along_and_the_name_does_not() -> None:
    room = (camera(homography=SCALE), LEFT_HALF, RIGHT_HALF, staff("ann", "nurse"))
    log = [*there(0, 16, 200), *crossing(16, 200, 600), *there(20, 24, 600)]
    reads = [
        badge_read(T0 + 1 * S, "b2", x_m=7.0, y_m=4.0),
        badge_read(T0 + 8 * S, "b1", x_m=2.0, y_m=4.0),
        badge_read(T0 + 1 * S, "b1", recorded_at_us=T0 + 18 * S, x_m=2.0, y_m=4.0),
    ]

    found, _ = fold(log, facts_of(*room), KnownReads(reads))
    plain, _ = fold(log, facts_of(*room), KnownReads(reads), PartitionPipeline())

    assert '"ann"' in texts_of(plain)
    assert "badge b1" in texts_of(plain)
    assert "ann" not in texts_of(found)
    assert "badge" not in texts_of(found)
    people = [one for each in presences(found) for one in each["people"]]
    named = {tuple(one["zone_ids"]): one for one in people if one["role"]}
    assert named.keys() == {("left",), ("left", "right"), ("right",)}
    assert {one["role"] for one in named.values()} == {"nurse"}
    assert {one["staff_id"] for one in people} == {None}
    assert {one["role_confidence"] for one in people} <= {0.0, 0.9, 1.0}
    assert max(one["identified"] for one in occupancies(found) if one["zone_id"] == "right") == 1


def test_the_page_names_every_field_that_stays_empty() -> None:
    reads = [badge_read(T0 + 1 * S, "b2", x_m=7.0), badge_read(T0 + 8 * S, x_m=2.0, y_m=4.0)]
    room = (camera(homography=SCALE), LEFT_HALF, staff("ann", "nurse"))
    log = there(0, 16, 200)
    found, _ = fold(log, facts_of(*room), KnownReads(reads))
    plain, _ = fold(log, facts_of(*room), KnownReads(reads), PartitionPipeline())
    fused, _ = fold(log_of(1), facts(), NO_READS, PartitionPipeline())
    people = [one for each in presences(found) for one in each["people"]]
    with_all = [one for each in presences([*plain, *fused]) for one in each["people"]]

    empty = {
        name
        for name in people[0]
        if all(not dict(one)[name] for one in people) and any(dict(one)[name] for one in with_all)
    }
    [row] = re.findall(r"^\| `presence\.updated\.v1` .*$", PAGE, re.MULTILINE)
    assert empty == {name for name in people[0] if f"`{name}`" in row} - {
        "role_confidence",
        "duty_status",
    }
    assert "`duty_status`" in row


PAGE = (ROOT / "docs" / "role-only.md").read_text()


@pytest.mark.parametrize("seed", SEEDS)
def test_people_are_counted_by_zone_and_role_as_ever(seed: int) -> None:
    log = log_of(seed)
    shown, _ = fold(log, facts(), KnownReads(reads_of()))
    plain, _ = fold(log, facts(), KnownReads(reads_of()), PartitionPipeline())

    def counts(outputs: Any) -> list[Any]:
        return [{**one, "person_ids": len(one["person_ids"])} for one in occupancies(outputs)]

    def happened(outputs: Any) -> Counter[Any]:
        return Counter(
            (one["zone_id"], one["kind"], one["at_us"], one["entered_us"], one["as_of_us"])
            for one in zone_events(outputs)
        )

    def roles(outputs: Any) -> list[Any]:
        return [
            sorted((one["role"], one["zone_ids"], one["observed"]) for one in each["people"])
            for each in presences(outputs)
        ]

    measured = {(one["zone_id"], one["as_of_us"]): one for one in counts(shown)}
    for one in counts(plain):
        name = one["zone_id"], one["as_of_us"]
        assert {**measured[name], "seq": 0, "reason": ""} == {**one, "seq": 0, "reason": ""}
    assert happened(shown) == happened(plain)
    assert roles(shown) == roles(plain)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_published_of_a_person_says_nothing_that_outlasts_a_stay(seed: int) -> None:
    log = log_of(seed)
    outputs, truth = fold(log, facts(), KnownReads(reads_of()))
    plain, _ = fold(log, facts(), KnownReads(reads_of()), PartitionPipeline())
    text = texts_of(outputs)

    assert links(plain)
    assert links(outputs) == []
    assert {name for one in of_topic(outputs, TRACKS.name) for name in one["tracks"]} == set()
    assert len(truth.people) > 4
    for name in [*truth.people, "ann", "bob", "badge-ann", "badge-bob"]:
        assert f'"{name}"' not in text
        assert f"badge {name}" not in text
    known = {one["zone_id"] for one in ROOM if "zone_id" in one}
    known |= {f"{FLOOR}-c{number}" for number in range(3)}
    known |= {"", "UNKNOWN", "nurse", "doctor", None, True, False, 0.9}
    ids = set()
    for each in presences(outputs):
        for person in each["people"]:
            ids.add(person["person_id"])
            assert scalars(person) - {person["person_id"]} <= known
    assert ids >= truth.sightings.keys()


@pytest.mark.parametrize("seed", SEEDS)
def test_no_id_is_of_two_stays_of_anybody(seed: int) -> None:
    outputs, truth = fold(log_of(seed), facts(), KnownReads(reads_of()))

    assert max(map(len, truth.sightings.values())) == 1
    assert not truth.sightings.keys() & truth.stays.keys()
    events = zone_events(outputs)
    assert {one["person_id"] for one in events} >= truth.stays.keys()
    for kind in ("ENTERED", "LEFT"):
        seen = Counter(one["person_id"] for one in events if one["kind"] == kind)
        taken_back = Counter(one["person_id"] for one in events if one["kind"] == "WITHDRAWN")
        assert all(count <= 1 + taken_back[name] for name, count in seen.items())
    people_of = {name: {person for person, _ in found} for name, found in truth.stays.items()}
    stays = Counter(person for found in people_of.values() for person in found)
    assert max(stays.values()) > 1, "somebody has several stays, each with an id of its own"


def test_the_order_in_which_people_are_listed_does_not_join_them_either() -> None:
    """Two go from zone to zone at the same moments: whoever is first is first again by chance."""
    floor, known = FloorState("floor"), facts_of(*TWO_ZONES)
    chance = random.Random(3)
    events: list[Any] = []
    where: dict[str, str] = {}
    for step in range(600):
        side = 400 * (step // 5 % 2)
        feet = [(50 + side + chance.randrange(300), 300.0) for _ in range(2)]
        at_us = T0 + step * 400 * MS
        people = [Sighting(n, x, y, None, None, True, at_us) for n, (x, y) in enumerate(feet, 1)]
        report(floor, view_of("cam", at_us, True, people))
        events += zone_events(close_ticks(floor, known, ROLE_ONLY.floor))
        for zone_id, zone_state in floor.zones.items():
            for person_id, stay in zone_state.stays.items():
                where[stay_id(zone_id, stay.entered_seq)] = person_id

    for kind in ("ENTERED", "LEFT"):
        listed = [where[one["person_id"]] for one in events if one["kind"] == kind]
        firsts = listed[::2]
        again = sum(one == following for one, following in pairwise(firsts)) / (len(firsts) - 1)
        assert len(firsts) > 80
        assert 0.3 < again < 0.7
        assert 0.3 < firsts.count("cam:1") / len(firsts) < 0.7


@pytest.mark.parametrize("seed", SEEDS)
def test_a_jump_is_the_same_as_closing_every_tick(seed: int, monkeypatch: Any) -> None:
    log, reads = log_of(seed), reads_of()
    jumping, walking = PartitionPipeline(ROLE_ONLY), PartitionPipeline(ROLE_ONLY)
    jumped, _ = fold(log, facts(), KnownReads(reads), jumping)
    monkeypatch.setattr(floor_module, "next_due", lambda floor, *_: floor.closed_us + TICK_US)

    assert fold(log, facts(), KnownReads(reads), walking)[0] == jumped
    assert jumping.take_changed(encode_state) == walking.take_changed(encode_state)


def test_a_floor_that_is_saved_and_restored_after_every_record_goes_on_the_same() -> None:
    log, reads = log_of(1), KnownReads(reads_of())
    whole = PartitionPipeline(ROLE_ONLY)
    saved: dict[str, Any] = {}
    for one in log:
        expected = whole.advance(one, facts(), reads)
        split = PartitionPipeline(ROLE_ONLY)
        split.restore({key: decode_state(key, state) for key, state in saved.items()})
        assert split.advance(one, facts(), KnownReads(reads_of())) == expected
        saved |= split.take_changed(encode_state)


def test_a_change_of_the_mode_holds_from_the_next_record_on() -> None:
    pipeline = PartitionPipeline()
    first = plain_fold(pipeline, facts_of(*TWO_ZONES), there(0, 5, 200))
    pipeline.settings = ROLE_ONLY
    second = plain_fold(pipeline, facts_of(*TWO_ZONES), there(5, 10, 200))
    pipeline.settings = PartitionPipeline().settings
    third = plain_fold(pipeline, facts_of(*TWO_ZONES), there(10, 15, 200))

    def ids(outputs: Any) -> set[str]:
        people = {one["person_id"] for each in presences(outputs) for one in each["people"]}
        return people | {one for each in occupancies(outputs) for one in each["person_ids"]}

    assert ids(first) == ids(third) == {"cam:1"}
    assert ids(second) == {"floor:seen-26-1", "left:stay-1"}
    assert pipeline.floors["floor"].shown_as == {}


def test_a_replay_finds_the_mode_of_each_offset_in_the_checkpoint() -> None:
    """The mode changes at offset 50; whoever takes over at 80 goes on as who was never killed."""
    log, known = there(0, 14, 200), facts_of(*TWO_ZONES)
    spans = take_over((), to_values(PipelineSettings()), log_start=0, log_end=0)
    spans = take_over(spans, to_values(ROLE_ONLY), log_start=0, log_end=50)

    def fold_from(offset: int, pipeline: PartitionPipeline, until: int = len(log)) -> list[Any]:
        settings = SettingsByOffset(PipelineSettings())
        settings.follow(spans, offset)
        pipeline.settings = settings.current
        found = []
        for at, one in enumerate(log[offset:until], start=offset):
            if settings.next_change is not None and at >= settings.next_change:
                pipeline.settings = settings.step(at)
            found.append(pipeline.advance(one, known))
        return found

    whole = fold_from(0, PartitionPipeline())
    killed, heir = PartitionPipeline(), PartitionPipeline()
    first = fold_from(0, killed, until=80)
    states = killed.take_changed(encode_state)
    heir.restore({key: decode_state(key, state) for key, state in states.items()})

    assert [*first, *fold_from(80, heir)] == whole
    people = {one["person_id"] for each in whole[60:] for one in shown_in(each)}
    assert people == {"floor:seen-26-1"}
    assert {one["person_id"] for each in whole[:45] for one in shown_in(each)} == {"cam:1"}


def shown_in(outputs: Any) -> list[Any]:
    return [one for each in presences(outputs) for one in each["people"]]
