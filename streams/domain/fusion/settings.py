"""Settings of fusion: what people are like, what a detector gets wrong, and how hard to search.

An operator may change those of `FusedFloorSettings`. The others here are constants: errors of a
detector's edges and shapes of people, which were measured and are alike everywhere, and limits of
the search, whose effect on cost `hypotheses` has too.

The figures were measured on the recordings CMC1 and CMC2 (Ong et al. 2022): Faster R-CNN boxes
against hand-fitted ellipsoids. Consecutive errors of a person are alike (correlation 0.5 to 0.8
over 0.25 s), which a Kalman filter takes for evidence; standard deviations are therefore higher
than the measured ones (0.07, 0.03 and 0.04 heights). The odds of a faint box are those of the card
of yolox_nano, on whose scale all scores are: from 0.25 to 0.5 about one box in five is a person.
"""

from dataclasses import asdict, astuple, dataclass, fields, replace
from functools import lru_cache
from typing import Final

import numpy as np

from schemas.fusion_settings import FusedFloorSettings
from streams.domain.tracking.dtypes import dtype_of
from streams.domain.tracking.types import Structured

_SHORTER: Final = 2.0
"""How much shorter a box is, seen from above: so are the lengths in which errors are given."""

_MAY_BE_ZERO: Final = frozenset(
    {"size_walk_m", "size_jump_m", "bottom_offset", "apart_penalty", "faint_odds"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FusionSettings(FusedFloorSettings):
    """All settings of fusion; lengths in metres, times in seconds of event time.

    Attributes:
        radius_m: Mean radius of the ellipsoid around a person.
        radius_sd_m: Its standard deviation.
        size_walk_m: Random walk of height and radius, m/s^0.5.
        size_jump_m: Standard deviation that a height gains by each box whose top edge is wrong, m.
            Higher follows people who sit down or stand up sooner; 0 never does.
        hide_s: Mean time after which something unknown hides a person from all cameras: a pole, a
            desk, a door. Higher gives people up sooner whom all cameras miss.
        show_s: Mean time for which it does. Higher remembers people for longer where they were
            lost, and takes more often somebody else there for them.
        turn_s: Time over which a velocity is forgotten. Lower follows turns sooner.
        side_sd: Standard deviation of the left and right edge of a box, in heights of the box.
        top_sd: Standard deviation of the top edge, in heights.
        bottom_sd: Standard deviation of the bottom edge where it is not hidden, in heights.
        bottom_offset: How far feet are below the ellipsoid's lowest point, in heights.
        faint_odds: Log odds of existence that a faint box costs, as more of them show nobody than
            somebody.
        outliers: Share of the left, right and top edges that are wrong by more than the noise.
        first_existence: Existence of a new person; people are reported above 0.5.
        least_existence: Existence below which a person is forgotten.
        most_existence: Highest existence. Lower forgets a person who left sooner.
        apart_penalty: Log weight that a hypothesis loses for two people in one place.
        log_gap: Log weight below the best at which a hypothesis is dropped.
        merge_gap: Log weight below which two groups that want one box are decided together. Higher
            resolves more conflicts, and costs more.
        quiet_gap: Log weight below the best at which what a person may be is dropped where nobody
            else wants the boxes.
        alike_m: Distance below which two hypotheses about the same people are one.
        reach: Boxes farther off than this, in heights, are not compared.
    """

    radius_m: float = 0.28
    radius_sd_m: float = 0.03
    size_walk_m: float = 0.002
    size_jump_m: float = 0.05
    hide_s: float = 20.0
    show_s: float = 2.0
    turn_s: float = 1.5
    side_sd: float = 0.08
    top_sd: float = 0.045
    bottom_sd: float = 0.05
    bottom_offset: float = 0.033
    faint_odds: float = 1.27
    outliers: float = 0.02
    first_existence: float = 0.5
    least_existence: float = 0.02
    most_existence: float = 0.995
    apart_penalty: float = 3.0
    log_gap: float = 9.0
    merge_gap: float = 10.0
    quiet_gap: float = 4.0
    alike_m: float = 0.15
    reach: float = 0.7

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing.

        Raises:
            ValueError: A value is not a positive number, or contradicts another; names the setting.
        """
        for name in (one.name for one in fields(self)):
            value = getattr(self, name)
            if not value > 0 and name not in _MAY_BE_ZERO:
                raise ValueError(f"{name} is {value:g}: give a number above 0")
        FusedFloorSettings.__post_init__(self)  # `super` does not know a class with slots


@lru_cache(maxsize=64)
def fusion_settings(chosen: FusedFloorSettings) -> FusionSettings:
    """All settings of fusion where an operator chose these."""
    return FusionSettings(**asdict(chosen))


PARAMETERS: Final = dtype_of(FusionSettings)


@lru_cache(maxsize=64)
def parameters_of(settings: FusionSettings) -> Structured:
    """The settings as `PARAMETERS` records, for cameras of each kind; for reading only.

    Seen from above, a box is as high as a body is wide, and arms and legs move its edges as far as
    from the side: errors in heights of the box are larger.
    """
    from_above = replace(
        settings,
        side_sd=_SHORTER * settings.side_sd,
        top_sd=_SHORTER * settings.top_sd,
        bottom_sd=_SHORTER * settings.bottom_sd,
        clutter=settings.clutter / _SHORTER**4,
        reach=_SHORTER * settings.reach,
    )
    parameters = np.array([astuple(settings), astuple(from_above)], dtype=PARAMETERS)
    parameters.flags.writeable = False
    return parameters
