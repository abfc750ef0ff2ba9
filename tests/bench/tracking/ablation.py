"""What each part of the tracker earns: one is taken away, or one added, at a time.

    python -m tests.bench.tracking.ablation

Prints a table in Markdown: scores pooled over all sequences, at each rate, and the difference to
what ships. A part stays by default only when it earns something here.
"""

import sys
from typing import Any

from tests.bench.tracking import ours
from tests.bench.tracking.fast_scores import pool
from tests.bench.tracking.quick import score
from tests.bench.tracking.sequences import NoData, Sequence, at_rates, load

PARTS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "without the camera's movement": {"camera_share": 0.0},
    "camera's movement remembered for 1 s": {"camera_memory_s": 1.0},
    "camera's movement remembered for 10 s": {"camera_memory_s": 10.0},
    "the unseen do not yield": {"unseen_yield": 0.0},
    "the reach does not grow": {"rescue_growth": 0.0},
    "without the overlap of heights": {"height_weight": 0.0},
    "without momentum": {"momentum_weight": 0.0},
    "without re-update after a gap": {"reupdate": False},
    "all boxes measured alike": {"noise.score_noise": 0.0},
    "without the wider last round": {"rescue_buffer": 0.0},
    "births beside people already seen": {"birth_iou": 1.0, "birth_cover": 1.0},
    "no low scores": {"low_score": 0.55},
    "confirmed at once": {"confirm_hits": 1, "confirm_after_s": 0.0},
    "confirmed after 3 sights": {"confirm_hits": 3},
    "lost for 1 s at most": {"max_lost_s": 1.0},
    "lost for 4 s at most": {"max_lost_s": 4.0},
}


def cells(config: dict[str, Any], sequences: list[Sequence]) -> list[tuple[float, float, int]]:
    """HOTA, IDF1 (x100) and switches at each rate."""
    found = []
    for thinned in at_rates(sequences).values():
        scores = pool(score(lambda sequence: ours.run(sequence, config), thinned))
        found.append((100 * scores.hota, 100 * scores.idf1, scores.id_switches))
    return found


def main() -> None:
    """Print the table."""
    try:
        sequences = load()
    except NoData as error:
        sys.exit(str(error))
    rates = ["own rate" if rate is None else f"{rate} fps" for rate in at_rates(sequences[:1])]
    print("| | " + " | ".join(f"{rate}: HOTA, IDF1, IDSW" for rate in rates) + " |")
    print("|---" * (len(rates) + 1) + "|")
    shipped: list[tuple[float, float, int]] = []
    for part, config in PARTS.items():
        row = cells(config, sequences)
        shipped = shipped or row
        shown = []
        for (hota, idf1, switches), (base_hota, base_idf1, _) in zip(row, shipped, strict=True):
            shown.append(
                f"{hota:.1f}, {idf1:.1f}, {switches}"
                if not config
                else f"{hota - base_hota:+.1f}, {idf1 - base_idf1:+.1f}, {switches}"
            )
        print(f"| {part} | " + " | ".join(shown) + " |", flush=True)


if __name__ == "__main__":
    main()
