"""How long one frame takes the tracker, beside the fastest open ones in the same run.

    python tests/bench/tracker_speed.py [--peer-python PATH] [--day]

Ours is timed from an (N, 5) array to the table of tracks, starts, ends and links included. The
peers are SORT and ByteTrack of roboflow's `trackers`, in an environment of their own, which is made
once below the cache folder unless a Python that has them is given; their detections are made
beforehand and not timed. CPU time of the thread, least mean of five passes, each over a new scene;
passes of ours and theirs alternate.
`--day` folds a day of 10 frames a second and prints the memory after each hour.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from streams.domain.settings import TrackerSettings  # noqa: E402
from streams.domain.tracking.arrays import advance_boxes, warm_up  # noqa: E402
from streams.domain.tracking.parameters import parameters_of  # noqa: E402
from streams.domain.tracking.state import TrackerState  # noqa: E402
from tests.bench.tracking.peers.environments import LIBRARIES, NoPeers, python_of  # noqa: E402

Floats = NDArray[np.float64]

SIZES = (1, 5, 10, 20, 30, 50)
PASSES = 5
FRAMES = 600
WARM = 50
FPS = 10
DAY_FRAMES = 24 * 3600 * FPS

PEER = """
import json, sys, time
import numpy as np, supervision as sv
from trackers import ByteTrackTracker, SORTTracker
kinds = {"trackers-sort": SORTTracker, "trackers-bytetrack": ByteTrackTracker}
for line in sys.stdin:
    path, name, warm = json.loads(line)
    scene = np.load(path)
    given = [
        sv.Detections(xyxy=b[:, :4], confidence=b[:, 4], class_id=np.zeros(len(b), dtype=int))
        for b in (scene[key] for key in scene.files)
    ]
    tracker = kinds[name]()
    for one in given[:warm]:
        tracker.update(one)
    start_s = time.thread_time()
    for one in given[warm:]:
        tracker.update(one)
    print((time.thread_time() - start_s) / (len(given) - warm), flush=True)
"""
PEERS = ("trackers-sort", "trackers-bytetrack")


def scene(people: int, seed: int, frames: int = FRAMES) -> list[Floats]:
    """Walkers of a person's shape in a picture of 1920 x 1080; each frame has all of them."""
    random = np.random.default_rng(seed)
    x, y = random.uniform(0, 1920, people), random.uniform(300, 1080, people)
    velocity = random.uniform(-90, 90, people)
    height = 90 + 0.12 * y
    boxes = []
    for _ in range(frames):
        x = x + velocity / FPS
        velocity = np.where((x < 0) | (x > 1920), -velocity, velocity)
        edges = np.stack([x - height / 5, y - height, x + height / 5, y], axis=1)
        edges += random.normal(0, 2, edges.shape)
        scores = np.where(random.random(people) < 0.1, 0.3, random.uniform(0.6, 1, people))
        boxes.append(np.ascontiguousarray(np.column_stack([edges, scores])))
    return boxes


def ours(boxes: list[Floats]) -> tuple[float, int]:
    """Mean seconds of a frame, and live tracks at the end."""
    parameters = parameters_of(TrackerSettings())
    state = TrackerState()
    at_us = 1_000_000
    for one in boxes[:WARM]:
        at_us += 1_000_000 // FPS
        advance_boxes(state, at_us, one, parameters)
    start_s = time.thread_time()
    for one in boxes[WARM:]:
        at_us += 1_000_000 // FPS
        advance_boxes(state, at_us, one, parameters)
    return (time.thread_time() - start_s) / (len(boxes) - WARM), state.live


def packing(boxes: list[Floats], repeats: int = 2000) -> tuple[float, int]:
    """Seconds to pack a state and read it back, and its bytes."""
    parameters = parameters_of(TrackerSettings())
    state = TrackerState()
    for number, one in enumerate(boxes[:WARM]):
        advance_boxes(state, 1_000_000 + number * 1_000_000 // FPS, one, parameters)
    least = float("inf")
    for _ in range(PASSES):
        start_s = time.thread_time()
        for _ in range(repeats // PASSES):
            TrackerState.unpack(state.pack())
        least = min(least, (time.thread_time() - start_s) / (repeats // PASSES))
    return least, len(state.pack())


class Peer:
    """The peers' process: one scene after another.

    Args:
        python: That has `trackers`.
    """

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [python, "-c", PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def seconds(self, path: str, name: str) -> float:
        """Mean seconds of a frame.

        Raises:
            NoPeers: The process has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([path, name, WARM]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise NoPeers("the process of the peers has ended")
        return float(line)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def compare(python: Path) -> None:
    """Print the table of sizes."""
    peer = Peer(python)
    print(f"{'people':>6} {'live':>5} {'ours':>8}", *(f"{name:>19}" for name in PEERS), "   ratio")
    first = 0.0
    for people in SIZES:
        least = dict.fromkeys(("ours", *PEERS), float("inf"))
        live = 0
        for number in range(PASSES):
            boxes = scene(people, 100 * people + number)
            taken, live = ours(boxes)
            least["ours"] = min(least["ours"], taken)
            with tempfile.NamedTemporaryFile(suffix=".npz") as file:
                np.savez(file, *boxes)
                file.flush()
                for name in PEERS:
                    least[name] = min(least[name], peer.seconds(file.name, name))
        fastest = min(least[name] for name in PEERS)
        first = least["ours"] if people == 10 else first
        growth = f", {least['ours'] / first:.1f} x that of 10" if people > 10 else ""
        print(
            f"{people:6d} {live:5d} {least['ours'] * 1e6:5.1f} us",
            *(f"{least[name] * 1e6:16.0f} us" for name in PEERS),
            f"{fastest / least['ours']:7.0f}{growth}",
        )
    peer.close()


def day() -> None:
    """Fold a day in which people come and go; print memory by the hour."""
    parameters = parameters_of(TrackerSettings())
    state = TrackerState()
    parts = [scene(12, seed, frames=FPS * 60) for seed in range(10)]
    start_s = time.thread_time()
    for frame in range(DAY_FRAMES):
        boxes = parts[frame // (FPS * 60) % len(parts)][frame % (FPS * 60)]
        advance_boxes(state, 1_000_000 + frame * 1_000_000 // FPS, boxes, parameters)
        if (frame + 1) % (3600 * FPS) == 0:
            ids = int(state.summary["next_id"][0]) - 1
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"hour {(frame + 1) // (3600 * FPS):2d}: state {len(state.pack())} bytes,"
                f" process at most {peak_mb:.1f} MB, ids up to {ids},"
                f" {time.thread_time() - start_s:.0f} s"
            )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-python", type=Path, help="a Python that has roboflow's trackers")
    parser.add_argument("--day", action="store_true", help="fold a day and print the memory")
    options = parser.parse_args()
    start_s = time.process_time()
    warm_up()
    print(f"compiled or loaded in {time.process_time() - start_s:.1f} CPU-s")
    if options.day:
        day()
        return
    seconds, size = packing(scene(10, 1))
    print(f"10 people: packed and read back in {seconds * 1e6:.1f} us, {size} bytes")
    try:
        compare(options.peer_python or python_of(LIBRARIES[0]))
    except NoPeers as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
