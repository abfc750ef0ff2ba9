"""Reads of badges, as a system of badges sends them: one, or a batch of them, all or none."""

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Final

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from runtime.clock import Clock
from runtime.errors import Retry
from runtime.process.sections import ServingSettings
from workers.serving.api.problems import documented
from workers.serving.api.registry.parts import AnyCall
from workers.serving.api.turns import Turns
from workers.serving.editing.body import JSON, json_text
from workers.serving.editing.refusals import TooLarge
from workers.serving.evidence.desk import ReadDesk, Sending, TakenReads, entries_of

router = APIRouter(tags=["evidence"])

_EXAMPLE: Final = {
    "reader_id": "door-3",
    "badge_id": "b-0117",
    "staff_ids": ["n-07"],
    "read_at": "2026-11-30T07:02:11Z",
    "floor_id": "ward-3",
    "x_m": 4.2,
    "y_m": 1.0,
}


@dataclass(frozen=True, slots=True)
class ReadIntake:
    """How reads are taken in, and how many.

    Attributes:
        desk: Takes them in; None where this board takes none.
        settings: Limits of a request and of a sender.
        clock: Measures the time between requests.
    """

    desk: ReadDesk | None
    settings: ServingSettings
    clock: Clock
    _turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        most, per_s = self.settings.max_reads, self.settings.max_reads_per_s
        turns = Turns(
            max(most, math.ceil(per_s)), per_s, self.clock, "reads", f"{per_s:g} reads a second"
        )
        object.__setattr__(self, "_turns", turns)

    async def take(self, desk: ReadDesk, sending: Sending) -> Response:
        """Take reads in, in a thread.

        Raises:
            Refusal: They are too many, or one of them is wrong; none was taken.
            Retry: A store is out of reach, or too many requests wait.
        """
        reads, most = len(sending.entries), self.settings.max_reads
        if reads > most:
            raise TooLarge(f"the request holds {reads} reads; {most} are the most")
        return await self._turns.take(sending.author.subject, reads, partial(desk.take, sending))


def _intake(request: Request) -> ReadIntake:
    found: ReadIntake = request.app.state.intakes[0]
    return found


@router.post(
    "/badge-reads",
    name="send_badge_reads",
    response_model=TakenReads,
    responses=documented(400, 403, 413, 415, 422, 429, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {
                        "description": "A read, or a list of reads.",
                        "oneOf": [
                            {"type": "object"},
                            {"type": "array", "minItems": 1, "items": {"type": "object"}},
                        ],
                    },
                    "example": [_EXAMPLE],
                }
            },
        }
    },
)
async def send_badge_reads(
    call: AnyCall,
    intake: Annotated[ReadIntake, Depends(_intake)],
    dry_run: Annotated[
        bool, Query(description="Whether to take nothing in, and only say what is wrong.")
    ] = False,
) -> Response:
    """Take in what readers read, all of the request or nothing.

    A read that comes twice counts once. One counts from 5 s after it was recorded on, and where
    people were is remembered for 20 s: send reads within seconds.
    """
    if intake.desk is None:
        raise Retry("this board takes no reads of badges")
    entries = await run_sync(entries_of, json_text(call.request, call.body))
    sending = Sending(
        author=call.caller,
        entries=entries,
        reason=call.reason,
        dry_run=dry_run,
        repeat=call.repeat,
    )
    return await intake.take(intake.desk, sending)
