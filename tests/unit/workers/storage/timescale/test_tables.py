"""Rows of the tables, as folds of their topics."""

from datetime import timedelta

from schemas.topics import LINKS, OCCUPANCY, PRESENCE, TRACKS, ZONE_ALERTS, ZONE_EVENTS
from tests.support.builders import alerts
from tests.support.builders.outputs import (
    at_us,
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
from workers.storage.timescale.rows import (
    Row,
    at,
    fold_coverage,
    fold_floor_coverage,
    fold_links,
    fold_positions,
    fold_tracks,
    fold_zone_alerts,
    fold_zone_events,
    to_us,
)
from workers.storage.timescale.tables import (
    COVERAGE_TABLE,
    FLOOR_COVERAGE_TABLE,
    LINKS_TABLE,
    POSITIONS_TABLE,
    TRACKS_TABLE,
    ZONE_ALERTS_TABLE,
    ZONE_EVENTS_TABLE,
    Table,
)


def named(table: Table, row: Row) -> dict[str, object]:
    return dict(zip([name for name, _ in table.columns], row, strict=True))


def test_times_are_exact_to_the_microsecond() -> None:
    for us in (0, 1, 1_790_000_000_000_001, 4_102_444_800_999_999):
        assert to_us(at(us)) == us


def test_a_track_is_one_row_from_its_first_frame_to_its_last() -> None:
    records = [
        camera_tracks(1, 0.0, [track(7, 0.0, state="TENTATIVE", score=0.5)]),
        camera_tracks(2, 0.2, [track(7, 0.0, last_observed=0.2, score=0.875, x_m=1.0, y_m=2.0)]),
        camera_tracks(3, 0.4, [track(7, 0.0, last_observed=0.2, state="LOST", observed=False)]),
        camera_tracks(4, 0.6, [track(7, 0.0, last_observed=0.2, state="ENDED", observed=False)]),
    ]
    [row] = fold_tracks(items(TRACKS, records))

    found = named(TRACKS_TABLE, row)
    assert found["confirmed_at"] == at(at_us(0.2))
    assert found["last_observed_at"] == at(at_us(0.2))
    assert found["ended_at"] == at(at_us(0.6))
    assert found["state"] == "ENDED"
    assert found["observations"] == 2
    assert found["max_score"] == 0.875
    assert (found["x_m"], found["y_m"]) == (1.0, 2.0)
    assert (found["first_seq"], found["seq"]) == (1, 4)
    assert found["digest"] == item(TRACKS, records[3]).digest


def test_a_track_that_was_never_confirmed_says_so() -> None:
    records = [
        camera_tracks(1, 0.0, [track(7, 0.0, state="TENTATIVE")]),
        camera_tracks(2, 0.2, [track(7, 0.0, state="ENDED", observed=False)]),
    ]
    [row] = fold_tracks(items(TRACKS, records))

    assert named(TRACKS_TABLE, row)["confirmed_at"] is None


def test_the_same_number_on_two_cameras_is_two_tracks() -> None:
    records = [
        camera_tracks(1, 0.0, [track(7, 0.0)], camera_id="cam-1"),
        camera_tracks(1, 0.0, [track(7, 0.0)], camera_id="cam-2"),
    ]
    assert len(fold_tracks(items(TRACKS, records))) == 2


def test_a_person_has_one_position_a_second_taken_from_the_first_tick_that_shows_them() -> None:
    records = [
        presence(1, 0.8, [person("a", foot_x_px=1.0)]),
        presence(2, 1.0, [person("a", foot_x_px=2.0)]),
        presence(3, 1.2, [person("a", foot_x_px=3.0), person("b", foot_x_px=9.0)]),
        presence(4, 2.0, [person("b", foot_x_px=10.0)]),
    ]
    rows = fold_positions(items(PRESENCE, records), 1_000_000)

    found = [named(POSITIONS_TABLE, row) for row in rows]
    assert [(row["person_id"], row["at"], row["foot_x_px"]) for row in found] == [
        ("a", at(at_us(0)), 1.0),
        ("a", at(at_us(1)), 2.0),
        ("b", at(at_us(1)), 9.0),
        ("b", at(at_us(2)), 10.0),
    ]
    assert found[2]["as_of"] == at(at_us(1.2))


def test_the_interval_of_positions_can_be_chosen() -> None:
    records = [presence(n, n / 5, [person("a")]) for n in range(50)]

    assert len(fold_positions(items(PRESENCE, records), 1_000_000)) == 10
    assert len(fold_positions(items(PRESENCE, records), 5_000_000)) == 2


def test_an_event_keeps_the_length_of_the_stay() -> None:
    rows = fold_zone_events(
        items(
            ZONE_EVENTS,
            [zone_event(1, 1.0, "ENTERED", "a", 1.0), zone_event(2, 61.5, "LEFT", "a", 1.0)],
        )
    )
    dwell = [named(ZONE_EVENTS_TABLE, row)["dwell"] for row in rows]

    assert dwell == [None, timedelta(seconds=60.5)]


def test_a_link_is_a_row_with_what_it_rests_on() -> None:
    unlike = link(2, 5.0, 2, 9, evidence=None, from_track_id=None, from_camera_id="")
    rows = fold_links(items(LINKS, [link(1, 4.0, 7, 8), unlike]))

    first, second = (named(LINKS_TABLE, row) for row in rows)
    assert (first["at"], first["as_of"]) == (at(at_us(4.0)), at(at_us(4.5)))
    assert (first["from_person_id"], first["to_person_id"]) == ("cam-1:7", "cam-1:8")
    assert (first["from_track_id"], first["to_track_id"]) == (7, 8)
    assert (first["score"], first["gap_s"], first["distance_heights"]) == (0.75, 3.0, 0.5)
    assert (first["distance_m"], second["distance_m"]) == (None, None)
    assert (second["from_track_id"], second["gap_s"], second["distance_heights"]) == (None,) * 3


def test_coverage_has_a_row_for_each_role() -> None:
    roles = [role("doctor", 0, 2, 1), role("nurse", 1, 2, 4)]
    rows = fold_coverage([item(OCCUPANCY, occupancy(5, 0.0, 3, roles=roles))])

    found = [named(COVERAGE_TABLE, row) for row in rows]
    assert [(row["role"], row["gap_min"], row["gap_max"]) for row in found] == [
        ("doctor", 0, 1),
        ("nurse", 1, 3),
    ]


def test_a_floor_has_a_row_for_each_second_and_each_role_with_a_plan_and_without() -> None:
    """A role that comes in the middle of a second has a row of another tick."""
    nurse, doctor = role("nurse", 1, 1, 2), role("doctor", 0, 1, 1)
    records = [
        presence(1, 0.2, [], coverage=floor_coverage(2, [nurse])),
        presence(2, 0.4, [], coverage=floor_coverage(9, [nurse, doctor])),
        {**presence(3, 1.0, []), "cameras_missing": ["cam-1"]},
    ]
    rows = fold_floor_coverage(items(PRESENCE, records), 1_000_000)

    found = [named(FLOOR_COVERAGE_TABLE, row) for row in rows]
    columns = ("at", "role", "seq", "present_max", "gap_max", "is_watched", "cameras_missing")
    assert [tuple(row[name] for name in columns) for row in found] == [
        (at(at_us(0)), "", 1, 2, 1, True, []),
        (at(at_us(0)), "nurse", 1, 2, 1, True, None),
        (at(at_us(0)), "doctor", 2, 1, 1, True, None),
        (at(at_us(1)), "", 3, None, 0, None, ["cam-1"]),
    ]


def test_each_decision_about_an_alert_is_a_row() -> None:
    floor = alerts.Line(alerts.rules_of(alerts.rule(), alerts.rule("soon", stage="SILENT")))
    opened = floor.at(1, alerts.occupancy(low=2, seq=5))
    closed = floor.at(9, alerts.occupancy(low=0, seq=6))
    records = [
        {
            "floor_id": "floor",
            "seq": seq,
            "as_of_us": at_us(seq),
            "inputs_through_us": at_us(seq),
            "reason": "CHANGE",
            "decided": decided,
            "open": opened,
        }
        for seq, decided in ((1, opened), (2, []), (3, closed))
    ]

    rows = [named(ZONE_ALERTS_TABLE, row) for row in fold_zone_alerts(items(ZONE_ALERTS, records))]

    assert [(row["alert_id"], row["seq"], row["action"], row["pages"]) for row in rows] == [
        ("rule/zone/zone", 1, "OPENED", True),
        ("soon@soon/zone/zone", 1, "OPENED", False),
        ("rule/zone/zone", 3, "CLOSED", True),
        ("soon@soon/zone/zone", 3, "CLOSED", False),
    ]
    first = rows[0]
    assert (first["figure_min"], first["since"]) == (2, at(opened[0]["since_us"]))
    assert first["evidence"].obj == opened[0]["evidence"]  # type: ignore[attr-defined]
    assert first["digest"] == item(ZONE_ALERTS, records[0]).digest
