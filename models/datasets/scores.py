"""Detection scores of any scale, read as shares of 1.

Files of MOTChallenge format hold whatever their detector gave: probabilities (Faster R-CNN, YOLO),
percents, margins from -0.5 to about 4 (the deformable part models of MOT16 and MOT17), margins from
about -1 to 140 (the aggregate channel features of MOT15), logits, one value in every row where
there is none. A tracker's thresholds need one scale.
"""

from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

Scale = Literal["unit", "percent", "none", "dpm", "acf", "logit"]

SCALES: Final[tuple[Scale, ...]] = get_args(Scale)


class _Curve(NamedTuple):
    """A logistic curve from margins to shares.

    Attributes:
        middle: Margin that reads as 0.5.
        spread: Margin that moves the odds by a factor of e.
    """

    middle: float
    spread: float

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        odds = (self.middle - scores) / self.spread
        return np.asarray(1.0 / (1.0 + np.exp(np.clip(odds, -500.0, 500.0))))


_CURVES: Final[dict[Scale, _Curve]] = {
    "acf": _Curve(10.0, 10.0),
    "dpm": _Curve(-0.25, 0.23),
    "logit": _Curve(0.0, 1.0),
}
"""`acf` and `dpm` are fitted so that one share means one precision: at 0.5 about one box in four is
a person, as of Faster R-CNN's boxes at that score, and at 0.98 nine in ten. `acf` is fitted on
MOT15's training scenes, `dpm` on MOT17's 05, 09 and 10. A logit becomes its probability."""

_LARGEST_DPM: Final = 10.0
"""Margins of part models stay below; MOT17's largest is 4.6. Those of channel features exceed it
in one box of two."""
_LEAST_DPM: Final = -0.5
"""Where the public detections of MOT16 and MOT17 end."""
_BEST_PERCENT: Final = 50.0
"""The best of a file's percents is above."""
_LEAST_MARGIN: Final = -1.0
"""Margins of either kind stay above; logits do not."""

_NEARLY_ALL: Final = 0.95
"""Part of a file's scores that is on its scale. Of margins and logits half or less is in 0 to 1."""
_OVERSHOOT: Final = 0.05
"""Part of a scale by which any score may lie outside it: a calibration or an average does that."""
_ROUNDING: Final = 1e-3
"""Part of a scale by which a score lies outside it after rounding; nobody is warned."""


_SINGLE_VALUES: Final = (-1.0, 1.0, 100.0)
"""Values that files without scores have in every row."""


class Recognised(NamedTuple):
    """The scale that a file's scores seem to be on.

    Attributes:
        scale: The scale.
        doubt: Why it may be another one, in words; empty when it is clear.
    """

    scale: Scale
    doubt: str = ""


class UnitScores(NamedTuple):
    """Scores from 0 to 1.

    Attributes:
        scores: Shape `(N,)`.
        scale: How they were read.
        found: True when the scale was found in the scores, False when it was given.
        doubt: Why they may be on another scale, in words; empty when that is clear or was given.
    """

    scores: NDArray[np.float64]
    scale: Scale
    found: bool
    doubt: str = ""

    def explain(self) -> str:
        """How they were read, in one sentence."""
        if self.scale == "logit":
            how = "as logits, 1 / (1 + exp(-s))"
        elif self.scale in _CURVES:
            curve = _CURVES[self.scale]
            how = f"1 / (1 + exp(({curve.middle:g} - s) / {curve.spread:g}))"
            detector = {"acf": "aggregate channel features (MOT15)", "dpm": "part models (MOT17)"}
            how = f"as margins of {detector[self.scale]}, {how}"
        else:
            how = {
                "unit": "as they are, from 0 to 1",
                "percent": "as percents",
                "none": "as no scores, since every row has the same, so 1 is taken",
            }[self.scale]
            if self.scale == "none" and not self.found:
                how = "as no scores, so 1 is taken"
        source = "recognised by their distribution" if self.found else "as --scores asks"
        return f"scores are read {how} (scale {self.scale}, {source})"


def to_unit_scores(scores: NDArray[np.float64], scale: Scale | None = None) -> UnitScores:
    """Bring a file's scores to 0 to 1.

    Every scale is one curve for all files, so that a frame's scores do not depend on frames to
    come; only which scale it is follows from the whole file. A few scores outside a scale that
    has ends are taken as its ends.

    Args:
        scores: Shape `(N,)`.
        scale: How to read them; None recognises it.

    Raises:
        ValueError: Scores are outside the scale that was given; the message names one.
    """
    taken, doubt = recognise(scores) if scale is None else Recognised(scale)
    found = scale is None
    if taken == "none":
        return UnitScores(np.ones_like(scores), taken, found, doubt)
    if taken in _CURVES:
        return UnitScores(_CURVES[taken](scores), taken, found, doubt)
    whole = 100.0 if taken == "percent" else 1.0
    if not _within(scores, whole):
        off = (scores < 0.0) | (scores > whole)
        row = int(off.argmax())
        raise ValueError(
            f"score {scores[row]:g} of detection {row + 1} is outside 0 to {whole:g}, the scale "
            f"{taken}: give another --scores ({', '.join(SCALES)}) or none to have it recognised"
        )
    return UnitScores(np.clip(scores / whole, 0.0, 1.0), taken, found, doubt)


def recognise(scores: NDArray[np.float64]) -> Recognised:
    """The scale that scores are on, by their distribution.

    - One value in every row: `unit` if it is from 0 to below 1, else `none`.
    - Nearly all from 0 to 1: `unit`. All from 0 to 100, the best above 50: `percent`.
    - Best above 10, none far below 0: `acf`. All from -1 to 10: `dpm`. All else: `logit`.

    Where another scale gives the same distribution, the doubt says so.
    """
    if len(scores) == 0:
        return Recognised("unit")
    least, most = float(scores.min()), float(scores.max())
    if least == most:
        return _of_one_value(least, len(scores))
    if _within(scores, 1.0):
        return Recognised("unit", _outside(scores, 1.0))
    span = f"scores from {least:g} to {most:g}"
    if least >= 0.0 and _BEST_PERCENT < most <= 100.0 * (1.0 + _OVERSHOOT):
        clear = most >= 90.0 and np.median(scores) > 50.0
        if clear or np.array_equal(scores, np.rint(scores)):
            return Recognised("percent", _outside(scores, 100.0))
        return Recognised("percent", f"{span} may be margins of channel features (acf) too")
    return _of_margins(least, most, span)


def _of_margins(least: float, most: float, span: str) -> Recognised:
    """The scale of scores that have no ends."""
    if most > _LARGEST_DPM and least >= -most / 10.0:
        clear = least < 0.0 or most > 100.0
        return Recognised("acf", "" if clear else f"{span} may be percents too")
    if least >= _LEAST_MARGIN and most <= _LARGEST_DPM:
        clear = _LEAST_DPM <= least < 0.0 < most
        return Recognised("dpm", "" if clear else f"{span} may be logits too")
    clear = least < 0.0 < most
    return Recognised("logit", "" if clear else f"{span} are all below 0, as no scale has them")


def _of_one_value(value: float, rows: int) -> Recognised:
    """The scale of a file that has one value in every row."""
    if 0.0 <= value < 1.0:
        every = f"every row has the score {value:g}, and none would be taken as 1"
        return Recognised("unit", every if rows > 1 else "")
    every = f"every row has {value:g}, which may be a score"
    filler = any(abs(value - one) <= _ROUNDING for one in _SINGLE_VALUES)
    return Recognised("none", "" if filler else every)


def _within(scores: NDArray[np.float64], whole: float) -> bool:
    """Whether scores are on a scale that starts at 0 and ends at `whole`, but for a few."""
    inside = (scores >= 0.0) & (scores <= whole)
    margin = _OVERSHOOT * whole
    near = (scores >= -margin) & (scores <= whole + margin)
    return bool(near.all() or inside.mean() >= _NEARLY_ALL)


def _outside(scores: NDArray[np.float64], whole: float) -> str:
    """Which scores are outside their scale by more than rounding, in words; empty for none."""
    rounding = _ROUNDING * whole
    off = (scores < -rounding) | (scores > whole + rounding)
    if not off.any():
        return ""
    count, first = int(np.count_nonzero(off)), float(scores[off][0])
    taken = "is" if count == 1 else "are"
    return (
        f"{count} of {len(scores)} scores {taken} outside 0 to {whole:g}, as {first:g}, and "
        f"{taken} taken as its ends"
    )
