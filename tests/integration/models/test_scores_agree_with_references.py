"""Our scores equal those of TrackEval and pycocotools on the same files, within 0.001."""

from pathlib import Path

import numpy as np
import pytest

from models.datasets.motchallenge import (
    BoxTable,
    read_detections,
    read_ground_truth,
    read_tracks,
    table,
    write,
)
from models.detectors.boxes import iou
from models.evaluation.detection import DetectionScores, evaluate_detections
from models.evaluation.tracking import TrackScores, evaluate_tracks
from tests.integration.models.reference_scores import coco_scores, trackeval_scores

CLOSE = 1e-6

REAL = [
    "ETH-Bahnhof",
    "ETH-Pedcross2",
    "ETH-Sunnyday",
    "KITTI-13",
    "KITTI-17",
    "PETS09-S2L1",
    "TUD-Campus",
    "TUD-Stadtmitte",
]


def link(detections: BoxTable) -> BoxTable:
    """Chain boxes that overlap from frame to frame, which makes tracks with every kind of error."""
    ids = np.zeros(len(detections), dtype=np.int64)
    newest = 0
    before: dict[int, np.ndarray] = {}
    start = 0
    for rows in detections.by_frame().values():
        now: dict[int, np.ndarray] = {}
        for index, box in enumerate(rows.boxes):
            overlaps = {
                number: iou(box[None], there[None])[0, 0]
                for number, there in before.items()
                if number not in now
            }
            best = max(overlaps, key=lambda number: overlaps[number], default=0)
            if overlaps.get(best, 0.0) < 0.3:
                newest += 1
                best = newest
            now[best] = box
            ids[start + index] = best
        start += len(rows)
        before = now
    return table(detections.frames, ids, detections.boxes, detections.scores)


def generate(seed: int) -> tuple[BoxTable, BoxTable]:
    """People walk past each other and leave; the detector misses some and invents others."""
    random = np.random.default_rng(seed)
    truth: list[tuple[int, int, list[float], float]] = []
    found: list[tuple[int, int, list[float], float]] = []
    for person in range(1, 9):
        first, last = sorted(random.integers(1, 60, 2).tolist())
        x, y = random.uniform(0, 300, 2)
        step = random.normal(0, 4, 2)
        for frame in range(first, last + 1):
            x, y = np.array([x, y]) + step
            box = np.array([x, y, x + 30, y + 80])
            truth.append((frame, person, box.tolist(), 1.0))
            if random.random() < 0.8:
                seen = box + random.normal(0, 5, 4)
                found.append((frame, -1, seen.tolist(), random.uniform(0.2, 1)))
    for frame in random.integers(1, 70, 60).tolist():
        x, y = random.uniform(0, 300, 2)
        found.append((frame, -1, [x, y, x + 25, y + 70], random.uniform(0, 0.7)))

    def as_table(rows: list[tuple[int, int, list[float], float]]) -> BoxTable:
        frames, ids, boxes, scores = zip(*rows, strict=True)
        return table(np.array(frames), np.array(ids), np.array(boxes), np.array(scores))

    return as_table(truth), as_table(found)


def tracks_must_agree(folder: Path, ground_truth: Path, results: Path) -> TrackScores:
    truth, tracks = read_ground_truth(ground_truth), read_tracks(results)
    ours = evaluate_tracks(truth, tracks)
    frames = max(truth.frames.max(), tracks.frames.max(initial=0))
    theirs = trackeval_scores(folder, ground_truth, results, int(frames))
    expected = {
        "hota": np.mean(theirs["HOTA"]["HOTA"]),
        "deta": np.mean(theirs["HOTA"]["DetA"]),
        "assa": np.mean(theirs["HOTA"]["AssA"]),
        "idf1": theirs["Identity"]["IDF1"],
        "mota": theirs["CLEAR"]["MOTA"],
        "motp": theirs["CLEAR"]["MOTP"],
        "id_switches": theirs["CLEAR"]["IDSW"],
        "fragments": theirs["CLEAR"]["Frag"],
        "true_positives": theirs["CLEAR"]["CLR_TP"],
        "false_positives": theirs["CLEAR"]["CLR_FP"],
        "false_negatives": theirs["CLEAR"]["CLR_FN"],
        "mostly_tracked": theirs["CLEAR"]["MT"],
        "mostly_lost": theirs["CLEAR"]["ML"],
    }
    assert {name: getattr(ours, name) for name in expected} == pytest.approx(expected, abs=CLOSE)
    return ours


def detections_must_agree(ground_truth: Path, detections: Path) -> DetectionScores:
    ours = evaluate_detections(
        read_ground_truth(ground_truth), read_detections(detections), score_threshold=0.3
    )
    expected = coco_scores(ground_truth, detections)
    assert {name: getattr(ours, name) for name in expected} == pytest.approx(expected, abs=CLOSE)
    return ours


@pytest.mark.parametrize("seed", range(6))
def test_on_generated_sequences(tmp_path: Path, seed: int) -> None:
    truth, found = generate(seed)
    write(tmp_path / "gt.txt", truth)
    write(tmp_path / "det.txt", found)
    write(tmp_path / "tracks.txt", link(found))

    scores = tracks_must_agree(tmp_path, tmp_path / "gt.txt", tmp_path / "tracks.txt")
    detected = detections_must_agree(tmp_path / "gt.txt", tmp_path / "det.txt")

    # The sequences must have every kind of error, or agreement would show little.
    assert scores.id_switches > 0
    assert scores.fragments > 0
    assert scores.false_positives > 0
    assert scores.false_negatives > 0
    assert 0.2 < detected.ap50 < 0.95


def test_without_any_result(tmp_path: Path) -> None:
    truth, _ = generate(0)
    write(tmp_path / "gt.txt", truth)
    (tmp_path / "tracks.txt").write_text("")

    scores = tracks_must_agree(tmp_path, tmp_path / "gt.txt", tmp_path / "tracks.txt")

    assert scores.hota == scores.idf1 == scores.mota == 0
    assert scores.false_negatives == len(truth)


@pytest.mark.parametrize("sequence", REAL)
def test_on_real_sequences(recordings: Path, tmp_path: Path, sequence: str) -> None:
    """Public ground truth, and Faster R-CNN's boxes on the same frames."""
    folder = recordings / "mot" / "MOT15-train" / sequence
    found = read_detections(folder / "det" / "det_sort_frcnn.txt")
    write(tmp_path / "tracks.txt", link(found.where(found.scores > 0.7)))

    scores = tracks_must_agree(tmp_path, folder / "gt" / "gt.txt", tmp_path / "tracks.txt")
    detections_must_agree(folder / "gt" / "gt.txt", folder / "det" / "det_sort_frcnn.txt")

    assert scores.true_positives > 0
