"""Topics against topics: a record that does not follow from another topic is named."""

from collections.abc import Sequence
from typing import Any

from schemas.topics import LINKS, OCCUPANCY, PRESENCE, TRACKS, ZONE_EVENTS, Topic
from tests.support.builders.outputs import (
    at_us,
    camera_tracks,
    item,
    link,
    occupancy,
    person,
    presence,
    track,
    zone_event,
)
from workers.operations.verification.folds import (
    Seen,
    compare_events,
    compare_links,
    compare_presence,
    compare_tracks,
)
from workers.operations.verification.logs import PartitionLog
from workers.operations.verification.result import Check, Window

WINDOW = Window(at_us(0), at_us(100))
ALL = {
    (OCCUPANCY.name, "zone-1"): 99,
    (PRESENCE.name, "floor-1"): 99,
    (ZONE_EVENTS.name, "zone-1"): 99,
}


def log(topic: Topic, records: Sequence[dict[str, Any]]) -> PartitionLog:
    items = [item(topic, record, offset) for offset, record in enumerate(records)]
    by_key: dict[str, list[Any]] = {}
    for one in items:
        by_key.setdefault(one.key, []).append(one)
    return PartitionLog(topic, by_key, {})


def tracks_against(outcomes: list[Seen], tracks: list[dict[str, Any]], folded: int = 99) -> Check:
    check = Check("tracks")
    compare_tracks(
        {"cam-1": outcomes},
        log(TRACKS, tracks),
        source="detections.made.v1",
        partition=3,
        folded=folded,
        window=WINDOW,
        check=check,
    )
    return check


def looked(number: int, outcome: str = "DETECTED") -> Seen:
    return Seen(at_us(number), number, outcome, 10 + number)


def test_every_frame_with_detections_has_tracks() -> None:
    tracks = [camera_tracks(seq, seq, []) for seq in (1, 2, 4)]
    outcomes = [looked(1), looked(2), looked(3, "SKIPPED"), looked(4)]

    assert tracks_against(outcomes, tracks).first is None
    missing = tracks_against([*outcomes, looked(5)], tracks).first
    assert missing is not None
    assert missing.where == "detections.made.v1 partition 3 offset 15"
    assert tracks_against([*outcomes, looked(5)], tracks, folded=15).first is None, "not folded yet"


def test_tracks_without_an_outcome_or_of_another_frame_are_named() -> None:
    tracks = [camera_tracks(1, 1, []), {**camera_tracks(2, 2, []), "frame_seq": 7}]

    other = tracks_against([looked(1), looked(2)], tracks).first
    none = tracks_against([looked(2)], tracks[:1]).first

    assert other is not None
    assert other.where == "tracks.updated.v1 partition 0 offset 1"
    assert other.what == "cam-1 seq 2: frame_seq is 7, of the outcome 2"
    assert none is not None
    assert none.where == "detections.made.v1 partition 3 offset 12"


def links_against(links: list[dict[str, Any]], tracks: list[dict[str, Any]]) -> Check:
    check = Check("links")
    compare_links(log(LINKS, links), log(TRACKS, tracks), window=WINDOW, check=check)
    return check


def test_a_person_seen_again_is_confirmed_in_the_frame_of_the_link() -> None:
    """The frame at 4.5 s reports the link of track 8, which begins at 4 s."""
    good = link(1, 4.0, 7, 8)
    frames = [
        camera_tracks(1, 4.0, [track(8, 4.0, state="TENTATIVE")]),
        camera_tracks(2, 4.5, [track(8, 4.0), track(9, 4.2, state="TENTATIVE")]),
    ]

    assert links_against([good], frames).first is None
    assert links_against([good], frames).counts == {"links": 1}
    assert links_against([good], frames[:1]).counts == {}, "the tracks were read before"
    assert links_against([link(1, 200.0, 7, 8)], frames).counts == {}, "outside the window"
    for bad in (link(1, 4.0, 7, 6), link(1, 3.9, 7, 8, as_of_us=at_us(4.5)), link(1, 3.5, 7, 8)):
        found = links_against([bad], frames).first
        assert found is not None
        assert found.where == "links.observed.v1 partition 0 offset 0"
        assert found.what.startswith("floor-of-cam-1 seq 1: no frame of cam-1 shows that track")
    tentative = link(1, 4.2, 7, 9, as_of_us=at_us(4.5))
    assert links_against([tentative], frames).first is not None, "not confirmed yet"


def test_who_is_there_follows_from_who_entered_and_left() -> None:
    events = [
        zone_event(1, 2, "ENTERED", "ann", 2),
        zone_event(2, 4, "ENTERED", "bob", 4),
        zone_event(3, 6, "LEFT", "ann", 2),
    ]
    there: list[list[str]] = [[], ["ann"], ["ann", "bob"], ["bob"]]
    measured = [
        occupancy(seq, seq * 2 - 1, len(ids), person_ids=ids) for seq, ids in enumerate(there, 1)
    ]
    wrong = [*measured[:2], {**measured[2], "person_ids": ["ann"]}, measured[3]]

    def compared(records: list[dict[str, Any]], most: int = 99) -> Check:
        check = Check("events")
        compare_events(
            log(ZONE_EVENTS, events),
            log(OCCUPANCY, records),
            progress={**ALL, (OCCUPANCY.name, "zone-1"): most},
            window=WINDOW,
            check=check,
        )
        return check

    assert compared(measured).first is None
    assert compared(measured).counts == {"measurements": 4, "events": 3}
    found = compared(wrong).first
    assert found is not None
    assert found.where == "zone-occupancy.measured.v1 partition 0 offset 2"
    assert found.what == "zone-1 seq 3: ['ann'] are there, by its events ['ann', 'bob']"
    assert compared(wrong, most=2).first is None, "no sink has committed it yet"


def test_who_is_seen_in_a_zone_counts_there() -> None:
    measured = log(OCCUPANCY, [occupancy(1, 1, 1, person_ids=["ann"])])
    good = presence(1, 2, [person("ann"), person("eve", zone_ids=[])])
    bad = presence(2, 3, [person("eve")])

    check = Check("presence")
    compare_presence(log(PRESENCE, [good, bad]), measured, progress=ALL, window=WINDOW, check=check)

    assert check.first is not None
    assert check.first.where == "presence.updated.v1 partition 0 offset 1"
    assert check.counts == {"ticks": 2}


def test_where_roles_only_are_shown_no_more_people_are_seen_in_a_zone_than_count_there() -> None:
    check = Check("presence and occupancy")
    people = [person(f"floor-1:seen-1-{number}") for number in (1, 2)]
    measured = log(
        OCCUPANCY, [occupancy(1, 0.2, people=2, person_ids=["zone-1:stay-1", "zone-1:stay-2"])]
    )
    good, bad = presence(1, 0.4, people), presence(2, 0.6, [*people, person("floor-1:seen-2-1")])

    compare_presence(log(PRESENCE, [good, bad]), measured, progress=ALL, window=WINDOW, check=check)

    assert "floor-1:seen-2-1 is in zone-1" in str(check.first)
