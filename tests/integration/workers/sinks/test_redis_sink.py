"""The live state holds the newest of everything, and tells each change exactly once."""

import fnmatch
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from runtime.clock import SystemClock
from runtime.errors import Retry, Stop
from runtime.process.settings import Settings
from schemas.live import changes_key, index_key, state_key
from schemas.topics import LIVE_TOPICS, OCCUPANCY, PRESENCE, TRACKS, ZONE_EVENTS
from tests.support.builders.outputs import (
    at_us,
    camera_tracks,
    item,
    items,
    occupancy,
    person,
    presence,
    track,
    ward,
    zone_event,
)
from tests.support.clusters import make_redis_sink
from tests.support.tables import as_items
from tests.support.waiting import eventually
from workers.retention.keys import KEY_ENTRIES
from workers.sinks.redis import sink as redis_sink_module
from workers.sinks.redis.sink import RedisSink


@pytest.fixture
def settings(redis_url: str, run_prefix: str) -> Settings:
    return Settings.model_validate(
        {
            "redis_url": redis_url,
            "redis_prefix": run_prefix,
            "sink": {"live_expiry_s": 60.0, "live_person_expiry_s": 0.3, "changes_length": 10_000},
        }
    )


@pytest.fixture
def sink(settings: Settings) -> Iterator[RedisSink]:
    sink = make_redis_sink(settings)
    yield sink
    sink.close()


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def changes(client: "redis.Redis", prefix: str) -> list[tuple[str, str, int]]:
    """Kind, id and seq of all changes, in order."""
    entries: Any = client.xrange(changes_key(prefix))
    return [(entry["kind"], entry["id"], int(entry["seq"])) for _, entry in entries]


def state(client: "redis.Redis", prefix: str, kind: Any, identity: str) -> dict[str, str]:
    found: Any = client.hgetall(state_key(prefix, kind, identity))
    return dict(found)


def test_a_zone_shows_its_newest_measurement(
    sink: RedisSink, client: "redis.Redis", run_prefix: str
) -> None:
    before_us = time.time_ns() // 1000
    sink.write([item(OCCUPANCY, occupancy(1, 0, 4))])
    record = occupancy(2, 1, 5)
    sink.write([item(OCCUPANCY, record)])

    found = state(client, run_prefix, "zone", "zone-1")
    assert json.loads(found["json"]) == record
    assert (int(found["seq"]), int(found["as_of_us"])) == (2, at_us(1))
    assert before_us <= int(found["written_us"]) <= time.time_ns() // 1000
    assert client.zrange(index_key(run_prefix, "zone"), 0, -1, withscores=True) == [
        ("zone-1", float(at_us(1)))
    ]


def test_an_older_record_replaces_nothing_and_is_no_change(
    sink: RedisSink, client: "redis.Redis", run_prefix: str
) -> None:
    sink.write([item(OCCUPANCY, occupancy(5, 5, 5))])
    sink.write(items(OCCUPANCY, [occupancy(4, 4, 4), occupancy(5, 5, 5)]))
    sink.write([item(OCCUPANCY, occupancy(3, 3, 3))])

    assert state(client, run_prefix, "zone", "zone-1")["seq"] == "5"
    assert changes(client, run_prefix) == [("zone", "zone-1", 5)]


def test_every_change_is_published_once_whatever_is_written_twice(
    sink: RedisSink, client: "redis.Redis", run_prefix: str
) -> None:
    log = [entry for entry in as_items(ward(seconds=20, seed=3)) if entry.topic in LIVE_TOPICS]
    for start in range(0, len(log), 10):
        sink.write(log[max(0, start - 15) : start + 10])
    sink.write(log[-200:])

    reported = changes(client, run_prefix)
    assert len(reported) == len(set(reported))
    for kind, topic in (("zone-event", ZONE_EVENTS), ("zone", OCCUPANCY)):
        in_log = {(entry.key, entry.seq) for entry in log if entry.topic is topic}
        published_of_kind = [
            (identity, seq) for kind_published, identity, seq in reported if kind_published == kind
        ]
        if kind == "zone-event":
            assert set(published_of_kind) == in_log
        for identity in {identity for identity, _ in in_log}:
            seqs = [seq for published_id, seq in published_of_kind if published_id == identity]
            assert seqs == sorted(seqs)
            assert seqs[-1] == max(seq for key, seq in in_log if key == identity)


def test_a_batch_writes_only_the_newest_tracks_and_every_zone_event(
    sink: RedisSink, client: "redis.Redis", run_prefix: str
) -> None:
    frames = [camera_tracks(n, n, [track(1, 0)]) for n in range(1, 101)]
    events = [zone_event(n, n, "ENTERED", f"p{n}", n) for n in range(1, 4)]
    sink.write([*items(TRACKS, frames), *items(ZONE_EVENTS, events)])

    assert changes(client, run_prefix) == [
        ("camera", "cam-1", 100),
        *(("zone-event", "zone-1", seq) for seq in (1, 2, 3)),
    ]


def test_people_come_with_their_floor_and_disappear_when_nobody_sees_them(
    sink: RedisSink, client: "redis.Redis", run_prefix: str
) -> None:
    sink.write([item(PRESENCE, presence(1, 0, [person("ann"), person("bob")]))])
    sink.write([item(PRESENCE, presence(2, 0.2, [person("ann", foot_x_px=9.0)]))])

    ann = state(client, run_prefix, "person", "ann")
    assert json.loads(ann["json"])["foot_x_px"] == 9.0
    assert json.loads(ann["json"])["floor_id"] == "floor-1"
    assert (ann["seq"], state(client, run_prefix, "person", "bob")["seq"]) == ("2", "1")
    eventually(
        lambda: not client.exists(state_key(run_prefix, "person", "bob")), 5, "the end of bob"
    )
    assert state(client, run_prefix, "floor", "floor-1")["seq"] == "2"


def test_everything_expires(sink: RedisSink, client: "redis.Redis", run_prefix: str) -> None:
    sink.write([entry for entry in as_items(ward(seconds=20)) if entry.topic in LIVE_TOPICS])

    keys: Any = client.keys(f"{run_prefix}:*")
    assert len(keys) > 8
    assert [key for key in keys if client.pttl(key) == -1] == []
    patterns = {entry.name for entry in KEY_ENTRIES if not entry.name.startswith("login:")}
    names = [key.removeprefix(f"{run_prefix}:") for key in keys]
    there = {one for one in patterns if fnmatch.filter(names, one)}
    assert there | {"person:*"} == patterns, "people may be gone already"
    assert [name for name in names if not any(fnmatch.fnmatch(name, one) for one in patterns)] == []
    for key in keys:
        client.pexpire(key, client.pttl(key) // 60, gt=False, lt=True)  # a minute is a second
    eventually(lambda: client.keys(f"{run_prefix}:*") == [], 5, "nothing left")


def test_the_index_forgets_what_has_expired(
    settings: Settings, client: "redis.Redis", run_prefix: str
) -> None:
    class Hurried(SystemClock):
        """A thousand times as fast, so that sweeping is due at once."""

        def monotonic_s(self) -> float:
            return super().monotonic_s() * 1000

    sink = make_redis_sink(settings, Hurried())
    sink.write([item(PRESENCE, presence(1, 0, [person("ann")]))])

    def swept() -> bool:
        sink.housekeep()
        return client.zrange(index_key(run_prefix, "person"), 0, -1) == []

    eventually(swept, 5, "an index without ann")
    sink.close()

    assert client.zrange(index_key(run_prefix, "floor"), 0, -1) == ["floor-1"]


def test_other_bytes_under_the_newest_seq_stop_the_process(
    sink: RedisSink, client: "redis.Redis", run_prefix: str
) -> None:
    sink.write([item(OCCUPANCY, occupancy(1, 0, 1))])

    with pytest.raises(Stop, match=r"key zone-1 seq 1 of zone-occupancy\.measured\.v1") as caught:
        sink.write([item(OCCUPANCY, occupancy(1, 0, 2))])

    assert caught.value.exit_code == 78
    assert json.loads(state(client, run_prefix, "zone", "zone-1")["json"])["people"] == 1


def test_the_stream_of_changes_keeps_its_length(
    settings: Settings, client: "redis.Redis", run_prefix: str
) -> None:
    settings.sink.changes_length = 200
    sink = make_redis_sink(settings)
    for start in range(0, 3000, 100):
        events = [zone_event(n, n, "ENTERED", "p", n) for n in range(start, start + 100)]
        sink.write(items(ZONE_EVENTS, events))
    sink.close()

    assert 200 <= client.xlen(changes_key(run_prefix)) < 500


def test_a_redis_that_lost_its_memory_is_filled_again(
    sink: RedisSink, client: "redis.Redis", run_prefix: str
) -> None:
    sink.write([item(OCCUPANCY, occupancy(1, 0, 1))])
    client.flushdb()
    client.script_flush()
    sink.write([item(OCCUPANCY, occupancy(2, 1, 2))])

    assert state(client, run_prefix, "zone", "zone-1")["seq"] == "2"


def test_missing_seqs_are_counted(
    sink: RedisSink, monkeypatch: pytest.MonkeyPatch, run_prefix: str
) -> None:
    warnings: list[dict[str, Any]] = []
    monkeypatch.setattr(
        redis_sink_module.log, "warning", lambda _event, **values: warnings.append(values)
    )
    sink.write(items(OCCUPANCY, [occupancy(n, n, n) for n in (1, 2)]))
    sink.write(items(OCCUPANCY, [occupancy(n, n, n) for n in (3, 4, 5)]))
    sink.write(items(OCCUPANCY, [occupancy(n, n, n) for n in (9, 12)]))

    assert [warning["count"] for warning in warnings] == [3 + 2]


def test_a_redis_out_of_reach_can_be_tried_again() -> None:
    sink = make_redis_sink(Settings(redis_url=SecretStr("redis://127.0.0.1:1/0")))

    with pytest.raises(Retry, match="out of reach"):
        sink.write([item(OCCUPANCY, occupancy(1, 0, 1))])
