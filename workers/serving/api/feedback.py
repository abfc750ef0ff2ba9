"""Feedback: what somebody who looks at the board says is wrong on it."""

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Final

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from runtime.clock import Clock
from runtime.errors import Retry
from runtime.process.sections import ServingSettings
from workers.serving.api.problems import documented
from workers.serving.api.registry.parts import AnyCall
from workers.serving.api.turns import Turns
from workers.serving.editing.body import JSON, json_text
from workers.serving.evidence.feedback import (
    MAX_TEXT,
    FeedbackDesk,
    Giving,
    TakenFeedback,
    entry_of,
)

router = APIRouter(tags=["feedback"])

AT_A_TIME: Final = 10
"""How much of one sender is taken at once."""


def _field(kind: str, description: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "description": description, **more}


_SCHEMA: Final = {
    "type": "object",
    "required": ["zone_id", "kind", "as_of_us", "seq"],
    "additionalProperties": False,
    "properties": {
        "zone_id": _field("string", "Zone of the figure or of the person."),
        "kind": _field(
            "string",
            "What is wrong.",
            enum=["NOT_THIS_ROLE", "TWO_PEOPLE", "NOBODY_HERE", "GAP_WRONG", "OTHER"],
        ),
        "as_of_us": _field("integer", "Event time of the zone's figure that was shown, UTC us."),
        "seq": _field("integer", "Seq of that figure."),
        "person_id": _field("string", "Person that it is about; needs `presence.read` there."),
        "role": _field("string", "Role that the board said the person has."),
        "camera_id": _field("string", "Camera whose frame shows it; goes with captured_us."),
        "captured_us": _field("integer", "Event time of that frame, UTC us."),
        "text": _field(
            "string", "What else there is to say; needed for OTHER.", maxLength=MAX_TEXT
        ),
        "model_name": _field("string", "Model that was shown for that frame."),
        "model_version": _field("string", "Its version."),
    },
}

_EXAMPLE: Final = {
    "zone_id": "bay-1",
    "kind": "NOBODY_HERE",
    "as_of_us": 1790000000000000,
    "seq": 4711,
    "camera_id": "left",
    "captured_us": 1789999999900000,
    "text": "A coat on a chair.",
}


@dataclass(frozen=True, slots=True)
class FeedbackIntake:
    """How feedback is taken in, and how much.

    Attributes:
        desk: Takes it in; None where this board takes none.
        settings: How much a sender may send.
        clock: Measures the time between requests.
    """

    desk: FeedbackDesk | None
    settings: ServingSettings
    clock: Clock
    turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        per_h = self.settings.max_feedback_per_h
        rate = f"feedback {per_h:g} times an hour"
        turns = Turns(AT_A_TIME, per_h / 3600, self.clock, "feedback", rate)
        object.__setattr__(self, "turns", turns)


def _intake(request: Request) -> FeedbackIntake:
    found: FeedbackIntake = request.app.state.intakes[1]
    return found


@router.post(
    "/feedback",
    name="give_feedback",
    response_model=TakenFeedback,
    responses=documented(400, 403, 413, 415, 422, 429, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": _SCHEMA, "example": _EXAMPLE}},
        }
    },
)
async def give_feedback(
    call: AnyCall, intake: Annotated[FeedbackIntake, Depends(_intake)]
) -> Response:
    """Say that a figure, or what is said of a person, is wrong. It changes no figure.

    It is taken once the brokers hold it, and goes to who maintains models and cameras.
    """
    if intake.desk is None:
        raise Retry("this board takes no feedback")
    entry = await run_sync(entry_of, json_text(call.request, call.body))
    giving = Giving(author=call.caller, entry=entry, repeat=call.repeat)
    return await intake.turns.take(call.caller.subject, 1, partial(intake.desk.take, giving))
