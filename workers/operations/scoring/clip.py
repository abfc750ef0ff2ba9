"""Score the detector and the tracker on a clip with ground truth."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.datasets.motchallenge import read_ground_truth, write
from models.datasets.video import read_frames
from models.evaluation.detection import evaluate_detections
from models.evaluation.records import detect_frames, detections_table, tracks_table
from models.evaluation.tracking import evaluate_tracks
from runtime.process.settings import Settings
from schemas.records.frames import Detection
from schemas.records.tracks import Track
from streams.domain.camera.tracker import TrackerState, advance
from workers.inference.process import detector_of
from workers.ingest.sources.probe import probe_clip

FIRST_FRAME_US = 1_000_000


def score_clip(
    video: Path,
    ground_truth: Path,
    *,
    annotated_width: int,
    settings: Settings,
    out: Path | None = None,
) -> dict[str, Any]:
    """Score a clip.

    Args:
        video: File of the clip.
        ground_truth: `gt.txt` of MOTChallenge.
        annotated_width: Width of the image that the ground truth refers to, px.
        settings: Settings of the detector and the tracker.
        out: Folder for gt.txt, det.txt, tracks.txt and scores.json; None writes nothing.

    Returns:
        The clip, the model, and the scores of detections and tracks, ready for JSON.

    Raises:
        Stop: The detector is not available here.
        ValueError: The clip or the ground truth cannot be read.
    """
    detector = detector_of(settings.inference)
    clip = probe_clip(str(video))
    found = detect_frames(detector, read_frames(video))
    truth = read_ground_truth(ground_truth).scaled(clip.width / annotated_width)
    followed = track(found, clip.fps or settings.ingest.fps, settings)
    detections = detections_table(enumerate(found, 1))
    tracks = tracks_table(enumerate(followed, 1))
    scores: dict[str, Any] = {
        "clip": {"frames": len(found), "fps": clip.fps, "width": clip.width},
        "model": dict(detector.describe()),
        "detections": asdict(evaluate_detections(truth, detections)),
        "tracks": asdict(evaluate_tracks(truth, tracks)),
    }
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write(out / "gt.txt", truth)
        write(out / "det.txt", detections)
        write(out / "tracks.txt", tracks)
        (out / "scores.json").write_text(json.dumps(scores, indent=2))
    return scores


def track(
    found: Sequence[Sequence[Detection]], fps: float, settings: Settings
) -> list[list[Track]]:
    """Run the tracker over the detections of consecutive frames.

    Args:
        found: Detections of each frame.
        fps: Frame rate, frames per second of event time.
        settings: Settings of the tracker.
    """
    state = TrackerState()
    return [
        advance(
            state,
            FIRST_FRAME_US + round(number * 1_000_000 / fps),
            detections,
            settings.tracking,
        )
        for number, detections in enumerate(found)
    ]
