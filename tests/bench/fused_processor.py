"""What the stream processor folds of fused floors: `python -m tests.bench.fused_processor`.

Ten floors of 20 calibrated cameras each, through real Kafka, Faust and schema registry; the worker
is `wardstream stream` as it is run, on one core. A backlog gives the frames per second of processor
time, with fusion and, as peers in the same run, without (`stream.fuse_cameras` off) and by a loop
that only decodes and encodes. The same backlog with reads of badges, in turns with one without,
gives what these add. Frames sent when they are captured give how soon presence is held by
a subscriber. Prints Markdown.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, NamedTuple

from deploy.local.launcher import LocalServices
from runtime.process.settings import Settings
from schemas.records.evidence import BadgeRead
from schemas.registry import SchemaRegistry
from schemas.topics import PRESENCE, TRACKS
from tests.bench.streaming.bench import bench, floor_rate
from tests.bench.streaming.fused_ward import FusedFloors
from tests.bench.streaming.load import BACKLOG_START_US, LiveLoad, Load
from tests.bench.streaming.probe import cpu_s
from tests.support.clusters import cluster_of

FLOORS, CAMERAS = 10, 20
WARM, DONE = 0.25, 0.95
"""The part of a backlog that is measured: after people are known, and before the end."""

WARM_S: Final = 10.0
"""Of a live run, which are not measured."""

APART: Final = {"WARDSTREAM_STREAM__FUSE_CAMERAS": "false"}

Values = list[tuple[int, bytes]]


class Backlog(NamedTuple):
    """What one worker made of a backlog.

    Attributes:
        rate: Frames per second of processor time.
        wall_rate: Frames per second.
        people: People in the last presence record of a floor, mean of the floors.
        named: Those of them who are a member of staff.
        least_rate: Frames per second of processor time of the loop that only copies; 0 where it
            was not run.
    """

    rate: float
    wall_rate: float
    people: float
    named: float
    least_rate: float = 0.0


def load_of(ward: FusedFloors, settings: Settings, at_us: int) -> Load:
    """A load of a ward that is registered for this."""
    return Load(settings, ward, ward.register(settings, at_us))


def backlog(
    environment: dict[str, str],
    folder: Path,
    ward: FusedFloors,
    log: Values,
    *,
    fused: bool,
    least: bool,
    reads: Sequence[BadgeRead] = (),
) -> Backlog:
    """Fold a backlog on one core."""
    with bench(environment, folder) as on:
        load = load_of(ward, on.settings, BACKLOG_START_US)
        load.append_reads(reads)
        load.append(log)
        on.start(environment={} if fused else APART)
        pid = on.supervisor.pid("stream")
        on.wait_for_tracks(WARM * len(log))
        first, first_cpu_s, first_s = on.ends.records(TRACKS), cpu_s(pid), time.monotonic()
        on.wait_for_tracks(DONE * len(log))
        last, last_cpu_s, last_s = on.ends.records(TRACKS), cpu_s(pid), time.monotonic()
        on.wait_for_tracks(len(log))
        on.supervisor.stop("stream")
        people, named = people_of(on.settings, FLOORS)
        least_rate = floor_rate(on, len(log)) if least else 0.0
    return Backlog(
        (last - first) / (last_cpu_s - first_cpu_s),
        (last - first) / (last_s - first_s),
        people,
        named,
        least_rate,
    )


def people_of(settings: Settings, floors: int) -> tuple[float, float]:
    """Mean number of people in the newest presence record of each floor, and of those named."""
    found: dict[str, list[bool]] = {}
    for record, _ in held_presence(settings, threading.Event(), until_s=5.0):
        found[record["floor_id"]] = [one["staff_id"] is not None for one in record["people"]]
    assert len(found) == floors, sorted(found)
    people, named = (sum(map(count, found.values())) for count in (len, sum))
    return people / floors, named / floors


def held_presence(
    settings: Settings, ended: threading.Event, until_s: float | None = None
) -> list[tuple[dict[str, Any], float]]:
    """Consume presence as a subscriber would: each record, and when it was there.

    Args:
        settings: Where the broker is.
        ended: Ends the reading.
        until_s: Ends it too, when nothing came for so long.
    """
    codec = SchemaRegistry(settings.registry_url).reader(PRESENCE)
    consumer: Any = cluster_of(settings).consumer(f"bench-{uuid.uuid4().hex}")
    consumer.subscribe([cluster_of(settings).name(PRESENCE)])
    held = []
    newest_s = time.time()
    while not ended.is_set() and (until_s is None or time.time() < newest_s + until_s):
        for message in consumer.consume(200, 0.02):
            if message.error() is None:
                newest_s = time.time()
                held.append((codec.decode(message.value()), newest_s))
    consumer.close()
    return held


def throughput(
    environment: dict[str, str], folder: Path, people: int, records: int, rounds: int
) -> None:
    """Fold a backlog with fusion and without, in turns; prints."""
    ward = FusedFloors(FLOORS, CAMERAS, people)
    cameras = len(ward.camera_ids)
    log: Values = []
    rows: dict[bool, list[Backlog]] = {True: [], False: []}
    for turn in range(rounds):
        for fused in (True, False):
            if not log:
                with bench(environment, folder) as on:
                    load = load_of(ward, on.settings, BACKLOG_START_US)
                    log = list(load.encoded(records // cameras, BACKLOG_START_US))
            found = backlog(environment, folder, ward, log, fused=fused, least=fused and turn == 0)
            rows[fused].append(found)
            print(f"{fused=} {found}", file=sys.stderr, flush=True)
    least = rows[True][0].least_rate
    print(f"\n### {FLOORS} floors of {CAMERAS} cameras and {people} people, a backlog\n")
    print(
        f"{len(log):,} frames, {rounds} turns each, medians and in brackets each turn; load "
        f"averages now: {loads()}.\n"
    )
    print("| | fused | not fused |\n|---|---|---|")
    both = [rows[True], rows[False]]
    print(
        f"| frames per CPU-second | {' | '.join(_rates([b.rate for b in one]) for one in both)} |"
    )
    print(
        "| microseconds a frame | "
        + " | ".join(f"{1e6 / median(b.rate for b in one):.0f}" for one in both)
        + " |"
    )
    print(
        "| frames per second of wall time | "
        + " | ".join(f"{median(b.wall_rate for b in one):,.0f}" for one in both)
        + " |"
    )
    print(
        "| people at the end, a floor | "
        + " | ".join(f"{median(b.people for b in one):.0f}" for one in both)
        + " |"
    )
    print(f"| a minimal loop, per CPU-second | {least:,.0f} | |")


def with_reads(
    environment: dict[str, str],
    folder: Path,
    people: int,
    records: int,
    rounds: int,
    reads_per_s: float,
) -> None:
    """Fold a backlog with reads of badges and without, in turns; prints."""
    ward = FusedFloors(FLOORS, CAMERAS, people)
    frames = records // len(ward.camera_ids)
    with bench(environment, folder) as on:
        load = load_of(ward, on.settings, BACKLOG_START_US)
        log = list(load.encoded(frames, BACKLOG_START_US))
    reads = ward.reads(frames, BACKLOG_START_US, reads_per_s)
    pairs = []
    for turn in range(rounds):
        found = {}
        for read in (False, True) if turn % 2 else (True, False):
            found[read] = backlog(
                environment, folder, ward, log, fused=True, least=False, reads=reads if read else ()
            )
            print(f"{read=} {found[read]}", file=sys.stderr, flush=True)
        pairs.append((found[False], found[True]))
    more = [100 * (without.rate / given.rate - 1) for without, given in pairs]
    print(f"\n### {FLOORS} floors of {CAMERAS} cameras and {people} people, with reads of badges\n")
    print(
        f"{len(log):,} frames, {reads_per_s:g} reads a second in all, {rounds} turns of both; load "
        f"averages now: {loads()}.\n"
    )
    print("| | without reads | with reads |\n|---|---|---|")
    both = [*zip(*pairs, strict=True)]
    print(
        f"| frames per CPU-second | {' | '.join(_rates([b.rate for b in one]) for one in both)} |"
    )
    print(
        "| people at the end, a floor | "
        + " | ".join(f"{median(b.people for b in one):.0f}" for one in both)
        + " |"
    )
    print(
        "| named at the end, a floor | "
        + " | ".join(f"{median(b.named for b in one):.1f}" for one in both)
        + " |"
    )
    each = ", ".join(f"{one:.1f}" for one in more)
    print(f"| processor time, % more | | **{median(more):.1f}** ({each}) |")


def _rates(rates: Sequence[float]) -> str:
    each = ", ".join(f"{rate:,.0f}" for rate in rates)
    return f"**{median(rates):,.0f}** ({each})"


def loads() -> str:
    """Load averages of the machine over 1, 5 and 15 minutes."""
    return ", ".join(f"{one:.1f}" for one in os.getloadavg())


def live(environment: dict[str, str], folder: Path, people: int, seconds: int) -> None:
    """Send frames when they are captured; prints how soon presence is held."""
    ward = FusedFloors(FLOORS, CAMERAS, people)
    cameras = len(ward.camera_ids)
    before = loads()
    with bench(environment, folder) as on:
        now_us = round(time.time() * 1e6)
        load = load_of(ward, on.settings, now_us)
        on.start()
        pid = on.supervisor.pid("stream")
        # A partition is claimed at its first record: seconds that a running pipeline does not have.
        load.append(load.encoded(1, now_us - 1_000_000))
        on.wait_for_tracks(cameras)
        lead_s = 5 + cameras * seconds * 10 / 5_000
        live = LiveLoad(load, round((time.time() + lead_s) * 1e6))
        log = list(load.encoded(seconds * 10, live.start_us))
        held: list[tuple[dict[str, Any], float]] = []
        ended = threading.Event()
        reading = threading.Thread(target=lambda: held.extend(held_presence(on.settings, ended)))
        reading.start()
        sending = threading.Thread(target=live.run, args=(log,))
        sending.start()
        time.sleep(max(0.0, live.start_us / 1e6 + WARM_S - time.time()))
        started_cpu_s, started_s = cpu_s(pid), time.monotonic()
        sending.join()
        used = (cpu_s(pid) - started_cpu_s) / (time.monotonic() - started_s)
        on.wait_for_tracks(cameras + len(log))
        time.sleep(1)
        ended.set()
        reading.join()
    took_ms, age_ms = [], []
    for record, at_s in held:
        as_of_us = record["as_of_us"]
        decisive_ms = live.decisive_ms(int(record["floor_id"].rpartition("-")[2]), as_of_us)
        if as_of_us > live.start_us + WARM_S * 1e6 and decisive_ms is not None:
            took_ms.append(1000 * at_s - decisive_ms)
            age_ms.append(1000 * at_s - as_of_us / 1000)
    print(f"\n### {cameras} cameras x 10 fps live, {FLOORS} floors of {people} people, fused\n")
    print(
        f"{len(took_ms):,} presence records of {seconds - WARM_S:.0f} s. The worker has one core "
        f"and used {used:.0%} of it. The feed was at most {live.late_s * 1000:.0f} ms late. Load "
        f"averages before and after: {before}; {loads()}.\n"
    )
    print("| ms | p50 | p99 | most |\n|---|---|---|---|")
    for name, found in (
        (
            "from the append of the frame that closes a tick to a subscriber with its presence",
            took_ms,
        ),
        ("from the tick's end to the same", age_ms),
    ):
        cuts = quantiles(found, n=100)
        print(f"| {name} | {cuts[49]:.0f} | {cuts[98]:.0f} | {max(found):.0f} |")


def measure(environment: dict[str, str], folder: Path, options: argparse.Namespace) -> None:
    """Everything, printed as it is known."""
    for people in options.people:
        if options.only in (None, "backlog"):
            throughput(environment, folder, people, options.records, options.rounds)
        if options.only in (None, "reads"):
            with_reads(
                environment,
                folder,
                people,
                options.records,
                options.rounds,
                options.reads,
            )
        if options.only in (None, "live"):
            live(environment, folder, people, options.seconds)
        sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """Start services, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, nargs="+", default=[40, 8], help="on a floor")
    parser.add_argument("--records", type=int, default=50_000, help="frames of a backlog")
    parser.add_argument("--rounds", type=int, default=2, help="turns of a backlog")
    parser.add_argument("--seconds", type=int, default=70, help="of a live run")
    parser.add_argument("--only", choices=["backlog", "reads", "live"])
    parser.add_argument("--reads", type=float, default=20.0, help="of badges, a second in all")
    parser.add_argument("--services-env", type=Path, help="state.json of running services")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="wardstream-bench-") as folder:
        if options.services_env is not None:
            state = json.loads(options.services_env.read_text())
            measure(state["environment"], Path(folder), options)
            return
        with LocalServices(Path(folder) / "services") as services:
            measure(services.environment, Path(folder), options)


if __name__ == "__main__":
    main()
