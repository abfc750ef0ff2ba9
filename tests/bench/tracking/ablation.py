"""What each part of the tracker earns: one is taken away, or one added, at a time.

    python -m tests.bench.tracking.ablation [--seeds 5]

Prints a table in Markdown for fixed cameras and one for moving ones: means over scenes, at 10 and
5 fps, and the difference to what ships. A part stays by default only when it earns something here.
"""

import argparse
import sys
from typing import Any

from tests.bench.tracking import ours
from tests.bench.tracking.quick import row_of
from tests.bench.tracking.scenes import NoData, load
from tests.bench.tracking.sequences import MOUNTS, Sequence, of_mount, thinned

RATES = (10, 5)

PARTS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "half-hidden people start no track sooner": {"hidden_birth_score": 1.0},
    "all low scores start tracks": {"birth_score": 0.25},
    "no track coasts": {"coast_presence": 2.0},
    "every track coasts": {"coast_presence": 0.0},
    "coasting for 0.6 s": {"lost_after_s": 0.6},
    "two hits confirm, whatever their scores": {"confirm_evidence": 0.0},
    "boxes change size as fast as before a moving camera": {"noise.size": 0.2},
    "without the overlap of heights": {"height_weight": 0.0},
    "without momentum": {"momentum_weight": 0.0},
    "re-update after a gap": {"reupdate": True},
    "all boxes measured alike": {"noise.score_noise": 0.0},
    "the unseen do not yield": {"unseen_yield": 0.0},
    "the reach does not grow": {"rescue_growth": 0.0},
    "without the wider last round": {"rescue_buffer": 0.0},
    "births beside people already seen": {"birth_iou": 1.0, "birth_cover": 1.0},
    "no low scores": {"low_score": 0.6, "hidden_birth_score": 0.62},
    "without the camera's movement": {"camera_share": 0.0},
    "confirmed after 3 sights": {"confirm_hits": 3},
    "lost for 1 s at most": {"max_lost_s": 1.0},
    "lost for 4 s at most": {"max_lost_s": 4.0},
    "lost for 6 s at most": {"max_lost_s": 6.0},
}


def cells(config: dict[str, Any], sequences: list[Sequence]) -> list[tuple[float, ...]]:
    """HOTA, IDF1, MOTA (x100) and switches at each rate."""
    found = []
    for rate in RATES:
        thin = [thinned(sequence, rate) for sequence in sequences]
        row = row_of(lambda one: ours.run(one, config), thin)
        shares = (100 * row.mean[name] for name in ("hota", "idf1", "mota"))
        found.append((*shares, row.pooled.id_switches))
    return found


def table(sequences: list[Sequence], mount: str) -> None:
    """Print the table of one mount."""
    print(
        f"| {mount} cameras | "
        + " | ".join(f"{rate} fps: HOTA, IDF1, MOTA, IDSW" for rate in RATES)
        + " |"
    )
    print("|---" * (len(RATES) + 1) + "|")
    shipped: list[tuple[float, ...]] = []
    for part, config in PARTS.items():
        row = cells(config, sequences)
        shipped = shipped or row
        shown = []
        for (*shares, switches), (*base, _) in zip(row, shipped, strict=True):
            sign = "+.1f" if config else ".1f"
            less = base if config else [0.0] * len(base)
            values = [f"{one - other:{sign}}" for one, other in zip(shares, less, strict=True)]
            shown.append(", ".join([*values, f"{switches:.0f}"]))
        print(f"| {part} | " + " | ".join(shown) + " |", flush=True)
    print()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2, help="draws of made-up detections a scene")
    try:
        sequences = load(seeds=parser.parse_args().seeds)
    except NoData as error:
        sys.exit(str(error))
    for mount in MOUNTS:
        table(of_mount(sequences, mount), mount)


if __name__ == "__main__":
    main()
