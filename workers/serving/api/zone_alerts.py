"""Alerts of zones and floors: how they stand, and what people do about them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Final, cast

import structlog
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from runtime.clock import Clock
from runtime.errors import DeadLetter, Retry, Stop
from runtime.process.sections import ServingSettings
from schemas.records.rules import ZoneAlert
from workers.notifier.standing import State
from workers.serving.api.board import AnyBoard, Board
from workers.serving.api.caller import Caller
from workers.serving.api.login_names import LoginNames
from workers.serving.api.problems import documented
from workers.serving.api.registry.parts import AnyCall, Call
from workers.serving.api.turns import Turns
from workers.serving.api.viewing import AnyViewing
from workers.serving.api.visible import Visible
from workers.serving.api.zone_alert_answers import FloorDecided, ZoneAlertList
from workers.serving.api.zone_alert_list import Listing, key_of_view, listed, without_people
from workers.serving.editing.body import JSON, json_text
from workers.serving.evidence.alert_actions import (
    MAX_ALERT_ID,
    REASONS,
    Acting,
    ActionDesk,
    Taken,
    Verb,
    entry_of,
)
from workers.serving.live.alert_records import FloorAlerts
from workers.serving.recorded.zone_alerts import Kept, ZoneAlertHistory

log = structlog.get_logger(__name__)
router = APIRouter(tags=["alerts"])

AT_A_TIME: Final = 30
"""How many actions of one sender are taken at once."""

_MOST: Final = 1_000
"""Most alerts that are read for one answer."""

_DAY_US: Final = 24 * 3_600_000_000


@dataclass(frozen=True, slots=True)
class AlertIntake:
    """Where alerts are read, and how actions are taken in.

    Attributes:
        history: Alerts and actions; None where this board has no database.
        desk: Takes actions in; None where this board takes none.
        settings: How much a sender may send.
        clock: Measures the time between requests.
        names: What those who act are called.
    """

    history: ZoneAlertHistory | None
    desk: ActionDesk | None
    settings: ServingSettings
    clock: Clock
    names: LoginNames = field(default_factory=LoginNames)
    turns: Turns = field(init=False)
    _reads: CapacityLimiter = field(default_factory=partial(CapacityLimiter, 2))

    def __post_init__(self) -> None:
        per_h = self.settings.max_alert_actions_per_h
        rate = f"{per_h:g} actions on alerts an hour"
        turns = Turns(AT_A_TIME, per_h / 3600, self.clock, "actions on alerts", rate)
        object.__setattr__(self, "turns", turns)

    async def read(self, work: Callable[[], Kept]) -> Kept:
        """Read in a thread; a few at once.

        Raises:
            Retry: The database is out of reach, or refuses this board.
        """
        try:
            return await run_sync(work, limiter=self._reads)
        except (Stop, DeadLetter) as error:
            log.error("serving.alerts_refused", error=str(error))
            raise Retry("a store refuses this board; its log has the cause") from error


def _intake(request: Request) -> AlertIntake:
    found: AlertIntake = request.app.state.intakes[2]
    return found


AnyIntake = Annotated[AlertIntake, Depends(_intake)]


@router.get("/zone-alerts", responses=documented(422, 503))
async def zone_alerts(
    board: AnyBoard,
    intake: AnyIntake,
    caller: Caller,
    visible: Visible,
    viewing: AnyViewing,
    state: Annotated[
        list[State] | None,
        Query(description="How they stand; may be given more than once. Left out: all but closed."),
    ] = None,
    floor_id: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Floor; left out: all.")
    ] = None,
    days: Annotated[
        int,
        Query(ge=1, le=90, description="Alerts that something was decided about in so many days."),
    ] = 7,
    before_us: Annotated[
        int | None,
        Query(ge=0, le=2**53, description="Only those opened before this, UTC microseconds."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="Most alerts of the answer.")] = 200,
) -> ZoneAlertList:
    """Alerts of zones and floors, newest first: how they stand, and what was done about them.

    Alerts that are open now are listed however old they are. People are named to who sees people
    of the zone, in alerts that are not closed.
    """
    if intake.history is None:
        raise Retry("this board has no database to ask")
    now_us = board.clock.now_us()
    floors = [one for one in board.registry.floors(now_us) if visible.sees("floor", one)]
    if floor_id is not None:
        floors = [one for one in floors if one == floor_id]
    live = await _live(board, floors)
    open_now = {key_of_view(floor.floor_id, alert): alert for floor in live for alert in floor.open}
    before_us = now_us + _DAY_US if before_us is None else before_us
    wanted = set(state) if state else set(State) - {State.CLOSED}
    kept = await intake.read(
        partial(
            intake.history.of,
            floors,
            since_us=now_us - days * _DAY_US,
            before_us=min(before_us, now_us + _DAY_US),
            most=_MOST + 1,
            closed={one is State.CLOSED for one in wanted},
            also=open_now,
        )
    )
    recent = () if intake.desk is None else intake.desk.recent
    intake.names.learn(caller)
    shown = Listing(caller, visible, board.registry.unit_index(now_us), intake.names, now_us)
    alerts = listed(kept, open_now, recent, wanted, before_us, shown)
    answer = ZoneAlertList(
        now_us=now_us,
        floors=[FloorDecided(floor_id=one.floor_id, as_of_us=one.as_of_us) for one in live],
        alerts=alerts[:limit],
        more=len(alerts) > limit or len(kept.alerts) > _MOST,
    )
    persons = {one for view in answer.alerts for one in view.alert.person_ids}
    if persons and not await viewing.is_recorded("zone-alerts", persons=sorted(persons)):
        return answer.model_copy(
            update={"alerts": [without_people(view) for view in answer.alerts]}
        )
    return answer


async def _live(board: Board, floor_ids: Sequence[str]) -> list[FloorAlerts]:
    """Alerts of floors in the live state; none while it is out of reach, since tables have them."""
    try:
        found = await board.live.some("alerts", floor_ids, FloorAlerts)
    except Retry:
        return []
    return [one.record for one in found.values()]


def _schema(required: Sequence[str] = (), **more: Any) -> Mapping[str, Any]:
    properties = {
        "floor_id": {"type": "string", "description": "Floor of the alert."},
        "alert_id": {
            "type": "string", "description": "The alert.", "maxLength": MAX_ALERT_ID,
        },
        "opened_us": {"type": "integer", "description": "When it was opened, UTC us."},
        "decided_us": {
            "type": "integer",
            "description": "decided_us of the alert as it was shown; left out: the newest. What "
            "was decided later may open the alert again.",
        },
        **more,
    }  # fmt: skip
    schema = {
        "type": "object",
        "required": ["floor_id", "alert_id", "opened_us", *required],
        "additionalProperties": False,
        "properties": properties,
    }
    example = {
        "floor_id": "ward-3",
        "alert_id": "gap/zone/bay-2",
        "opened_us": 1790000000000000,
        **{name: one["example"] for name, one in more.items()},
    }
    return {
        "requestBody": {"required": True, "content": {JSON: {"schema": schema, "example": example}}}
    }


_RESPONSES: Final = documented(400, 403, 413, 415, 422, 429, 503)


@router.post(
    "/zone-alerts/acknowledge",
    name="acknowledge_alert",
    response_model=Taken,
    responses=_RESPONSES,
    openapi_extra=dict(_schema()),
)
async def acknowledge(call: AnyCall, board: AnyBoard, intake: AnyIntake) -> Response:
    """Say that somebody sees to an alert: it is escalated no more, until its tier rises."""
    return await _take("acknowledge", call, board, intake)


@router.post(
    "/zone-alerts/snooze",
    name="snooze_alert",
    response_model=Taken,
    responses=_RESPONSES,
    openapi_extra=dict(
        _schema(
            ["until_us"],
            until_us={
                "type": "integer",
                "description": "Until when, UTC us; within 24 hours.",
                "example": 1790000900000000,
            },
        )
    ),
)
async def snooze(call: AnyCall, board: AnyBoard, intake: AnyIntake) -> Response:
    """Be still about an alert until a time, or until its tier rises; then it is open again."""
    return await _take("snooze", call, board, intake)


@router.post(
    "/zone-alerts/resolve",
    name="resolve_alert",
    response_model=Taken,
    responses=_RESPONSES,
    openapi_extra=dict(
        _schema(
            ["reason"],
            reason={
                "type": "string",
                "description": "Why. DONE: somebody saw to it. NOT_TRUE: it is wrong. "
                "NOTHING_TO_DO: it is true and needs nobody. DUPLICATE: another says the same.",
                "enum": list(REASONS),
                "example": "DONE",
            },
        )
    ),
)
async def resolve(call: AnyCall, board: AnyBoard, intake: AnyIntake) -> Response:
    """Say that an alert is over, and why. If it changes in what matters, it is open again."""
    return await _take("resolve", call, board, intake)


async def _take(verb: Verb, call: Call, board: Board, intake: AlertIntake) -> Response:
    if intake.desk is None:
        raise Retry("this board takes no actions on alerts")
    entry = await run_sync(entry_of, json_text(call.request, call.body), verb)
    acting = Acting(
        author=call.caller,
        verb=verb,
        entry=entry,
        shown=await _shown(board, entry.values),
        why=call.reason,
        repeat=call.repeat,
    )
    intake.names.learn(call.caller)
    answer = await intake.turns.take(call.caller.subject, 1, partial(intake.desk.take, acting))
    board.feed.announce_action()
    return answer


async def _shown(board: Board, asked: Mapping[str, Any]) -> ZoneAlert | None:
    """The alert that a request names, as the live state has it: it is ahead of the tables."""
    floor_id = asked.get("floor_id")
    if not isinstance(floor_id, str) or not 0 < len(floor_id) <= 200:
        return None
    for floor in await _live(board, [floor_id]):
        for alert in (*floor.open, *floor.decided):
            if (alert.alert_id, str(alert.opened_us)) == (
                asked.get("alert_id"),
                str(asked.get("opened_us")),
            ):
                return cast("ZoneAlert", alert.model_dump())
    return None
