"""How long a comparison of two arms takes, beside SciPy and a matching frame by frame.

    OMP_NUM_THREADS=1 python tests/bench/comparison.py

144,000 frames (four cameras, one hour, 10 a second, three people a frame on average); CPU time of
one thread. The peers do less: `scipy.stats.bootstrap` one measure over the same blocks, and
`evaluate_detections` one arm without any interval, on a part of the frames.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from models.comparison.arms import Arm, BoxesOfFrames, Frames, Truth  # noqa: E402
from models.comparison.blocks import units_of  # noqa: E402
from models.comparison.compare import compare  # noqa: E402
from models.comparison.ratios import Ratio, differences_of, sums_of  # noqa: E402
from models.datasets.motchallenge import BoxTable  # noqa: E402
from models.evaluation.detection import evaluate_detections  # noqa: E402

CAMERAS = 4
FRAMES = 36_000
STEP_US = 100_000
PART = 3_600
RESAMPLES = 10_000
BLOCK_S = 60.0


def cpu_s(work: Callable[[], object]) -> float:
    start_s = time.process_time()
    work()
    return time.process_time() - start_s


def scene() -> tuple[Truth, Arm, Arm]:
    frames = Frames(
        cameras=np.repeat(np.array([f"camera-{n}" for n in range(CAMERAS)]), FRAMES),
        times_us=np.tile(np.arange(FRAMES) * STEP_US, CAMERAS),
        size=(1000, 1000),
    )
    rng = np.random.default_rng(0)
    at = np.repeat(np.arange(len(frames)), rng.poisson(3, len(frames)))
    corner = rng.uniform(0, 800, (len(at), 2))
    boxes = np.concatenate([corner, corner + rng.uniform(40, 150, (len(at), 2))], axis=1)

    def arm(name: str, share: float) -> Arm:
        kept = rng.random(len(at)) < share
        count = int(kept.sum())
        found = BoxesOfFrames(
            frames=at[kept],
            boxes=boxes[kept] + rng.normal(0, 6, (count, 4)),
            scores=rng.beta(5, 2, count),
        )
        return Arm(name=name, frames=frames, found=found)

    people = BoxesOfFrames(frames=at, boxes=boxes)
    return Truth(frames=frames, people=people), arm("now", 0.9), arm("next", 0.88)


def table_of(boxes: BoxesOfFrames, limit: int) -> BoxTable:
    kept = boxes.frames < limit
    count = int(kept.sum())
    scores = boxes.scores[kept] if len(boxes.scores) else np.ones(count)
    return BoxTable(boxes.frames[kept] + 1, np.full(count, -1), boxes.boxes[kept], scores)


def main() -> None:
    truth, a, b = scene()
    whole = cpu_s(lambda: compare(a, b, truth))
    print(f"compare, 1,000 resamples: {whole:.2f} s CPU")
    print(f"compare, 10,000 resamples: {cpu_s(lambda: compare(a, b, truth, resamples=10_000)):.2f}")

    people, found = table_of(truth.people, PART), table_of(a.found, PART)
    part = cpu_s(lambda: evaluate_detections(people, found))
    loop = 2 * part * len(a.frames) / PART
    print(f"two arms frame by frame, scores alone: {loop:.1f} s CPU, {loop / whole:.1f} times")

    count = np.bincount(truth.people.frames, minlength=len(a.frames)).astype(float)
    counts = [
        np.bincount(arm.found.frames, minlength=len(a.frames)).astype(float) for arm in (a, b)
    ]
    ratio = Ratio(name="found", up_a=counts[0], up_b=counts[1], down_a=count, down_b=count)
    units = units_of(a.frames, BLOCK_S)
    ours = cpu_s(lambda: differences_of([ratio] * 5, units, resamples=RESAMPLES))
    sums = sums_of([ratio], units)

    def gap(*columns: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        up_a, down_a, up_b, down_b = (column.sum(axis=axis) for column in columns)
        return np.asarray(up_b / down_b - up_a / down_a)

    peer = cpu_s(
        lambda: bootstrap(
            tuple(sums.T),
            gap,
            paired=True,
            vectorized=True,
            n_resamples=RESAMPLES,
            method="percentile",
            random_state=0,
        )
    )
    print(
        f"10,000 resamples of five measures: {ours:.2f} s CPU; of one by SciPy: {peer:.2f} s, "
        f"{5 * peer / ours:.1f} times a measure"
    )


if __name__ == "__main__":
    main()
