"""Three detectors on a real clip come out in their known order: `vtest.avi`."""

from itertools import islice
from pathlib import Path

import numpy as np

from models.comparison.arms import Arm, BoxesOfFrames, Frames, Truth
from models.comparison.compare import compare
from models.comparison.verdict import Outcome
from models.datasets.video import read_frames
from models.detectors.detector import Detector
from models.detectors.factory import make_detector
from models.evaluation.records import detect_frames, detections_table
from tests.support.pets2009 import read_clip_ground_truth

EVERY = 20
FRAME_US = 100_000
CLIP_WIDTH, CLIP_HEIGHT = 480, 360
FRAMES = 795
THRESHOLD = 0.4
ANNOTATED = Path("mot/MOT15-train/PETS09-S2L1/gt/gt.txt")


def test_yolox_nano_is_before_centernet_and_both_are_better_than_hog(recordings: Path) -> None:
    clip = read_frames(recordings / "video" / "vtest" / "vtest.avi")
    images = list(islice(clip, 0, None, EVERY))
    numbers = np.arange(0, FRAMES, EVERY)
    frames = Frames(
        cameras=np.full(len(numbers), "vtest"),
        times_us=numbers * FRAME_US,
        size=(CLIP_WIDTH, CLIP_HEIGHT),
    )
    annotated = read_clip_ground_truth(recordings / ANNOTATED, CLIP_WIDTH)
    kept = (annotated.frames - 1) % EVERY == 0
    at = (annotated.frames[kept] - 1) // EVERY
    truth = Truth(frames=frames, people=BoxesOfFrames(frames=at, boxes=annotated.boxes[kept]))

    def arm(name: str, detector: Detector) -> Arm:
        found = detections_table(enumerate(detect_frames(detector, images), 1))
        detector.close()
        boxes = BoxesOfFrames(frames=found.frames - 1, boxes=found.boxes, scores=found.scores)
        return Arm(name=name, frames=frames, found=boxes)

    yolox = arm("YOLOX-nano", make_detector("auto", "yolox_nano", threads=1))
    centernet = arm("CenterNet", make_detector("auto", "centernet_mobilenetv3", threads=1))
    hog = arm("HOG", make_detector("hog", threads=1))

    first = compare(yolox, centernet, truth, threshold=THRESHOLD).of("AP50")
    second = compare(centernet, hog, truth, threshold=THRESHOLD)
    assert first.a > first.b > second.of("AP50").b
    assert second.verdict is not None
    assert second.verdict.outcome is Outcome.WORSE
