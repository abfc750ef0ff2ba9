"""What reads of badges cost the stream processor: `python -m tests.bench.reads_in_processor`.

One worker, as `wardstream stream` is run and on one core, folds two sets of ten floors that show
the same. Their frames come live, a stretch of one set and then the same stretch of the other, and
reads of badges come with one set only. So both are folded by one process within seconds, and what
else the machine does is the same for both but for chance. Which set is first changes from pair to
pair.

A pair gives how much more processor time the set with reads took: fold, checkpoints, outputs,
consumers, all threads. The result is the median of the pairs' differences, in per cent of the
median without reads: of what the processor spends on the same frames, live. Its interval is from
resampled pairs. Prints Markdown.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from deploy.local.launcher import LocalServices
from schemas.records.evidence import BadgeRead
from tests.bench.fused_processor import FLOORS, loads, people_of
from tests.bench.streaming.bench import Bench, bench
from tests.bench.streaming.fused_ward import FusedFloors
from tests.bench.streaming.load import BACKLOG_START_US, Load
from tests.bench.streaming.probe import thread_time_s
from tests.bench.streaming.ward import FRAME_US, captured_us

SIZES: Final = "20x40x24,20x8x24,20x40x4,20x8x4"
CORNERS: Final = 4

WARM_S: Final = 12.0
"""Event time that is not measured, seconds: badges are known, and code is loaded."""

_RESAMPLED: Final = 4_000
_SURE: Final = 0.95


class Pair(NamedTuple):
    """Processor time of one stretch of both sets of floors, seconds."""

    without: float
    with_reads: float


class Found(NamedTuple):
    """What pairs say.

    Attributes:
        without: Median processor time of a stretch without reads, seconds.
        more: Median of what reads add, seconds.
        low: Least of its interval.
        high: Most of it.
    """

    without: float
    more: float
    low: float
    high: float


class Stretches:
    """Sends stretches of frames at their pace, and measures the worker meanwhile.

    Args:
        on: The run; its worker is started.
        ward: Two sets of floors.
        load: What to send with.
        frames: Of each camera, in a stretch.
        reads_per_s: Of badges, of all floors of the first set together.
    """

    def __init__(
        self, on: Bench, ward: FusedFloors, load: Load, frames: int, reads_per_s: float
    ) -> None:
        self._on = on
        self._ward = ward
        self._load = load
        self._frames = frames
        self._reads_per_s = reads_per_s
        self._sent = 0
        self._pid = on.supervisor.pid("stream")
        self.late_s = 0.0

    def pair(self, number: int) -> Pair:
        """One stretch of both sets; which of them is first changes with its number."""
        spent = {}
        for read in (False, True) if number % 2 else (True, False):
            spent[read] = self._run(number, read=read)
        return Pair(spent[False], spent[True])

    def _run(self, number: int, *, read: bool) -> float:
        """Processor time of the worker for a stretch, seconds."""
        ward, first = self._ward, number * self._frames
        count = ward.floors * ward.cameras_per_floor
        cameras = range(count) if read else range(count, 2 * count)
        span = range(first, first + self._frames)
        outcomes = self._load.encode(ward.log_of(cameras, span, BACKLOG_START_US))
        plan = [
            (captured_us(ward.alike(camera), span[index // count], BACKLOG_START_US), camera, value)
            for index, (camera, value) in enumerate(outcomes)
        ]
        reads = []
        if read:
            reads = ward.reads(self._frames, BACKLOG_START_US, self._reads_per_s, first)
        start_us = BACKLOG_START_US + first * FRAME_US
        before_s = thread_time_s(self._pid)
        self._send(sorted(plan), [(one["at_us"], one) for one in reads], start_us)
        self._on.wait_for_tracks(self._sent)
        time.sleep(0.3)
        return thread_time_s(self._pid) - before_s

    def _send(
        self,
        plan: Sequence[tuple[int, int, bytes]],
        reads: Sequence[tuple[int, BadgeRead]],
        start_us: int,
    ) -> None:
        """Send frames and reads when they are captured, with event time shifted to now."""
        started_s, waiting = time.monotonic(), list(reversed(reads))
        for at_us, camera, value in plan:
            ahead_s = started_s + (at_us - start_us) / 1e6 - time.monotonic()
            if ahead_s > 0:
                self._load.poll()
                time.sleep(ahead_s + 0.005)
            else:
                self.late_s = max(self.late_s, -ahead_s)
            while waiting and waiting[-1][0] <= at_us:
                self._load.send_read(waiting.pop()[1])
            self._load.send(camera, value)
            self._sent += 1
        while waiting:
            self._load.send_read(waiting.pop()[1])
        self._load.flush()


def found_of(pairs: Sequence[Pair]) -> Found:
    """The median of what reads add, with an interval from resampled pairs.

    >>> found = found_of([Pair(1.0, 1.02), Pair(2.0, 2.04), Pair(1.0, 1.03)])
    >>> [round(one, 2) for one in found]
    [1.0, 0.03, 0.02, 0.04]
    """
    differences = [one.with_reads - one.without for one in pairs]
    chance = random.Random(1)
    resampled = sorted(
        median(chance.choices(differences, k=len(differences))) for _ in range(_RESAMPLED)
    )
    out = round((1.0 - _SURE) / 2.0 * _RESAMPLED)
    return Found(
        median(one.without for one in pairs),
        median(differences),
        resampled[out],
        resampled[-1 - out],
    )


def measure(
    environment: dict[str, str], folder: Path, size: str, options: argparse.Namespace
) -> None:
    """Measure one size of floors, and print its row."""
    cameras, people, zones = (int(part) for part in size.split("x"))
    if zones not in (CORNERS, CORNERS + cameras):
        raise SystemExit(f"{size}: a floor has {CORNERS} or {CORNERS + cameras} zones")
    ward = FusedFloors(FLOORS, cameras, people, sets=2, bays=zones > CORNERS)
    frames = round(options.stretch * 1e6 / FRAME_US)
    with bench(environment, folder) as on:
        load = Load(on.settings, ward, ward.register(on.settings, BACKLOG_START_US))
        on.start()
        stretches = Stretches(on, ward, load, frames, options.reads)
        warm = -int(-WARM_S // options.stretch)
        for number in range(warm):
            stretches.pair(number)
        stretches.late_s = 0.0
        pairs = []
        for number in range(warm, warm + options.pairs):
            pairs.append(stretches.pair(number))
            print(pairs[-1], file=sys.stderr, flush=True)
        on.supervisor.stop("stream")
        _, named = people_of(on.settings, 2 * FLOORS)
    found = found_of(pairs)
    percent = [100 * one / found.without for one in (found.more, found.low, found.high)]
    print(
        f"| {cameras} | {people} | {zones} | {len(pairs)} "
        f"| {100 * found.without / options.stretch:.0f} "
        f"| {100 * found.more / options.stretch:.2f} "
        f"| **{percent[0]:.1f}** ({percent[1]:.1f} to {percent[2]:.1f}) "
        f"| {2 * named:.1f} | {1000 * stretches.late_s:.0f} | {loads()} |",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Start services, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--floors", default=SIZES, help="CAMERASxPEOPLExZONES, several by comma")
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--stretch", type=float, default=2.0, help="seconds")
    parser.add_argument("--reads", type=float, default=20.0, help="of badges, a second in all")
    parser.add_argument("--services-env", type=Path, help="state.json of running services")
    options = parser.parse_args(arguments)
    print("## Reads of badges in the stream processor, live\n")
    print(
        f"{FLOORS} floors, {options.reads:g} reads of badges a second in all, stretches of "
        f"{options.stretch:g} s; in brackets where the median of nineteen in twenty such runs is "
        "expected.\n"
    )
    print(
        "| cameras a floor, 10 fps | people each | zones each | pairs | without, % of a core "
        "| reads add, % of a core | **reads add, % of the processor** | named at the end, a floor "
        "| feed late at most, ms | load averages |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="wardstream-bench-") as folder:
        if options.services_env is not None:
            environment = json.loads(options.services_env.read_text())["environment"]
            for size in options.floors.split(","):
                measure(environment, Path(folder), size, options)
            return
        with LocalServices(Path(folder) / "services") as services:
            for size in options.floors.split(","):
                measure(services.environment, Path(folder), size, options)


if __name__ == "__main__":
    main()
