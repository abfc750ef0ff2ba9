"""`wardstream evaluate`: score the detector and the tracker on a clip with ground truth."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from runtime.errors import EXIT_STOP, Stop
from runtime.process.settings import Settings
from schemas.records import Detection, Track

FIRST_FRAME_US = 1_000_000


def evaluate(
    video: Annotated[Path, typer.Option(help="The clip.")],
    ground_truth: Annotated[Path, typer.Option(help="MOTChallenge gt.txt of the clip.")],
    annotated_width: Annotated[
        int, typer.Option(help="Width of the picture that the ground truth is drawn in, px.")
    ] = 768,
    backend: Annotated[str, typer.Option(help="auto, openvino, onnx, yolo or hog.")] = "auto",
    weights: Annotated[str | None, typer.Option(help="Model weights: path or name.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for det.txt, tracks.txt and scores.json.")
    ] = None,
) -> None:
    """Print precision, recall and AP of detections, and HOTA, IDF1 and MOTA of tracks.

    Detector and tracker run with the settings that the line runs with.
    """
    try:
        scores = run(video, ground_truth, annotated_width, backend, weights, out)
    except (Stop, ValueError, OSError) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_STOP) from exc
    typer.echo(json.dumps(scores, indent=2))


def run(
    video: Path,
    ground_truth: Path,
    annotated_width: int,
    backend: str,
    weights: str | None,
    out: Path | None,
) -> dict[str, Any]:
    """Score a clip; returns what is printed.

    Raises:
        Stop: There is no such detector here.
        ValueError: The clip or the ground truth cannot be read.
    """
    from models.datasets.motchallenge import read_ground_truth, write  # noqa: PLC0415 - heavy
    from models.datasets.pets2009 import read_frames  # noqa: PLC0415
    from models.evaluation.detection import evaluate_detections  # noqa: PLC0415
    from models.evaluation.records import detections_table, tracks_table  # noqa: PLC0415
    from models.evaluation.tracking import evaluate_tracks  # noqa: PLC0415
    from workers.inference.command import detector_of, with_options  # noqa: PLC0415
    from workers.local.demo.clips import probe_clip  # noqa: PLC0415

    options = {"backend": backend, "weights": weights}
    settings = with_options(Settings(), options)
    detector = detector_of(settings.inference)
    clip = probe_clip(str(video))
    found: list[list[Detection]] = []
    for image in read_frames(video):
        found += detector.detect([image])
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
        fps: Frames per second of event time.
        settings: For the tracker.
    """
    from streams.domain.camera.tracker import TrackerState, advance  # noqa: PLC0415
    from streams.domain.settings import TrackerSettings  # noqa: PLC0415 - only for this task

    state = TrackerState()
    tracker = TrackerSettings(**settings.tracking.model_dump())
    return [
        advance(state, FIRST_FRAME_US + round(number * 1_000_000 / fps), detections, tracker)
        for number, detections in enumerate(found)
    ]
