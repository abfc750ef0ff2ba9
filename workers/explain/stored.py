"""What the database knows of a zone at a moment.

Schema `live` has what the pipeline wrote, so what was shown then; `public` has it with the
revisions in force, so what is known now.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import psycopg
from psycopg import sql

from streams.domain.facts.versions import VISIBLE_AFTER_US
from workers.explain.figure import Known, Row
from workers.storage.timescale.connection import database_errors

Schema = Literal["live", "public"]

_FIGURE: Final = """
    SELECT o.* FROM {schema}.zone_occupancy AS o
    WHERE o.zone_id = %(zone)s AND o.as_of <= %(at)s AND o.as_of > %(at)s - occupancy_holds()
    ORDER BY o.as_of DESC, o.seq DESC
    LIMIT 1
"""
_ROLES: Final = """
    SELECT c.* FROM {schema}.coverage AS c
    WHERE c.zone_id = %(zone)s AND c.as_of = %(as_of)s AND c.seq = %(seq)s
    ORDER BY c.role
"""
_PEOPLE: Final = """
    SELECT DISTINCT ON (p.person_id) p.* FROM {schema}.positions AS p
    WHERE p.floor_id = %(floor)s AND p.person_id = ANY (%(people)s)
        AND p.as_of <= %(at)s AND p.as_of > %(at)s - occupancy_holds()
    ORDER BY p.person_id, p.as_of DESC
"""
_REVISION: Final = """
    SELECT max(r.revision) AS revision FROM revisions_in_force AS r
    WHERE r.table_name IN ('zone_occupancy', 'coverage') AND r.key = %(zone)s
        AND %(as_of)s BETWEEN r.first AND r.last
"""
_IN_FORCE: Final = """
    SELECT f.* FROM (
        SELECT DISTINCT ON (v.{identity}) v.* FROM {table} AS v
        WHERE v.valid_from <= %(at)s AND v.recorded_at + %(visible)s * INTERVAL '1 us' <= %(at)s
        ORDER BY v.{identity}, v.version DESC
    ) AS f
    WHERE NOT f.removed AND f.{column} = %(value)s
    ORDER BY f.{identity}
"""
_MODELS: Final = """
    SELECT DISTINCT t.camera_id, t.model_name, t.model_version FROM public.tracks AS t
    WHERE t.floor_id = %(floor)s AND t.started_at <= %(at)s AND t.last_observed_at >= %(since)s
    ORDER BY t.camera_id, t.model_name, t.model_version
"""
_EXPIRED: Final = """
    SELECT table_name, keep, nullif(dropped_before, '-infinity') AS dropped_before FROM retention
    WHERE table_name = ANY (%(tables)s)
"""


class Stored:
    """Reads the database for explanations.

    Args:
        connection: Open connection whose rows are dictionaries.
    """

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self._connection = connection

    def _rows(self, query: str, values: dict[str, Any], **names: str) -> Sequence[Row]:
        """Rows of a query.

        Raises:
            Retry: The database is out of reach.
            Stop: It is not migrated, or refuses this user.
        """
        composed = sql.SQL(query).format(
            **{name: sql.Identifier(text) for name, text in names.items()}
        )
        with database_errors():
            return self._connection.execute(composed, values).fetchall()

    def in_force(
        self, table: str, identity: str, at: datetime, *, column: str, value: str
    ) -> Sequence[Row]:
        """Facts or decisions that the pipeline saw at a moment, where a column has a value.

        Args:
            table: Table of versions, such as `zones`.
            identity: Its column with the id of a fact.
            at: The moment, with a time zone.
            column: Column of the newest version that is compared.
            value: What it holds.
        """
        values = {"at": at, "visible": VISIBLE_AFTER_US, "value": value}
        return self._rows(_IN_FORCE, values, table=table, identity=identity, column=column)

    def known(
        self, schema: Schema, zone_id: str, at: datetime, may: Callable[[datetime], bool]
    ) -> Known | None:
        """A zone's figure at a moment; None when no row holds then.

        Args:
            schema: `live` for what was shown then, `public` for what is known now.
            zone_id: The zone.
            at: The moment, with a time zone.
            may: Whether people of a figure of a moment may be read one by one.
        """
        found = self._rows(_FIGURE, {"zone": zone_id, "at": at}, schema=schema)
        if not found:
            return None
        figure = found[0]
        which = {"zone": zone_id, "as_of": figure["as_of"], "seq": figure["seq"]}
        people = {"floor": figure["floor_id"], "people": figure["person_ids"], "at": at}
        return Known(
            figure=figure,
            roles=self._rows(_ROLES, which, schema=schema),
            people=self._rows(_PEOPLE, people, schema=schema) if may(figure["as_of"]) else [],
        )

    def revision(self, zone_id: str, as_of: datetime) -> int | None:
        """The revision that decides a zone's figure; None where the pipeline's stands."""
        found = self._rows(_REVISION, {"zone": zone_id, "as_of": as_of})
        return None if not found else found[0]["revision"]

    def models(self, floor_id: str, since: datetime, at: datetime) -> Sequence[Row]:
        """Models of the tracks of a floor that were observed between two moments."""
        return self._rows(_MODELS, {"floor": floor_id, "since": since, "at": at})

    def retention(self, tables: Sequence[str]) -> dict[str, Row]:
        """Rows of the table `retention`, by name of the table that they limit."""
        rows = self._rows(_EXPIRED, {"tables": list(tables)})
        return {row["table_name"]: row for row in rows}
