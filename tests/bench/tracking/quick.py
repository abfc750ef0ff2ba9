"""Score our tracker as it is now, on every sequence and rate: seconds, for whoever improves it.

    python -m tests.bench.tracking.quick [NAME=VALUE ...] [--each] [--only TEXT] [--data FOLDER]

`NAME=VALUE` changes a tracker setting. `--each` prints every sequence.
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
from tests.bench.tracking.fast_scores import Counts, Scores, Truth, count, pool
from tests.bench.tracking.sequences import DATA, NoData, Sequence, at_rates, load

Tracker = Callable[[Sequence], BoxTable]


def score(tracker: Tracker, sequences: list[Sequence]) -> list[Counts]:
    """Run a tracker over sequences that are at one rate; give what its scores are made of."""
    return [count(Truth.of(sequence.truth), tracker(sequence)) for sequence in sequences]


def mean(counts: list[Counts]) -> dict[str, float]:
    """Mean of the sequences' scores (x100), and total switches and fragments."""
    scores = [pool([one]) for one in counts]
    names = ("hota", "deta", "assa", "idf1", "mota", "recall")
    return {name: 100 * sum(getattr(s, name) for s in scores) / len(scores) for name in names}


def row(name: str, score: Scores) -> str:
    """One line of the table."""
    shares = (score.hota, score.deta, score.assa, score.idf1, score.mota, score.recall)
    return (
        f"{name:<28}"
        + "".join(f"{100 * share:8.2f}" for share in shares)
        + f"{score.id_switches:7d}{score.fragments:7d}"
    )


HEADER = (
    f"{'':<28}"
    + "".join(f"{name:>8}" for name in ("HOTA", "DetA", "AssA", "IDF1", "MOTA", "recall"))
    + f"{'IDSW':>7}{'Frag':>7}"
)


def report(tracker: Tracker, sequences: list[Sequence], *, each: bool = False) -> str:
    """A table of a tracker at every rate: pooled, and the mean over sequences."""
    lines = [HEADER]
    for rate, thinned in at_rates(sequences).items():
        label = "own rate" if rate is None else f"{rate} fps"
        counts = score(tracker, thinned)
        if each:
            lines += [
                row(f"  {sequence.name} {sequence.rate:.3g}", pool([one]))
                for sequence, one in zip(thinned, counts, strict=True)
            ]
        lines.append(row(f"{label}, pooled", pool(counts)))
        means = mean(counts)
        lines.append(f"{label + ', mean':<28}" + "".join(f"{v:8.2f}" for v in means.values()))
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("changes", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--only", default="", help="sequences whose name holds this")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with MOT15-train")
    options = parser.parse_args()
    pairs = (change.split("=", 1) for change in options.changes)
    config: dict[str, Any] = {name: json.loads(value) for name, value in pairs}
    try:
        sequences = [one for one in load(options.data) if options.only in one.name]
    except NoData as error:
        sys.exit(str(error))
    started_s = time.perf_counter()
    print(report(lambda sequence: ours.run(sequence, config), sequences, each=options.each))
    print(f"{time.perf_counter() - started_s:.1f} s for {len(sequences)} sequences at 3 rates")


if __name__ == "__main__":
    main()
