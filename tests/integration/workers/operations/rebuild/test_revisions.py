"""Revisions in the database and in Redis, without a running pipeline."""

import json
from collections.abc import Iterator

import pytest
import redis
from pydantic import SecretStr

from runtime.clock import SystemClock
from runtime.process.settings import Settings
from schemas.live import state_key
from schemas.topics import LINKS, OCCUPANCY, PRESENCE, TRACKS
from streams.state.progress import ProgressByKey
from tests.support.builders.outputs import (
    at_us,
    camera_tracks,
    item,
    link,
    occupancy,
    person,
    presence,
    track,
)
from tests.support.clusters import installation_of, make_redis_sink, make_timescale_sink
from tests.support.tables import rows
from workers.operations.rebuild import live, staging
from workers.operations.rebuild.bounds import Bound, Folded
from workers.operations.rebuild.difference import compare_tables
from workers.operations.rebuild.ledger import Ledger
from workers.operations.rebuild.opening import open_ledger
from workers.operations.rebuild.plan import Plan
from workers.operations.rebuild.records import Newest
from workers.operations.rebuild.revert import revert
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.item import Item
from workers.storage.timescale import rebuild_schema

CAMERA = "cam-1"
FAR = {"gap_s": None, "distance_heights": None, "distance_m": 1.5}
NOTHING = Plan(partitions=(), floors=None, facts={})


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return Settings(database_url=SecretStr(database_url), redis_url=SecretStr(redis_url))


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with open_ledger(installation_of(settings)) as ledger:
        yield ledger


def write(sink: TimescaleSink, first: int, last: int, score: float) -> None:
    """Write frames of one person who stays, all of one track."""
    for seq in range(first, last + 1):
        seen = track(1, 1, last_observed=seq, score=score)
        sink.write([item(TRACKS, camera_tracks(seq, seq, [seen], CAMERA), seq)])


def swap_in_another_score(ledger: Ledger, settings: Settings, through: int) -> int:
    """Rebuild that person's track up to a frame, with another score; returns the revision."""
    number = ledger.start("--from 1h", "", NOTHING, "anna").revision
    ledger.stage(number)
    sink = make_timescale_sink(settings, SystemClock(), rebuild_schema.staged_path(number))
    write(sink, 1, through, 0.5)
    sink.close()
    bound = Bound("camera", CAMERA, 0, at_us(through), {TRACKS.name: (0, through)})
    staging.complete(ledger.connection, number, [bound])
    differences = compare_tables(ledger.connection, number)
    with ledger.swap(number, differences, "anna", "another score"):
        pass
    return number


def test_a_revised_track_that_goes_on_is_shown_once_as_the_pipeline_has_it(
    ledger: Ledger, settings: Settings, database_url: str
) -> None:
    pipeline = make_timescale_sink(settings)
    shown = "SELECT seq, max_score FROM tracks"
    paths = "SELECT path_id, observations FROM track_paths"
    write(pipeline, 1, 5, 0.75)

    swap_in_another_score(ledger, settings, through=5)
    revised = rows(database_url, shown)
    write(pipeline, 6, 6, 0.75)
    gone_on = rows(database_url, shown), rows(database_url, paths)
    swap_in_another_score(ledger, settings, through=6)
    revised_again = rows(database_url, shown)
    with ledger.take_back(0, "anna", "it was right"):
        pass
    pipeline.close()

    assert revised == [(5, 0.5)]
    assert gone_on == ([(6, 0.75)], [(f"{CAMERA}:1", 6)])
    assert revised_again == [(6, 0.5)]
    assert rows(database_url, shown) == [(6, 0.75)]


def test_a_revised_row_has_every_column_of_the_rebuilt_one(
    ledger: Ledger, settings: Settings, database_url: str
) -> None:
    """Also columns that a later release added to the tables."""
    floor = "floor-of-cam-1"
    shown = "x_m, height_m, candidate_ids, candidate_confidences, role_evidence, duty_status"
    known = {
        "candidates": [{"staff_id": "ann", "confidence": 0.5}],
        "role_evidence": ["BADGE"],
        "duty_status": "EARLY",
    }

    def records(x_m: float) -> list[Item]:
        someone = person(f"{floor}:1", x_m=x_m, y_m=2.0, height_m=1.75, **known)
        joined = link(1, 1, 1, 2, kind="MERGE", evidence=FAR, score=x_m / 8)
        ours = track(1, 1, last_observed=1, score=x_m / 8)
        return [
            item(PRESENCE, presence(1, 1, [someone], floor)),
            item(LINKS, joined),
            item(TRACKS, {**camera_tracks(1, 1, [ours], CAMERA), "camera_version": 7}),
        ]

    pipeline = make_timescale_sink(settings)
    pipeline.write(records(3.0))
    pipeline.close()
    number = ledger.start("--from 1h", "", NOTHING, "anna").revision
    ledger.stage(number)
    sink = make_timescale_sink(settings, SystemClock(), rebuild_schema.staged_path(number))
    sink.write(records(4.0))
    sink.close()
    bounds = [
        Bound("camera", CAMERA, 0, at_us(2), {TRACKS.name: (0, 1), LINKS.name: (0, 1)}),
        Bound("floor", floor, 0, at_us(1), {PRESENCE.name: (0, 1)}),
    ]
    staging.complete(ledger.connection, number, bounds)

    with ledger.swap(number, compare_tables(ledger.connection, number), "anna", "moved"):
        pass

    assert rows(database_url, f"SELECT {shown} FROM positions") == [
        (4.0, 1.75, ["ann"], [0.5], ["BADGE"], "EARLY")
    ]
    assert rows(database_url, "SELECT score, distance_m FROM links") == [(0.5, 1.5)]
    assert rows(database_url, "SELECT max_score, camera_version FROM tracks") == [(0.5, 7)]


def test_what_was_folded_counts_only_while_its_tables_are_there(ledger: Ledger) -> None:
    """A backup has the ledger's notes of a rebuild under way, and not its tables."""
    number = ledger.start("--from 1h", "", NOTHING, "anna").revision
    ledger.stage(number)
    ledger.note_folded(number, 3, Folded(ProgressByKey(), {}, {}, {}))

    going_on = ledger.stage(number)
    rebuild_schema.drop(ledger.connection, number)
    restored = ledger.stage(number)

    assert (list(going_on), list(restored)) == ([3], [])


def test_a_rebuild_starts_with_empty_tables_whatever_was_left(
    ledger: Ledger, settings: Settings, database_url: str
) -> None:
    """A restored database gives a number again, and tables of that number may be left."""
    rebuild_schema.create(ledger.connection, 1)
    left = make_timescale_sink(settings, SystemClock(), rebuild_schema.staged_path(1))
    write(left, 1, 1, 0.75)
    left.close()

    ledger.stage(ledger.start("--from 1h", "", NOTHING, "anna").revision)

    assert rows(database_url, "SELECT seq FROM rebuild_1.tracks") == []


def test_nothing_counts_as_folded_once_its_topics_may_be_gone(ledger: Ledger) -> None:
    """A process that was killed while it discarded a rebuild starts that rebuild again."""
    number = ledger.start("--from 1h", "", NOTHING, "anna").revision
    ledger.stage(number)
    ledger.note_folded(number, 3, Folded(ProgressByKey(), {}, {}, {}))

    with pytest.raises(KeyboardInterrupt), ledger.discard(number):
        raise KeyboardInterrupt
    given_up_halfway = ledger.unfinished(), ledger.folded(number)
    with ledger.discard(number):
        pass

    assert given_up_halfway[0] is not None
    assert given_up_halfway[1] == {}
    assert ledger.revisions() == []


def test_a_second_revert_restores_live_values_that_the_first_could_not_reach(
    settings: Settings,
) -> None:
    clock = SystemClock()
    sink = make_redis_sink(settings, clock)
    sink.prepare()
    sink.write([item(OCCUPANCY, occupancy(1, 0, people=2))])
    sink.close()
    with open_ledger(installation_of(settings, clock)) as ledger:
        number = swap_in_another_score(ledger, settings, through=1)
        live.show(
            installation_of(settings), number, [Newest(OCCUPANCY.name, "zone-1", 1, {"people": 3})]
        )
        with ledger.take_back(0, "anna", "Redis is away"):
            pass

    put_back = revert(installation_of(settings, clock), 0, "anna", "Redis is there again")

    assert put_back == ([], 1)
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        shown = client.hget(state_key(settings.live_prefix, "zone", "zone-1"), "json")
    assert json.loads(shown or "{}")["people"] == 2


def test_a_rebuild_does_not_save_the_progress_of_the_pipeline(
    ledger: Ledger, settings: Settings, database_url: str
) -> None:
    """Otherwise a sink that starts after a failover would start at too high an offset."""
    noted = "SELECT next_offset FROM public.sink_offsets"
    pipeline = make_timescale_sink(settings)
    write(pipeline, 1, 3, 0.75)
    before = rows(database_url, noted)
    assert len(before) == 1

    swap_in_another_score(ledger, settings, through=5)
    assert rows(database_url, noted) == before
    pipeline.close()
