"""The tables that the sink fills: their columns, where they come from and how they fold.

`deploy/timescale/migrations` creates the tables themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.topics import (
    ALERT_ACTIONS,
    AUDIT,
    BADGES,
    CAMERA_CLOCK,
    CAMERA_VIEWS,
    CAMERAS,
    CENSUS,
    FEEDBACK,
    FLOORS,
    LINKS,
    OCCUPANCY,
    PRESENCE,
    READERS,
    REQUIREMENTS,
    ROLES,
    RULES,
    SHIFTS,
    STAFF,
    TRACKS,
    UNITS,
    ZONE_ALERTS,
    ZONE_EVENTS,
    ZONES,
    Owner,
    Topic,
)
from workers.storage.item import Item
from workers.storage.timescale.rows import (
    Row,
    each_record,
    each_version,
    fold_coverage,
    fold_floor_coverage,
    fold_links,
    fold_occupancy,
    fold_positions,
    fold_tracks,
    fold_zone_alerts,
    fold_zone_events,
)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How a rebuild compares the rows that it made with those that are there.

    Attributes:
        kind: What `key` names.
        key: Column of the camera, floor or zone whose stretch of time a revision replaces.
        time: Column by which that stretch begins and ends.
        identity: Columns by which a rebuilt row finds the row that it is compared with. Never
            `seq`: one record more or less shifts all that follow.
        ignored: Columns that say where a row comes from, not what it holds.
        shares_seq_with: Table whose rows have the same `seq`: both are revised over the same
            stretch.
    """

    kind: Owner
    key: str
    time: str
    identity: tuple[str, ...]
    ignored: tuple[str, ...] = ("seq", "digest")
    shares_seq_with: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table.

    Attributes:
        name: Name of the table in the database, and of the SQL file.
        topic: Topic of the records.
        columns: `(name, type)` in the order of the rows.
        identity: Columns that identify a row, the topic's key first.
        time: Column by which rows expire; None for tables that keep everything.
        fold: Rows of new records; the interval of positions (microseconds) comes second.
        sampled: Whether rows are of one tick in each interval of positions, the first with them.
        merged: Whether the rows of a batch change rows that are there, by `sql/<name>.sql`;
            else each row is inserted once.
        comparison: How a rebuild compares it; None where a rebuild leaves it alone.
    """

    name: str
    topic: Topic
    columns: tuple[tuple[str, str], ...]
    identity: tuple[str, ...]
    time: str | None
    fold: Callable[[Sequence[Item], int], list[Row]]
    sampled: bool = False
    merged: bool = False
    comparison: Comparison | None = None

    def index(self, column: str) -> int:
        """Index of a column in a row."""
        return [name for name, _ in self.columns].index(column)

    @property
    def holds_every_seq(self) -> bool:
        """Whether each record of the topic is one row."""
        return self.identity == (self.topic.key, "seq", self.time)

    @property
    def key_index(self) -> int:
        """Index of the topic's key in a row."""
        return self.index(self.identity[0])


def _columns(text: str) -> tuple[tuple[str, str], ...]:
    """Parse `name type, name type`; an array type ends in `[]`."""
    pairs = (part.split(maxsplit=1) for part in text.split(","))
    return tuple((name, kind.strip()) for name, kind in pairs)


TRACKS_TABLE = Table(
    name="tracks",
    topic=TRACKS,
    columns=_columns(
        "camera_id text, track_id int8, started_at timestamptz, floor_id text,"
        "confirmed_at timestamptz, last_observed_at timestamptz, ended_at timestamptz,"
        "state text, observations int4, max_score float8, x_m float8, y_m float8,"
        "model_name text, model_version text, camera_version int4, first_seq int8, seq int8,"
        "digest bytea"
    ),
    identity=("camera_id", "track_id", "started_at"),
    time="started_at",
    fold=lambda items, _: fold_tracks(items),
    merged=True,
    comparison=Comparison(
        kind="camera",
        key="camera_id",
        time="started_at",
        identity=("camera_id", "track_id", "started_at"),
        ignored=("first_seq", "seq", "digest"),
    ),
)

POSITIONS_TABLE = Table(
    name="positions",
    topic=PRESENCE,
    columns=_columns(
        "at timestamptz, person_id text, floor_id text, as_of timestamptz, camera_ids text[],"
        "zone_ids text[], foot_x_px float8, foot_y_px float8, x_m float8, y_m float8,"
        "observed bool, role text, role_confidence float8, staff_id text,"
        "calibration_suspect bool, position_sd_m float8, height_m float8,"
        "candidate_ids text[], candidate_confidences float8[], role_evidence text[],"
        "duty_status text, seq int8, digest bytea"
    ),
    identity=("floor_id", "person_id", "at"),
    time="at",
    fold=fold_positions,
    sampled=True,
    comparison=Comparison(
        kind="floor", key="floor_id", time="as_of", identity=("floor_id", "person_id", "at")
    ),
)

FLOOR_COVERAGE_TABLE = Table(
    name="floor_coverage",
    topic=PRESENCE,
    columns=_columns(
        "at timestamptz, floor_id text, role text, as_of timestamptz, present_min int4,"
        "present_max int4, scheduled int4, required int4, gap_min int4, gap_max int4,"
        "least_required int4, standing_in int4, substitutes jsonb, possible_since timestamptz,"
        "sure_since timestamptz, is_watched bool, cameras_missing text[], seq int8, digest bytea"
    ),
    identity=("floor_id", "role", "at"),
    time="at",
    fold=fold_floor_coverage,
    sampled=True,
    comparison=Comparison(
        kind="floor", key="floor_id", time="as_of", identity=("floor_id", "role", "at")
    ),
)

LINKS_TABLE = Table(
    name="links",
    topic=LINKS,
    columns=_columns(
        "at timestamptz, floor_id text, seq int8, kind text, from_person_id text,"
        "to_person_id text, from_camera_id text, from_track_id int8, to_camera_id text,"
        "to_track_id int8, score float8, reason text, gap_s float8, distance_heights float8,"
        "distance_m float8, as_of timestamptz, inputs_through timestamptz, digest bytea"
    ),
    identity=("floor_id", "seq", "at"),
    time="at",
    fold=lambda items, _: fold_links(items),
    comparison=Comparison(
        kind="camera",
        key="to_camera_id",
        time="as_of",
        identity=("to_camera_id", "from_person_id", "to_person_id", "kind", "at"),
    ),
)

ZONE_EVENTS_TABLE = Table(
    name="zone_events",
    topic=ZONE_EVENTS,
    columns=_columns(
        "at timestamptz, zone_id text, seq int8, kind text, person_id text, floor_id text,"
        "camera_id text, entered_at timestamptz, dwell interval, as_of timestamptz,"
        "inputs_through timestamptz, corrects int8, digest bytea"
    ),
    identity=("zone_id", "seq", "at"),
    time="at",
    fold=lambda items, _: fold_zone_events(items),
    comparison=Comparison(
        kind="zone",
        key="zone_id",
        time="as_of",
        identity=("zone_id", "person_id", "kind", "at", "as_of"),
    ),
)

OCCUPANCY_TABLE = Table(
    name="zone_occupancy",
    topic=OCCUPANCY,
    columns=_columns(
        "as_of timestamptz, zone_id text, seq int8, floor_id text, reason text, people int4,"
        "identified int4, scheduled int4, required int4, gap_min int4, gap_max int4,"
        "person_ids text[], inputs_through timestamptz, cameras_missing text[],"
        "least_required int4, possible_since timestamptz, sure_since timestamptz, is_watched bool,"
        "people_low int4, people_high int4, disagreement int4, counts jsonb,"
        "census_people int4, census_from timestamptz, census_is_believed bool,"
        "longest_since timestamptz, digest bytea"
    ),
    identity=("zone_id", "seq", "as_of"),
    time="as_of",
    fold=lambda items, _: fold_occupancy(items),
    comparison=Comparison(
        kind="zone",
        key="zone_id",
        time="as_of",
        identity=("zone_id", "as_of"),
        shares_seq_with="coverage",
    ),
)

COVERAGE_TABLE = Table(
    name="coverage",
    topic=OCCUPANCY,
    columns=_columns(
        "as_of timestamptz, zone_id text, role text, seq int8, present_min int4,"
        "present_max int4, scheduled int4, required int4, gap_min int4, gap_max int4,"
        "least_required int4, standing_in int4, substitutes jsonb, possible_since timestamptz,"
        "sure_since timestamptz, digest bytea"
    ),
    identity=("zone_id", "role", "seq", "as_of"),
    time="as_of",
    fold=lambda items, _: fold_coverage(items),
    comparison=Comparison(
        kind="zone",
        key="zone_id",
        time="as_of",
        identity=("zone_id", "role", "as_of"),
        shares_seq_with="zone_occupancy",
    ),
)


ZONE_ALERTS_TABLE = Table(
    name="zone_alerts",
    topic=ZONE_ALERTS,
    columns=_columns(
        "as_of timestamptz, floor_id text, seq int8, alert_id text, opened_at timestamptz,"
        "action text, cause text, since timestamptz, rule_id text, rule_version int4,"
        "rule_name text, kind text, tier text, owner text, next_action text, stage text,"
        "pilot_unit_ids text[], zone_id text, role text, person_ids text[], camera_ids text[],"
        "figure_min int4, figure_max int4, threshold int4, confidence float8, is_stale bool,"
        "pages bool, held_back_by text[], suppressed int4, evidence jsonb, escalate_after_s int4,"
        "escalate_to text, inputs_through timestamptz, digest bytea"
    ),
    identity=("floor_id", "alert_id", "seq", "as_of"),
    time="as_of",
    fold=lambda items, _: fold_zone_alerts(items),
    comparison=Comparison(
        kind="floor", key="floor_id", time="as_of", identity=("floor_id", "alert_id", "as_of")
    ),
)


def _versions(topic: Topic, fields: str, columns: str) -> Table:
    """Table of facts or decisions: identity, version, its two times, then its own fields."""
    identity = topic.key.removesuffix("@version")
    common = "version, valid_from_us, recorded_at_us, removed, recorded_by"
    return Table(
        name=topic.name.removesuffix(".v1").replace("-", "_"),
        topic=topic,
        columns=_columns(
            f"{identity} text, version int4, valid_from timestamptz, recorded_at timestamptz,"
            f"removed bool, recorded_by text, {columns}, digest bytea"
        ),
        identity=(identity, "version"),
        time=None,
        fold=each_version(f"{identity}, {common}, {fields}"),
    )


VERSIONED_TABLES: tuple[Table, ...] = (
    _versions(
        CAMERAS,
        "floor_id, name, width, height, privacy_masks, homography, mount, projection, lens,"
        "location, field_of_view_deg, sees, reason",
        "floor_id text, name text, width int4, height int4, privacy_masks jsonb,"
        "homography float8[], mount text, projection float8[], lens jsonb, location jsonb,"
        "field_of_view_deg float8, sees jsonb, reason text",
    ),
    _versions(
        FLOORS,
        "partition, name, time_zone, passages, drawing",
        "partition int4, name text, time_zone text, passages jsonb, drawing jsonb",
    ),
    _versions(
        ZONES,
        "floor_id, camera_id, name, space, polygon, enter_after_ms, leave_after_ms,"
        "dwell_limit_s, order",
        "floor_id text, camera_id text, name text, space text, polygon jsonb,"
        "enter_after_ms int4, leave_after_ms int4, dwell_limit_s float8, sort_order int4",
    ),
    _versions(STAFF, "role", "role text"),
    _versions(
        SHIFTS,
        "staff_id, zone_id, role, starts_us, ends_us, time_zone, kind, status, replaces, agency",
        "staff_id text, zone_id text, role text, starts_at timestamptz, ends_at timestamptz,"
        "time_zone text, kind text, status text, replaces text, agency text",
    ),
    _versions(
        REQUIREMENTS,
        "zone_id, role, count, weekdays, from_minute, to_minute, time_zone, basis, per, at_least",
        "zone_id text, role text, count int4, weekdays int4[], from_minute int4,"
        "to_minute int4, time_zone text, basis text, per int4, at_least int4",
    ),
    _versions(
        ROLES,
        "covers, priority, is_staff",
        "covers text[], priority int4, is_staff bool",
    ),
    _versions(
        CENSUS,
        "zone_id, people, starts_us, time_zone",
        "zone_id text, people int4, starts_at timestamptz, time_zone text",
    ),
    _versions(
        RULES,
        "name, kind, zone_ids, floor_ids, one_per, roles, shift_statuses, bound, threshold,"
        "close_at, open_after_s, close_after_s, repeat_after_s, suppress_s, deduplication_key,"
        "schedule, time_zone, tier, owner, next_action, escalate_after_s, escalate_to, stage,"
        "pilot_unit_ids, min_confidence",
        "name text, kind text, zone_ids text[], floor_ids text[], one_per text, roles text[],"
        "shift_statuses text[], bound text, threshold int4, close_at int4, open_after_s int4,"
        "close_after_s int4, repeat_after_s int4, suppress_s int4, deduplication_key text,"
        "schedule jsonb, time_zone text, tier text, owner text, next_action text,"
        "escalate_after_s int4, escalate_to text, stage text, pilot_unit_ids text[],"
        "min_confidence float8",
    ),
    _versions(
        UNITS,
        "name, site, department, floor_ids, zone_ids, neighbour_ids",
        "name text, site text, department text, floor_ids text[], zone_ids text[],"
        "neighbour_ids text[]",
    ),
    _versions(
        READERS,
        "name, floor_id, x_m, y_m, range_m, zone_id",
        "name text, floor_id text, x_m float8, y_m float8, range_m float8, zone_id text",
    ),
    _versions(
        BADGES,
        "staff_ids, from_us, until_us",
        "staff_ids text[], held_from timestamptz, held_until timestamptz",
    ),
    _versions(
        CAMERA_CLOCK,
        "epoch, state, offset_us, drift_ppm, reference_us, delay_us, jitter_us, jump_us,"
        "since_us, observed_until_us",
        "epoch int4, state text, clock_offset interval, drift_ppm float8, reference_us int8,"
        "delay interval, jitter interval, jump interval, since timestamptz,"
        "observed_until timestamptz",
    ),
    _versions(
        CAMERA_VIEWS,
        "state, reason, since_us, camera_version",
        "state text, reason text, since timestamptz, camera_version int4",
    ),
)
"""Tables of reference data and of decisions: one row for each version."""

DERIVED_TABLES: tuple[Table, ...] = (
    TRACKS_TABLE,
    POSITIONS_TABLE,
    FLOOR_COVERAGE_TABLE,
    LINKS_TABLE,
    ZONE_EVENTS_TABLE,
    OCCUPANCY_TABLE,
    COVERAGE_TABLE,
    ZONE_ALERTS_TABLE,
)
"""Tables of records that the stream processor derived."""

AUDIT_TABLE = Table(
    name="audit_entries",
    topic=AUDIT,
    columns=_columns(
        "at timestamptz, chain_id text, seq int8, sha256 text, actor text, action text,"
        "subject text, why text, detail text, client text, persons text[], cameras text[],"
        "floors text[], shown_from timestamptz, shown_until timestamptz, digest bytea"
    ),
    identity=("chain_id", "seq", "sha256", "at"),
    time="at",
    fold=each_record(
        "at_us, chain_id, seq, sha256, actor, action, subject, why, detail, client, persons,"
        "cameras, floors, from_us, until_us"
    ),
)
"""Who saw and did what. An entry that somebody forged is a row of its own, and stops nothing."""

FEEDBACK_TABLE = Table(
    name="feedback",
    topic=FEEDBACK,
    columns=_columns(
        "given_at timestamptz, zone_id text, feedback_id text, floor_id text, kind text,"
        "person_id text, role text, as_of timestamptz, seq int8, camera_id text,"
        "captured_at timestamptz, model_name text, model_version text, digest bytea"
    ),
    identity=("zone_id", "feedback_id", "given_at"),
    time="given_at",
    fold=each_record(
        "given_at_us, zone_id, feedback_id, floor_id, kind, person_id, role, as_of_us, seq,"
        "camera_id, captured_us, model_name, model_version"
    ),
)

FEEDBACK_TEXTS_TABLE = Table(
    name="feedback_texts",
    topic=FEEDBACK,
    columns=_columns(
        "given_at timestamptz, zone_id text, feedback_id text, given_by text, text text,"
        "digest bytea"
    ),
    identity=("zone_id", "feedback_id", "given_at"),
    time="given_at",
    fold=each_record("given_at_us, zone_id, feedback_id, given_by, text"),
)
"""What was written, apart from the rest: it may name somebody, so it is kept for less long."""

ALERT_ACTIONS_TABLE = Table(
    name="alert_actions",
    topic=ALERT_ACTIONS,
    columns=_columns(
        "taken_at timestamptz, floor_id text, action_id text, alert_id text,"
        "opened_at timestamptz, action text, decided_at timestamptz, tier text, rule_id text,"
        "zone_id text, taken_by text, reason text, until timestamptz, occasion text, owner text,"
        "destination text, receipt_key text, digest bytea"
    ),
    identity=("floor_id", "action_id", "taken_at"),
    time="taken_at",
    fold=each_record(
        "taken_at_us, floor_id, action_id, alert_id, opened_us, action, decided_us, tier, rule_id,"
        "zone_id, taken_by, reason, until_us, occasion, owner, destination, receipt_key"
    ),
)

ENTRY_TABLES: tuple[Table, ...] = (
    AUDIT_TABLE,
    FEEDBACK_TABLE,
    FEEDBACK_TEXTS_TABLE,
    ALERT_ACTIONS_TABLE,
)
"""Tables of records that stand for themselves: no `seq` counts them, and no rebuild makes them."""

TABLES: dict[str, Table] = {
    table.name: table for table in (*VERSIONED_TABLES, *DERIVED_TABLES, *ENTRY_TABLES)
}
