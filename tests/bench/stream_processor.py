"""What the stream processor folds in a second of processor time, and how soon it answers.

    .venv/bin/python tests/bench/stream_processor.py [--cameras 200 500] [--services-env FILE]

Real Kafka, Faust and schema registry; the worker is `wardstream stream` as it is run, on one
core. Prints markdown. A loop of confluent-kafka that only decodes and encodes is measured in the
same run, because the machine's figures move more than their ratios.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import Any

from deploy.local.launcher import LocalServices
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import OCCUPANCY, TRACKS
from tests.bench.streaming import staged
from tests.bench.streaming.bench import Bench, bench, floor_rate
from tests.bench.streaming.load import BACKLOG_START_US, LiveLoad, Load
from tests.bench.streaming.probe import cpu_of_threads, cpu_s, resident_mb
from tests.bench.streaming.ward import Corridors
from tests.support.clusters import cluster_of
from tests.support.waiting import eventually

WARM, DONE = 0.15, 0.95
"""The part of a backlog that is measured: after compiling and before the end."""


def throughput(environment: dict[str, str], folder: Path, cameras: int, records: int) -> float:
    """Fold a backlog on one core, take it over after a kill, time its stages; prints."""
    frames = records // cameras
    extra = max(frames // 4, 20)
    with bench(environment, folder) as on:
        ward = Corridors(cameras)
        load = Load(on.settings, ward, ward.register(on.settings, BACKLOG_START_US))
        log = load.encoded(frames + 2 * extra, BACKLOG_START_US)
        load.append(islice(log, frames * cameras))
        total = frames * cameras
        ready_s = on.start()
        pid = on.supervisor.pid("stream")
        ready_cpu_s, empty_mb = cpu_s(pid), resident_mb(pid)
        on.wait_for_tracks(WARM * total)
        first, first_cpu_s, first_s = on.ends.records(TRACKS), cpu_s(pid), time.monotonic()
        on.wait_for_tracks(DONE * total)
        last, last_cpu_s, last_s = on.ends.records(TRACKS), cpu_s(pid), time.monotonic()
        rate = (last - first) / (last_cpu_s - first_cpu_s)
        on.wait_for_tracks(total)
        full_mb = resident_mb(pid)

        on.supervisor.kill("stream")
        load.append(islice(log, extra * cameras))
        killed_s = time.monotonic()
        on.start(name="recovered")
        pid = on.supervisor.pid("recovered")
        back_ready_s, back_cpu_s = time.monotonic() - killed_s, cpu_s(pid)
        on.wait_for_tracks(total + 1)
        back_s = time.monotonic() - killed_s
        on.wait_for_tracks(total + extra * cameras)
        on.supervisor.stop("recovered")

        again = on.ends.records(TRACKS)
        load.append(log)
        out = folder / "stages.json"
        on.start(
            name="staged",
            program=(sys.executable, "-m", "tests.bench.streaming.staged"),
            environment={staged.OUT: str(out)},
        )
        pid = on.supervisor.pid("staged")
        staged_ready_s = cpu_s(pid)
        on.wait_for_tracks(again + extra * cameras)
        threads = cpu_of_threads(pid)
        on.supervisor.stop("staged")
        floor = floor_rate(on, total)
    print(f"\n### {cameras} cameras, {total:,} frames in the log, one core\n")
    print("| | |\n|---|---|")
    print(f"| frames per CPU-second | **{rate:,.0f}** ({1e6 / rate:.0f} us a frame) |")
    print(f"| frames per second of wall time | {(last - first) / (last_s - first_s):,.0f} |")
    print(f"| the floor: consume, decode, encode, produce | {floor:,.0f} per CPU-second |")
    print(f"| ratio to the floor | {rate / floor:.2f} |")
    print(f"| start until ready | {ready_s:.1f} s, {ready_cpu_s:.1f} s of processor time |")
    print(f"| memory when ready, and after the last frame | {empty_mb:.0f} MB, {full_mb:.0f} MB |")
    print(
        f"| memory per camera, the whole process shared out | {full_mb * 1024 / cameras:.0f} KB |"
    )
    print(
        f"| kill -9, started again at once: ready, first new tracks | {back_ready_s:.1f} s, "
        f"{back_s:.1f} s (the group waits {on.settings.stream.session_timeout_s:.0f} s for the "
        f"dead); {back_cpu_s:.1f} s of processor time until ready |"
    )
    show_stages(json.loads(out.read_text()), extra * cameras, staged_ready_s, threads)
    return rate


def show_stages(
    found: dict[str, Any], frames: int, ready_s: float, threads: dict[str, float]
) -> None:
    """Print where the processor time of a staged run went."""
    spent = {stage: ns / 1000 / frames for stage, ns in found["ns"].items()}
    whole = (found["cpu_s"] - ready_s) * 1e6 / frames
    print("\n| stage (a run with stopwatches in it) | us a frame | share |\n|---|---|---|")
    for stage, us in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"| {stage} | {us:.1f} | {us / whole:.0%} |")
    rest = whole - sum(spent.values())
    print(f"| Kafka clients, Faust, threads, stopwatches | {rest:.1f} | {rest / whole:.0%} |")
    shown = ", ".join(
        f"{name} {used:.1f} s" for name, used in sorted(threads.items(), key=lambda t: -t[1])[:6]
    )
    print(f"\nThreads of that run, by name, start included: {shown}.")


def workers_side_by_side(
    environment: dict[str, str], folder: Path, cameras: int, records: int, alone: float
) -> None:
    """Fold a backlog with two workers, each on its core; prints each one's rate."""
    frames = 2 * records // cameras
    with bench(environment, folder) as on:
        ward = Corridors(cameras)
        load = Load(on.settings, ward, ward.register(on.settings, BACKLOG_START_US))
        load.append(load.encoded(frames, BACKLOG_START_US))
        total = frames * cameras
        on.start("one", 0)
        on.start("two", 1)
        _wait_for_both(on)
        pids = [on.supervisor.pid(name) for name in ("one", "two")]
        on.wait_for_tracks(on.ends.records(TRACKS) + 0.02 * total)  # both are at it again
        first, started = on.ends.records(TRACKS), [cpu_s(pid) for pid in pids]
        assert first < total / 2, "the backlog is too short for two workers to share"
        on.wait_for_tracks(DONE * total)
        last, ended = on.ends.records(TRACKS), [cpu_s(pid) for pid in pids]
    used = [after - before for before, after in zip(started, ended, strict=True)]
    each = (last - first) / sum(used)
    print(f"\n### Two workers, {cameras} cameras\n")
    print(
        f"{each:,.0f} frames per CPU-second each ({used[0]:.1f} s and {used[1]:.1f} s of processor "
        f"time): {each / alone:.2f} of one worker alone."
    )


def _wait_for_both(on: Bench) -> None:
    """Wait until the group has given each worker half of the partitions."""

    def halved() -> bool:
        held = []
        for name in ("one", "two"):
            address = f"http://127.0.0.1:{on.supervisor.metrics_port(name)}/healthz"
            with urllib.request.urlopen(address, timeout=10) as answer:
                held.append(json.load(answer).get("partitions"))
        return held == ["16", "16"]

    eventually(halved, 60, "16 partitions for each worker", pause_s=0.2)


def latency(environment: dict[str, str], folder: Path, rate: float, seconds: int) -> None:
    """Run live at half of what a core can take; prints how soon occupancy is held."""
    cameras = max(10, round(rate / 2 / 10 / 10) * 10)
    with bench(environment, folder) as on:
        now_us = round(time.time() * 1e6)
        ward = Corridors(cameras)
        load = Load(on.settings, ward, ward.register(on.settings, now_us))
        on.start()
        pid = on.supervisor.pid("stream")
        # A partition is claimed at its first record: seconds that a running pipeline does not have.
        load.append(load.encoded(1, now_us - 1_000_000))
        on.wait_for_tracks(cameras)
        lead_s = 5 + cameras * seconds * 10 / 8_000
        live = LiveLoad(load, round((time.time() + lead_s) * 1e6))
        log = list(load.encoded(seconds * 10, live.start_us))
        held: list[tuple[int, int, float]] = []
        ended = threading.Event()
        reading = threading.Thread(target=_hold, args=(on.settings, held, ended))
        reading.start()
        sending = threading.Thread(target=live.run, args=(log,))
        sending.start()
        time.sleep(max(0.0, live.start_us / 1e6 + 5 - time.time()))
        started_cpu_s, started_s = cpu_s(pid), time.monotonic()
        sending.join()
        used = (cpu_s(pid) - started_cpu_s) / (time.monotonic() - started_s)
        on.wait_for_tracks(cameras + len(log))
        time.sleep(1)
        ended.set()
        reading.join()
    took_ms = [
        1000 * at_s - decisive
        for floor, as_of_us, at_s in held
        if as_of_us > live.start_us + 5_000_000
        and (decisive := live.decisive_ms(floor, as_of_us)) is not None
    ]
    cuts = quantiles(took_ms, n=100)
    print(f"\n### Latency, {cameras} cameras x 10 fps live\n")
    print(
        "From the broker's append of the detection that closes a tick to a consumer that holds the "
        f"zone's occupancy: p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms ({len(took_ms):,} "
        f"records, {seconds - 5} s); the worker used {used:.0%} of its core; the feed was at most "
        f"{live.late_s * 1000:.0f} ms late."
    )


def _hold(settings: Settings, held: list[tuple[int, int, float]], ended: threading.Event) -> None:
    """Consume occupancy as a subscriber would, and note when each record was there."""
    codec = SchemaRegistry(settings.registry_url).reader(OCCUPANCY)
    consumer: Any = cluster_of(settings).consumer(f"bench-{uuid.uuid4().hex}")
    consumer.subscribe([cluster_of(settings).name(OCCUPANCY)])
    while not ended.is_set():
        for message in consumer.consume(200, 0.02):
            if message.error() is None:
                at_s = time.time()
                record = codec.decode(message.value())
                floor = int(record["floor_id"].rpartition("-")[2])
                held.append((floor, record["as_of_us"], at_s))
    consumer.close()


def measure(environment: dict[str, str], folder: Path, options: argparse.Namespace) -> None:
    """Everything, printed as it is known."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{os.cpu_count()} cores, load averages at the start: {load}.", flush=True)
    rate = options.rate
    for cameras in [] if rate else options.cameras:
        rate = throughput(environment, folder, cameras, options.records)
        sys.stdout.flush()
    if "workers" not in options.without:
        workers_side_by_side(environment, folder, max(options.cameras), options.records, rate)
        sys.stdout.flush()
    if "latency" not in options.without:
        latency(environment, folder, rate, options.seconds)


def main(arguments: Sequence[str] | None = None) -> None:
    """Start services, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cameras", type=int, nargs="+", default=[200, 500])
    parser.add_argument("--records", type=int, default=100_000, help="frames of a backlog")
    parser.add_argument("--seconds", type=int, default=30, help="of the live run")
    parser.add_argument(
        "--rate", type=float, default=0.0, help="frames per CPU-second, where it is known already"
    )
    parser.add_argument("--without", nargs="*", default=[], choices=["workers", "latency"])
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
