"""Bounds of a rebuild: where it begins, where it ends, and what it leaves to the pipeline."""

import pytest

from runtime.checkpoints.archive import Archived
from schemas.topics import FLOOR_PARTITIONS, OCCUPANCY, PRESENCE, TRACKS, ZONE_EVENTS
from streams.state.progress import KeyProgress, ProgressByKey
from workers.operations.rebuild.bounds import Bound, Folded, bounds
from workers.operations.rebuild.plan import PartitionPlan
from workers.operations.rebuild.start import parse_origin
from workers.operations.times import BadTime

S = 1_000_000
BASE = Archived(0, 100, 1, "ab", "path")


def progress(
    through_us: int, seq: int, *, floor: str = "f", opened_us: int = 10 * S
) -> ProgressByKey:
    """One camera, one floor and one zone with equal progress."""
    return ProgressByKey(
        {f"{floor}-cam": KeyProgress(floor, through_us, {TRACKS.name: seq})},
        {floor: KeyProgress(floor, through_us, {PRESENCE.name: seq}, opened_us)},
        {
            f"{floor}-zone": KeyProgress(
                floor, through_us, {ZONE_EVENTS.name: seq, OCCUPANCY.name: seq}, opened_us
            )
        },
    )


def both(one: ProgressByKey, other: ProgressByKey) -> ProgressByKey:
    return ProgressByKey(
        {**one.cameras, **other.cameras},
        {**one.floors, **other.floors},
        {**one.zones, **other.zones},
    )


def plan(
    before: ProgressByKey, after: ProgressByKey | None, base: Archived | None = BASE
) -> PartitionPlan:
    return PartitionPlan(
        partition=0,
        start=100,
        end=200,
        appended_ms=0,
        base=base,
        why_cold="",
        spans=(),
        before=before,
        after=after,
    )


def folded(made: ProgressByKey, first_us: dict[str, int] | None = None) -> Folded:
    return Folded(made, first_us or {}, {}, {})


def by_key(found: list[Bound]) -> dict[str, Bound]:
    return {bound.key: bound for bound in found}


def test_a_rebuild_covers_the_records_between_two_checkpoints_of_the_pipeline() -> None:
    found = by_key(
        bounds(plan(progress(20 * S, 5), progress(60 * S, 9)), folded(progress(60 * S, 11)))
    )

    assert found["f-cam"] == Bound("camera", "f-cam", 20 * S, 60 * S, {TRACKS.name: (5, 9)})
    assert found["f"].seqs == {PRESENCE.name: (5, 9)}
    assert found["f-zone"].seqs == {ZONE_EVENTS.name: (5, 9), OCCUPANCY.name: (5, 9)}


def test_keys_first_seen_after_the_archived_checkpoint_are_rebuilt_whole() -> None:
    late = progress(60 * S, 4, floor="late", opened_us=30 * S)
    after = both(progress(60 * S, 9), late)

    found = by_key(bounds(plan(progress(20 * S, 5), after), folded(after)))

    assert found["late"] == Bound("floor", "late", 0, 60 * S, {PRESENCE.name: (0, 4)})


def test_a_cold_start_answers_for_nothing_from_before_the_log() -> None:
    made = progress(60 * S, 9)
    first = {"f-cam": 9 * S}

    found = by_key(bounds(plan(ProgressByKey(), made, base=None), folded(made, first)))

    assert found["f"].after_us == found["f-zone"].after_us == 10 * S - 1
    assert found["f-cam"].after_us == 9 * S - 1


def test_events_that_the_pipeline_never_saw_end_where_the_rebuild_ended() -> None:
    unseen = progress(50 * S, 7, floor="new")

    found = by_key(
        bounds(
            plan(progress(20 * S, 5), progress(60 * S, 9)),
            folded(both(progress(60 * S, 9), unseen)),
        )
    )

    assert found["new-cam"].through_us == 50 * S
    assert found["new-cam"].seqs == {TRACKS.name: (0, 0)}


def test_only_the_floors_that_were_asked_for_are_answered_for() -> None:
    two = both(progress(60 * S, 9), progress(60 * S, 9, floor="other"))

    found = by_key(bounds(plan(ProgressByKey(), two), folded(two), frozenset({"other"})))

    assert found.keys() == {"other-cam", "other", "other-zone"}


def test_a_position_in_the_log_names_its_partition_and_a_time_does_not() -> None:
    assert parse_origin(" 7:1200 ", 0)[1:] == (None, 7, 1200)
    assert parse_origin("2026-01-31T08:00+01:00", 0)[1:] == (1_769_842_800 * S, None, 0)
    assert parse_origin("90s", 100 * S).at_us == 10 * S


@pytest.mark.parametrize("text", ["", "noon", "1:", ":5", "-1:5", f"{FLOOR_PARTITIONS}:0"])
def test_a_start_that_is_neither_a_time_nor_a_position_is_refused(text: str) -> None:
    with pytest.raises(BadTime):
        parse_origin(text, 0)
