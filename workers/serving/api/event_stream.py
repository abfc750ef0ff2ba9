"""Send a subscription to one browser as `text/event-stream`."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Final

from redis.exceptions import RedisError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from workers.serving.api.audited_stream import AuditedStream
from workers.serving.api.problems import ProblemResponse
from workers.serving.live.change_feed import ChangeFeed, Subscription
from workers.serving.live.event import CHANGE_KINDS, Event, StreamId
from workers.serving.live.shared_frames import SharedFrames
from workers.serving.live.visibility import Visibility

RETRY_MS: Final = 1_000
"""How long a browser waits before it connects again, milliseconds."""

CHECK_S: Final = 15.0
"""How often an open stream asks whether its reader may still read, seconds."""

_MOST_AT_ONCE: Final = 1 << 16
"""Bytes of events that are sent in one piece, unless a single one is larger."""

PEOPLE_AGAIN_S: Final = 10.0
"""How long a stream goes on that leaves people out since the audit cannot be written, seconds."""


class EventStream(Response):
    """An endless response; ends when the client leaves, is too slow, or the server closes.

    It also ends when its reader has logged out, or has lost the rights that it was opened with.

    It is refused with 503 while `max_clients` others are open, and with 429 while its reader has as
    many as one may have.

    Args:
        feed: Feed of the events.
        after: Id of the event to resume after; None to start with the next.
        max_clients: Streams that may be open at once.
        audited: What it shows, and its entries in the audit.
        frames: Events as callers of the same rights get them.
        kinds: Kinds of change to send; heartbeats and notices are always sent.
        floors: Floors whose changes are sent; None for all.
        reader: Whose it is, as streams are counted; empty where nobody counts them.
        max_of_reader: Streams of one reader that may be open at once.
        allowed: Whether the reader may still read; asked every `check_s`.
        check_s: Pause between two such questions, seconds.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        feed: ChangeFeed,
        after: StreamId | None,
        max_clients: int,
        audited: AuditedStream,
        *,
        frames: SharedFrames,
        kinds: Collection[str] = CHANGE_KINDS,
        floors: Collection[str] | None = None,
        reader: str = "",
        max_of_reader: int = 0,
        allowed: Callable[[], Awaitable[bool]] | None = None,
        check_s: float = CHECK_S,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feed = feed
        self._after = after
        self._max_clients = max_clients
        self._audited = audited
        self._reader = reader
        self._max_of_reader = max_of_reader
        self._allowed = allowed
        self._check_s = check_s
        self._frames = frames
        self._left_out = frozenset(CHANGE_KINDS) - frozenset(kinds)
        self._floors = None if floors is None else frozenset(floors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._feed.clients >= self._max_clients:
            detail = f"{self._max_clients} event streams are open, which is all there may be"
            await ProblemResponse(503, detail, {"Retry-After": "5"})(scope, receive, send)
            return
        if self._reader and self._feed.clients_of(self._reader) >= self._max_of_reader:
            detail = f"you have {self._max_of_reader} event streams open, which is all there may be"
            await ProblemResponse(429, detail, {"Retry-After": "5"})(scope, receive, send)
            return
        with self._feed.subscribe(self._reader) as subscription:  # before any await: it counts
            visible = await self._audited.open()
            try:
                await send(
                    {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                )
                await self._until_first(
                    self._pump(subscription, visible, send),
                    subscription.ended.wait(),
                    _left(receive),
                    self._until_forbidden(),
                    self._until_people_may_be_shown(),
                )
            finally:
                await self._audited.close()
        if subscription.dropped:
            return  # no final event for a client that does not read: it would wait for ever
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pump(self, subscription: Subscription, visible: Visibility, send: Send) -> None:
        async def write(body: bytes) -> None:
            await send({"type": "http.response.body", "body": body, "more_body": True})

        await write(f"retry: {RETRY_MS}\n\n".encode())
        waiting: list[bytes] = []
        size = 0
        try:
            async for event in self._feed.events(subscription, self._after):
                frame = self._frames.frame(event, visible) if self._is_asked(event) else None
                if frame is not None:
                    waiting.append(frame)
                    size += len(frame)
                # One write for all that has come meanwhile: what costs is the call.
                if waiting and (subscription.queue.empty() or size >= _MOST_AT_ONCE):
                    await write(b"".join(waiting))
                    waiting.clear()
                    size = 0
        except (RedisError, OSError):
            return  # while catching up: the client connects again and resumes from its last event

    def _is_asked(self, event: Event) -> bool:
        if event.name in self._left_out:
            return False
        if self._floors is None or event.stream_id is None or event.body is None:
            return True
        return event.body["data"].get("floor_id") in self._floors

    async def _until_forbidden(self) -> None:
        if self._allowed is None:
            await asyncio.Event().wait()
            return
        while await self._allowed():  # noqa: ASYNC110 - nobody tells of a withdrawal
            await asyncio.sleep(self._check_s)

    async def _until_people_may_be_shown(self) -> None:
        """End after a while a stream without people: its reader connects again, and tries again."""
        if not self._audited.lacks_people:
            await asyncio.Event().wait()
        await asyncio.sleep(PEOPLE_AGAIN_S)

    async def _until_first(self, *steps: Coroutine[object, object, object]) -> None:
        tasks = [asyncio.ensure_future(step) for step in steps]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception):
                    raise result


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
