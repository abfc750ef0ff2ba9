"""A model's scores brought onto one scale, that of yolox_nano.

Scores of different models do not mean the same: the best F1 on one clip is at 0.585 for yolox_nano
and at 0.40 for CenterNet. Thresholds of settings and tracker are on the scale of yolox_nano, so
each model has a map onto it, and a change of models does not move them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ScoreMap:
    """A strictly increasing map of scores, straight between its points.

    Attributes:
        points: Raw score and score of each point, 0 to 1; the first is `(0, 0)`, the last `(1, 1)`.
    """

    points: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, points: Sequence[Sequence[float]]) -> Self:
        """Check points and make a map from them.

        Raises:
            ValueError: They do not rise from (0, 0) to (1, 1); names the point at fault.
        """
        if any(len(point) != 2 for point in points):
            raise ValueError("a point of a score map is a raw score and a score")
        pairs = tuple((float(raw), float(score)) for raw, score in points)
        if len(pairs) < 2 or pairs[0] != (0.0, 0.0) or pairs[-1] != (1.0, 1.0):
            raise ValueError("a score map goes from (0, 0) to (1, 1)")
        for before, after in pairwise(pairs):
            if not (before[0] < after[0] and before[1] < after[1]):
                raise ValueError(f"a score map rises, but {after} comes after {before}")
        return cls(pairs)

    def apply(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores on the common scale of raw ones."""
        raws, scores = zip(*self.points, strict=True)
        return np.asarray(np.interp(raw, raws, scores), dtype=np.float64)

    def raw_of(self, score: float) -> float:
        """The raw score that is mapped to a score."""
        raws, scores = zip(*self.points, strict=True)
        return float(np.interp(score, scores, raws))

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the points; part of the identity of what the model gives."""
        text = "".join(f"{raw!r},{score!r}\n" for raw, score in self.points)
        return hashlib.sha256(text.encode()).hexdigest()


IDENTITY = ScoreMap.of([(0, 0), (1, 1)])
