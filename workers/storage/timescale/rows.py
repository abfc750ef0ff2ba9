"""What each table holds, as pure folds of the records of its topic.

A table holds exactly `fold(records)`, whatever the batches, crashes and repeats between them: the
sink folds each batch and the database merges folds, so `fold(a + b) == merge(fold(a), fold(b))`.
Each function takes one topic's new records, in order of seq per key, and returns rows in the
order of the columns in `tables.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg.types.json import Jsonb

from runtime.errors import DeadLetter
from schemas.records.staffing import FloorCoverage, RoleCoverage
from schemas.records.zones import ZoneCensus
from workers.storage.item import Item

Row = tuple[Any, ...]

Fold = Callable[[Sequence[Item], int], list[Row]]
"""Makes rows of a topic's new records; the interval of positions (microseconds) comes second."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def at(us: int) -> datetime:
    """A time in UTC microseconds as PostgreSQL takes it.

    Raises:
        DeadLetter: It is outside the years 1 to 9999.
    """
    try:
        return EPOCH + timedelta(microseconds=us)
    except OverflowError as error:
        raise DeadLetter(
            "unusable_time", f"{us} us is not a time from the year 1 to 9999"
        ) from error


def to_us(time: datetime) -> int:
    """UTC microseconds of an aware time, exactly."""
    return (time - EPOCH) // _US


def fold_tracks(items: Iterable[Item]) -> list[Row]:
    """One row per track of each camera; a later record overrides or extends an earlier one."""
    rows: dict[tuple[str, int, int], list[Any]] = {}
    for item in items:
        record = item.record
        for track in record["tracks"]:
            identity = (record["camera_id"], track["track_id"], track["started_us"])
            row = rows.get(identity)
            if row is None:
                row = rows[identity] = [
                    *(record["camera_id"], track["track_id"], at(track["started_us"])),
                    *("", None, None, None, "", 0, 0.0, None, None, "", "", None),
                    *(item.seq, 0, b""),
                ]
            _observe(row, item, track)
    return [tuple(row) for row in rows.values()]


def _observe(row: list[Any], item: Item, track: dict[str, Any]) -> None:
    """Put what one record says about a track into its row; positions as in `tables.TRACKS`."""
    record = item.record
    captured = at(record["captured_us"])
    row[3] = record["floor_id"]
    if row[4] is None and track["state"] in {"CONFIRMED", "LOST"}:
        row[4] = captured
    row[5] = at(track["last_observed_us"])
    if row[6] is None and track["state"] == "ENDED":
        row[6] = captured
    row[7] = track["state"]
    if track["observed"]:
        row[8] += 1
        row[9] = max(row[9], track["score"])
    if track["x_m"] is not None:
        row[10], row[11] = track["x_m"], track["y_m"]
    row[12], row[13] = record["model_name"], record["model_version"]
    row[14] = record.get("camera_version") or row[14]  # 0 in records from before
    row[16], row[17] = item.seq, item.digest


def fold_positions(items: Iterable[Item], interval_us: int) -> list[Row]:
    """Each person once per interval, as of the first tick in it that holds the person."""
    rows: dict[tuple[str, int, str], Row] = {}
    for item in items:
        record = item.record
        bucket_us = record["as_of_us"] // interval_us * interval_us
        for person in record["people"]:
            identity = (person["person_id"], bucket_us, record["floor_id"])
            if identity in rows:
                continue
            rows[identity] = (
                at(bucket_us),
                person["person_id"],
                record["floor_id"],
                at(record["as_of_us"]),
                person["camera_ids"],
                person["zone_ids"],
                person["foot_x_px"],
                person["foot_y_px"],
                person["x_m"],
                person["y_m"],
                person["observed"],
                person["role"],
                person["role_confidence"],
                person["staff_id"],
                person["calibration_suspect"],
                person["position_sd_m"],
                person["height_m"],
                [one["staff_id"] for one in person["candidates"]],
                [one["confidence"] for one in person["candidates"]],
                person["role_evidence"],
                person["duty_status"],
                item.seq,
                item.digest,
            )
    return list(rows.values())


def fold_floor_coverage(items: Iterable[Item], interval_us: int) -> list[Row]:
    """Each floor and each role on it once per interval, as of the first tick in it that has them.

    The row without a role is the floor in all, and is there without a plan too. A role that comes
    later in the interval has a row of another tick, and so another `seq`.
    """
    rows: dict[tuple[str, str, int], Row] = {}
    for item in items:
        record = item.record
        bucket_us = record["as_of_us"] // interval_us * interval_us
        for role, cells in _covered(record):
            identity = (record["floor_id"], role, bucket_us)
            if identity not in rows:
                rows[identity] = (
                    at(bucket_us),
                    record["floor_id"],
                    role,
                    at(record["as_of_us"]),
                    *cells,
                    item.seq,
                    item.digest,
                )
    return list(rows.values())


_NO_PLAN: Final[Row] = (None, None, 0, 0, 0, 0, *[None] * 6)


def _covered(record: Mapping[str, Any]) -> Iterator[tuple[str, Row]]:
    """Cells of the floor in all and of each role, `present_min` to `cameras_missing`."""
    covered: FloorCoverage | None = record["coverage"]
    missing = record["cameras_missing"]
    if covered is None:
        yield "", (*_NO_PLAN, missing)
        return
    in_all = (
        covered["identified"],
        covered["people"],
        covered["scheduled"],
        covered["required"],
        covered["gap_min"],
        covered["gap_max"],
        covered["least_required"],
        None,
        None,
        _at_or_null(covered["possible_since_us"]),
        _at_or_null(covered["sure_since_us"]),
    )
    yield "", (*in_all, covered["is_watched"], missing)
    for role in covered["roles"]:
        yield role["role"], (*_cells_of_role(role), covered["is_watched"], None)


_NO_EVIDENCE: Final = {"gap_s": None, "distance_heights": None, "distance_m": None}


def fold_links(items: Iterable[Item]) -> list[Row]:
    """Every link."""
    rows = []
    for item in items:
        link = item.record
        evidence = link["evidence"] or _NO_EVIDENCE
        rows.append(
            (
                at(link["at_us"]),
                link["floor_id"],
                item.seq,
                link["kind"],
                link["from_person_id"],
                link["to_person_id"],
                link["from_camera_id"],
                link["from_track_id"],
                link["to_camera_id"],
                link["to_track_id"],
                link["score"],
                link["reason"],
                evidence["gap_s"],
                evidence["distance_heights"],
                evidence["distance_m"],
                at(link["as_of_us"]),
                at(link["inputs_through_us"]),
                item.digest,
            )
        )
    return rows


def fold_zone_events(items: Iterable[Item]) -> list[Row]:
    """Every event."""
    rows = []
    for item in items:
        event = item.record
        dwell_us = event["dwell_us"]
        rows.append(
            (
                at(event["at_us"]),
                event["zone_id"],
                item.seq,
                event["kind"],
                event["person_id"],
                event["floor_id"],
                event["camera_id"],
                at(event["entered_us"]),
                None if dwell_us is None else timedelta(microseconds=dwell_us),
                at(event["as_of_us"]),
                at(event["inputs_through_us"]),
                event["corrects"],
                item.digest,
            )
        )
    return rows


def _census(census: ZoneCensus | None) -> tuple[int | None, datetime | None, bool | None]:
    if census is None:
        return None, None, None
    return census["people"], _at_or_null(census["from_us"]), census["is_believed"]


def fold_occupancy(items: Iterable[Item]) -> list[Row]:
    """Every measurement."""
    rows = []
    for item in items:
        zone, count = item.record, item.record["count"]
        rows.append(
            (
                at(zone["as_of_us"]),
                zone["zone_id"],
                item.seq,
                zone["floor_id"],
                zone["reason"],
                zone["people"],
                zone["identified"],
                zone["scheduled"],
                zone["required"],
                zone["gap_min"],
                zone["gap_max"],
                zone["person_ids"],
                at(zone["inputs_through_us"]),
                zone["cameras_missing"],
                zone["least_required"],
                _at_or_null(zone["possible_since_us"]),
                _at_or_null(zone["sure_since_us"]),
                None if count is None else zone["is_watched"],
                None if count is None else count["low"],
                None if count is None else count["high"],
                None if count is None else count["disagreement"],
                None if count is None else Jsonb(count["sources"]),
                *_census(zone["census"]),
                _at_or_null(zone["longest_since_us"]),
                item.digest,
            )
        )
    return rows


def fold_coverage(items: Iterable[Item]) -> list[Row]:
    """Every role of every measurement."""
    return [
        (
            at(item.record["as_of_us"]),
            item.record["zone_id"],
            role["role"],
            item.seq,
            *_cells_of_role(role),
            item.digest,
        )
        for item in items
        for role in item.record["roles"]
    ]


def _cells_of_role(role: RoleCoverage) -> Row:
    return (
        role["present_min"],
        role["present_max"],
        role["scheduled"],
        role["required"],
        role["gap_min"],
        role["gap_max"],
        role["least_required"],
        sum(one["people"] for one in role["standing_in"]),
        Jsonb(role["standing_in"]),
        _at_or_null(role["possible_since_us"]),
        _at_or_null(role["sure_since_us"]),
    )


def fold_zone_alerts(items: Iterable[Item]) -> list[Row]:
    """Every decision about an alert."""
    return [
        (
            at(item.record["as_of_us"]),
            item.record["floor_id"],
            item.seq,
            alert["alert_id"],
            at(alert["opened_us"]),
            alert["action"],
            alert["cause"],
            at(alert["since_us"]),
            *(alert[name] for name in _ALERT_FIELDS),
            Jsonb(alert["evidence"]),
            alert["escalate_after_s"],
            alert["escalate_to"],
            at(item.record["inputs_through_us"]),
            item.digest,
        )
        for item in items
        for alert in item.record["decided"]
    ]


_ALERT_FIELDS: Final = (
    *("rule_id", "rule_version", "rule_name", "kind", "tier", "owner", "next_action", "stage"),
    *("pilot_unit_ids", "zone_id", "role", "person_ids", "camera_ids", "figure_min", "figure_max"),
    *("threshold", "confidence", "is_stale", "pages", "held_back_by", "suppressed"),
)


def each_record(fields: str) -> Fold:
    """The fold that makes a row of every record, from its plain fields.

    Args:
        fields: Fields of the record in the order of the columns, separated by commas; `*_us` become
            times. The digest follows as the last column.
    """
    cells = _cells(fields)

    def fold(items: Sequence[Item], _interval_us: int) -> list[Row]:
        return [
            (*(convert(item.record[name]) for name, convert in cells), item.digest)
            for item in items
        ]

    return fold


def each_version(fields: str) -> Fold:
    """The fold that makes a row of every version of a fact; `fields` as in `each_record`."""
    fold = each_record(fields)

    def newest(items: Sequence[Item], interval_us: int) -> list[Row]:
        return fold(list({item.key: item for item in items}.values()), interval_us)

    return newest


def _cells(fields: str) -> list[tuple[str, Callable[[Any], Any]]]:
    names = [name.strip() for name in fields.split(",")]
    return [(name, _converter(name)) for name in names]


_DURATIONS: Final = {"offset_us", "delay_us", "jitter_us", "jump_us"}
_NUMBERS: Final = {"reference_us"}
"""Times on a camera's own clock, which may show any."""


def _converter(field: str) -> Callable[[Any], Any]:
    if field in _DURATIONS:
        return _duration
    if field in _NUMBERS:
        return _as_it_is
    if field in {"from_us", "until_us", "captured_us"}:
        return _at_or_null
    if field.endswith("_us"):
        return at
    if field in {"lens", "location", "drawing"}:
        return _json_or_null
    return Jsonb if field in {"polygon", "privacy_masks", "sees", "passages"} else _as_it_is


def _duration(us: int) -> timedelta:
    return timedelta(microseconds=us)


def _at_or_null(us: int | None) -> datetime | None:
    return None if us is None else at(us)


def _json_or_null(value: Any) -> Jsonb | None:
    return None if value is None else Jsonb(value)


def _as_it_is(value: Any) -> Any:
    return value
