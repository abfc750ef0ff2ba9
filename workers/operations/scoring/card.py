"""Fit a model's score map on a clip with ground truth."""

from itertools import islice
from pathlib import Path

import numpy as np

from models.datasets.motchallenge import read_ground_truth
from models.datasets.video import read_frames
from models.detectors.cards import Card, reference_card
from models.detectors.score_map import IDENTITY
from models.evaluation.records import detect_frames, detections_table
from models.evaluation.score_fit import SCORES, fit_score_map, precision_curve
from runtime.process.sections import InferenceSettings
from workers.inference.process import detector_of
from workers.ingest.sources.probe import probe_clip

LOWEST_SCORE = 0.02
"""Raw score from which boxes are judged: below the lowest that any process keeps."""


def fit_card(
    video: Path,
    ground_truth: Path,
    *,
    frames: int,
    annotated_width: int,
    settings: InferenceSettings,
    is_reference: bool = False,
) -> Card:
    """Fit the score map of the model that the settings name.

    Args:
        video: File of the clip.
        ground_truth: `gt.txt` of MOTChallenge.
        frames: Frames to fit on, from the first.
        annotated_width: Width of the image that the ground truth refers to, px.
        settings: Settings of the detector; thresholds are not used.
        is_reference: The model is the one on whose scale all scores are.

    Raises:
        Stop: The detector is not available here.
        ValueError: The clip or the ground truth cannot be read, or has too few boxes to fit.
    """
    everything = settings.model_copy(update={"score_threshold": LOWEST_SCORE})
    detector = detector_of(everything, IDENTITY)
    clip = probe_clip(str(video))
    found = detect_frames(detector, islice(read_frames(video), frames))
    truth = read_ground_truth(ground_truth).scaled(clip.width / annotated_width)
    truth = truth.where(truth.frames <= len(found))
    curve = precision_curve(truth, detections_table(enumerate(found, 1)))
    score_map = IDENTITY
    if not is_reference:
        points = np.array(reference_card().precision)
        score_map = fit_score_map(curve, np.interp(SCORES, points[:, 0], points[:, 1]))
    return Card(
        name=detector.name,
        weights_sha256=detector.weights_sha256,
        score_map=score_map,
        precision=tuple(
            (round(float(raw), 4), round(float(share), 4))
            for raw, share in zip(SCORES[::2], curve[::2], strict=True)
        ),
        fitted=(
            f"{video.name}, frames 0 to {len(found) - 1}, {len(truth)} people, {detector.runtime}"
        ),
    )
