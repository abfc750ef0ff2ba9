"""The people of a floor at one tick, in columns: most ticks need no more than their ids."""

from collections.abc import Sequence
from typing import NamedTuple


class People(NamedTuple):
    """Everybody who is reported.

    Attributes:
        person_ids: Ids of the people, sorted, each once.
        x_m: Position of each, metres of the floor; NaN where it is not known.
        y_m: Position of each, metres of the floor; NaN where it is not known.
        position_sd_m: Standard deviation of each position in either direction, m.
        zone_ids: Zones in which each of them is.
    """

    person_ids: Sequence[str]
    x_m: Sequence[float]
    y_m: Sequence[float]
    position_sd_m: Sequence[float]
    zone_ids: Sequence[Sequence[str]]
