"""The stream of changes: complete, resumable, and never held up by a slow reader."""

import asyncio
import itertools
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import pytest

from deploy.local.launcher import LocalServices
from runtime.clock import SystemClock
from runtime.process.metrics import SERVING_DROPPED
from runtime.process.settings import Settings
from runtime.storage.breaker import Guard
from schemas.live import changes_key
from tests.support.board_server import BoardServer
from tests.support.live_log import LiveLog
from tests.support.live_writer import LiveWriter, track
from tests.support.waiting import eventually
from workers.local.demo.latency_probe import LatencyProbe
from workers.local.demo.sse_client import SseEvent, follow
from workers.serving.app import ANSWER_WITHIN_S
from workers.serving.live.change_feed import ChangeFeed
from workers.serving.live.event import StreamId
from workers.serving.live.state import connect
from workers.serving.live.trends import Trends


def changes(events: Iterator[SseEvent]) -> Iterator[SseEvent]:
    """Without heartbeats and notices."""
    return (event for event in events if event.event_id)


def started(board: BoardServer, last_event_id: str = "") -> Generator[SseEvent, None, None]:
    """A stream that has been opened: its first event was read."""
    events = follow(board.url, last_event_id=last_event_id)
    assert next(events).name == "clock"
    return events


def redis_is_reachable(board: BoardServer) -> bool:
    """As the status says."""
    answer = httpx.get(board.url + "api/v1/status", timeout=60).json()
    return bool(answer["redis"]["reachable"])


def refusal(board: BoardServer) -> httpx.Response | None:
    """The answer of the zones, when it is an error."""
    answer = httpx.get(board.url + "api/v1/zones", timeout=60)
    return answer if answer.is_error else None


def test_a_change_arrives_with_its_value_and_its_text(
    board: BoardServer, writer: LiveWriter
) -> None:
    with closing(started(board)) as events:
        entry_id = writer.zone("bay-2", people=2, required=4)

        event = next(changes(events))

    assert (event.name, event.event_id, event.data["id"]) == ("zone", entry_id, "bay-2")
    assert event.data["data"]["people"] == 2
    assert event.data["coverage"]["sentence"] == "2 to 4 short"


def test_every_reader_gets_every_change_in_order(board: BoardServer, writer: LiveWriter) -> None:
    streams = [started(board) for _ in range(5)]
    written = [writer.zone(f"bay-{n % 3}", people=n) for n in range(200)]

    for stream in streams:
        read = [event.event_id for event in itertools.islice(changes(stream), 200)]
        assert read == written
        stream.close()


def test_a_reader_chooses_its_kinds(board: BoardServer, writer: LiveWriter) -> None:
    url = board.url + "api/v1/changes?kind=zone-event&kind=zone"
    with closing(follow(url)) as events:
        next(events)
        writer.camera("left", [])
        writer.floor("ward-3")
        writer.zone_event("bay-1", "ENTERED")
        writer.zone("bay-1", people=1)

        assert [event.name for event in itertools.islice(changes(events), 2)] == [
            "zone-event",
            "zone",
        ]


def test_a_reader_chooses_its_floors(board: BoardServer, writer: LiveWriter) -> None:
    url = board.url + "api/v1/changes?floor_id=ward-1&floor_id=ward-2"
    with closing(follow(url)) as events:
        next(events)
        for floor_id in ("ward-1", "ward-2", "ward-3"):
            writer.camera(f"left-{floor_id}", [], floor_id=floor_id)
            writer.floor(floor_id)
            writer.zone_event(f"bay-{floor_id}", "ENTERED", floor_id=floor_id)
            writer.zone(f"bay-{floor_id}", people=1, floor_id=floor_id)
        writer.floor("ward-1")

        read = [event.data["id"] for event in itertools.islice(changes(events), 9)]

    assert read == [
        *("left-ward-1", "ward-1", "bay-ward-1", "bay-ward-1"),
        *("left-ward-2", "ward-2", "bay-ward-2", "bay-ward-2"),
        "ward-1",
    ]


@pytest.mark.parametrize("asked", ["floor_id=", "&".join(f"floor_id=f{n}" for n in range(101))])
def test_an_empty_floor_and_too_many_floors_are_refused(board: BoardServer, asked: str) -> None:
    answer = httpx.get(f"{board.url}api/v1/changes?{asked}", timeout=60)

    assert answer.status_code == 422
    assert "floor_id" in answer.text


def test_a_reader_that_comes_back_gets_exactly_what_it_missed(
    board: BoardServer, writer: LiveWriter
) -> None:
    """Cut at every place, while a writer goes on: nothing twice, nothing lost."""
    total = 400
    written: list[str] = []
    first = started(board)
    thread = threading.Thread(
        target=lambda: written.extend(writer.zone("bay-1", people=n) for n in range(total))
    )
    thread.start()
    read: list[str] = []
    stream = changes(first)
    for length in itertools.chain([1, 2, 3], itertools.repeat(17)):
        read += [
            event.event_id for event in itertools.islice(stream, min(length, total - len(read)))
        ]
        first.close()
        if len(read) == total:
            break
        first = started(board, last_event_id=read[-1])
        stream = changes(first)
    thread.join()

    assert read == written


def test_what_is_both_in_the_queue_and_in_redis_is_sent_once(
    live_url: str, redis_prefix: str, writer: LiveWriter
) -> None:
    """A reader resumes while changes arrive, so that the two sources overlap."""
    asyncio.run(resume_into_an_overlap(live_url, redis_prefix, writer))


async def resume_into_an_overlap(live_url: str, redis_prefix: str, writer: LiveWriter) -> None:
    settings = Settings.model_validate({"redis_url": live_url, "redis_prefix": redis_prefix})
    client = connect(settings.redis_url.get_secret_value(), answer_within_s=2.0)
    feed = ChangeFeed(
        client, redis_prefix, [Trends().take], SystemClock(), Guard("redis", SystemClock())
    )
    seen = writer.zone("bay-1", people=0)
    reading = asyncio.create_task(feed.run())
    async with asyncio.timeout(20):
        with feed.subscribe() as subscription:
            await subscription.queue.get()  # the feed has begun
            missed = [writer.zone("bay-1", people=n) for n in range(1, 4)]
            while str(feed.position) != missed[-1]:  # noqa: ASYNC110 - it has no event for it
                await asyncio.sleep(0.01)

            events = feed.events(subscription, StreamId.parse(seen))
            read: list[str] = []
            later = ""
            while later not in read:
                event = await anext(events)
                if event.stream_id is not None:
                    read.append(str(event.stream_id))
                if len(read) == len(missed) and not later:
                    later = writer.zone("bay-1", people=9)
    reading.cancel()
    await client.aclose()

    assert read == [*missed, later]


def test_a_closed_feed_ends_though_its_client_reports_the_cancellation_as_a_timeout(
    live_url: str, redis_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a board that is asked to stop waits for its feed and never ends."""

    async def close_while_reading() -> None:
        client = connect(live_url, answer_within_s=1.0)
        feed = ChangeFeed(
            client, redis_prefix, [Trends().take], SystemClock(), Guard("redis", SystemClock())
        )
        reading = asyncio.Event()

        async def cancelled_as_timeout(*_: object, **__: object) -> None:
            reading.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as error:
                monkeypatch.undo()
                raise TimeoutError from error

        monkeypatch.setattr(client, "xread", cancelled_as_timeout)
        run = asyncio.create_task(feed.run())
        await reading.wait()
        feed.close()
        run.cancel()
        ended, _ = await asyncio.wait((run,), timeout=5)
        assert run in ended
        await client.aclose()

    asyncio.run(close_while_reading())


def test_changes_queued_before_redis_was_lost_are_sent_once(
    live_url: str, redis_prefix: str, writer: LiveWriter, redis_service: LocalServices
) -> None:
    asyncio.run(resume_over_a_loss(live_url, redis_prefix, writer, redis_service))


async def resume_over_a_loss(
    live_url: str, redis_prefix: str, writer: LiveWriter, redis_service: LocalServices
) -> None:
    settings = Settings.model_validate({"redis_url": live_url, "redis_prefix": redis_prefix})
    client = connect(settings.redis_url.get_secret_value(), answer_within_s=1.0)
    feed = ChangeFeed(
        client, redis_prefix, [Trends().take], SystemClock(), Guard("redis", SystemClock())
    )
    written = [writer.zone("bay-1", people=0)]
    reading = asyncio.create_task(feed.run())
    async with asyncio.timeout(20):
        with feed.subscribe() as subscription:
            await subscription.queue.get()  # the feed has begun
            written += [writer.zone("bay-1", people=n) for n in range(1, 6)]
            while str(feed.position) != written[-1]:  # noqa: ASYNC110 - it has no event for it
                await asyncio.sleep(0.01)
            redis_service.kill("redis", signal.SIGSTOP)
            try:
                while feed.reachable:  # noqa: ASYNC110 - its event is to stay in the queue
                    await asyncio.sleep(0.01)
                events = feed.events(subscription, StreamId.parse(written[1]))
                read = [await anext(events), await anext(events)]
            finally:
                redis_service.kill("redis", signal.SIGCONT)
            written.append(await asyncio.to_thread(writer.zone, "bay-1", people=9))
            while str(read[-1].stream_id) != written[-1]:
                read.append(await anext(events))
    reading.cancel()
    await client.aclose()

    assert [str(event.stream_id) for event in read if event.stream_id] == written[2:]


def test_a_reader_from_before_redis_started_empty_gets_a_reset(
    start_board: Callable[..., BoardServer], writer: LiveWriter
) -> None:
    """The new stream was never trimmed, and already goes beyond the reader's last event."""
    seen = writer.zone("bay-1", people=1)
    writer.client.delete(changes_key(writer.prefix))
    # Ids of a stream begin with Redis' time in milliseconds: within one, the new stream would
    # begin with the id that the reader has seen.
    seen_ms = int(seen.partition("-")[0])
    eventually(lambda: now_ms(writer) > seen_ms)
    writer.zone("bay-1", people=2)

    with closing(started(start_board(), last_event_id=seen)) as events:
        assert next(event for event in events if event.name != "clock").name == "reset"


def now_ms(writer: LiveWriter) -> int:
    """Time of Redis, milliseconds."""
    seconds, microseconds = writer.client.time()
    return int(seconds) * 1_000 + int(microseconds) // 1_000


def test_one_stream_too_many_is_refused_until_another_ends(
    start_board: Callable[..., BoardServer],
) -> None:
    board = start_board(max_clients=2)
    url = board.url + "api/v1/changes"

    def refused() -> httpx.Response | None:
        with httpx.stream("GET", url, timeout=60) as response:
            if response.is_error:
                response.read()
                return response
        return None

    with closing(started(board)):
        with closing(started(board)):
            answer = refused()
        assert answer is not None
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "5"
        assert "2 event streams" in answer.json()["detail"]

        eventually(lambda: refused() is None)


def test_a_reader_that_was_away_longer_than_changes_are_kept_gets_a_reset(
    live_log: LiveLog, live_url: str, redis_prefix: str, board: BoardServer
) -> None:
    writer = LiveWriter(live_log, live_url, redis_prefix, changes_length=50)
    old = writer.zone("bay-1", people=0)
    for people in range(400):
        writer.zone("bay-1", people=people)

    with closing(started(board, last_event_id=old)) as events:
        first = next(event for event in events if event.name != "clock")
        assert first.name == "reset"
        newest = writer.zone("bay-1", people=7)
        assert next(changes(events)).event_id == newest


def test_a_restarted_board_resumes_from_an_id_of_the_one_before(
    board: BoardServer, writer: LiveWriter
) -> None:
    with closing(started(board)) as events:
        writer.zone("bay-1", people=1)
        seen = next(changes(events)).event_id
    board.stop()
    missed = [writer.zone("bay-1", people=n) for n in range(2, 6)]
    board.start()

    with closing(started(board, last_event_id=seen)) as events:
        assert [event.event_id for event in itertools.islice(changes(events), 4)] == missed


def test_a_client_that_does_not_read_is_dropped_and_delays_no_other(
    start_board: Callable[..., BoardServer], writer: LiveWriter
) -> None:
    board = start_board(queue_length=20)
    dropped = SERVING_DROPPED._value.get()
    address = urlsplit(board.url)
    tracks = [track(number, 10.0, 100.0) for number in range(200)]
    with socket.create_connection((address.hostname or "", address.port or 0)) as lazy:
        lazy.sendall(b"GET /api/v1/changes HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert lazy.recv(4096).startswith(b"HTTP/1.1 200")
        with closing(started(board)) as events:
            diligent = changes(events)
            for _ in range(2_000):
                entry_id = writer.camera("left", tracks)
                assert next(diligent).event_id == entry_id
                if SERVING_DROPPED._value.get() > dropped:
                    break

            assert SERVING_DROPPED._value.get() == dropped + 1
            entry_id = writer.zone("bay-1", people=1)
            assert next(diligent).event_id == entry_id
        lazy.settimeout(20)
        tail = b""
        while received := lazy.recv(1 << 20):  # what was on its way, then the end
            tail = (tail + received)[-7:]
        assert tail != b"\r\n0\r\n\r\n", "the stream was ended politely, so it was waited for"


def test_entries_of_another_layout_are_passed_over(board: BoardServer, writer: LiveWriter) -> None:
    with closing(started(board)) as events:
        writer.client.xadd(f"{writer.prefix}:changes", {"kind": "zone", "json": "?"})
        entry_id = writer.zone("bay-1", people=1)

        assert next(changes(events)).event_id == entry_id


def test_while_redis_is_away_the_board_says_so_and_recovers_by_itself(
    board: BoardServer, writer: LiveWriter, redis_service: LocalServices
) -> None:
    with closing(started(board)) as events:
        writer.zone("bay-1", people=1)
        before = next(changes(events)).event_id
        redis_service.kill("redis")
        refused = eventually(lambda: refusal(board))
        gone = next(event for event in events if event.data.get("redis_reachable") is False)

        redis_service.restart("redis")
        back = next(event for event in events if event.data.get("redis_reachable") is True)
        entry_id = writer.zone("bay-1", people=2)
        after = next(changes(events)).event_id

    assert refused is not None
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "2"
    assert "Redis" in refused.json()["detail"]
    assert gone.data["now_us"] < back.data["now_us"]
    assert (after, after > before) == (entry_id, True)
    assert redis_is_reachable(board)


def test_a_redis_that_hangs_is_as_good_as_away(
    board: BoardServer, writer: LiveWriter, redis_service: LocalServices
) -> None:
    with closing(started(board)) as events:
        redis_service.kill("redis", signal.SIGSTOP)
        try:
            refused = refusal(board)
            next(event for event in events if event.data.get("redis_reachable") is False)
            until_left_alone(board)
            quickest_s = min(refusal_takes_s(board) for _ in range(5))
        finally:
            redis_service.kill("redis", signal.SIGCONT)
        next(event for event in events if event.data.get("redis_reachable") is True)
        entry_id = writer.zone("bay-1", people=2)
        assert next(changes(events)).event_id == entry_id

    assert refused is not None
    assert refused.status_code == 503
    assert quickest_s < ANSWER_WITHIN_S / 2, "nobody's request waits for what is known to be away"


def until_left_alone(board: BoardServer) -> None:
    """Wait until the breaker of Redis is open."""

    def since_us() -> int | None:
        status = httpx.get(f"{board.url}api/v1/status", timeout=30).json()
        found: int | None = status["redis"]["since_us"]
        return found

    eventually(since_us)


def refusal_takes_s(board: BoardServer) -> float:
    began_s = time.monotonic()
    refusal(board)
    return time.monotonic() - began_s


def test_the_board_starts_while_redis_is_away(
    start_board: Callable[..., BoardServer], redis_service: LocalServices, writer: LiveWriter
) -> None:
    redis_service.kill("redis")
    try:
        board = start_board()
        with closing(started(board)) as events:
            assert not redis_is_reachable(board)
            redis_service.restart("redis")
            next(event for event in events if event.data.get("redis_reachable") is True)
            entry_id = writer.zone("bay-1", people=2)
            assert next(changes(events)).event_id == entry_id
    finally:
        redis_service.restart("redis")


def test_latency_is_measured_where_a_browser_would(board: BoardServer, writer: LiveWriter) -> None:
    with LatencyProbe(board.url) as probe:

        def enough() -> bool:
            writer.camera("left", [track(1, 10.0, 100.0)])
            camera = probe.summary().get("camera")
            return camera is not None and camera.count >= 20

        eventually(enough)

    camera = probe.summary()["camera"]
    assert 0.0 < camera.p50_ms <= camera.p95_ms <= camera.p99_ms <= camera.max_ms < 30_000.0
    assert camera.p50_ms < 2_000.0


def test_the_end_of_the_board_ends_its_streams_at_once(board: BoardServer) -> None:
    with closing(started(board)) as events:
        board.stop()

        assert {event.name for event in events} <= {"clock"}
