"""Who has seen a person, and what has somebody seen; asking is itself in the audit."""

from datetime import datetime
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from runtime.audit import Act
from runtime.errors import DeadLetter, Retry, Stop
from workers.audit.recorder import Recorder
from workers.serving.api.board import Identity
from workers.serving.api.caller import Caller
from workers.serving.api.problems import documented
from workers.serving.audit_reader import AuditReader, NoSuchPage, Page

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/audit", tags=["audit"])

ASKED: Final = "audit.viewed"
"""Action of the entry about a question."""


class Seen(BaseModel):
    """An entry of the audit that showed people one by one."""

    at: datetime = Field(description="When, ISO 8601 UTC.")
    actor: str = Field(description="Subject of the viewer.", examples=["idp#7f3a"])
    action: str = Field(description="What was done.", examples=["frame.viewed"])
    subject: str = Field(description="What was shown.", examples=["camera/ward-1"])
    purpose: str = Field(description="Why, as the actor stated it.")
    client: str = Field(description="How the actor came, such as the session.")
    chain_id: str = Field(description="Chain of the entry.")
    seq: int = Field(description="Number of the entry in its chain.")


class SeenPerson(Seen):
    """Somebody saw the person."""

    how: str = Field(
        description="`named` in the entry, or `on the floor` or `before the camera` that it shows."
    )


class SeenBySubject(Seen):
    """What the subject saw."""

    shown_from: datetime = Field(description="Start of the event time that was shown.")
    shown_until: datetime = Field(description="End of the event time that was shown.")
    may_go_on: bool = Field(
        description="A stream without an entry of its end: it goes on, or its process was killed."
    )
    persons: list[str] = Field(
        description="Whom it showed: named, or on the floor or before the camera then."
    )
    cameras: list[str] = Field(description="Cameras that it showed.")
    floors: list[str] = Field(description="Floors that it showed.")


class WhoHasSeen(BaseModel):
    """Who has seen a person, the newest first."""

    person_id: str = Field(description="Whom the question is about.")
    entries: list[SeenPerson] = Field(description="The entries of this page.")
    next: str | None = Field(description="`cursor` of the next page; null on the last.")


class WhatHasSeen(BaseModel):
    """What somebody has seen, the newest first."""

    subject: str = Field(description="Whom the question is about.")
    entries: list[SeenBySubject] = Field(description="The entries of this page.")
    next: str | None = Field(description="`cursor` of the next page; null on the last.")


Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200, description="Most entries of the page.")]
Subject = Annotated[str, Path(min_length=1, max_length=500)]


def _recorder(request: Request) -> Recorder:
    recorder: Recorder = request.app.state.recorder
    return recorder


def _seen(request: Request) -> AuditReader:
    reader: AuditReader | None = request.app.state.seen
    if reader is None:
        raise Retry("this board has no database to ask")
    return reader


AnyRecorder = Annotated[Recorder, Depends(_recorder)]
AnyReader = Annotated[AuditReader, Depends(_seen)]


async def _asked(what: Any, identity: str, cursor: str | None, limit: int) -> Page:
    try:
        found: Page = await run_in_threadpool(what, identity, cursor, limit)
    except NoSuchPage as error:
        raise HTTPException(400, str(error)) from error
    except DeadLetter as error:
        raise HTTPException(400, "the id or the cursor holds what none can hold") from error
    except Stop as error:
        log.error("serving.audit_refused", error=str(error))
        raise Retry("the database refuses this board; its log has the cause") from error
    return found


@router.get("/persons/{person_id}", responses=documented(400, 401, 422, 503))
async def who_has_seen(
    person_id: Identity,
    caller: Caller,
    recorder: AnyRecorder,
    seen: AnyReader,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> WhoHasSeen:
    """Who has seen a person, when and why; also by the id of a member of staff."""
    act = Act(ASKED, f"person/{person_id}", client=caller.session or caller.kind)
    await recorder.record(act, actor=caller.subject)
    page = await _asked(seen.who_has_seen, person_id, cursor, limit)
    entries = [SeenPerson.model_validate(row) for row in page.rows]
    return WhoHasSeen(person_id=person_id, entries=entries, next=page.cursor)


@router.get("/subjects/{subject:path}", responses=documented(400, 401, 422, 503))
async def what_has_seen(
    subject: Subject,
    caller: Caller,
    recorder: AnyRecorder,
    seen: AnyReader,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> WhatHasSeen:
    """Which people somebody has seen one by one, when and why; `#` in the subject is `%23`."""
    act = Act(ASKED, f"subject/{subject}", client=caller.session or caller.kind)
    await recorder.record(act, actor=caller.subject)
    page = await _asked(seen.what_has_seen, subject, cursor, limit)
    entries = [SeenBySubject.model_validate(row) for row in page.rows]
    return WhatHasSeen(subject=subject, entries=entries, next=page.cursor)
