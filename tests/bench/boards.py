"""Fifty boards before one core of server: `python -m tests.bench.boards`.

Frames of fused floors are sent when they are captured, through real Kafka, the stream processor and
the Redis sink; boards are clients of `/api/v1/changes` that read every event, as the page does.
`wardstream serve` has one core to itself and everything else, the clients too, the others. An event
counts from its append to the derived topic, as the broker has it, until it is read by a client.
Prints Markdown.
"""

import argparse
import asyncio
import json
import math
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from deploy.local.launcher import LocalServices, Worker
from deploy.local.ports import free_ports
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import LIVE_TOPICS, Topic
from tests.bench.fused_processor import load_of, loads
from tests.bench.streaming.bench import bench
from tests.bench.streaming.fused_ward import FusedFloors
from tests.bench.streaming.load import LiveLoad
from tests.bench.streaming.probe import cpu_s, resident_mb
from tests.bench.streaming.ward import FRAME_US, floor_of
from tests.support.clusters import cluster_of
from workers.serving.live.event import CHANGE_KINDS
from workers.storage.timescale.migrate import migrate

SERVER_CORE = 0
WARM_S: Final = 15.0
"""Of a run, which are not measured: floors are taken over, and boards connect."""

_FPS: Final = 1e6 / FRAME_US

Key = tuple[str, str, int]
"""Kind, id and seq of an event."""

NOTED_S: Final = 120
"""Events of so many seconds are noted one by one; of a longer run every second, third …"""


class Appended(NamedTuple):
    """A record of a live topic.

    Attributes:
        at_s: When the broker appended it, UTC seconds.
        floor_id: Its floor.
    """

    at_s: float
    floor_id: str


@dataclass
class Client:
    """One board.

    Args:
        floor_id: The only floor that it follows; empty for all.
        every: It notes events whose seq is a multiple.

    Attributes:
        arrivals: When it read what it notes, UTC seconds.
        events: How many events.
        ended: How often its stream ended before it should.
    """

    floor_id: str
    every: int
    arrivals: dict[Key, float] = field(default_factory=dict)
    events: int = 0
    ended: int = 0

    async def read(self, url: str, until_s: float) -> None:
        """Read until a time, UTC seconds; connects again as a browser does."""
        while time.time() < until_s:
            try:
                async with asyncio.timeout(until_s - time.time()):
                    await self._read_stream(url)
            except TimeoutError:
                return
            except OSError:
                pass
            self.ended += 1
            await asyncio.sleep(1.0)

    async def _read_stream(self, url: str) -> None:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 22)
        asked = [("floor_id", self.floor_id)] if self.floor_id else []
        query = urlencode([("purpose", "Live board"), *asked])
        writer.write(
            f"GET /api/v1/changes?{query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Accept: text/event-stream\r\n\r\n".encode()
        )
        try:
            status = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in status, status
            rest = b""
            while chunk := await reader.read(1 << 18):
                rest = self._take(rest + chunk)
        finally:
            writer.close()

    def _take(self, text: bytes) -> bytes:
        """Note the whole events of a text; returns what follows the last."""
        now_s = time.time()
        *lines, rest = text.split(b"\n")
        for line in lines:
            if line.startswith(b'data: {"kind":"'):
                self.events += 1
                _, _, _, kind, _, _, _, identity, _, seq = line[:200].split(b'"', 9)
                number = int(seq.split(b":", 1)[1].split(b",", 1)[0])
                if number % self.every == 0:
                    self.arrivals[kind.decode(), identity.decode(), number] = now_s
        return rest


def appended(settings: Settings, topics: Sequence[Topic], every: int) -> dict[Key, Appended]:
    """The records of topics whose seq is a multiple."""
    found: dict[Key, Appended] = {}
    registry = SchemaRegistry(settings.registry_url)
    for topic in topics:
        codec = registry.reader(topic)
        for message in read_topic(cluster_of(settings), topic):
            record: Any = codec.decode(message.value())
            if record["seq"] % every == 0:
                key = (message.key() or b"").decode()
                found[str(topic.live), key, record["seq"]] = Appended(
                    message.timestamp()[1] / 1000, record["floor_id"]
                )
    return found


@dataclass
class Usage:
    """Processor time and memory of a process, taken every few seconds."""

    pid: int
    memory_mb: list[float] = field(default_factory=list)

    def watch(self, ended: threading.Event, every_s: float) -> None:
        """Take memory until the end."""
        while not ended.wait(every_s):
            self.memory_mb.append(resident_mb(self.pid))


def measure(environment: dict[str, str], folder: Path, options: argparse.Namespace) -> None:
    """Run the ward and the boards; prints."""
    ward = FusedFloors(options.floors, options.cameras, options.people)
    port = free_ports(1)[0]
    others = sorted(os.sched_getaffinity(0) - {SERVER_CORE}) or [SERVER_CORE]
    os.sched_setaffinity(0, others)
    before = loads()
    with bench(environment, folder) as on:
        migrate(on.environment["WARDSTREAM_DATABASE_URL"])
        now_us = round(time.time() * 1e6)
        load = load_of(ward, on.settings, now_us)
        on.start(core=others[0])
        on.supervisor.start(Worker(name="sink", command=("sink", "redis")), ready_deadline_s=60)
        on.supervisor.start(
            Worker(
                name="serve",
                command=("serve",),
                environment={
                    "WARDSTREAM_SERVING__PORT": str(port),
                    "WARDSTREAM_SERVING__MAX_STREAMS_PER_SUBJECT": "100",
                },
            ),
            ready_deadline_s=60,
        )
        pid = on.supervisor.pid("serve")
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {SERVER_CORE})
        os.sched_setaffinity(on.supervisor.pid("sink"), others)
        load.append(load.encoded(1, now_us - 1_000_000))
        on.wait_for_tracks(len(ward.camera_ids))
        every = math.ceil(options.seconds / NOTED_S)
        live = LiveLoad(load, round((time.time() + 5) * 1e6))
        log = list(load.encoded(round(options.seconds * _FPS), live.start_us))
        floors = sorted({floor_of(ward, at) for at in range(len(ward.camera_ids))})
        clients = [
            Client(floors[at % len(floors)] if options.one_floor else "", every)
            for at in range(options.boards)
        ]
        start_s = live.start_us / 1e6
        end_s = start_s + options.seconds
        sending = threading.Thread(target=live.run, args=(log,))
        sending.start()
        usage, ended = Usage(pid), threading.Event()
        watching = threading.Thread(target=usage.watch, args=(ended, options.seconds / 40))
        watching.start()
        cpu_before: list[float] = []
        threading.Timer(
            max(0.0, start_s + WARM_S - time.time()), lambda: cpu_before.append(cpu_s(pid))
        ).start()

        async def read_all() -> None:
            url = f"http://127.0.0.1:{port}"
            await asyncio.gather(*(one.read(url, end_s) for one in clients))

        asyncio.run(read_all())
        used = (cpu_s(pid) - cpu_before[0]) / (options.seconds - WARM_S)
        ended.set()
        sending.join()
        watching.join()
        records = appended(on.settings, LIVE_TOPICS, every)
    report(options, clients, records, start_s, end_s, used, usage, live.late_s, before)


def report(
    options: argparse.Namespace,
    clients: Sequence[Client],
    records: dict[Key, Appended],
    start_s: float,
    end_s: float,
    used: float,
    usage: Usage,
    late_s: float,
    before: str,
) -> None:
    """Print what was measured."""
    window = (start_s + WARM_S, end_s - 2.0)
    wanted = {key: one for key, one in records.items() if window[0] <= one.at_s < window[1]}
    events = sum(one.events for one in clients)
    took: dict[str, list[float]] = {}
    missing = 0
    for client in clients:
        for key, (at_s, floor_id) in wanted.items():
            got_s = client.arrivals.get(key)
            if got_s is not None:
                took.setdefault(key[0], []).append(1000 * (got_s - at_s))
            elif key[0] in CHANGE_KINDS and client.floor_id in ("", floor_id):
                missing += 1
    everything = [one for each in took.values() for one in each]
    print(
        f"\n### {options.boards} boards, {options.floors} floors of {options.cameras} cameras and "
        f"{options.people} people at {_FPS:.0f} fps\n"
    )
    seconds = window[1] - window[0]
    print(
        f"Each board follows {'one floor' if options.one_floor else 'all floors'}. "
        f"{events / options.seconds:,.0f} events a second in all; of {len(everything) + missing:,} "
        f"that were noted in {seconds:.0f} s {missing:,} were passed over for newer ones of their "
        f"key. {sum(one.ended for one in clients)} streams ended early. The server "
        f"used {used:.0%} of its core, and its memory was "
        f"{usage.memory_mb[len(usage.memory_mb) // 4]:.0f} MB after a quarter and "
        f"{usage.memory_mb[-1]:.0f} MB at the end. Frames were sent at most "
        f"{1000 * late_s:.0f} ms late. Load averages before and after: {before}; {loads()}.\n"
    )
    print("| append to page, ms | events | p50 | p99 | most |\n|---|---|---|---|---|")
    for kind, found in [*sorted(took.items()), ("all", everything)]:
        cuts = quantiles(found, n=100)
        print(f"| {kind} | {len(found):,} | {cuts[49]:.0f} | {cuts[98]:.0f} | {max(found):.0f} |")


def main(arguments: Sequence[str] | None = None) -> None:
    """Start services, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--boards", type=int, default=50)
    parser.add_argument("--floors", type=int, default=4)
    parser.add_argument("--cameras", type=int, default=4, help="on a floor")
    parser.add_argument("--people", type=int, default=12, help="on a floor")
    parser.add_argument("--one-floor", action="store_true", help="each board follows one floor")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--services-env", type=Path, help="state.json of running services")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="wardstream-bench-") as folder:
        if options.services_env is not None:
            state = json.loads(options.services_env.read_text())
            measure(state["environment"], Path(folder), options)
            return
        with LocalServices(Path(folder) / "services") as services:
            measure(services.environment, Path(folder), options)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
