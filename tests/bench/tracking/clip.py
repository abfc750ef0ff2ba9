"""The one clip with real detections of the pipeline's own detector, and with every identity."""

import hashlib
from pathlib import Path

from models.datasets.motchallenge import read_detections, write
from models.datasets.video import read_frames
from models.detectors.factory import make_detector
from models.evaluation.records import detect_frames, detections_table
from tests.bench.tracking.peers.environments import cache_folder
from tests.bench.tracking.sequences import Sequence
from tests.support.pets2009 import read_clip_ground_truth

WIDTH, HEIGHT, FRAMES, FPS = 480, 360, 795, 10.0


def vtest(data: Path) -> Sequence:
    """The clip with its real detector's boxes, at the pipeline's own settings; kept on disk.

    Raises:
        FileNotFoundError: Clip, weights or ground truth are not there.
    """
    clip = data / "video" / "vtest" / "vtest.avi"
    weights = data / "weights" / "yolox_nano.onnx"
    truth = read_clip_ground_truth(
        data / "mot" / "MOT15-train" / "PETS09-S2L1" / "gt" / "gt.txt", WIDTH
    )
    kind = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
    kept = cache_folder() / f"vtest-yolox_nano-{kind}.txt"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        found = detect_frames(make_detector("auto", str(weights)), read_frames(clip))
        write(kept, detections_table(enumerate(found, 1)))
    detections = read_detections(kept)
    return Sequence(
        "vtest/yolox", "PETS09-S2L1", FPS, 1, FRAMES, (WIDTH, HEIGHT), truth, detections
    )
