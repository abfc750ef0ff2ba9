"""Score our tracker as it is now, on every sequence at 10 and 5 fps, for whoever improves it.

    python -m tests.bench.tracking.quick [NAME=VALUE ...] [--each] [--only TEXT] [--seeds 2]

`NAME=VALUE` changes a tracker setting. `--each` prints every sequence. Fixed cameras come first.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.datasets.motchallenge import BoxTable
from tests.bench.tracking import ours
from tests.bench.tracking.compare import Row
from tests.bench.tracking.fast_scores import Counts, Truth, count, pool
from tests.bench.tracking.report import rate_name
from tests.bench.tracking.scenes import DATA, NoData, load
from tests.bench.tracking.sequences import MOUNTS, Sequence, at_rates, of_mount
from tests.bench.tracking.tuning import by_name

Tracker = Callable[[Sequence], BoxTable]

SHOWN = ("hota", "deta", "assa", "idf1", "mota", "recall")


def score(tracker: Tracker, sequences: list[Sequence]) -> list[Counts]:
    """Run a tracker over sequences that are at one rate; give what its scores are made of."""
    return [
        count(Truth.of(one.truth), one.scored(tracker(one)), on_floor=one.plan is not None)
        for one in sequences
    ]


def row_of(tracker: Tracker, sequences: list[Sequence]) -> Row:
    """The same as a row of the benchmark's tables."""
    return Row(ours.NAME, "shipped", by_name(sequences, score(tracker, sequences)))


def line(name: str, shares: list[float], switches: float) -> str:
    """One line of the table."""
    return f"{name:<28}" + "".join(f"{100 * share:8.2f}" for share in shares) + f"{switches:7.0f}"


HEADER = f"{'':<28}" + "".join(f"{name:>8}" for name in SHOWN) + f"{'IDSW':>7}"


def report(tracker: Tracker, sequences: list[Sequence], *, each: bool = False) -> str:
    """A table of a tracker before cameras of each mount, at every rate: means over scenes."""
    lines = [HEADER]
    for mount in MOUNTS:
        of_this = of_mount(sequences, mount)
        for rate, thinned in at_rates(of_this).items() if of_this else ():
            row = row_of(tracker, thinned)
            if each:
                for (_, name), counts in row.counts.items():
                    one = pool([counts])
                    shares = [getattr(one, share) for share in SHOWN]
                    lines.append(line(f"  {name}", shares, one.id_switches))
            means = [row.mean[share] for share in SHOWN]
            lines.append(line(f"{mount}, {rate_name(rate)}", means, row.pooled.id_switches))
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("changes", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--only", default="", help="sequences whose name holds this")
    parser.add_argument("--seeds", type=int, default=2, help="draws of made-up detections a scene")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with mot, pets2009, cmc")
    options = parser.parse_args()
    pairs = (change.split("=", 1) for change in options.changes)
    config: dict[str, Any] = {name: json.loads(value) for name, value in pairs}
    try:
        sequences = [one for one in load(options.data, options.seeds) if options.only in one.name]
    except NoData as error:
        sys.exit(str(error))
    started_s = time.perf_counter()
    print(report(lambda sequence: ours.run(sequence, config), sequences, each=options.each))
    print(f"{time.perf_counter() - started_s:.1f} s for {len(sequences)} sequences at 3 rates")


if __name__ == "__main__":
    main()
