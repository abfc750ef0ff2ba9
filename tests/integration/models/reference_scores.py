"""TrackEval and pycocotools, run on MOTChallenge files as their own programs would."""

import contextlib
import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from models.datasets.motchallenge import BoxTable, read_detections, read_ground_truth
from models.detectors.boxes import xyxy_to_xywh
from tests.support.track_eval import evaluate


def trackeval_scores(
    folder: Path, ground_truth: Path, results: Path, frames: int, benchmark: str = "MOT15"
) -> Mapping[str, Any]:
    """TrackEval on one sequence: its own reader, preparation and metrics.

    Returns:
        The results of each metric family: `HOTA`, `CLEAR`, `Identity`.
    """
    sequence = folder / "gt" / "sequence"
    (sequence / "gt").mkdir(parents=True)
    shutil.copy(ground_truth, sequence / "gt" / "gt.txt")
    (sequence / "seqinfo.ini").write_text(f"[Sequence]\nname=sequence\nseqLength={frames}\n")
    (folder / "trackers" / "ours" / "data").mkdir(parents=True)
    shutil.copy(results, folder / "trackers" / "ours" / "data" / "sequence.txt")
    return evaluate(folder, {"sequence": frames}, "ours", benchmark)["sequence"]


def coco_scores(ground_truth: Path, detections: Path) -> dict[str, float]:
    """pycocotools on the same files; no limit of boxes per image.

    Returns:
        `ap`, `ap50`, and `true_positives` and `precision`, `recall` at a score of 0.3.
    """
    truth, found = read_ground_truth(ground_truth), read_detections(detections)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": int(i)} for i in np.union1d(truth.frames, found.frames)],
            "categories": [{"id": 1, "name": "person"}],
            "annotations": _annotations(truth),
        }
        coco.createIndex()
        every = COCOeval(coco, coco.loadRes(_results(found)), "bbox")
        every.params.maxDets = [1, 10, 10_000]
        every.evaluate()
        every.accumulate()
        sure = COCOeval(coco, coco.loadRes(_results(found.where(found.scores >= 0.3))), "bbox")
        sure.params.maxDets = [10_000]
        sure.params.areaRng = sure.params.areaRng[:1]
        sure.evaluate()
    precision = every.eval["precision"][:, :, 0, 0, -1]
    matches = np.concatenate([image["dtMatches"][0] for image in sure.evalImgs if image])
    hits = int((matches > 0).sum())
    return {
        "ap": float(precision.mean()),
        "ap50": float(precision[0].mean()),
        "true_positives": hits,
        "precision": hits / len(matches),
        "recall": hits / len(truth),
    }


def _annotations(boxes: BoxTable) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "image_id": frame,
            "category_id": 1,
            "bbox": size,
            "area": size[2] * size[3],
            "iscrowd": 0,
        }
        for number, (frame, size) in enumerate(
            zip(boxes.frames.tolist(), xyxy_to_xywh(boxes.boxes).tolist(), strict=True), start=1
        )
    ]


def _results(boxes: BoxTable) -> list[dict[str, Any]]:
    return [
        {"image_id": frame, "category_id": 1, "bbox": size, "score": score}
        for frame, size, score in zip(
            boxes.frames.tolist(),
            xyxy_to_xywh(boxes.boxes).tolist(),
            boxes.scores.tolist(),
            strict=True,
        )
    ]
