"""How well each detector finds people, and whether a change of detectors moves the thresholds.

    python -m tests.bench.detection [--detectors yolox_nano centernet_mobilenetv3] [--every 10]

Score maps were fitted on frames 0 to 399 of the clip, see `wardstream score-map`; they are judged
on the others, and on clips without ground truth against yolox_nano. One thread, the precision of
the pipeline. Prints Markdown.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from models.datasets.motchallenge import BoxTable
from models.datasets.video import read_frames
from models.detectors.boxes import iou
from models.detectors.detector import SCORE_THRESHOLD, Detector
from models.detectors.factory import make_detector
from models.evaluation.detection import evaluate_detections, match
from models.evaluation.records import detect_frames, detections_table, tracks_table
from models.evaluation.tracking import evaluate_tracks
from runtime.process.settings import Settings
from schemas.records.frames import Detection
from tests.support.paths import ROOT
from tests.support.pets2009 import read_clip_ground_truth
from workers.operations.scoring.clip import track

VIDEO = ROOT.parent / "shared" / "data" / "video"
CLIP = VIDEO / "vtest" / "vtest.avi"
CLIP_WIDTH = 480
GROUND_TRUTH = VIDEO.parent / "mot" / "MOT15-train" / "PETS09-S2L1" / "gt" / "gt.txt"
FPS = 10.0
FITTED = 400
FRAMES = 795

REFERENCE = "yolox_nano"
DETECTORS = (REFERENCE, "centernet_mobilenetv3", "ssd_mobilenetv2", "opencv-hog")
LOWEST = 0.002
"""Score from which boxes are kept here, so that the raw scale can be scored from the same run."""

Frames = list[list[Detection]]


@dataclass(frozen=True, slots=True)
class Scored:
    """One detector on one part of the clip, on one scale.

    Attributes:
        ap50: Average precision at an overlap of 0.5.
        ap: Mean over overlaps from 0.5 to 0.95.
        precision: Share of boxes from the tracker's birth score on that are people.
        recall: Share of people that have such a box.
        hota: Of the tracks.
        idf1: Of the tracks.
        mota: Of the tracks.
    """

    ap50: float
    ap: float
    precision: float
    recall: float
    hota: float
    idf1: float
    mota: float


def detector_of(name: str) -> Detector:
    if name == "opencv-hog":
        return make_detector("hog", threads=1, score_threshold=LOWEST)
    return make_detector("auto", name, threads=1, score_threshold=LOWEST)


def with_score(box: Detection, score: float) -> Detection:
    changed = box.copy()
    changed["score"] = score
    return changed


def on_scale(frames: Frames, *, raw: bool) -> Frames:
    """What the pipeline would have kept, on the common scale or on the model's own."""
    if raw:
        frames = [[with_score(box, box["raw_score"]) for box in boxes] for boxes in frames]
    return [[box for box in boxes if box["score"] >= SCORE_THRESHOLD] for boxes in frames]


def scored(frames: Frames, truth: BoxTable, first: int, end: int, settings: Settings) -> Scored:
    part = frames[first:end]
    people = truth.where((truth.frames > first) & (truth.frames <= end))
    people = replace(people, frames=people.frames - first)
    found = detections_table(enumerate(part, 1))
    birth = settings.tracking.birth_score
    boxes = evaluate_detections(people, found, score_threshold=birth)
    tracks = evaluate_tracks(people, tracks_table(enumerate(track(part, FPS, settings), 1)))
    return Scored(
        boxes.ap50,
        boxes.ap,
        boxes.precision,
        boxes.recall,
        tracks.hota,
        tracks.idf1,
        tracks.mota,
    )


def agreement(ours: Frames, theirs: Frames, birth: float) -> tuple[float, float]:
    """Boxes a frame from the birth score on, and F1 against those of another detector."""
    hits = found = wanted = 0
    for mine, other in zip(ours, theirs, strict=True):
        a, b = (
            np.array([[x["x_min"], x["y_min"], x["x_max"], x["y_max"]] for x in boxes]).reshape(
                -1, 4
            )
            for boxes in (
                [x for x in mine if x["score"] >= birth],
                [x for x in other if x["score"] >= birth],
            )
        )
        found, wanted = found + len(a), wanted + len(b)
        hits += int(match(iou(a, b), [0.5]).sum())
    return found / len(ours), 2 * hits / max(1, found + wanted)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figures_of(part: Scored) -> tuple[float, ...]:
    return part.precision, part.recall, part.ap50, part.hota, part.idf1, part.mota


def numbers(*values: float) -> list[str]:
    return [f"{value:.3f}" for value in values]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detectors", nargs="+", default=DETECTORS)
    parser.add_argument("--every", type=int, default=10, help="of the other clips' frames")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    settings = Settings()
    truth = read_clip_ground_truth(GROUND_TRUTH, CLIP_WIDTH)
    clips = sorted({*VIDEO.rglob("*.mp4"), *VIDEO.rglob("*.avi")} - {CLIP})
    whole, halves, elsewhere, names = [], [], [], []
    references: dict[Path, Frames] = {}
    for name in dict.fromkeys([REFERENCE, *options.detectors]):
        detector = detector_of(name)
        frames = detect_frames(detector, read_frames(CLIP))
        assert len(frames) == FRAMES
        mapped = on_scale(frames, raw=False)
        all_frames = scored(mapped, truth, 0, FRAMES, settings)
        unfiltered = evaluate_detections(truth, detections_table(enumerate(frames, 1)))
        at_low = evaluate_detections(truth, detections_table(enumerate(mapped, 1)))
        whole.append(
            [
                f"{name}, {detector.runtime}",
                *numbers(at_low.precision, at_low.recall, unfiltered.ap50),
                *numbers(all_frames.ap50, all_frames.ap),
                *numbers(all_frames.hota, all_frames.idf1, all_frames.mota),
            ]
        )
        for raw in (False, True) if name != REFERENCE else (False,):
            scaled = on_scale(frames, raw=raw)
            parts = [
                scored(scaled, truth, *part, settings) for part in ((0, FITTED), (FITTED, FRAMES))
            ]
            halves.append(
                [
                    f"{name}, {'its own scores' if raw else 'mapped'}",
                    *(value for part in parts for value in numbers(*figures_of(part))),
                ]
            )
        counts = []
        for clip in clips:
            found = detect_frames(detector, islice(read_frames(clip), 0, None, options.every))
            references.setdefault(clip, on_scale(found, raw=False))
            birth = settings.tracking.birth_score
            for raw in (False, True):
                boxes, f1 = agreement(on_scale(found, raw=raw), references[clip], birth)
                counts.append(f"{boxes:.2f} ({f1:.2f})")
        elsewhere.append(counts)
        names.append(name)
        detector.close()
    birth_score = f"{settings.tracking.birth_score:g}"
    print(
        f"{FRAMES} frames, 480x360, 10 fps, {len(truth):,} people. Precision and recall at score "
        "0.3. No threshold of a detector was tuned on this clip; two settings of the tracker were "
        "chosen with it in view, and score maps were fitted on its first half. HOG's boxes were "
        "narrowed to the published aspect of a pedestrian after looking at the clip. The scores "
        "agree with pycocotools and TrackEval on the same files to 0.001 "
        "(`tests/integration/models/test_scores_agree_with_references.py`). Boxes below "
        f"{SCORE_THRESHOLD:g} are dropped, except in the column of all boxes; there TensorFlow.js "
        "itself gave CenterNet 0.8561 on the same pixels.\n"
    )
    header = ["detector", "precision", "recall", "AP50 of all boxes", "AP50", "AP"]
    header += ["HOTA", "IDF1", "MOTA"]
    print(table(header, whole) + "\n")
    print("## A change of detectors\n")
    print(
        f"Precision (P) and recall (R) at the tracker's birth score, {birth_score}, where a map "
        "should bring each detector to yolox_nano's precision. Fitted on frames 0 to "
        f"{FITTED - 1}, judged on {FITTED} to {FRAMES - 1}.\n"
    )
    scores = ("P", "R", "AP50", "HOTA", "IDF1", "MOTA")
    columns = [f"{score} {part}" for part in ("fitted", "judged") for score in scores]
    print(table(["detector", *columns], halves) + "\n")
    print("## Other clips\n")
    print(
        f"Boxes a frame from {birth_score} on, mapped and with the model's own scores, and in "
        f"brackets F1 against yolox_nano's; every {options.every}th frame, without ground truth.\n"
    )
    heads = [f"{name}{how}" for name in names for how in ("", ", own scores")]
    rows = [
        [clip.stem, *(cell for counts in elsewhere for cell in counts[2 * row : 2 * row + 2])]
        for row, clip in enumerate(clips)
    ]
    print(table(["clip", *heads], rows))
    print(f"\nLoad average {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
