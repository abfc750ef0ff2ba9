"""Boxes over time as text, in the format of MOTChallenge.

One box on each line of text, ten numbers (nine in the ground truth of MOT16 and later):

    frame, id, left, top, width, height, confidence, x, y, z
    frame, id, left, top, width, height, confidence, class, visibility

Frames count from 1, sizes are px. Ground truth uses `confidence` as a flag: a row with 0 is
ignored in scoring. Detections have id -1.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from models.detectors.boxes import Boxes, xywh_to_xyxy, xyxy_to_xywh

PEDESTRIAN = 1
"""Class of people in MOT16 and later; MOT15 has people only."""

DISTRACTORS = (2, 7, 8, 12)
"""Classes of MOT16 and later that look like people and are not counted: a person on a vehicle, a
person who stays where they are, a distractor, a reflection."""

NO_ID = -1

_FIELDS = ("frame", "id", "left", "top", "width", "height", "confidence")
_FEWEST_FIELDS = 6

Kind = Literal["ground truth", "tracks", "detections"]


@dataclass(frozen=True, slots=True)
class BoxTable:
    """Boxes over time, column by column, in order of frame and then id.

    Attributes:
        frames: Frame of each box, from 1, shape `(N,)`.
        ids: Track or person of each box, `NO_ID` for detections, shape `(N,)`.
        boxes: Shape `(N, 4)`, `(x_min, y_min, x_max, y_max)`, px.
        scores: Confidence of each box, shape `(N,)`.
    """

    frames: NDArray[np.int64]
    ids: NDArray[np.int64]
    boxes: Boxes
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frames)

    def where(self, picked: NDArray[np.bool_]) -> Self:
        """The rows that a mask of shape `(N,)` picks."""
        return replace(
            self,
            frames=self.frames[picked],
            ids=self.ids[picked],
            boxes=self.boxes[picked],
            scores=self.scores[picked],
        )

    def scaled(self, factor: float) -> Self:
        """The same boxes in a picture of another size."""
        return replace(self, boxes=self.boxes * factor)

    def by_frame(self) -> dict[int, Self]:
        """The rows of each frame that has any."""
        starts = np.flatnonzero(np.diff(self.frames, prepend=0))
        ends = [*starts[1:].tolist(), len(self)][: len(starts)]
        return {
            int(self.frames[start]): replace(
                self,
                frames=self.frames[start:end],
                ids=self.ids[start:end],
                boxes=self.boxes[start:end],
                scores=self.scores[start:end],
            )
            for start, end in zip(starts.tolist(), ends, strict=True)
        }


def table(
    frames: NDArray[np.integer],
    ids: NDArray[np.integer],
    boxes: NDArray[np.floating],
    scores: NDArray[np.floating],
) -> BoxTable:
    """A table of rows in any order; those of one frame and id keep theirs."""
    order = np.lexsort((ids, frames))
    return BoxTable(
        np.asarray(frames, dtype=np.int64)[order],
        np.asarray(ids, dtype=np.int64)[order],
        np.asarray(boxes, dtype=np.float64).reshape(-1, 4)[order],
        np.asarray(scores, dtype=np.float64)[order],
    )


def read_ground_truth(path: Path) -> BoxTable:
    """Read `gt.txt`: the people that count.

    Rows flagged 0 are left out, and so is every class but pedestrians where there are classes.
    Boxes of a tracker on left-out rows count as wrong, as in MOT15; MOT16 and later first
    remove those on distractors, see `models.evaluation.distractors`.

    Raises:
        ValueError: Names the file, line and field at fault.
        FileNotFoundError: There is no such file.
    """
    rows = _read(path, "ground truth")
    people = rows[:, 6] != 0
    if rows.shape[1] == 9:
        people &= rows[:, 7] == PEDESTRIAN
    return _table_of(rows[people])


def read_distractors(path: Path) -> tuple[BoxTable, NDArray[np.bool_]] | None:
    """Read everything that is annotated in a `gt.txt` with classes, counted or not.

    Returns:
        All rows, and whether each is a distractor, shape `(N,)`; None without classes (MOT15).

    Raises:
        ValueError: Names the file, line and field at fault.
        FileNotFoundError: There is no such file.
    """
    rows = _read(path, "ground truth")
    if rows.shape[1] != 9:
        return None
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    return _table_of(rows), np.isin(rows[:, 7], DISTRACTORS)


def read_tracks(path: Path) -> BoxTable:
    """Read a tracker's results; an id is at most once in a frame.

    Raises:
        ValueError: Names the file, line and field at fault.
        FileNotFoundError: There is no such file.
    """
    return _table_of(_read(path, "tracks"))


def read_detections(path: Path) -> BoxTable:
    """Read `det.txt`; ids are set to `NO_ID`.

    Raises:
        ValueError: Names the file, line and field at fault.
        FileNotFoundError: There is no such file.
    """
    read = _table_of(_read(path, "detections"))
    return replace(read, ids=np.full(len(read), NO_ID, dtype=np.int64))


def write(path: Path, boxes: BoxTable) -> None:
    """Write detections or a tracker's results.

    Numbers are written so that reading gives the same sizes and scores to the last bit.
    """
    sizes = xyxy_to_xywh(boxes.boxes)
    with path.open("w") as file:
        for frame, number, size, score in zip(
            boxes.frames.tolist(),
            boxes.ids.tolist(),
            sizes.tolist(),
            boxes.scores.tolist(),
            strict=True,
        ):
            left, top, width, height = size
            file.write(
                f"{frame},{number},{left!r},{top!r},{width!r},{height!r},{score!r},-1,-1,-1\n"
            )


def _read(path: Path, kind: Kind) -> NDArray[np.float64]:
    """All rows as numbers, shape `(N, 7)`, or `(N, 9)` where the ground truth has classes."""
    rows: list[list[float]] = []
    width = 7
    seen: dict[tuple[int, int], int] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        parts = line.split(",") if "," in line else line.split()
        if kind == "ground truth" and len(parts) == 9:
            width = 9
        row = _row(parts, where, kind)
        key = (int(row[0]), int(row[1]))
        if kind != "detections" and seen.setdefault(key, number) != number:
            raise ValueError(
                f"{where}, field id: {key[1]} is in frame {key[0]} already, line {seen[key]}"
            )
        rows.append(row)
    if width == 9 and any(len(row) < 9 for row in rows):
        raise ValueError(f"{path}: some lines have the class of MOT16 and some do not")
    return np.array([row[:width] for row in rows], dtype=np.float64).reshape(-1, width)


def _row(parts: list[str], where: str, kind: Kind) -> list[float]:
    if len(parts) < _FEWEST_FIELDS:
        raise ValueError(
            f"{where}, field {_FIELDS[len(parts)]}: missing, the line has {len(parts)} fields"
        )
    row = []
    for index, text in enumerate(parts):
        name = _FIELDS[index] if index < len(_FIELDS) else str(index + 1)
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"{where}, field {name}: {text.strip()!r} is not a number") from None
        if not np.isfinite(value):
            raise ValueError(f"{where}, field {name}: {text.strip()!r} is not finite")
        row.append(value)
    if len(row) == _FEWEST_FIELDS:
        row.append(1.0)
    for index in (0, 1):
        if not row[index].is_integer():
            raise ValueError(f"{where}, field {_FIELDS[index]}: {row[index]} is not a whole number")
    if row[0] < 1:
        raise ValueError(f"{where}, field frame: {row[0]:.0f}, but frames count from 1")
    for index in (4, 5):
        if row[index] < 0:
            raise ValueError(f"{where}, field {_FIELDS[index]}: {row[index]} is negative")
        if kind == "detections" and row[index] == 0:
            raise ValueError(
                f"{where}, field {_FIELDS[index]}: 0, but a detection covers something"
            )
    return row


def _table_of(rows: NDArray[np.float64]) -> BoxTable:
    return table(
        rows[:, 0].astype(np.int64),
        rows[:, 1].astype(np.int64),
        xywh_to_xyxy(rows[:, 2:6]),
        rows[:, 6],
    )
