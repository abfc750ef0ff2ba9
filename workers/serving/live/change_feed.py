"""One reader of the stream of changes in Redis, for all browsers.

Each subscriber has a bounded queue. The feed never waits for a slow one but drops and counts it:
the subscriber connects again and resumes from the stream after the last event that it has.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from runtime.clock import Clock
from runtime.process.metrics import SERVING_CLIENTS, SERVING_DROPPED, SERVING_EVENTS, SERVING_LAG
from runtime.storage.breaker import BreakerOpen, Guard
from schemas.live import changes_key
from workers.serving.live.event import (
    Change,
    Event,
    StreamId,
    UnreadableChange,
    acted_event,
    clock_event,
    names_event,
    pipeline_event,
    reset_event,
)

log = structlog.get_logger(__name__)

QUEUE_LENGTH: Final = 1_000
"""Events that a subscriber may lag before it is dropped."""

HEARTBEAT_S: Final = 1.0
"""Pause between two heartbeats, seconds."""

_BLOCK_MS: Final = 500
_PAGE: Final = 500
_LEAST_PAUSE_S: Final = 0.05

Entry = tuple[bytes, dict[bytes, bytes]]


class Bounds(NamedTuple):
    """Which entries the stream in Redis still holds.

    Attributes:
        first: Id of the oldest entry kept; None when there is none.
        last: Last id ever assigned.
        trimmed: Whether entries were dropped from the beginning.
    """

    first: StreamId | None
    last: StreamId
    trimmed: bool

    def holds_all_after(self, position: StreamId) -> bool:
        """Whether the stream still holds every entry after `position`.

        Redis keeps nothing on disk and the stream expires, so a stream that was never trimmed may
        be a new one: only an entry as old as `position` proves that it reaches back far enough.
        """
        if position == StreamId(0, 0):
            return not self.trimmed
        if self.first is None or self.last < position:
            return False
        return self.first <= position


class Subscription:
    """The events of one subscriber, in order.

    Attributes:
        reader: Whose it is; empty where nobody counts them.
        queue: Events not yet taken.
        ended: Set when the feed drops the subscriber or closes.
        dropped: Whether the feed dropped the subscriber because it was too slow.
    """

    def __init__(self, length: int, reader: str = "") -> None:
        self.reader = reader
        self.queue: asyncio.Queue[Event] = asyncio.Queue(length)
        self.ended = asyncio.Event()
        self.dropped = False


class ChangeFeed:
    """Reads the stream of changes and hands every event to all subscribers.

    Args:
        client: Connection to Redis that may block for a second.
        prefix: Prefix of every Redis key.
        takers: Called with every change, in order.
        clock: Clock of the heartbeats.
        guard: Circuit breaker of Redis, which this feed probes for all.
        queue_length: Events that a subscriber may lag.

    Attributes:
        position: Id of the last entry handed out; None until Redis first answers.
        reachable: Whether Redis answered last time.
    """

    def __init__(
        self,
        client: Redis,
        prefix: str,
        takers: Sequence[Callable[[Change], None]],
        clock: Clock,
        guard: Guard,
        queue_length: int = QUEUE_LENGTH,
    ) -> None:
        self._client = client
        self._key = changes_key(prefix)
        self._takers = tuple(takers)
        self._clock = clock
        self._guard = guard
        self._queue_length = queue_length
        self._subscriptions: set[Subscription] = set()
        self._closed = False
        self._reported = False
        self._pipeline: Event | None = None
        self.position: StreamId | None = None
        self.reachable = False

    @property
    def clients(self) -> int:
        """Open subscriptions."""
        return len(self._subscriptions)

    def clients_of(self, reader: str) -> int:
        """Open subscriptions of one reader."""
        return sum(one.reader == reader for one in self._subscriptions)

    @contextlib.contextmanager
    def subscribe(self, reader: str = "") -> Iterator[Subscription]:
        """Subscribe to every event from now on, until the block is left.

        Args:
            reader: Whose subscription it is.
        """
        subscription = Subscription(self._queue_length, reader)
        if self._closed:
            subscription.ended.set()
        self._subscriptions.add(subscription)
        SERVING_CLIENTS.set(self.clients)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            SERVING_CLIENTS.set(self.clients)

    async def events(
        self, subscription: Subscription, after: StreamId | None = None
    ) -> AsyncIterator[Event]:
        """The events of a subscription, starting after `after` when it is given.

        Earlier entries are read from Redis up to the position of the feed; the queue holds
        everything after it, so nothing is lost and nothing is sent twice.
        """
        yield self._clock_event()
        if self._pipeline is not None:  # it may have changed since this reader connected
            yield self._pipeline
        sent = after
        if after is not None:
            while not self.reachable or self.position is None:
                event = await subscription.queue.get()
                if event.stream_id is None:  # a change is read from Redis, in its order, below
                    yield event
            if not (await self._bounds()).holds_all_after(after):
                yield reset_event("older changes are no longer kept")
                sent = None
            else:
                async for change in self._between(after, self.position):
                    sent = change.stream_id
                    yield change.event
        while True:
            event = await subscription.queue.get()
            if event.stream_id is None or sent is None or event.stream_id > sent:
                yield event

    async def run(self) -> None:
        """Read until the feed closes or the task is cancelled; while Redis is away, wait for it."""
        # A cancellation that meets a timeout of the Redis client can arrive as that timeout.
        while not self._closed:
            try:
                if not self.reachable:
                    with self._guard.trying((RedisError, OSError)):
                        await self._take_up()
                with self._guard.trying((RedisError, OSError)):
                    answer: Any = await self._client.xread(
                        {self._key: str(self.position)}, count=_PAGE, block=_BLOCK_MS
                    )
            except (RedisError, OSError, BreakerOpen) as error:
                self._lost(error)
                await asyncio.sleep(max(_LEAST_PAUSE_S, self._guard.due_in_s()))
                continue
            for _, entries in answer:
                for entry in entries:
                    self._hand_out(entry)

    async def beat(self) -> None:
        """Send heartbeats until cancelled."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self._publish(self._clock_event())

    def announce_pipeline(self, body: Mapping[str, Any]) -> None:
        """Send alerts and lags to every browser, and to each that connects later."""
        self._pipeline = pipeline_event(body)
        self._publish(self._pipeline)

    def announce_names(self) -> None:
        """Notify every browser that names, zones or cameras were edited."""
        self._publish(names_event())

    def announce_action(self) -> None:
        """Notify every browser of this board that somebody did something about an alert."""
        self._publish(acted_event())

    def close(self) -> None:
        """End every stream, now and to come."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.ended.set()

    def _clock_event(self) -> Event:
        return clock_event(self._clock.now_us(), redis_reachable=self.reachable)

    async def _take_up(self) -> None:
        """Find the position to read from, at the start and after Redis was away."""
        bounds = await self._bounds()
        if self.position is None:
            async for change in self._between(StreamId(0, 0), bounds.last):
                self._take(change)
            self.position = bounds.last
        elif not bounds.holds_all_after(self.position):
            self.position = bounds.last
            self._publish(reset_event("changes were lost while Redis was away"))
        log.info("serving.redis_connected", position=str(self.position))
        self.reachable = True
        self._publish(self._clock_event())

    def _lost(self, exc: Exception) -> None:
        if self.reachable or not self._reported:
            log.warning("serving.redis_out_of_reach", error=type(exc).__name__)
            self._reported = True
        if self.reachable:
            self.reachable = False
            self._publish(self._clock_event())

    async def _bounds(self) -> Bounds:
        try:
            info: dict[str, Any] = await self._client.xinfo_stream(self._key)
        except ResponseError as error:
            if "no such key" in str(error):
                return Bounds(None, StreamId(0, 0), trimmed=False)
            raise
        first = info["first-entry"]
        return Bounds(
            StreamId.parse(first[0].decode()) if first else None,
            StreamId.parse(info["last-generated-id"].decode()),
            trimmed=info["entries-added"] > info["length"],
        )

    async def _between(self, after: StreamId, through: StreamId) -> AsyncIterator[Change]:
        """Entries of the stream after `after`, up to and including `through`."""
        while after < through:
            entries: Any = await self._client.xrange(
                self._key, f"({after}", str(through), count=_PAGE
            )
            for entry_id, fields in entries:
                after = StreamId.parse(entry_id.decode())
                change = self._read(entry_id, fields)
                if change is not None:
                    yield change
            if len(entries) < _PAGE:
                return

    def _read(self, entry_id: bytes, fields: dict[bytes, bytes]) -> Change | None:
        try:
            return Change.read(entry_id, fields)
        except UnreadableChange as error:
            log.warning("serving.unreadable_change", error=str(error))
            return None

    def _hand_out(self, entry: Entry) -> None:
        self.position = StreamId.parse(entry[0].decode())
        change = self._read(*entry)
        if change is None:
            return
        self._take(change)
        self._publish(change.event)
        SERVING_EVENTS.labels(change.kind).inc()
        SERVING_LAG.labels(change.kind).observe((self._clock.now_us() - change.as_of_us) / 1e6)

    def _take(self, change: Change) -> None:
        for take in self._takers:
            take(change)

    def _publish(self, event: Event) -> None:
        for subscription in self._subscriptions:
            if subscription.ended.is_set():
                continue
            try:
                subscription.queue.put_nowait(event)
            except asyncio.QueueFull:
                subscription.dropped = True
                subscription.ended.set()
                SERVING_DROPPED.inc()
                log.warning("serving.slow_client_dropped", behind=subscription.queue.qsize())
