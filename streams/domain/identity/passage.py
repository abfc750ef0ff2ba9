"""Ways by which people go from the views of some cameras of a floor to those of others."""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

MOST_S: Final = 86_400.0
"""Longest time that somebody may take for a passage, s; whoever went in is remembered for it."""


class Passage(NamedTuple):
    """A place where people leave views, and the one where they appear in others.

    Attributes:
        name: For people.
        from_camera_id: Camera whose view they leave; empty for any.
        to_camera_id: Camera in whose view they appear; empty for any.
        from_x_m: Where they leave, m.
        from_y_m: Where they leave, m.
        to_x_m: Where they appear, m.
        to_y_m: Where they appear, m.
        radius_m: How far from either place they may be, m.
        min_s: Least time between the two, s.
        max_s: Most time between the two, s.
    """

    name: str
    from_camera_id: str
    to_camera_id: str
    from_x_m: float
    from_y_m: float
    to_x_m: float
    to_y_m: float
    radius_m: float
    min_s: float
    max_s: float


def passages_of(floor: Mapping[str, Any]) -> tuple[Passage, ...]:
    """The passages of a version of a floor, in its order.

    Raises:
        ValueError: A number of one is not finite, its radius is not above 0, or its times are not
            in order or too long; the message starts with the field and names the passage.
    """
    found = []
    for number, given in enumerate(floor["passages"], 1):
        passage = Passage(**{name: given[name] for name in Passage._fields})
        fault = _fault(passage)
        if fault:
            raise ValueError(f"passages: passage {number}: {fault}")
        found.append(passage)
    return tuple(found)


def _fault(passage: Passage) -> str:
    for name in Passage._fields[3:]:
        if not math.isfinite(getattr(passage, name)):
            return f"{name} is not a finite number"
    if passage.radius_m <= 0.0:
        return f"radius_m is {passage.radius_m:g}, not above 0"
    if not 0.0 <= passage.min_s <= passage.max_s:
        return f"min_s {passage.min_s:g} and max_s {passage.max_s:g} are not 0 <= min_s <= max_s"
    if passage.max_s > MOST_S:
        return f"max_s is {passage.max_s:g}, longer than {MOST_S:g} s"
    return ""
