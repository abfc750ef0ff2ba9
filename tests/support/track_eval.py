"""TrackEval on MOTChallenge files, as its own program runs it."""

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trackeval

COMBINED = "COMBINED_SEQ"
"""TrackEval's name for all sequences together."""


def evaluate(
    folder: Path, lengths: Mapping[str, int], tracker: str, benchmark: str = "MOT15"
) -> dict[str, Mapping[str, Any]]:
    """TrackEval's own reader, preparation and metrics on the results of one tracker.

    Args:
        folder: Folder with `gt/SEQUENCE/gt/gt.txt` and `trackers/TRACKER/data/SEQUENCE.txt`.
        lengths: Number of frames by sequence.
        tracker: Name of the tracker.
        benchmark: Benchmark whose rules apply to classes.

    Returns:
        Results of `HOTA`, `CLEAR` and `Identity` for pedestrians, by sequence and `COMBINED`.
    """
    quiet = {
        "PRINT_RESULTS": False,
        "PRINT_CONFIG": False,
        "TIME_PROGRESS": False,
        "OUTPUT_SUMMARY": False,
        "OUTPUT_DETAILED": False,
        "PLOT_CURVES": False,
        "LOG_ON_ERROR": None,
    }
    dataset = {
        "GT_FOLDER": str(folder / "gt"),
        "TRACKERS_FOLDER": str(folder / "trackers"),
        "BENCHMARK": benchmark,
        "SKIP_SPLIT_FOL": True,
        "SEQ_INFO": dict(lengths),
        "PRINT_CONFIG": False,
    }
    metrics = [
        trackeval.metrics.HOTA(),
        trackeval.metrics.CLEAR({"PRINT_CONFIG": False}),
        trackeval.metrics.Identity({"PRINT_CONFIG": False}),
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator = trackeval.Evaluator(quiet)
        output, _ = evaluator.evaluate([trackeval.datasets.MotChallenge2DBox(dataset)], metrics)
    found: Mapping[str, Mapping[str, Any]] = output["MotChallenge2DBox"][tracker]
    return {sequence: classes["pedestrian"] for sequence, classes in found.items()}
