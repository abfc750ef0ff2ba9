"""Points on a floor over time as text.

One point on each line of text, `frame, id, x, y`, parted by commas: frames count from 1, an id is
a person, `x` and `y` are metres on the floor. What follows the fourth field is not read, so that
the results of `wardstream fuse` are read as they are.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

_FIELDS = ("frame", "id", "x", "y")


@dataclass(frozen=True, slots=True)
class FloorTable:
    """Points over time, column by column, in order of frame and then id.

    Attributes:
        frames: Frame of each point, from 1, shape `(N,)`.
        ids: Person of each point, shape `(N,)`.
        points: Shape `(N, 2)`, `(x, y)`, metres on the floor.
    """

    frames: NDArray[np.int64]
    ids: NDArray[np.int64]
    points: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frames)

    def where(self, picked: NDArray[np.bool_]) -> Self:
        """The rows that a mask of shape `(N,)` picks."""
        return replace(
            self, frames=self.frames[picked], ids=self.ids[picked], points=self.points[picked]
        )


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a floor, metres; its edges belong to it."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    def __post_init__(self) -> None:
        """Refuse what is no area.

        Raises:
            ValueError: An edge is not a number, or the area is empty.
        """
        if any(math.isnan(edge) for edge in (self.x_min, self.y_min, self.x_max, self.y_max)):
            raise ValueError("an edge of the area is not a number")
        if self.x_min >= self.x_max or self.y_min >= self.y_max:
            raise ValueError(
                f"the area from ({self.x_min:g}, {self.y_min:g}) to ({self.x_max:g}, "
                f"{self.y_max:g}) m is empty"
            )

    def holds(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points, shape `(N, 2)`, are in it; shape `(N,)`."""
        low, high = (self.x_min, self.y_min), (self.x_max, self.y_max)
        return np.asarray(((points >= low) & (points <= high)).all(axis=1))


def floor_table(
    frames: NDArray[np.integer], ids: NDArray[np.integer], points: NDArray[np.floating]
) -> FloorTable:
    """A table of rows in any order."""
    order = np.lexsort((ids, frames))
    return FloorTable(
        np.asarray(frames, dtype=np.int64)[order],
        np.asarray(ids, dtype=np.int64)[order],
        np.asarray(points, dtype=np.float64).reshape(-1, 2)[order],
    )


def read_floor(path: Path) -> FloorTable:
    """Read a file of points; an id is at most once in a frame.

    Raises:
        ValueError: Names the file, line and field at fault.
        OSError: The file cannot be read.
    """
    keys: list[tuple[int, int]] = []
    points: list[tuple[float, float]] = []
    seen: dict[tuple[int, int], int] = {}
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: no text in UTF-8") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        frame, person, x, y = _row(line.split(","), where)
        key = (_whole(frame, "frame", where), _whole(person, "id", where))
        if key[0] < 1:
            raise ValueError(f"{where}, field frame: {key[0]}, but frames count from 1")
        if seen.setdefault(key, number) != number:
            raise ValueError(
                f"{where}, field id: {key[1]} is in frame {key[0]} already, line {seen[key]}"
            )
        keys.append(key)
        points.append((x, y))
    numbers = np.array(keys, dtype=np.int64).reshape(-1, 2)
    return floor_table(numbers[:, 0], numbers[:, 1], np.array(points, dtype=np.float64))


def _row(parts: list[str], where: str) -> list[float]:
    if len(parts) < len(_FIELDS):
        raise ValueError(
            f"{where}, field {_FIELDS[len(parts)]}: missing, the line has {len(parts)} fields"
        )
    row = []
    for name, text in zip(_FIELDS, parts, strict=False):
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"{where}, field {name}: {text.strip()!r} is not a number") from None
        if not math.isfinite(value):
            raise ValueError(f"{where}, field {name}: {text.strip()!r} is not finite")
        row.append(value)
    return row


def _whole(value: float, name: str, where: str) -> int:
    if not value.is_integer() or abs(value) >= 2**53:
        raise ValueError(f"{where}, field {name}: {value:g} is not a whole number")
    return int(value)
