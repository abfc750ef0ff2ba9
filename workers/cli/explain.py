"""`wardstream explain zone/ID`."""

from typing import Annotated, Any

import psycopg
import typer
from psycopg.rows import dict_row

from runtime.audit import Act
from runtime.clock import SystemClock
from runtime.errors import Stop
from workers.audit.commands import record_command
from workers.cli.errors import exit_codes
from workers.cli.installations import open_installation
from workers.cli.output import Json, print_json, print_lines
from workers.explain.explain import explain as explained_by
from workers.explain.figure import Explanation
from workers.explain.question import HELP, BadQuestion, parse_subject
from workers.explain.stored import Stored
from workers.explain.text import lines_of, to_values
from workers.storage.timescale.connection import database_errors
from workers.storage.timescale.rows import at as to_moment

_OPTIONS = "-c timezone=UTC -c default_transaction_read_only=on -c statement_timeout=60000"


def explain(
    subject: Annotated[
        str, typer.Argument(metavar="zone/ID", help="The zone whose figure is explained.")
    ],
    at: Annotated[str, typer.Option("--at", metavar="TIME", help=HELP)] = "0s",
    as_json: Json = False,
) -> None:
    """Explain a figure: people, evidence, shifts, requirements, cameras, models and records.

    A figure that a rebuild corrected is given twice: as it was shown then, and as it is known now.
    A record that its topic no longer holds says since when.
    """
    clock = SystemClock()
    installation = open_installation(clock)
    with exit_codes():
        try:
            zone_id = parse_subject(subject).identity
            now = to_moment(clock.now_us())
            with database_errors(), _connected(installation.database_url) as connection:
                found = explained_by(Stored(connection), installation.cluster, zone_id, at, now)
        except BadQuestion as error:
            raise Stop(str(error)) from error
        act = Act(
            "zone.explained",
            f"zone/{zone_id}",
            found.at.isoformat(),
            persons=_persons(found),
        )
        record_command(installation.cluster, act)
    if as_json:
        print_json([to_values(found)])
    else:
        print_lines(lines_of(found))


def _connected(url: str) -> psycopg.Connection[dict[str, Any]]:
    return psycopg.connect(
        url,
        row_factory=dict_row,
        autocommit=True,
        connect_timeout=5,
        options=_OPTIONS,
        application_name="wardstream-explain",
    )


def _persons(found: Explanation) -> tuple[str, ...]:
    """Ids of the people and members of staff whom the answer shows."""
    persons: set[str] = set()
    for known in (found.shown, found.revised):
        if known is None:
            continue
        persons.update(known.figure["person_ids"])
        persons.update(row["staff_id"] for row in known.people if row["staff_id"])
    persons.update(row["staff_id"] for row in found.shifts if row["staff_id"])
    return tuple(sorted(persons))
