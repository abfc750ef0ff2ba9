"""A row of `zone_occupancy` with its roles as the record that it was made from."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from workers.serving.live.records import Occupancy, Role, SourceCount, ZoneCensus, ZoneCount
from workers.storage.timescale.rows import to_us

Row = Mapping[str, Any]


def occupancy_of(row: Row, roles: Sequence[Row]) -> Occupancy:
    """The record, field by field as in `zone-occupancy.measured.v1`.

    Args:
        row: Row of `zone_occupancy`.
        roles: Rows of `coverage` with the same zone, `seq` and `as_of`, sorted by role.
    """
    return Occupancy(
        zone_id=row["zone_id"],
        seq=row["seq"],
        as_of_us=to_us(row["as_of"]),
        inputs_through_us=to_us(row["inputs_through"]),
        cameras_missing=row["cameras_missing"],
        floor_id=row["floor_id"],
        reason=row["reason"],
        people=row["people"],
        identified=row["identified"],
        scheduled=row["scheduled"],
        required=row["required"],
        gap_min=row["gap_min"],
        gap_max=row["gap_max"],
        roles=[role_of(one) for one in roles],
        person_ids=row["person_ids"],
        least_required=row["least_required"],
        possible_since_us=us_or_null(row["possible_since"]),
        sure_since_us=us_or_null(row["sure_since"]),
        is_watched=row["is_watched"] is not False,
        count=_count(row),
        census=_census(row),
        longest_since_us=us_or_null(row["longest_since"]),
    )


def role_of(row: Row) -> Role:
    """A row of `coverage` as the part of the record."""
    return Role(
        role=row["role"],
        present_min=row["present_min"],
        present_max=row["present_max"],
        scheduled=row["scheduled"],
        required=row["required"],
        gap_min=row["gap_min"],
        gap_max=row["gap_max"],
        least_required=row["least_required"],
        standing_in=row["substitutes"] or [],
        possible_since_us=us_or_null(row["possible_since"]),
        sure_since_us=us_or_null(row["sure_since"]),
    )


def us_or_null(at: datetime | None) -> int | None:
    """UTC microseconds of a time that may be missing."""
    return None if at is None else to_us(at)


def _count(row: Row) -> ZoneCount | None:
    if row["counts"] is None:
        return None
    return ZoneCount(
        low=row["people_low"],
        high=row["people_high"],
        disagreement=row["disagreement"] or 0,
        sources=[SourceCount(**one) for one in row["counts"]],
    )


def _census(row: Row) -> ZoneCensus | None:
    if row["census_is_believed"] is None:
        return None
    return ZoneCensus(
        people=row["census_people"],
        from_us=us_or_null(row["census_from"]),
        is_believed=row["census_is_believed"],
    )
