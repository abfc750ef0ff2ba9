"""The REST API, version 1: read only, typed, every error documented."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, FastAPI, Header, HTTPException, Path, Query
from starlette.responses import Response

from runtime.clock import Clock
from runtime.process.settings import ServingSettings
from workers.registry.view import RegistryView
from workers.serving.api.event_stream import EventStream
from workers.serving.api.problems import Problem, documented
from workers.serving.api.status import board_status
from workers.serving.live import answers as views
from workers.serving.live.board_state import BoardState
from workers.serving.live.change_feed import ChangeFeed
from workers.serving.live.event import CHANGE_KINDS, StreamId
from workers.serving.live.pipeline_view import PipelineView
from workers.serving.live.state import LiveState

PREFIX: Final = "/api/v1"

STREAM_EXAMPLE: Final = (
    "id: 1760000000000-0\n"
    "event: zone\n"
    'data: {"kind":"zone","id":"bay-2","seq":418,"as_of_us":1760000000000000,'
    '"data":{"zone_id":"bay-2","people":12,"identified":0,"required":4,"gap_min":0,"gap_max":4},'
    '"coverage":{"state":"unclear","sentence":"Cannot tell: 12 unidentified",'
    '"because":"0 to 4 short; 12 people, 0 identified staff"}}\n\n'
)

Identity = Annotated[str, Path(min_length=1, max_length=200)]


def router(
    state: BoardState,
    feed: ChangeFeed,
    live: LiveState,
    registry: RegistryView,
    settings: ServingSettings,
    clock: Clock,
    line: PipelineView,
) -> APIRouter:
    """Every route of the API."""
    api = APIRouter(prefix=PREFIX)

    @api.get("/zones", tags=["zones"], responses=documented(503))
    async def zones() -> views.Zones:
        """Every zone now: people, scheduled, required, gap, and whether to trust it."""
        return await state.zones()

    @api.get("/zones/{zone_id}", tags=["zones"], responses=documented(404, 422, 503))
    async def zone(zone_id: Identity) -> views.ZoneDetail:
        """One zone now, with who is there and who is rostered."""
        found = await state.zone(zone_id)
        if found is None:
            raise HTTPException(404, f"there is no zone {zone_id!r}")
        return found

    @api.get("/cameras", tags=["cameras"], responses=documented(503))
    async def cameras() -> views.Cameras:
        """Every camera now: the size of its frame and its tracks. Never pixels."""
        return await state.cameras()

    @api.get("/floors/{floor_id}/presence", tags=["floors"], responses=documented(404, 422, 503))
    async def presence(floor_id: Identity) -> views.FloorPresence:
        """Who is on a floor now, by pseudonym, and where."""
        found = await state.presence(floor_id)
        if found is None:
            raise HTTPException(404, f"there is no floor {floor_id!r}")
        return found

    @api.get("/trends", tags=["zones"])
    async def trends() -> views.Trends:
        """People per zone over the last half hour, as far as this server was up."""
        return state.trends()

    @api.get("/status", tags=["status"])
    async def status() -> views.Status:
        """Whether the board can be trusted; answers also while Redis is away."""
        return await board_status(live, registry, settings, clock, feed, line)

    @api.get("/line", tags=["status"])
    async def line_now() -> views.Line:
        """Alerts that stand, and how far each stage is behind; answers also without Redis."""
        return line.line(clock.now_us())

    @api.get(
        "/changes",
        tags=["changes"],
        response_class=Response,
        responses={
            200: {
                "description": (
                    "An endless stream of server-sent events. `zone`, `camera`, `floor` and "
                    "`zone-event` carry `kind`, `id`, `seq`, `as_of_us` and the value in `data`; "
                    "a `zone` also `coverage`, a `camera` also `captured_us`. `clock` is the "
                    "heartbeat, with the server's time; `line` is the answer of `/line` when it "
                    "changed; after `names` or `reset` read the current state again."
                ),
                "content": {
                    "text/event-stream": {"schema": {"type": "string"}, "example": STREAM_EXAMPLE}
                },
            },
            **documented(400, 422, 503),
        },
    )
    async def changes(
        kind: Annotated[
            list[str] | None, Query(description="Kinds of change to send; all when left out.")
        ] = None,
        last_event_id: Annotated[
            str | None, Query(description="As the header, for a client that cannot set it.")
        ] = None,
        last_event_id_header: Annotated[
            str | None,
            Header(alias="Last-Event-ID", description="Resume behind this event; none is lost."),
        ] = None,
    ) -> EventStream:
        """Follow every change as it is written."""
        resume = last_event_id_header or last_event_id
        try:
            after = StreamId.parse(resume) if resume else None
        except ValueError as exc:
            raise HTTPException(400, str(exc)) from exc
        unknown = sorted(set(kind or ()) - set(CHANGE_KINDS))
        if unknown:
            raise HTTPException(
                400, f"there is no kind {unknown[0][:40]!r}; kinds are {', '.join(CHANGE_KINDS)}"
            )
        return EventStream(feed, after, settings.max_clients, kind or CHANGE_KINDS)

    return api


def describe_problems(app: FastAPI) -> None:
    """Put the schema of a problem, which no route returns by type, into the OpenAPI document."""
    generate = app.openapi

    def with_problems() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault("Problem", Problem.model_json_schema())
        return document

    app.openapi = with_problems  # type: ignore[method-assign]
