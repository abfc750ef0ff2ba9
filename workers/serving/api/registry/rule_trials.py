"""What a rule would have done over the recorded past, before it is saved."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from runtime.audit import Act
from runtime.errors import Retry
from workers.registry.rule_rows import RuleRow
from workers.serving.api.board import AnyBoard
from workers.serving.api.problems import documented
from workers.serving.api.registry.kinds import key_of
from workers.serving.api.registry.parts import PATH, AnyCall, AnyRegistry
from workers.serving.api.visible import Visible
from workers.serving.editing.body import json_text
from workers.serving.editing.requests import row_of
from workers.serving.editing.resources import Resource
from workers.serving.live.visibility import Visibility
from workers.simulation.command import Asked, Found
from workers.simulation.report import Report
from workers.simulation.simulation import Decided, tried
from workers.storage.timescale.rows import to_us

router = APIRouter(tags=["registry"])

LONGEST: Final = timedelta(days=7, hours=1)
"""Longest time of one trial: a week, in which a clock may be put back."""

EXAMPLES: Final = 20
"""Alerts that are shown one by one."""

_RULE: Final = Resource("rule", RuleRow)


class ShiftOfTrial(BaseModel):
    """What a rule would have asked of one shift, all days together."""

    shift: str = Field(description="On the floor's clock.", examples=["07:00-15:00"])
    tier: str = Field(description="Tier of the alerts.", examples=["PAGE"])
    opened: int = Field(description="Alerts that would have been opened.")
    paged: int = Field(description="Of these, those that might have been delivered.")
    held_back: dict[str, int] = Field(description="Of those that paged nobody: how many by why.")
    repeated: int = Field(description="How often alerts would have been repeated.")
    suppressed: int = Field(description="Breaches of which nothing would have been said.")
    median_s: float | None = Field(description="How long alerts lasted; null: none was closed.")


class ExampleOfTrial(BaseModel):
    """An alert that would have been opened."""

    at: str = Field(description="When, on the floor's clock, with the name of its time zone.")
    opened_us: int = Field(description="When, UTC microseconds.")
    since_us: int = Field(description="Since when it was a breach, UTC microseconds.")
    floor_id: str = Field(description="Floor.")
    zone_id: str = Field(description="Zone; empty for the whole floor.")
    kind: str = Field(description="Kind of the rule.", examples=["COVERAGE_GAP"])
    role: str = Field(description="Role that is missing; may be empty.")
    figure_min: int = Field(description="The least that its figure may have been.")
    figure_max: int = Field(description="The most.")
    threshold: int = Field(description="Threshold of the rule.")
    pages: bool = Field(description="Whether it might have been delivered.")
    held_back_by: list[str] = Field(description="Why not.")


class Trial(BaseModel):
    """What a rule would have done."""

    from_us: int = Field(description="Start of the time that was looked at, UTC microseconds.")
    to_us: int = Field(description="End of the range, UTC microseconds.")
    floors: int = Field(description="Floors that were looked at.")
    floor_hours: float = Field(description="Hours of all floors together for which records are.")
    records: int = Field(description="Records that were read.")
    not_read: int = Field(description="Records that could not be read.")
    shifts: list[ShiftOfTrial] = Field(description="Shifts with alerts, the most urgent first.")
    examples: list[ExampleOfTrial] = Field(description=f"The first {EXAMPLES} alerts.")


@router.post(
    f"{PATH}/rules/{{rule_id}}/simulate",
    name="simulate_rule",
    responses=documented(400, 401, 403, 404, 413, 415, 422, 429, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def simulate_rule(
    rule_id: Annotated[str, Path(max_length=1_000)],
    request: Request,
    response: Response,
    board: AnyBoard,
    registry: AnyRegistry,
    visible: Visible,
    call: AnyCall,
    since: Annotated[AwareDatetime, Query(alias="from", description="ISO 8601, with an offset.")],
    until: Annotated[
        AwareDatetime, Query(alias="to", description="At most a week later; not after now.")
    ],
) -> Trial:
    """Say what a rule would have done over the recorded past; nothing is written but the audit.

    The body is the rule as PUT takes it; it holds all the time, alone, and need not be registered.
    Alerts of zones and floors that the caller sees count. Records of presence are kept for 7 days.
    """
    trials = request.app.state.trials
    key_of(_RULE, rule_id)
    row = await registry.compute(
        partial(row_of, RuleRow, rule_id, json_text(call.request, call.body))
    )
    now_us = board.clock.now_us()
    from_us, to_us_ = to_us(since), min(to_us(until), now_us)
    if until - since > LONGEST:
        raise HTTPException(422, "to: is more than a week after from")
    if not 0 <= from_us < to_us_:
        raise HTTPException(422, "from: is not before to, or not before now")
    if trials is None:
        raise Retry("this board has no log to read the past from")
    floors = frozenset(one for one in board.registry.floors(now_us) if visible.sees("floor", one))
    asked = Asked(rule=tried(row.fields()), from_us=from_us, to_us=to_us_, floor_ids=floors)
    act = Act("alerts.simulated", f"rule/{rule_id}", f"from {since} to {until}")
    await registry.recorder.record(act, actor=call.caller.subject, why=call.reason)
    async with _watched(request) as is_wanted:
        found = await trials.run(call.caller.subject, asked, is_wanted)
    response.headers["Cache-Control"] = "no-store"
    return await registry.compute(partial(_trial, asked, found, visible))


@contextlib.asynccontextmanager
async def _watched(request: Request) -> AsyncIterator[Callable[[], bool]]:
    """Knows whether whoever sent a request still waits for its answer."""
    gone = asyncio.Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone.set()

    task = asyncio.create_task(watch())
    try:
        yield lambda: not gone.is_set()
    finally:
        task.cancel()


def _trial(asked: Asked, found: Found, visible: Visibility) -> Trial:
    report = Report(found.time_zones, examples=EXAMPLES)
    opened = (one for one in found.decided if one.alert["opened_us"] >= asked.from_us)
    report.take(_shown(opened, visible))
    return Trial(
        from_us=asked.from_us,
        to_us=asked.to_us,
        floors=len(found.time_zones),
        floor_hours=round(found.followed_us / 3_600_000_000, 2),
        records=found.records,
        not_read=found.not_read,
        shifts=[
            ShiftOfTrial.model_validate({**one._asdict(), "held_back": dict(one.held_back)})
            for one in report.burdens()
        ],
        examples=[_example(at, one) for at, one in report.examples()],
    )


def _shown(decided: Iterable[Decided], visible: Visibility) -> Iterable[Decided]:
    for one in decided:
        zone_id = one.alert["zone_id"]
        if visible.sees("zone", zone_id) if zone_id else visible.sees("floor", one.floor_id):
            yield one


def _example(at: str, one: Decided) -> ExampleOfTrial:
    fields: dict[str, Any] = {**one.alert, "at": at, "floor_id": one.floor_id}
    return ExampleOfTrial.model_validate(
        {name: fields[name] for name in ExampleOfTrial.model_fields}
    )
