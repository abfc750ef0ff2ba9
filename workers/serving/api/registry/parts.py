"""What the registry's routes share: the store, the audit, threads, and how a request is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Final, TypeVar

import structlog
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Depends, FastAPI, Header, Query, Request
from starlette.responses import Response

from runtime.audit import Act
from runtime.clock import Clock
from runtime.errors import DeadLetter, Retry, Stop
from runtime.kafka.cluster import Cluster
from schemas.records.cameras import CameraView
from schemas.topics import FLOORS
from workers.access.principal import Principal
from workers.audit.recorder import NoAudit, Recorder
from workers.registry.camera_views import confirm, confirming
from workers.registry.editing.drawings import Drawings
from workers.registry.editing.sealed import SealedTexts
from workers.registry.editing.store import RegistryStore
from workers.registry.redrawing import Redrawn
from workers.registry.registered import Key, Registered
from workers.registry.vault.door import AS_THEY_ARE, Doors
from workers.serving.api.caller import Caller
from workers.serving.api.problems import FieldError, ProblemResponse
from workers.serving.editing.body import body_of
from workers.serving.editing.conditions import idempotency_key
from workers.serving.editing.editor import Editor, Wish
from workers.serving.editing.erasing import ErasureDesk
from workers.serving.editing.reach import Reach
from workers.serving.editing.refusals import Refusal
from workers.serving.editing.repeats import Answer, Repeat, digest
from workers.serving.editing.requests import reason_of
from workers.serving.editing.sealed import SealedEditor, SealedWish

log = structlog.get_logger(__name__)

PATH: Final = "/registry"
"""Path of the registry below the API's prefix."""

AT_ONCE: Final = 8
"""Edits that are in work at once, and as many reads; the others wait."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Registry:
    """What the registry's routes need.

    Attributes:
        store: Edits and reads what is registered.
        clock: Clock of the server.
        recorder: Writes into the audit.
        sealed: What it keeps sealed, by field: `address`, `name`.
        cluster: Where decisions about cameras are written; None where they are not.
        doors: Opens the door that ids of staff and badges pass in an import.
        erasures: Erases people; None where there is no list of erasures.
        drawings: Keeps pictures of plans; None where they are not kept.
    """

    store: RegistryStore
    clock: Clock
    recorder: Recorder = field(default_factory=NoAudit)
    sealed: Mapping[str, SealedTexts] = field(default_factory=dict)
    cluster: Cluster | None = None
    doors: Doors = AS_THEY_ARE
    erasures: ErasureDesk | None = None
    drawings: Drawings | None = None
    _pictures: CapacityLimiter = field(default_factory=partial(CapacityLimiter, 1))
    _previews: CapacityLimiter = field(default_factory=partial(CapacityLimiter, 1))
    _edits: CapacityLimiter = field(default_factory=partial(CapacityLimiter, AT_ONCE))
    _reads: CapacityLimiter = field(default_factory=partial(CapacityLimiter, AT_ONCE))

    async def read(self, work: Callable[[RegistryStore], T]) -> T:
        """Read from the store in a thread.

        Raises:
            Retry: The database is out of reach, or refuses this board.
        """
        return await _in_thread(partial(work, self.store), self._reads)

    async def compute(self, work: Callable[[], T]) -> T:
        """Do something that takes long in a thread."""
        return await _in_thread(work, self._reads)

    async def decode(self, work: Callable[[], T]) -> T:
        """Decode a picture in a thread, one at a time: each may take much memory.

        Raises:
            BadPicture: As the work raised it.
        """
        return await _in_thread(work, self._pictures)

    async def preview(self, work: Callable[[], T]) -> T:
        """Look through a camera in a thread, one at a time: each decodes in a process of its own.

        Raises:
            NoPicture: As the work raised it.
        """
        return await _in_thread(work, self._previews)

    async def keep_drawing(self, floor_id: str, found: Redrawn, by: str) -> None:
        """Keep an uploaded picture in a thread, once that is in the audit.

        Raises:
            ImportRefused: Its uploader has reached the quota; nothing was kept.
            Retry: The database or the audit is out of reach, or this board keeps no pictures.
        """
        drawings = self.drawings
        if drawings is None:
            raise Retry("this board keeps no drawings")

        def work() -> None:
            now_us = self.clock.now_us()
            drawings.check_quota(floor_id, found, by=by, now_us=now_us)
            act = Act(
                "registry.drawing_uploaded", str(Key(FLOORS, floor_id)), f"sha256 {found.sha256}"
            )
            self.recorder.record_now(act, actor=by)
            drawings.put(floor_id, found, by=by, now_us=now_us)

        await _in_thread(work, self._edits)

    async def reach(self, principal: Principal, *, whole: bool = False) -> Reach:
        """What a principal reaches now.

        Args:
            principal: Who asks.
            whole: Whether the ward is needed even for somebody who reads all of it.
        """
        now_us = self.clock.now_us()
        if not whole and Reach(principal, Registered(), now_us).reads_all:
            return Reach(principal, Registered(), now_us)
        ward = await self.read(lambda store: store.registered())
        return Reach(principal, ward, now_us)

    async def edit(self, wish: Wish) -> Answer:
        """Make an edit in a thread.

        Raises:
            Refusal: It is refused; nothing was written.
            Retry: The database or the audit is out of reach.
        """
        editor = Editor(self.store, self.clock, self.recorder)
        return await _in_thread(partial(editor.make, wish), self._edits)

    async def confirm(self, camera_id: str, version: int, by: str, reason: str) -> CameraView:
        """Write in a thread that a camera's view is right, once that is in the audit.

        Raises:
            Retry: The brokers or the audit are out of reach, or somebody else decided meanwhile.
        """
        cluster = self.cluster
        if cluster is None:
            raise Retry("this board writes no decisions about cameras")

        def work() -> CameraView:
            self.recorder.record_now(confirming(camera_id), actor=by, why=reason)
            return confirm(cluster, camera_id, camera_version=version, by=by, reason=reason)

        return await _in_thread(work, self._edits)

    async def erase(self, work: Callable[[], T]) -> T:
        """Erase somebody in a thread.

        Raises:
            Refusal: It is refused; nothing was destroyed.
            Retry: A store, the list of erasures or the audit is out of reach.
        """
        return await _in_thread(work, self._edits)

    async def edit_sealed(self, texts: SealedTexts, wish: SealedWish) -> Answer:
        """Keep or remove a sealed text in a thread.

        Raises:
            Refusal: It is refused; nothing was written.
            Retry: The database or the audit is out of reach, or there is no key.
        """
        editor = SealedEditor(self.store, texts, self.clock, self.recorder)
        return await _in_thread(partial(editor.make, wish), self._edits)


async def _in_thread(work: Callable[[], T], limiter: CapacityLimiter) -> T:
    try:
        return await run_sync(work, limiter=limiter)
    except (Stop, DeadLetter) as error:
        log.error("registry.refused", error=str(error))
        raise Retry("the registry's database refuses this board; its log has the cause") from error


def provide(app: FastAPI, registry: Registry | None) -> None:
    """Make the registry available to the routes, and answer what they refuse."""
    app.state.registry = registry

    @app.exception_handler(Refusal)
    async def refused(_: Request, exc: Refusal) -> ProblemResponse:
        errors = [
            FieldError(kind=kind, id=identity, field=name, reason=reason)
            for kind, identity, name, reason in exc.faults
        ]
        return ProblemResponse(exc.status, str(exc), exc.headers, errors)


def registry_of(request: Request) -> Registry:
    """The registry of the application that received a request.

    Raises:
        Retry: It has none.
    """
    found: Registry | None = request.app.state.registry
    if found is None:
        raise Retry("this board has no database, so nothing can be edited or read of the registry")
    return found


AnyRegistry = Annotated[Registry, Depends(registry_of)]

DryRun = Annotated[
    bool, Query(description="Whether to write nothing, and only say what would change.")
]
Cursor = Annotated[
    str | None, Query(max_length=1_000, description="`next` of the page before, as it was.")
]
Limit = Annotated[int, Query(ge=1, le=500, description="Most items of the page.")]


@dataclass(frozen=True, slots=True)
class Call:
    """A request that edits.

    Attributes:
        caller: Who sends it.
        body: Its body.
        request: The request.
        reason: Why it is sent, in the author's words; may be empty.
        key: The client's key for it; None where it sends none.
    """

    caller: Principal
    body: bytes
    request: Request
    reason: str
    key: str | None

    @property
    def repeat(self) -> Repeat | None:
        """The request as one that may be sent again; None where it has no key."""
        if self.key is None:
            return None
        request = self.request
        headers = [request.headers.get(name, "") for name in ("if-match", "if-none-match")]
        parts: Sequence[str | bytes] = [
            request.method,
            request.url.path,
            request.url.query,
            *headers,
            self.body,
        ]
        return Repeat(self.caller.subject, self.key, digest(parts))


async def call_of(
    request: Request,
    caller: Caller,
    idempotency_key_header: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description=(
                "Your id for this request, such as a UUID: the same request with the same key "
                "within a day is one edit, and is answered as before."
            ),
        ),
    ] = None,
    reason: Annotated[
        str | None, Query(description="Why, up to 300 characters; kept with the edit and audited.")
    ] = None,
) -> Call:
    """Read a request that edits.

    Raises:
        Refusal: Its body is too large, or a header or its reason cannot be taken.
    """
    key = idempotency_key(idempotency_key_header)
    why = reason_of(reason)
    return Call(caller, await body_of(request), request, why, key)


AnyCall = Annotated[Call, Depends(call_of)]

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description='ETag of the version that you read, such as `"v3"`.'),
]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="`*` to create what is not registered.")
]


def respond(answer: Answer) -> Response:
    """An answer to an edit, as it was kept."""
    headers = {"Cache-Control": "no-store", **answer.headers}
    return Response(answer.body, answer.status, headers, "application/json")
