"""Export a time of the past as a file that grows while it is read: CSV or Parquet."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from psycopg import Connection
from starlette.responses import Response, StreamingResponse

from runtime.errors import Retry
from workers.serving.api.board import AnyBoard
from workers.serving.api.past import SCHEMAS, ViewOf
from workers.serving.api.past_range import From, Only, To, asked_for, range_of
from workers.serving.api.people import AnySources
from workers.serving.api.problems import documented
from workers.serving.api.visible import Visible
from workers.serving.recorded.exports import TABLES, TableName, pieces, rows_of
from workers.serving.recorded.files import MEDIA_TYPES, FileOfRows, Format, file_of
from workers.serving.recorded.registered import revisions_of, zones_in_force

router = APIRouter(tags=["history"])

LONGEST: Final = timedelta(weeks=13, hours=1)

Named = Annotated[
    TableName,
    Query(description="`occupancy`: a row for each zone and minute; `coverage`: and each role."),
]
AsFile = Annotated[Format, Query(alias="format", description="`csv` or `parquet`.")]

_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("text/csv", MEDIA_TYPES["parquet"])
        },
        "description": "The file. It is cut off where it cannot be completed.",
    },
    **documented(422, 503),
}


class RevisedMeanwhile(Exception):
    """A revision came into force while a file was read, whose rows would be of both."""


@router.get("/history/export", response_class=Response, responses=_ANSWERS)
async def export(
    board: AnyBoard,
    sources: AnySources,
    visible: Visible,
    since: From,
    until: To,
    table: Named = "occupancy",
    kind: AsFile = "csv",
    unit_id: Only = None,
    floor_id: Only = None,
    zone_id: Only = None,
    view: ViewOf = "known",
) -> StreamingResponse:
    """Minutes of zones as a file, in order of time; at most 13 weeks. Counts, of no person.

    Times are UTC. Of a zone that was not watched in a minute, or not in force, there is no row.
    """
    time = range_of(since, until, board.clock.now_us(), LONGEST, "13 weeks")
    shown = asked_for(board, visible, time.now_us, unit_id, floor_id, zone_id)
    past, schema, wanted = sources.past, SCHEMAS[view], TABLES[table]
    if past is None:
        raise Retry("this board has no database to ask")
    zones = [
        (row["zone_id"], row["name"] or row["zone_id"], row["floor_id"])
        for row in (
            await sources.read(
                lambda: past.ask(
                    partial(zones_in_force, since=time.since, until=time.until, shown=shown)
                )
            )
        ).rows
    ]
    ids = [zone for zone, _, _ in zones]

    def revisions(connection: Connection[Any]) -> list[int]:
        if schema == "live":
            return []
        return revisions_of(connection, [wanted.reads], ids, time.since, time.until)

    first_revisions = await sources.read(lambda: past.ask(revisions))
    about = {
        "table": table,
        "view": view,
        "revisions": ", ".join(map(str, first_revisions)),
        "from_utc": time.since.isoformat(),
        "to_utc": time.until.isoformat(),
    }
    stretches = pieces(wanted, len(zones), time.since, time.until)
    file: FileOfRows | None = None

    def following() -> bytes | None:
        """The bytes of the next piece; None after the last."""
        nonlocal file
        file = file or file_of(kind, wanted.columns, about)
        stretch = next(stretches, None)
        if stretch is None:
            return None

        def read(connection: Connection[Any]) -> bytes:
            rows = rows_of(connection, schema, wanted, zones, *stretch)
            if revisions(connection) != first_revisions:
                raise RevisedMeanwhile
            return file.add(rows)

        return past.ask(read)

    try:
        first = await sources.read(following)  # what fails here is answered with a problem
    except RevisedMeanwhile as error:
        raise Retry("a revision came into force meanwhile: ask again") from error

    async def body() -> AsyncIterator[bytes]:
        found = first
        while found is not None:
            yield found
            found = await sources.read(following)
        assert file is not None
        yield file.end()

    name = f"{table}-{time.since:%Y%m%dT%H%MZ}-{time.until:%Y%m%dT%H%MZ}.{kind}"
    return StreamingResponse(
        body(),
        media_type=MEDIA_TYPES[kind],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Revisions": about["revisions"],
        },
    )
