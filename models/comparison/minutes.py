"""What the board would have shown: minutes of each zone in both arms, with truth or without."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.comparison.arms import Frames, NotComparable
from models.comparison.blocks import block_length_s, units_of
from models.comparison.ratios import RESAMPLES, Difference, Ratio, differences_of

MINUTES_AN_HOUR = 60
SECONDS_A_MINUTE = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """What the board shows in each minute, in one arm; each shape `(N,)`.

    Attributes:
        people: People in the zone, mean of the minute.
        entries: Times that somebody came in.
        exits: Times that somebody left.
        dwell_s: Seconds that people spent there, summed over people.
        short: Whether the zone was short of staff.
        covered: Whether it was covered.
    """

    people: NDArray[np.float64]
    entries: NDArray[np.float64]
    exits: NDArray[np.float64]
    dwell_s: NDArray[np.float64]
    short: NDArray[np.bool_]
    covered: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Minutes:
    """Minutes of zones, in order of zone and then time.

    Attributes:
        zones: Zone of each minute, shape `(N,)`.
        times_us: Start of each minute, us since 1970.
        a: What the board shows with arm a.
        b: With arm b.
        true_people: People who were there; empty without truth.
    """

    zones: NDArray[np.str_]
    times_us: NDArray[np.int64]
    a: Board
    b: Board
    true_people: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardComparison:
    """What differs on the board.

    Attributes:
        flips: Decision flips: minutes in which one arm has the zone short or covered and the
            other has not.
        flip_minutes: Positions of these minutes.
        minutes: Minutes that were compared.
        block_s: Length of a block, s.
        differences: Flips an hour (arm a beside itself has 0), people, entries, exits and dwell;
            with truth the mean error of occupancy.
    """

    flips: int
    flip_minutes: NDArray[np.int64]
    minutes: int
    block_s: float
    differences: tuple[Difference, ...]


def compare_boards(
    minutes: Minutes, *, resamples: int = RESAMPLES, seed: int = 0
) -> BoardComparison:
    """Compare what the board would have shown.

    Raises:
        NotComparable: No minutes, columns of different lengths, a value that is no number, or
            minutes out of order.
    """
    _check(minutes)
    a, b = minutes.a, minutes.b
    flipped = (a.short != b.short) | (a.covered != b.covered)
    ones = np.ones(len(minutes.times_us))
    ratios = [
        Ratio(
            name="decision flips an hour",
            higher_is_better=False,
            up_a=0.0 * ones,
            up_b=MINUTES_AN_HOUR * flipped.astype(float),
            down_a=ones,
            down_b=ones,
        )
    ]
    for name, scale in (("people", 1.0), ("entries", 60.0), ("exits", 60.0), ("dwell_s", 1.0)):
        ratios.append(
            Ratio(
                name=NAMES[name],
                up_a=scale * getattr(a, name),
                up_b=scale * getattr(b, name),
                down_a=ones,
                down_b=ones,
            )
        )
    difference = b.people - a.people
    if len(minutes.true_people):
        of_a = np.abs(a.people - minutes.true_people)
        of_b = np.abs(b.people - minutes.true_people)
        ratios.append(
            Ratio(
                name="error of occupancy",
                up_a=of_a,
                up_b=of_b,
                down_a=ones,
                down_b=ones,
                higher_is_better=False,
            )
        )
        difference = of_b - of_a
    frames = Frames(cameras=minutes.zones, times_us=minutes.times_us, size=(1, 1))
    # Minutes are the steps here: a block holds at least four of them.
    block_s = max(4 * SECONDS_A_MINUTE, block_length_s(frames, difference))
    units = units_of(frames, block_s)
    return BoardComparison(
        flips=int(flipped.sum()),
        flip_minutes=np.flatnonzero(flipped),
        minutes=len(ones),
        block_s=block_s,
        differences=differences_of(ratios, units, resamples=resamples, seed=seed),
    )


NAMES = {
    "people": "people in a zone",
    "entries": "entries an hour",
    "exits": "exits an hour",
    "dwell_s": "person-seconds a minute",
}


def _check(minutes: Minutes) -> None:
    count = len(minutes.times_us)
    if count == 0:
        raise NotComparable("there are no minutes to compare")
    if len(minutes.zones) != count:
        raise NotComparable(f"zones has {len(minutes.zones)} values for {count} minutes")
    for name, board in (("a", minutes.a), ("b", minutes.b)):
        for column in ("people", "entries", "exits", "dwell_s", "short", "covered"):
            values = getattr(board, column)
            if len(values) != count:
                raise NotComparable(f"arm {name}: {column} has {len(values)} values, not {count}")
            if not np.isfinite(values).all():
                raise NotComparable(f"arm {name}: {column} is not a number in some minute")
    if len(minutes.true_people) not in (0, count):
        raise NotComparable(f"truth has {len(minutes.true_people)} minutes, not {count}")
    if not np.isfinite(minutes.true_people).all():
        raise NotComparable("truth: people is not a number in some minute")
    later = (minutes.zones[1:] > minutes.zones[:-1]) | (
        (minutes.zones[1:] == minutes.zones[:-1]) & (np.diff(minutes.times_us) > 0)
    )
    if not later.all():
        at = int(later.argmin()) + 1
        raise NotComparable(
            f"zone {minutes.zones[at]} at {minutes.times_us[at]} us is out of order or twice"
        )
