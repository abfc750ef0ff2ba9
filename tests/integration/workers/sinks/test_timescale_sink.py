"""Whatever comes twice, late, in other portions or from two writers: the same rows."""

import json
import random
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from runtime.errors import DeadLetter, Retry, Stop
from runtime.process.settings import Settings
from schemas.topics import (
    CAMERA_CLOCK,
    CAMERA_VIEWS,
    CAMERAS,
    DERIVED_TOPICS,
    FLOORS,
    LINKS,
    OCCUPANCY,
    PRESENCE,
    TRACKS,
    ZONE_EVENTS,
    ZONES,
    Topic,
)
from tests.support.builders.outputs import (
    START_US,
    at_us,
    camera_tracks,
    item,
    items,
    link,
    occupancy,
    person,
    presence,
    track,
    ward,
    zone_event,
)
from tests.support.clusters import make_timescale_sink
from tests.support.fakes import KnownReads
from tests.support.role_only_ward import facts, log_of, reads_of
from tests.support.role_only_ward import fold as fold_role_only
from tests.support.tables import as_items, differences, rows
from workers.operations.verification.digests import chain_digests, distinct
from workers.operations.verification.tables import written_digests
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.item import Item
from workers.storage.progress import WINDOW
from workers.storage.timescale.rights import SCHEMAS
from workers.storage.timescale.rows import at

WARD = as_items(ward(seconds=150, seed=7))


def zone(version: int = 1, **values: object) -> dict[str, object]:
    return {
        "zone_id": "zone-1",
        "version": version,
        "valid_from_us": START_US,
        "recorded_at_us": START_US,
        "floor_id": "floor-1",
        "name": "Bay 1",
        "space": "IMAGE_PX",
        "polygon": [{"x": 0.0, "y": 0.5}, {"x": 10.0, "y": 0.0}, {"x": 10.0, "y": 10.0}],
        **values,
    }


def test_the_tables_hold_the_folds_of_the_topics(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    timescale_sink.write(WARD)

    assert differences(database_url, WARD) == []


def test_the_same_batch_twice_leaves_the_same_rows(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    timescale_sink.write(WARD)
    timescale_sink.write(WARD)
    timescale_sink.write([*WARD[-300:], *WARD[-100:]])

    assert differences(database_url, WARD) == []


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.chaos_long) for seed in range(1, 10))]
)
def test_batches_of_any_size_with_repeats_leave_the_same_rows(
    seed: int, timescale_sink: TimescaleSink, database_url: str
) -> None:
    """As after crashes: a batch goes in, and the next begins somewhere before its end."""
    rng = random.Random(seed)
    start = 0
    while start < len(WARD):
        end = start + rng.choice([1, 7, 60, 400])
        timescale_sink.write(WARD[start:end])
        start = max(0, end - rng.choice([0, 0, 5, 50])) if end < len(WARD) else end

    assert differences(database_url, WARD) == []


def test_topics_may_overtake_each_other(timescale_sink: TimescaleSink, database_url: str) -> None:
    """Only the order within a key is promised; partitions and topics come as they like."""
    shuffled = sorted(WARD, key=lambda item: (item.topic.name, item.key), reverse=True)
    timescale_sink.write(shuffled[:500])
    timescale_sink.write(shuffled[500:])

    assert differences(database_url, WARD) == []


def test_two_writers_of_the_same_keys_leave_the_same_rows(
    database_settings: Settings, database_url: str
) -> None:
    """A worker that lost its partitions without noticing writes on beside its successor."""

    def write(worker: int) -> None:
        sink = make_timescale_sink(database_settings)
        for start in range(0, len(WARD), 100 + 37 * worker):
            portion = WARD[start : start + 100 + 37 * worker]
            while True:
                try:
                    sink.write(portion)
                except Retry:
                    continue
                break
        sink.close()

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(3)))

    assert differences(database_url, WARD) == []


@pytest.mark.parametrize(
    ("topic", "first", "second"),
    [
        (TRACKS, camera_tracks(1, 0, [track(1, 0)]), camera_tracks(1, 0, [track(2, 0)])),
        (PRESENCE, presence(1, 0, [person("a")]), presence(1, 0, [person("b")])),
        (LINKS, link(1, 0, 1, 2), link(1, 0, 1, 3)),
        (ZONE_EVENTS, zone_event(1, 0, "ENTERED", "a", 0), zone_event(1, 0, "ENTERED", "b", 0)),
        (OCCUPANCY, occupancy(1, 0, 1), occupancy(1, 0, 2)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_other_bytes_under_a_written_seq_stop_the_process(
    topic: Topic,
    first: dict[str, Any],
    second: dict[str, Any],
    timescale_sink: TimescaleSink,
    database_url: str,
) -> None:
    timescale_sink.write([item(topic, first)])

    with pytest.raises(Stop, match=rf"key .*-1 seq 1 of {topic.name}"):
        timescale_sink.write([item(topic, second)])

    assert differences(database_url, [item(topic, first)]) == []


def test_other_bytes_are_noticed_however_long_ago_the_seq_was_written(
    timescale_sink: TimescaleSink,
) -> None:
    log = items(OCCUPANCY, [occupancy(n, n, 1) for n in range(1, WINDOW + 50)])
    timescale_sink.write(log)
    timescale_sink.write(log)

    with pytest.raises(Stop, match="seq 5"):
        timescale_sink.write([item(OCCUPANCY, occupancy(5, 5, 2))])


def test_a_failed_batch_leaves_nothing(timescale_sink: TimescaleSink, database_url: str) -> None:
    timescale_sink.write(WARD[:500])
    bad = item(ZONE_EVENTS, zone_event(1, 0, "ENTERED", "a\0b", 0, zone_id="zone-bad"))

    with pytest.raises(DeadLetter, match="0x00") as caught:
        timescale_sink.write([*WARD[500:], bad])

    assert caught.value.reason == "database_refused"
    assert differences(database_url, WARD[:500]) == []


def test_a_frame_without_people_leaves_its_seq_and_no_rows(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    timescale_sink.write([])
    timescale_sink.write([item(TRACKS, camera_tracks(1, 0, []))])

    assert rows(database_url, "SELECT seq, records FROM sink_progress") == [(1, 1)]
    assert rows(database_url, "SELECT track_id FROM tracks") == []


def test_what_was_written_has_the_digest_of_the_topic(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    timescale_sink.write(WARD[:777])
    timescale_sink.write(WARD[700:])

    for topic in (TRACKS, PRESENCE, LINKS, ZONE_EVENTS, OCCUPANCY):
        mine = [item for item in WARD if item.topic is topic]
        assert written_digests(database_url, topic) == chain_digests(distinct(mine))


def test_a_gap_is_remembered(timescale_sink: TimescaleSink, database_url: str) -> None:
    timescale_sink.write(items(OCCUPANCY, [occupancy(n, n, 1) for n in (3, 4, 9)]))

    assert rows(database_url, "SELECT seq, records, missing FROM sink_progress") == [(9, 3, 4)]


def test_facts_are_rows_by_version(timescale_sink: TimescaleSink, database_url: str) -> None:
    camera = {
        "camera_id": "cam-1",
        "version": 1,
        "valid_from_us": START_US,
        "recorded_at_us": START_US,
        "privacy_masks": [[{"x": 1.5, "y": 2.0}]],
        "homography": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        "projection": [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 3.0],
        "lens": {"fx": 900.0, "fy": 901.0, "cx": 640.0, "cy": 360.0, "distortion": [-0.1]},
        "location": {"x_m": 1.5, "y_m": 2.0, "z_m": 2.8},
        "field_of_view_deg": 70.5,
        "sees": [{"x": 0.0, "y": 0.0}, {"x": 4.0, "y": 0.0}, {"x": 4.0, "y": 3.0}],
        "reason": "a wall was built",
    }
    ends = {"from_x_m": 1.0, "from_y_m": 2.0, "to_x_m": 3.0, "to_y_m": 4.0, "radius_m": 1.0}
    floor = {
        "floor_id": "floor-1",
        "version": 1,
        "valid_from_us": START_US,
        "recorded_at_us": START_US,
        "passages": [{"from_camera_id": "cam-1", **ends, "min_s": 2.0, "max_s": 9.5}],
    }
    facts = [item(ZONES, zone(1)), item(ZONES, zone(2, name="Bay A")), item(CAMERAS, camera)]
    facts.append(item(FLOORS, floor))
    timescale_sink.write(facts)
    timescale_sink.write(facts)

    assert differences(database_url, facts) == []
    assert rows(database_url, "SELECT name FROM zones_now") == [("Bay A",)]
    known = rows(database_url, "SELECT projection[12], lens ->> 'fy' FROM cameras")
    assert known == [(3.0, "901.0")]
    where = "location ->> 'z_m', field_of_view_deg, jsonb_array_length(sees), reason"
    assert rows(database_url, f"SELECT {where} FROM cameras") == [
        ("2.8", 70.5, 3, "a wall was built")
    ]
    assert rows(database_url, "SELECT passages -> 0 ->> 'max_s' FROM floors") == [("9.5",)]


def test_decisions_about_cameras_are_rows_by_version(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    """A camera's clock may show any time, and be any time off."""
    known = {"camera_id": "cam-1", "valid_from_us": START_US, "recorded_at_us": START_US}
    clock = {
        **known,
        "state": "SETTLED",
        "epoch": 2,
        "offset_us": -3_600_000_250,
        "drift_ppm": -50.5,
        "reference_us": 1 << 61,
        "delay_us": 120_000,
        "jump_us": 2_000_000,
        "since_us": START_US,
        "observed_until_us": START_US,
    }
    view = {**known, "state": "SUSPECT", "reason": "MOVED", "since_us": START_US}
    decisions = [
        item(CAMERA_CLOCK, {**clock, "version": 1}),
        item(CAMERA_CLOCK, {**clock, "version": 2, "offset_us": 1 << 61}),
        item(CAMERA_VIEWS, {**view, "version": 1, "camera_version": 4}),
    ]
    timescale_sink.write(decisions)
    timescale_sink.write(decisions)

    assert differences(database_url, decisions) == []
    shown = "clock_offset, drift_ppm, delay, jump, reference_us"
    assert rows(database_url, f"SELECT {shown} FROM camera_clock WHERE version = 1") == [
        (
            *(timedelta(microseconds=-3_600_000_250), -50.5),
            *(timedelta(microseconds=120_000), timedelta(seconds=2), 1 << 61),
        )
    ]
    assert rows(database_url, "SELECT state, reason, camera_version FROM camera_views") == [
        ("SUSPECT", "MOVED", 4)
    ]


def test_a_track_has_the_newest_camera_version_that_its_records_say(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    """Records from before say 0, which is none."""

    def frame(seq: int, version: int, *tracks: int) -> Item:
        seen = [track(number, 0, last_observed=seq) for number in tracks]
        return item(TRACKS, {**camera_tracks(seq, seq, seen), "camera_version": version})

    frames = [frame(1, 0, 1, 2), frame(2, 3, 2, 3), frame(3, 4, 3)]
    timescale_sink.write(frames[:1])
    timescale_sink.write(frames[1:])

    assert differences(database_url, frames) == []
    asked = "SELECT track_id, camera_version FROM tracks ORDER BY track_id"
    assert rows(database_url, asked) == [(1, None), (2, 3), (3, 4)]


@pytest.mark.parametrize("before", [0, 1], ids=["in-one-batch", "in-two-batches"])
def test_a_version_with_other_contents_stops_the_process(
    before: int, timescale_sink: TimescaleSink
) -> None:
    versions = [item(ZONES, zone(1)), item(ZONES, zone(1, name="Bay A"))]
    timescale_sink.write(versions[:before])

    with pytest.raises(Stop, match=r"zone-1@1 of zones\.v1"):
        timescale_sink.write(versions)


def test_a_database_that_refuses_connections_can_be_tried_again() -> None:
    sink = make_timescale_sink(
        Settings(database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"))
    )
    with pytest.raises(Retry, match="out of reach"):
        sink.write(WARD[:1])


def test_a_cut_connection_is_made_again(timescale_sink: TimescaleSink, database_url: str) -> None:
    timescale_sink.write(WARD[:300])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'wardstream-sink' AND datname = current_database()"
        )

    with pytest.raises(Retry):
        timescale_sink.write(WARD[300:])
    timescale_sink.write(WARD[300:])

    assert differences(database_url, WARD) == []


def test_what_has_expired_is_dropped_and_stays_away(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    """Retention cuts exactly, through a chunk; a topic read again brings nothing back."""
    timescale_sink.write(WARD)
    cutoff = at(at_us(75))
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT * FROM drop_expired(%s + INTERVAL '30 days')", [cutoff])
        connection.execute("TRUNCATE sink_progress")
    timescale_sink.write(WARD)

    oldest = rows(database_url, "SELECT min(at), max(at) FROM positions")
    assert oldest == [(cutoff, at(at_us(149)))]
    events = [item for item in WARD if item.topic is ZONE_EVENTS]
    assert rows(database_url, "SELECT count(*) FROM zone_events") == [(len(events),)]


def test_whole_chunks_are_dropped_at_once(timescale_sink: TimescaleSink, database_url: str) -> None:
    days = [presence(n, n * 86_400, [person("a")]) for n in range(10)]
    timescale_sink.write(items(PRESENCE, days))

    now = at(at_us(9 * 86_400)) + timedelta(days=25)
    dropped = rows(database_url, "SELECT * FROM drop_expired(%(now)s)", now=now)

    by_table = {table: (chunks, deleted) for table, chunks, deleted in dropped}
    chunks, deleted = by_table["positions"]
    assert chunks == 4
    assert deleted <= 1
    assert rows(database_url, "SELECT count(*) FROM positions")[0][0] + chunks + deleted == 10


def test_no_row_of_any_relation_joins_two_stays_where_roles_only_are_shown(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    """Every table and view is read whole: no id outlasts a stay, and no row has two of anybody."""
    outputs, truth = fold_role_only(log_of(1), facts(), KnownReads(reads_of()))
    sent = [(one.topic, dict(one.record)) for one in outputs if one.topic in DERIVED_TOPICS]
    person_of = {name: {one for one, _ in found} for name, found in truth.stays.items()}
    person_of |= {name: {one for one, _ in found} for name, found in truth.sightings.items()}

    timescale_sink.write(as_items(sent))

    found = defaultdict(list)
    with psycopg.connect(database_url) as connection:
        relations = connection.execute(
            "SELECT schemaname || '.' || tablename FROM pg_tables"
            " WHERE schemaname = ANY (%(ours)s) UNION ALL"
            " SELECT schemaname || '.' || viewname FROM pg_views WHERE schemaname = ANY (%(ours)s)",
            {"ours": list(SCHEMAS)},
        ).fetchall()
        for (name,) in relations:
            for (row,) in connection.execute(f"SELECT to_jsonb(t)::text FROM {name} AS t".encode()):
                found[name].append(row)
    assert min(len(found[f"public.{name}"]) for name in ("zone_stays", "positions")) > 5
    assert not found["live.tracks"]
    assert not found["live.links"]
    for name, listed in found.items():
        for row in listed:
            ids = set(re.findall(r'"([^"]*:(?:stay|seen)-[^"]*)"', row))
            people = [one for each in ids & person_of.keys() for one in person_of[each]]
            assert len(people) == len({*people}), f"{name}: {row}"
            assert not [one for one in truth.people if f'"{one}"' in row], f"{name}: {row}"
    stays = [json.loads(row) for row in found["public.zone_stays"]]
    assert len({one["person_id"] for one in stays}) == len(stays)
