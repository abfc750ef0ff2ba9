"""Detections of a real detector on real clips, as from a camera that plays a clip in a loop."""

import configparser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.datasets.motchallenge import read_detections

DETECTOR = "det/det_sort_frcnn.txt"


@dataclass(frozen=True)
class Recording:
    """One clip.

    Attributes:
        name: Name of the sequence.
        size: Width and height, px.
        frames: Detections of each frame, as in `detections.made.v1`.
    """

    name: str
    size: tuple[int, int]
    frames: tuple[tuple[dict[str, Any], ...], ...]


def recordings(folder: Path | None) -> list[Recording]:
    """Every recorded sequence below a folder of MOTChallenge sequences, by name.

    Args:
        folder: Folder of recordings next to the project, or None when there is none.
    """
    if folder is None:
        return []
    return [read(path.parents[1]) for path in sorted(folder.glob(f"mot/*/*/{DETECTOR}"))]


def read(sequence: Path) -> Recording:
    """Read one sequence."""
    info = configparser.ConfigParser()
    info.read(sequence / "seqinfo.ini")
    about = info["Sequence"]
    width, height = int(about["imWidth"]), int(about["imHeight"])
    by_frame = read_detections(sequence / DETECTOR).by_frame()
    frames = []
    for number in range(1, int(about["seqLength"]) + 1):
        found = by_frame.get(number)
        frames.append(
            tuple(
                {
                    "x_min": round(max(0.0, box[0]), 2),
                    "y_min": round(max(0.0, box[1]), 2),
                    "x_max": round(min(float(width), box[2]), 2),
                    "y_max": round(min(float(height), box[3]), 2),
                    "score": round(score, 3),
                    "label": "person",
                }
                for box, score in zip(found.boxes.tolist(), found.scores.tolist(), strict=True)
            )
            if found is not None
            else ()
        )
    return Recording(sequence.name, (width, height), tuple(frames))
