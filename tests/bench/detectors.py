"""Milliseconds a frame of each detector on one core pair, beside plain ONNX Runtime.

    python tests/bench/detectors.py [--frames 100] [--threads 2] [--clip FILE] [--weights NAME]

Backends take turns frame by frame, so that a busy neighbour slows all of them alike; the
floor is the network alone in ONNX Runtime, on pixels prepared beforehand. Prints Markdown.
"""

import argparse
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import onnxruntime

from models.datasets.video import read_frames
from models.detectors.boxes import Image
from models.detectors.detector import Detector, DetectorUnavailable
from models.detectors.factory import Backend, make_detector
from models.detectors.layouts import YOLOX
from models.detectors.weights import ONNX_SUFFIXES, find_weights
from tests.support.paths import ROOT

CLIP = ROOT.parent / "shared" / "data" / "video" / "vtest" / "vtest.avi"
BACKENDS: tuple[Backend, ...] = ("openvino", "onnx", "yolo", "hog")
WARM_UP = 5


def plain_onnxruntime(weights: Path, threads: int, frame: Image) -> Callable[[], object]:
    """The floor: one run of the network, without letterbox or decoding."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        str(weights), options, providers=["CPUExecutionProvider"]
    )
    [first] = session.get_inputs()
    height, width = first.shape[2:]
    fit = YOLOX.letterbox(frame.shape[1], frame.shape[0], (width, height))
    pixels = YOLOX.pixels([fit.apply(frame)])
    return lambda: session.run(None, {first.name: pixels})


def one_call(detector: Detector, frame: Image) -> Callable[[], object]:
    return lambda: detector.detect([frame])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clip", type=Path, default=CLIP)
    parser.add_argument("--weights", default="yolox_nano")
    options = parser.parse_args()
    frames = list(islice(read_frames(options.clip), options.frames))
    weights = find_weights(options.weights, ONNX_SUFFIXES)

    detectors: dict[str, Detector] = {}
    for backend in BACKENDS:
        named = str(weights) if backend in {"openvino", "onnx"} else None
        try:
            detectors[backend] = make_detector(backend, named, threads=options.threads)
        except DetectorUnavailable as error:
            sys.stderr.write(f"{backend} is left out: {error}\n")

    times: dict[str, list[float]] = {name: [] for name in ("network alone", *detectors)}
    plain = plain_onnxruntime(weights, options.threads, frames[0])
    for number, frame in enumerate(frames):
        calls = {"network alone": plain}
        calls |= {name: one_call(detector, frame) for name, detector in detectors.items()}
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if number >= WARM_UP:
                times[name].append((time.perf_counter() - start) * 1e3)

    height, width = frames[0].shape[:2]
    floor = float(np.median(times["network alone"]))
    title = (
        f"{options.clip.name}, {width}x{height} px, {len(times['network alone'])} frames, "
        f"{options.threads} threads, {weights.name}"
    )
    lines = [
        title,
        "",
        "| detector | runtime | median ms | best ms | p95 ms | x network alone |",
        "|---|---|---|---|---|---|",
    ]
    for name, values in times.items():
        runtime = (
            detectors[name].runtime
            if name in detectors
            else f"onnxruntime {onnxruntime.__version__} as it comes"
        )
        median, best = float(np.median(values)), min(values)
        p95 = float(np.percentile(values, 95))
        lines.append(
            f"| {name} | {runtime} | {median:.1f} | {best:.1f} | {p95:.1f} | {median / floor:.2f} |"
        )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
