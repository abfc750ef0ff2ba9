"""Erase a person, for those who keep the data of staff protected."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.responses import Response

from runtime.errors import Retry
from workers.registry.editing.wanted import Origin
from workers.registry.files import FieldFault
from workers.registry.vault.external import Kind
from workers.serving.api.problems import documented
from workers.serving.api.registry.parts import AnyCall, AnyRegistry, Registry, respond
from workers.serving.editing.body import JSON, json_text
from workers.serving.editing.erasing import ErasureDesk
from workers.serving.editing.refusals import BadRequest, Unfit
from workers.serving.editing.repeats import Answer
from workers.serving.editing.requests import UNREADABLE

router = APIRouter(tags=["data protection"])

NO_LIST: Final = "this board has no list of erasures, so it erases nobody"


class Person(BaseModel):
    """Whom to erase: by pseudonym, or by employee number."""

    # A number of somebody is no less one because the request is refused.
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    staff_id: str | None = Field(None, min_length=1, max_length=64, description="The pseudonym.")
    number: str | None = Field(
        None, min_length=1, max_length=200, description="The employee number, if the vault has it."
    )

    @model_validator(mode="after")
    def _is_one(self) -> "Person":
        if (self.staff_id is None) == (self.number is None):
            raise ValueError("give either staff_id or number")
        return self


class ErasedPerson(BaseModel):
    """What an erasure did, or would do."""

    staff_id: str = Field(description="The pseudonym, which stands for nobody from now on.")
    badges: list[str] = Field(description="Badges that went with the person.")
    shifts: list[str] = Field(description="Shifts that had not ended, and went too.")
    edit_id: int | None = Field(
        description="The edit that took away what was registered; null for none."
    )
    dry_run: bool = Field(description="Whether nothing was destroyed.")


@router.post(
    "/erasures",
    name="erase_person",
    response_model=ErasedPerson,
    responses=documented(400, 401, 403, 404, 413, 415, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": Person.model_json_schema(),
                    "example": {"staff_id": "vs-k5q7yxw2m4tzc3na"},
                }
            },
        }
    },
)
async def erase_person(
    registry: AnyRegistry,
    call: AnyCall,
    dry_run: Annotated[
        bool, Query(description="Whether to destroy nothing, and only say what would go.")
    ] = False,
) -> Response:
    """Erase a person for good: number, name, badges, and shifts that have not ended.

    What was stays, under a pseudonym that nobody can open. `reason` says why, and must be given.
    """
    desk = _desk_of(registry)
    if not call.reason:
        raise BadRequest("reason: is missing: say why somebody is erased; it is kept in the audit")
    person = _person(json_text(call.request, call.body))
    origin = Origin(author=call.caller.subject, name=call.caller.name, note=call.reason)
    found = await registry.erase(
        lambda: desk.erase(person.staff_id, person.number, origin, dry_run=dry_run)
    )
    answer = ErasedPerson(
        staff_id=found.staff_id,
        badges=list(found.badges),
        shifts=list(found.shifts),
        edit_id=found.edit_id,
        dry_run=dry_run,
    )
    return respond(Answer(200, answer.model_dump_json().encode()))


def _desk_of(registry: Registry) -> ErasureDesk:
    if registry.erasures is None:
        raise Retry(NO_LIST)
    return registry.erasures


def _person(body: str) -> Person:
    """Whom a request names.

    Raises:
        BadRequest: The body is not JSON.
        Unfit: It names nobody; no message repeats what was sent.
    """
    try:
        return Person.model_validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        if any(fault["type"] == "json_invalid" for fault in faults):
            raise BadRequest("the body: not valid JSON") from None
        reason = 'send an object with "staff_id", the pseudonym, or "number", a text'
        raise Unfit(UNREADABLE, [FieldFault(Kind.STAFF, "", "", reason)]) from None
