"""Settings of fusion that an operator may change, each declared once.

They are what differs from site to site: how tall people are and how they walk, what the detector
misses and invents, how crowded a floor is, and when somebody has left. What was measured on
recordings and has one right value is a constant in `streams.domain.fusion.settings`.

They are part of a run and saved in its checkpoints: two folds of one log agree only with the same
settings. All durations are in event time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.declare import setting


@dataclass(frozen=True, kw_only=True, slots=True)
class FusedFloorSettings:
    """How the cameras of a floor are fused; all durations are of event time."""

    least_score: float = setting(
        0.5,
        "0-1",
        "A box of a lower score starts no person; down to half of it, it continues people who are "
        "known. Lower finds people who are hard to see, and takes more of what is nobody for "
        "people. Boxes below `inference.score_threshold` never come.",
        ge=0.01,
        le=1,
    )
    most_detected: float = setting(
        0.97,
        "0-1",
        "Highest probability that a person in full view is detected. Lower where the detector "
        "misses people: those whom a camera does not find are believed in for longer.",
        ge=0.2,
        le=0.999,
    )
    clutter: float = setting(
        1.0,
        "boxes/height^4",
        "How densely boxes lie that show nobody. Higher where the detector invents people: one "
        "box proves less, and people are found later.",
        ge=0.01,
        le=100,
    )
    birth_odds: float = setting(
        4.0,
        "log odds",
        "What each camera that sees the place has to bring before somebody new is believed in. "
        "Higher finds people later, and invents fewer.",
        ge=0.5,
        le=20,
    )
    whole_views: int = setting(
        3,
        "cameras",
        "A person is reported once so many cameras have seen the person whole, or all that can if "
        "they are fewer. Higher reports later at doors.",
        ge=1,
        le=16,
    )
    whole_wait_s: float = setting(
        20.0, "s", "A person is reported after this long all the same.", gt=0, le=600
    )
    leave_after_s: float = setting(
        5.0,
        "s",
        "A person whom no camera has detected for this long has left. Higher keeps who is hidden "
        "by furniture, and counts who left for longer.",
        ge=0.5,
        le=600,
    )
    stay_s: float = setting(
        50.0,
        "s",
        "Mean time for which an unseen person is expected back. Higher gives more of those who "
        "come back their number, and more often the number of somebody else.",
        ge=1,
        le=3600,
    )
    height_m: float = setting(
        1.68,
        "m",
        "Mean height of people who stand, shoes included. Lower on a ward of children.",
        ge=1.1,
        le=2.1,
    )
    height_sd_m: float = setting(
        0.08,
        "m",
        "Its standard deviation. Higher where children and adults mix; where one camera alone "
        "sees somebody, the distance is then less sure.",
        ge=0.01,
        le=0.4,
    )
    seated_height_m: float = setting(
        1.25, "m", "Mean height of people who sit; below `height_m`.", ge=0.9, le=1.8
    )
    seated_height_sd_m: float = setting(0.1, "m", "Its standard deviation.", ge=0.01, le=0.4)
    speed_m_s: float = setting(
        0.6,
        "m/s",
        "Standard deviation of the speed along each axis. Higher where people run: crossings are "
        "mistaken more often.",
        ge=0.1,
        le=5,
    )
    apart_m: float = setting(
        0.3,
        "m",
        "Nearest that two people come to each other. Lower where people stand very close; one "
        "person is taken for two more often.",
        ge=0.05,
        le=1,
    )
    hypotheses: int = setting(
        64,
        "hypotheses",
        "So many at most are kept of what a group of people may be. Lower costs less where people "
        "crowd, and mistakes more of them; where people are apart it has no effect.",
        ge=1,
        le=256,
    )

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            ValueError: Who sits would be as tall as who stands.
        """
        if not self.seated_height_m < self.height_m:
            raise ValueError(
                f"seated_height_m is {self.seated_height_m:g}: give less than height_m, which is "
                f"{self.height_m:g}"
            )


NEUTRAL: Final[Mapping[str, Any]] = {
    "least_score": 0.5,
    "most_detected": 0.97,
    "clutter": 1.0,
    "birth_odds": 4.0,
    "whole_views": 3,
    "whole_wait_s": 20.0,
    "leave_after_s": 5.0,
    "stay_s": 50.0,
    "height_m": 1.68,
    "height_sd_m": 0.08,
    "seated_height_m": 1.25,
    "seated_height_sd_m": 0.1,
    "speed_m_s": 0.6,
    "apart_m": 0.3,
    "hypotheses": 64,
}
"""For each setting that a release added, the value with which fusion works as before it.

A checkpoint of an earlier release holds no such setting. A default may change; these stay."""
