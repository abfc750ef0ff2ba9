"""Scores by TrackEval's own code, on MOTChallenge files, combined over sequences by itself."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.datasets.motchallenge import BoxTable, write
from tests.bench.tracking.fast_scores import Scores
from tests.bench.tracking.sequences import Sequence
from tests.support.track_eval import COMBINED, evaluate

__all__ = ["COMBINED", "official"]


def official(results: list[tuple[Sequence, BoxTable]]) -> dict[str, Scores]:
    """TrackEval on one tracker's results.

    Args:
        results: Sequences of different names, and the tracks in each.

    Returns:
        Scores by the sequence's name, and over all of them under `COMBINED`.
    """
    with tempfile.TemporaryDirectory(prefix="wardstream-trackeval-") as name:
        folder = Path(name)
        lengths = {}
        (folder / "trackers" / "one" / "data").mkdir(parents=True)
        for sequence, tracks in results:
            folder_name = _folder_name(sequence)
            (folder / "gt" / folder_name / "gt").mkdir(parents=True)
            write(folder / "gt" / folder_name / "gt" / "gt.txt", sequence.truth)
            write(folder / "trackers" / "one" / "data" / f"{folder_name}.txt", tracks)
            lengths[folder_name] = sequence.frames
        scores = evaluate(folder, lengths, "one")
    named = {_folder_name(sequence): sequence.name for sequence, _ in results} | {
        COMBINED: COMBINED
    }
    return {named[folder_name]: _scores(of) for folder_name, of in scores.items()}


def _folder_name(sequence: Sequence) -> str:
    return sequence.name.replace("/", "_")


def _scores(of: Mapping[str, Any]) -> Scores:
    return Scores(
        hota=float(np.mean(of["HOTA"]["HOTA"])),
        deta=float(np.mean(of["HOTA"]["DetA"])),
        assa=float(np.mean(of["HOTA"]["AssA"])),
        idf1=float(of["Identity"]["IDF1"]),
        mota=float(of["CLEAR"]["MOTA"]),
        recall=float(of["CLEAR"]["CLR_Re"]),
        id_switches=int(of["CLEAR"]["IDSW"]),
        fragments=int(of["CLEAR"]["Frag"]),
    )
