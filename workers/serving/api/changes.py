"""The stream of changes."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, HTTPException, Query
from pydantic import Field
from starlette.responses import Response

from workers.access.principal import Kind, Principal
from workers.serving.api.audited_stream import AuditedStream
from workers.serving.api.board import AnyBoard
from workers.serving.api.caller import AnyAuthenticator, Caller
from workers.serving.api.event_stream import EventStream
from workers.serving.api.problems import documented
from workers.serving.api.purpose import HEADER, NoPurpose, stated
from workers.serving.api.viewing import AnyViewing
from workers.serving.api.visible import Visible
from workers.serving.live.event import CHANGE_KINDS, StreamId

router = APIRouter(tags=["changes"])

MOST_FLOORS: Final = 100
"""Floors that a stream may name."""

STREAM_EXAMPLE: Final = (
    "id: 1760000000000-0\n"
    "event: zone\n"
    'data: {"kind":"zone","id":"bay-2","seq":418,"as_of_us":1760000000000000,'
    '"data":{"zone_id":"bay-2","people":12,"identified":0,"required":4,"gap_min":0,"gap_max":4},'
    '"coverage":{"state":"unclear","sentence":"Cannot tell: 12 unidentified",'
    '"because":"0 to 4 short; 12 people, 0 identified staff"}}\n\n'
)


@router.get(
    "/changes",
    response_class=Response,
    responses={
        200: {
            "description": (
                "An endless stream of server-sent events. `zone`, `camera`, `floor`, "
                "`zone-event` and `alerts` (of a floor's zones) carry `kind`, `id`, `seq`, "
                "`as_of_us` and the value in `data`; a `zone` also `coverage`, a `camera` also "
                "`captured_us`. `clock` is the heartbeat, with the server's time; `line` is the "
                "answer of `/line` when it changed; after `names` or `reset` read the current "
                "state again, and after `acted` the alerts: somebody of this board acted on one."
            ),
            "content": {
                "text/event-stream": {"schema": {"type": "string"}, "example": STREAM_EXAMPLE}
            },
        },
        **documented(400, 401, 422, 429, 503),
    },
)
async def changes(
    board: AnyBoard,
    caller: Caller,
    authenticator: AnyAuthenticator,
    visible: Visible,
    viewing: AnyViewing,
    kind: Annotated[
        list[str] | None, Query(description="Kinds of change to send; all when left out.")
    ] = None,
    floor_id: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]] | None,
        Query(
            max_length=MOST_FLOORS,
            description="Floors whose changes are sent; all when left out.",
        ),
    ] = None,
    last_event_id: Annotated[
        str | None, Query(description="As the header, for a client that cannot set it.")
    ] = None,
    purpose: Annotated[
        str | None,
        Query(description="Why people are followed; kept in the audit. Or the header `X-Purpose`."),
    ] = None,
    purpose_header: Annotated[
        str | None, Header(alias=HEADER, description="As `purpose`, for a client that can set it.")
    ] = None,
    last_event_id_header: Annotated[
        str | None,
        Header(alias="Last-Event-ID", description="Resume after this event; none is lost."),
    ] = None,
) -> EventStream:
    """Follow every change as it is written; ends when the login or its roles have ended."""
    resume = last_event_id_header or last_event_id
    try:
        after = StreamId.parse(resume) if resume else None
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    viewing.purpose = _purpose(purpose, purpose_header)
    unknown = sorted(set(kind or ()) - set(CHANGE_KINDS))
    if unknown:
        raise HTTPException(
            400, f"there is no kind {unknown[0][:40]!r}; kinds are {', '.join(CHANGE_KINDS)}"
        )

    async def allowed() -> bool:
        now = await authenticator.still(caller)
        return now is not None and now.roles == caller.roles

    kinds = kind or CHANGE_KINDS
    return EventStream(
        board.feed,
        after,
        board.settings.max_clients,
        AuditedStream(board, viewing, visible, kinds, floor_id),
        frames=board.frames,
        kinds=kinds,
        floors=floor_id,
        reader=_counted(caller),
        max_of_reader=board.settings.max_streams_per_subject,
        allowed=allowed,
    )


def _purpose(query: str | None, header: str | None) -> str:
    """The purpose of a stream; empty where none was stated.

    Raises:
        HTTPException: It is none that could be kept.
    """
    value = header.encode("latin-1") if query is None and header else (query or "").encode()
    if not value:
        return ""
    try:
        return stated([(HEADER.lower().encode(), value)])
    except NoPurpose as error:
        raise HTTPException(400, str(error)) from error


def _counted(caller: Principal) -> str:
    """Whose streams are counted together: walls are many, and stand for one subject."""
    if caller.kind is Kind.LOCAL:
        return ""
    return caller.session if caller.kind is Kind.WALL else caller.subject
