"""Errors as `application/problem+json` (RFC 9457), whatever raised them."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from runtime.errors import Retry

log = structlog.get_logger(__name__)


class FieldError(BaseModel):
    """What is wrong with one field."""

    kind: str = Field(description="Kind of the fact or item; empty where it is not known.")
    id: str = Field(
        description="Its id, or its place such as `entry 3`; empty where it is not known."
    )
    field: str = Field(description="The field; empty when the fact as a whole is at fault.")
    reason: str = Field(description="What is wrong with it.", examples=["is missing"])


class Problem(BaseModel):
    """What went wrong, and what to do."""

    title: str = Field(description="The kind of problem.", examples=["Not Found"])
    status: int = Field(description="HTTP status.", examples=[404])
    detail: str = Field(description="This case.", examples=["there is no zone 'bay-9'"])
    errors: list[FieldError] | None = Field(
        None,
        description="What is wrong with fields of the request; where edits or reads are refused.",
    )


class ProblemResponse(JSONResponse):
    """A problem as an answer."""

    media_type = "application/problem+json"

    def __init__(
        self,
        status: int,
        detail: str,
        headers: dict[str, str] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        problem = Problem(
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            errors=list(errors) or None,
        )
        shown = problem.model_dump(exclude_none=True)
        super().__init__(shown, status, {"Cache-Control": "no-store", **(headers or {})})

    def render(self, content: Any) -> bytes:
        """JSON; half a surrogate pair, which a request may hold, is written as its escape."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


def for_callers(error: Retry) -> str:
    """What callers read of a dependency that is away; where it is, and what it says, the log has.

    >>> for_callers(Retry('the database is out of reach: connection to "10.0.0.5" failed'))
    'the database is out of reach'
    """
    text = str(error).partition(": ")[0]
    return "a store is out of reach" if "://" in text else text


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer these problems."""
    texts = {
        400: "A parameter, a header or the body cannot be read.",
        401: "Nobody is logged in, and no valid access token was sent.",
        403: "The right is not held there, or a page of another site asks.",
        404: "No such id; the detail names it.",
        412: "The newest version is another one; `ETag` names it.",
        413: "The body is too large, or holds more items than one request may.",
        415: "The body is in a form that is not read here.",
        422: "A parameter cannot be read, or an edit or item does not fit; `errors` name fields.",
        428: "The request does not say which version it rests on.",
        429: (
            "As many event streams of this login are open as there may be, or it has sent as many "
            "reads of badges as it may; `Retry-After` says when to send more."
        ),
        503: (
            "A store is out of reach (Redis, the database, the audit, the brokers), or too many "
            "event streams are open; try again after `Retry-After` seconds."
        ),
    }
    return {
        status: {
            "description": texts[status],
            "content": {
                ProblemResponse.media_type: {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem."""

    @app.exception_handler(HTTPException)
    async def refused(_: Request, exc: HTTPException) -> ProblemResponse:
        return ProblemResponse(exc.status_code, str(exc.detail), dict(exc.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, exc: RequestValidationError) -> ProblemResponse:
        faults = [f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in exc.errors()]
        return ProblemResponse(422, "; ".join(faults))

    @app.exception_handler(Retry)
    async def unavailable(_: Request, exc: Retry) -> ProblemResponse:
        log.warning("serving.unavailable", error=str(exc))
        return ProblemResponse(
            503, for_callers(exc), {"Retry-After": f"{exc.retry_after_s or 2:.0f}"}
        )

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, exc: Exception) -> ProblemResponse:
        log.error("serving.error", path=request.url.path, exc_info=exc)
        return ProblemResponse(500, "the board made a mistake; its log has the trace")
