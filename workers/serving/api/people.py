"""Single people: where somebody was, a camera's picture, a name. Each needs a stated purpose."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Final, TypeVar

import structlog
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from runtime.errors import DeadLetter, Retry, Stop
from workers.explain.explain import UnknownZone
from workers.serving.api.board import AnyBoard, Identity
from workers.serving.api.enforce import unknown
from workers.serving.api.problems import documented
from workers.serving.api.purpose import HEADER
from workers.serving.api.viewing import AnyViewing
from workers.serving.api.visible import Visible
from workers.serving.editing.conditions import etag
from workers.serving.recorded.explanations import ZoneExplanations
from workers.serving.recorded.frames import LatestFrames
from workers.serving.recorded.history import MOST_POINTS, Point, PositionHistory
from workers.serving.recorded.names import Names, NoNames
from workers.serving.recorded.past import PastZones
from workers.serving.recorded.zone_alerts import ZoneAlertHistory

log = structlog.get_logger(__name__)
router = APIRouter(tags=["people"])
T = TypeVar("T")

LONGEST: Final = timedelta(days=1)
"""Longest time that one question about a person covers."""

_AT_ONCE: Final = 2
_MOST_OFFSET: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Purpose = Annotated[
    str, Header(alias=HEADER, description="Why you need this, in 3 to 200 characters; it is kept.")
]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where what is known of single people is read.

    Attributes:
        history: Positions; None where there is no database.
        frames: Pictures; None where there is no log.
        names: Names of staff.
        explanations: Why figures were what they were; None where there is no database.
        past: All zones at a moment of the past; None where there is no database.
        alerts: Alerts, and what was done about them; None where there is no database.
    """

    history: PositionHistory | None = None
    frames: LatestFrames | None = None
    names: Names = field(default_factory=NoNames)
    explanations: ZoneExplanations | None = None
    alerts: ZoneAlertHistory | None = None
    past: PastZones | None = None
    _threads: CapacityLimiter = field(default_factory=partial(CapacityLimiter, _AT_ONCE))
    _long: CapacityLimiter = field(default_factory=partial(CapacityLimiter, _AT_ONCE))

    async def read(self, work: Callable[[], T]) -> T:
        """Read in a thread; a few at once.

        Raises:
            Retry: The store is out of reach, or refuses this board.
            HTTPException: No store can hold such an id, as one with a zero byte: 422.
        """
        return await self._read(work, self._threads)

    async def read_long(self, work: Callable[[], T]) -> T:
        """The same for what may take seconds, so that nothing else waits for it.

        Raises:
            UnknownZone: As the work raised it.
            Retry: The store is out of reach, or refuses this board.
            HTTPException: No store can hold such an id, as one with a zero byte: 422.
        """
        return await self._read(work, self._long)

    async def _read(self, work: Callable[[], T], limiter: CapacityLimiter) -> T:
        try:
            return await run_sync(work, limiter=limiter)
        except UnknownZone:
            raise
        except Stop as error:
            log.error("serving.people_refused", error=str(error))
            raise Retry("a store refuses this board; its log has the cause") from error
        except DeadLetter as error:
            raise HTTPException(422, "an id holds what none can hold") from error


def _sources(request: Request) -> Sources:
    sources: Sources = request.app.state.sources
    return sources


AnySources = Annotated[Sources, Depends(_sources)]


class HistoryPoint(BaseModel):
    """Where a person was at one moment."""

    at_us: int = Field(description="Event time, UTC microseconds.")
    zone_ids: list[str] = Field(description="Zones that the person counted in.")
    foot_x_px: float | None = Field(description="Foot point in the camera's frame, px.")
    foot_y_px: float | None = Field(description="Foot point in the camera's frame, px.")
    x_m: float | None = Field(description="Position on the floor, m.")
    y_m: float | None = Field(description="Position on the floor, m.")
    observed: bool = Field(description="False while the track coasted.")


class History(BaseModel):
    """Where a person was on a floor, as far as the caller may see."""

    floor_id: str = Field(description="Floor.")
    person_id: str = Field(description="Pseudonym.", examples=["left:7"])
    points: list[HistoryPoint] = Field(description="Oldest first; empty when nothing is known.")
    more: bool = Field(description="There is more after the last point: ask again from there.")


class StaffName(BaseModel):
    """The name of a member of staff."""

    staff_id: str = Field(description="Pseudonym.", examples=["s-7f3a"])
    name: str = Field(description="Name.")


@router.get("/floors/{floor_id}/history", responses=documented(400, 403, 404, 422, 503))
async def history(
    floor_id: Identity,
    person: Annotated[str, Query(min_length=1, max_length=200, description="Pseudonym.")],
    since: Annotated[AwareDatetime, Query(alias="from", description="ISO 8601, with an offset.")],
    until: Annotated[AwareDatetime, Query(alias="to", description="At most a day after `from`.")],
    purpose: Purpose,  # noqa: ARG001 - the guard has read it; here it is documented
    board: AnyBoard,
    sources: AnySources,
    visible: Visible,
    viewing: AnyViewing,
) -> History:
    """Where a pseudonymous person was on a floor; only points in zones that the caller may see."""
    if board.registry.unit_index(board.clock.now_us()).units_of("floor", floor_id) is None:
        raise HTTPException(404, unknown("floor", floor_id))
    if not timedelta(0) < until - since <= LONGEST:
        raise HTTPException(422, "to: must be after from, by a day at most")
    if sources.history is None:
        raise Retry("this board has no database to ask")
    found = await sources.read(partial(sources.history.of, person, floor_id, since, until))
    await viewing.record(
        f"floor/{floor_id}",
        persons=[person],
        floors=[floor_id],
        from_us=_us(since),
        until_us=_us(until),
    )
    shown = (visible.past(floor_id, point.zone_ids) for point in found[:MOST_POINTS])
    points = [
        _view(point, zone_ids)
        for point, zone_ids in zip(found, shown, strict=False)
        if zone_ids is not None
    ]
    return History(
        floor_id=floor_id, person_id=person, points=points, more=len(found) > MOST_POINTS
    )


@router.get(
    "/cameras/{camera_id}/frame",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "The picture, its masks applied."},
        **documented(400, 403, 404, 422, 503),
    },
)
async def frame(
    camera_id: Identity,
    purpose: Purpose,  # noqa: ARG001 - the guard has read it; here it is documented
    sources: AnySources,
    viewing: AnyViewing,
    offset: Annotated[
        int | None,
        Query(
            ge=0,
            le=_MOST_OFFSET,
            description=(
                "Offset of a record of this camera in `frames.captured.v1`, as `why` names it; "
                "left out: the latest picture."
            ),
        ),
    ] = None,
) -> Response:
    """A picture of a camera, as it was captured: privacy masks are in it."""
    frames = sources.frames
    if frames is None:
        raise Retry("this board has no log to read pictures from")
    find = partial(frames.of, camera_id)
    if offset is not None:
        find = partial(frames.at, camera_id, offset)
    picture = await sources.read(find)
    if picture is None and offset is not None:
        raise HTTPException(404, f"no picture of camera {camera_id!r} is there any more")
    if picture is None:
        raise HTTPException(404, unknown("camera", camera_id))
    await viewing.record(
        f"camera/{camera_id}",
        cameras=[camera_id],
        from_us=picture.captured_us,
        until_us=picture.captured_us,
    )
    headers = {"Cache-Control": "no-store", "X-Captured-Us": str(picture.captured_us)}
    return Response(picture.jpeg, media_type="image/jpeg", headers=headers)


@router.get("/registry/staff/{staff_id}/name", responses=documented(400, 403, 404, 422, 503))
async def name(
    staff_id: Identity,
    purpose: Purpose,  # noqa: ARG001 - the guard has read it; here it is documented
    sources: AnySources,
    viewing: AnyViewing,
    response: Response,
) -> StaffName:
    """The name of a member of staff, with its ETag."""
    found = await sources.read(partial(sources.names.name_of, staff_id))
    if found is None:
        raise HTTPException(404, unknown("staff", staff_id))
    await viewing.record(f"staff/{staff_id}", persons=[staff_id])
    response.headers["Cache-Control"] = "no-store"
    response.headers["ETag"] = etag(found.version)
    return StaffName(staff_id=staff_id, name=found.text)


def _view(point: Point, zone_ids: list[str]) -> HistoryPoint:
    return HistoryPoint(
        at_us=_us(point.at),
        zone_ids=zone_ids,
        foot_x_px=point.foot_x_px,
        foot_y_px=point.foot_y_px,
        x_m=point.x_m,
        y_m=point.y_m,
        observed=point.observed,
    )


def _us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
