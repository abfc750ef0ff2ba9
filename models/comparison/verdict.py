"""One sentence: which arm is better, and how sure that is."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import stats

from models.comparison.ratios import POWER, Difference

MARGIN = 0.01
"""A loss of so much is accepted: one person in a hundred."""
MOST_HOURS = 10_000.0


class Outcome(StrEnum):
    """What the comparison shows."""

    BETTER = "better"
    WORSE = "worse"
    NOT_WORSE = "not worse"
    UNKNOWN = "cannot tell"


ANSWERS = {
    Outcome.BETTER: "{b} is better than {a}",
    Outcome.WORSE: "{b} is worse than {a}",
    Outcome.NOT_WORSE: "{b} is not worse than {a} by more than the margin",
    Outcome.UNKNOWN: "It is not known yet whether {b} is better or worse than {a}",
}
FIGURES = (
    "{measure} differs by {difference:+.4f} (95 % interval {low:+.4f} to {high:+.4f}), margin "
    "{margin:g}, {hours:.2f} hours of video."
)
NO_INTERVAL = "there is one block or nothing to measure {measure} by, in {hours:.2f} hours of video"
MORE = "About {more:.1f} hours more are needed."
MANY = "More than {more:.0f} hours more would be needed."
UNKNOWN_MORE = "How many hours more are needed is not known."


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The answer.

    Attributes:
        outcome: Of arm b beside arm a.
        hours: Hours of video that were compared, all cameras together.
        margin: Loss that is accepted.
        more_hours: Hours still needed; 0 when there is an answer, None when not known.
        sentence: All of this in words.
    """

    outcome: Outcome
    hours: float
    margin: float
    more_hours: float | None
    sentence: str


def verdict(it: Difference, *, a: str, b: str, hours: float, margin: float = MARGIN) -> Verdict:
    """Judge arm b by one measure.

    Args:
        it: The measure.
        a: Name of arm a.
        b: Name of arm b.
        hours: Hours of video, all cameras together.
        margin: Loss that is accepted, in the measure's unit, 0 or more.

    Raises:
        ValueError: The margin is below 0 or no number.
    """
    if not margin >= 0:
        raise ValueError(f"a margin is 0 or more, and this one is {margin}")
    gain, low, high = it.difference, it.low, it.high
    if not it.higher_is_better:
        gain, low, high = -gain, -high, -low
    more: float | None = 0.0
    if not (np.isfinite(low) and np.isfinite(high) and np.isfinite(gain)):
        outcome, more = Outcome.UNKNOWN, None
    elif low > 0:
        outcome = Outcome.BETTER
    elif high < 0:
        outcome = Outcome.WORSE
    elif low >= -margin:
        outcome = Outcome.NOT_WORSE
    else:
        outcome, more = Outcome.UNKNOWN, _more_hours(gain, it.error, hours, margin)
    answer = ANSWERS[outcome].format(a=a, b=b)
    if np.isfinite(low):
        figures = FIGURES.format(
            measure=it.measure,
            difference=it.difference,
            low=it.low,
            high=it.high,
            margin=margin,
            hours=hours,
        )
    else:
        figures = NO_INTERVAL.format(measure=it.measure, hours=hours) + "."
    sentence = f"{answer}: {figures}"
    if outcome is Outcome.UNKNOWN:
        ending = UNKNOWN_MORE if more is None else MANY if more >= MOST_HOURS else MORE
        sentence += " " + ending.format(more=more)
    return Verdict(outcome=outcome, hours=hours, margin=margin, more_hours=more, sentence=sentence)


def _more_hours(gain: float, error: float, hours: float, margin: float) -> float | None:
    """Hours until four of five comparisons have an answer, if the true gain is what it seems."""
    distance = max(abs(gain), gain + margin)
    if distance <= 0:
        return None
    needed = (stats.norm.ppf(0.975) + stats.norm.ppf(POWER)) * error / distance
    return float(min(MOST_HOURS, max(hours * (needed**2 - 1), hours * 0.1)))
