"""The least rights in the database that each role needs: one role for each process, and readers.

`wardstream db roles` grants them, and `docs/reference/database-roles.md` shows them. A role has
what its row says and nothing else; the owner of the tables migrates them and runs commands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from runtime.storage.accounts import DATABASE_PREFIX
from workers.storage.timescale.tables import DERIVED_TABLES, ENTRY_TABLES, VERSIONED_TABLES

Kind = Literal["SCHEMA", "TABLE", "FUNCTION"]
Privilege = Literal["USAGE", "SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE"]

SCHEMAS: Final = ("public", "live", "registry", "vault", "notifier")
"""Schemas with tables of ours."""

PREFIX: Final = DATABASE_PREFIX


class Grant(NamedTuple):
    """One privilege on one schema, table, column of a table, or function.

    Attributes:
        kind: What it is on.
        name: Name with its schema; functions with the types of their arguments.
        privilege: PostgreSQL's name of the privilege.
        column: The only column that it is on; empty for all.
    """

    kind: Kind
    name: str
    privilege: Privilege
    column: str = ""

    def __str__(self) -> str:
        column = f" ({self.column})" if self.column else ""
        return f"{self.privilege}{column} on {self.name}"


@dataclass(frozen=True, kw_only=True)
class RoleRights:
    """What one role does in the database.

    Attributes:
        role: Its name without the prefix; that of the process where it is one's.
        does: What it is for, for the page of roles.
        reads: Tables and views that it reads.
        adds: Tables into which it inserts rows.
        changes: Tables whose rows it changes; `table(column)` for one column alone.
        removes: Tables of which it deletes rows.
        calls: Functions that nobody else may call.
        stages: Whether it makes temporary tables.
        read_only: Whether its sessions can only read, whatever is granted to it later.
    """

    role: str
    does: str
    reads: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    stages: bool = False
    read_only: bool = False

    @property
    def grants(self) -> frozenset[Grant]:
        """Everything that the role needs."""
        return frozenset(self._grants())

    def _grants(self) -> Iterator[Grant]:
        tables: tuple[tuple[Privilege, tuple[str, ...]], ...] = (
            ("SELECT", self.reads),
            ("INSERT", self.adds),
            ("UPDATE", self.changes),
            ("DELETE", self.removes),
        )
        for privilege, names in tables:
            for name in names:
                table, _, column = name.rstrip(")").partition("(")
                yield Grant("TABLE", table, privilege, column)
                yield Grant("SCHEMA", table.partition(".")[0], "USAGE")
        for function in self.calls:
            yield Grant("FUNCTION", function, "EXECUTE")
            yield Grant("SCHEMA", function.partition(".")[0], "USAGE")


def _in(schema: str, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{schema}.{name}" for name in names)


_VERSIONS = _in("public", [table.name for table in VERSIONED_TABLES])
_DERIVED = _in("live", [table.name for table in DERIVED_TABLES])
_ENTRIES = _in("public", [table.name for table in ENTRY_TABLES])
_MINUTES = _in("live", ["occupancy_minutes", "coverage_minutes"])
_NOTED = _in("public", ["sink_progress", "sink_offsets"])
_MERGED = _in("live", [table.name for table in DERIVED_TABLES if table.merged])

_REGISTRY = _in("registry", ["edits", "outbox", "taken_over", "versions"])

_NOTIFIER = _in("notifier", ["offsets", "alerts", "actions", "deliveries", "records"])

ZONE_FIGURES: Final = _in(
    "public",
    [
        "alerts_per_rule",
        "coverage",
        "coverage_gap_per_hour",
        "coverage_minutes",
        "count_disagreements",
        "dwell_per_zone",
        "feedback_per_zone",
        "floor_coverage",
        "gaps",
        "occupancy_minutes",
        "occupancy_per_minute",
        "zone_known_through",
    ],
)
"""Views of counts, in which no person has a row."""

PERSON_ROWS: Final = _in(
    "public",
    [
        "alert_actions",
        "alerts_answered",
        "feedback",
        "links",
        "positions",
        "track_paths",
        "tracks",
        "zone_alerts",
        "zone_events",
        "person_chains",
        "zone_events_in_force",
        "zone_occupancy",
        "zone_stays",
        "zone_visits",
        "shift_adherence",
        "shift_working_time",
    ],
)
"""Views with rows, or lists, of pseudonymous people."""

_CAMERAS = _in("public", ["cameras_now", "clocks_over_time", "suspect_views"])

_EXPLAINED = (
    *_in("live", ["coverage", "positions", "zone_occupancy"]),
    *_in("public", ["coverage", "revisions_in_force", "tracks", "zone_occupancy", "retention"]),
    *_in("public", ["camera_clock", "camera_views", "cameras", "floors", "requirements"]),
    *_in("public", ["shifts", "zones"]),
)
"""What a zone's figure rests on."""

_PAST: Final = (
    *_in("live", ["coverage_minutes", "floor_coverage", "links", "occupancy_minutes"]),
    *_in("live", ["zone_alerts", "zone_events"]),
    *_in("public", ["floor_coverage", "links", "positions", "zone_alerts", "zone_events"]),
    *_in("public", ["coverage_minutes", "occupancy_minutes"]),
)
"""What the past of all zones is read from, beside what a figure rests on."""

ROLES: Final = (
    RoleRights(
        role="sink-timescale",
        does="Writes what the pipeline derived, and drops what has expired.",
        reads=(
            "public.schema_migrations",
            "public.sink_source",
            "public.retention",
            *_NOTED,
            *_VERSIONS,
            *_DERIVED,
            *_MINUTES,
            *_ENTRIES,
        ),
        adds=(
            "public.sink_source",
            *_NOTED,
            *_VERSIONS,
            *_DERIVED,
            *_MINUTES,
            *_ENTRIES,
        ),
        # A lock on the limits of retention needs the right to change a column of theirs.
        changes=("public.retention(dropped_before)", *_NOTED, *_MERGED, *_MINUTES),
        calls=("public.drop_expired(timestamp with time zone)",),
        stages=True,
    ),
    RoleRights(
        role="serving",
        does=(
            "Keeps edits, answers where a person was, why a figure is what it is, and who has "
            "seen whom."
        ),
        reads=(
            "public.schema_migrations",
            "registry.edits",
            "registry.facts",
            "registry.idempotency",
            "registry.outbox",
            "registry.taken_over",
            "registry.versions",
            "registry.erased",
            "registry.staff_names",
            "registry.drawings",
            # To replace an address, remove it, or say since when there is one; none is read.
            "registry.stream_addresses(camera_id)",
            "registry.stream_addresses(set_at)",
            "registry.stream_addresses(version)",
            "public.alert_actions",
            "public.alerts_answered",
            *_EXPLAINED,
            *_PAST,
            "public.what_has_seen",
            "public.who_has_seen",
        ),
        adds=(
            "registry.edits",
            "registry.idempotency",
            "registry.outbox",
            "registry.versions",
            "registry.erased",
            "registry.staff_names",
            "registry.stream_addresses",
            "registry.drawings",
        ),
        changes=("registry.staff_names", "registry.stream_addresses", "registry.drawings"),
        removes=("registry.idempotency", "registry.staff_names", "registry.stream_addresses"),
    ),
    RoleRights(
        role="vault",
        does="Gives pseudonyms for employee and badge numbers, and destroys them, for the board.",
        reads=("vault.entries", "vault.keys"),
        adds=("vault.entries", "vault.keys"),
        removes=("vault.entries",),
    ),
    RoleRights(
        role="auditor",
        does="Asks who has seen whom, by SQL.",
        reads=("public.audit_entries", "public.what_has_seen", "public.who_has_seen"),
        read_only=True,
    ),
    RoleRights(
        role="ingest",
        does="Reads the sealed stream addresses of cameras.",
        reads=("registry.stream_addresses",),
    ),
    RoleRights(
        role="relay",
        does="Appends edits of the registry to the topics, and takes over what those held before.",
        reads=("public.schema_migrations", *_REGISTRY, "registry.erased"),
        adds=_REGISTRY,
        changes=("registry.outbox",),
    ),
    RoleRights(
        role="notifier",
        does="Keeps who was told of which alert, and what is still to be delivered.",
        reads=("public.schema_migrations", *_NOTIFIER),
        adds=_NOTIFIER,
        changes=_in("notifier", ["offsets", "alerts", "actions", "deliveries"]),
        removes=_in("notifier", ["alerts", "actions", "deliveries", "records"]),
    ),
    RoleRights(
        role="analyst",
        does="Asks questions, about pseudonymous people too; never sees a name.",
        reads=(*_VERSIONS, "public.zones_now", *_CAMERAS, *ZONE_FIGURES, *PERSON_ROWS),
        read_only=True,
    ),
)
"""One row for each role."""

OPERATOR: Final = "the owner of the tables"
"""Who runs commands: migrations, backups, rebuilds, verification."""


def rights_of(role: str) -> RoleRights:
    """The row of a role.

    Raises:
        KeyError: There is none of that name.
    """
    return {row.role: row for row in ROLES}[role]
