"""What rules of alerts asked of people, and how people answered."""

from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from runtime.errors import Retry
from workers.serving.api.board import AnyBoard
from workers.serving.api.people import AnySources
from workers.serving.api.problems import documented
from workers.serving.api.visible import Visible
from workers.serving.recorded.alerts_per_rule import ALL_SHIFTS, Answered
from workers.storage.timescale.rows import at

router = APIRouter(tags=["alerts"])

ENOUGH: Final = 5
"""Alerts that page from which on it is judged whether a rule asks too much."""

_DAY_US: Final = 24 * 3_600_000_000


class AlertsAnswered(BaseModel):
    """Alerts, and how people answered them."""

    model_config = ConfigDict(from_attributes=True)

    alerts: int = Field(description="Alerts that were opened.")
    paging: int = Field(description="Of these, those that might be delivered: the burden.")
    accepted: int = Field(description="Of those that page: answered, and not overridden.")
    overridden: int = Field(
        description=(
            "Of those that page: resolved as NOT_TRUE last, or feedback was given on a figure of "
            "the zone meanwhile."
        )
    )
    escalated: int = Field(description="Of those that page: nobody acknowledged in time.")
    acknowledged_after_s: float | None = Field(
        description="Median from opened to first acknowledged, s; null where none was."
    )


class ShiftAnswered(AlertsAnswered):
    """How alerts of one rule in one shift were answered."""

    shift: str = Field(
        description="On the floor's clock: early from 07:00, late from 15:00, night from 23:00."
    )


class RuleAnswered(AlertsAnswered):
    """How alerts of one rule were answered."""

    rule_id: str = Field(description="The rule that led the alerts last.", examples=["gap"])
    asks_too_much: bool = Field(
        description=f"Of at least {ENOUGH} alerts that page, fewer than half were accepted."
    )
    shifts: list[ShiftAnswered] = Field(description="Those in which there were alerts.")


class AlertsPerRule(BaseModel):
    """What rules asked of people."""

    now_us: int = Field(description="Server time, UTC microseconds.")
    since_us: int = Field(description="Alerts that were opened from then on, UTC microseconds.")
    rules: list[RuleAnswered] = Field(description="Those that had alerts, by id.")


@router.get("/alerts-per-rule", responses=documented(422, 503))
async def alerts_per_rule(
    board: AnyBoard,
    sources: AnySources,
    visible: Visible,
    response: Response,
    days: Annotated[
        int, Query(ge=1, le=90, description="Alerts that were opened in so many days.")
    ] = 28,
) -> AlertsPerRule:
    """Burden, acceptance, override and time to acknowledge, by rule and shift.

    Alerts of zones and floors that the caller sees count. They rest on what was decided then.
    """
    alerts = sources.alerts
    if alerts is None:
        raise Retry("this board has no database to ask")
    now_us = board.clock.now_us()
    since_us = now_us - days * _DAY_US

    def sees(floor_id: str, zone_id: str) -> bool:
        return visible.sees("zone", zone_id) if zone_id else visible.sees("floor", floor_id)

    found = await sources.read_long(lambda: alerts.per_rule(at(since_us), sees))
    rules = [
        _rule(rule_id, {one.shift: one.answered for one in group})
        for rule_id, group in groupby(found, key=lambda one: one.rule_id)
    ]
    response.headers["Cache-Control"] = "no-store"
    return AlertsPerRule(now_us=now_us, since_us=since_us, rules=rules)


def _rule(rule_id: str, by_shift: dict[str, Answered]) -> RuleAnswered:
    total = AlertsAnswered.model_validate(by_shift.pop(ALL_SHIFTS))
    return RuleAnswered(
        **total.model_dump(),
        rule_id=rule_id,
        asks_too_much=total.paging >= ENOUGH and 2 * total.accepted < total.paging,
        shifts=[
            ShiftAnswered(shift=shift, **AlertsAnswered.model_validate(answered).model_dump())
            for shift, answered in by_shift.items()
        ],
    )
