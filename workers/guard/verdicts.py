"""Decide from one comparison what is the matter with a camera's view."""

from dataclasses import dataclass
from typing import Final

from schemas.records.cameras import CameraVerdict
from workers.guard.measures import Measures


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a difference begins to matter; found on the recordings of `tests/bench/guard`.

    Attributes:
        dark: Below this 95th percentile of luma, 0 to 255, nothing can be recognised.
        shift: Least displacement, as a share of the width.
        back: A moved view is back where it was below this displacement.
        sharp: Below this fineness of detail a view is out of focus ...
        alike: ... if without its detail it is like the background, to at least this correlation.
        alike_behind: The same where so much is veiled that something may cover the view.
        veiled: Least share of blocks that show nothing any more where something covers the view.
        hidden: Most blocks that are found where something covers the view.
        lost: Below this share of found blocks the view is another one.
        nothing: Below this share of found blocks a blurred view is covered, and a sharp one
            another.
    """

    dark: float = 20.0
    shift: float = 0.003
    back: float = 0.002
    sharp: float = 0.85
    alike: float = 0.5
    alike_behind: float = 0.75
    veiled: float = 0.4
    hidden: float = 0.5
    lost: float = 0.3
    nothing: float = 0.15


LIMITS: Final = Limits()


def verdict_on(
    measures: Measures, before: CameraVerdict = "OK", limits: Limits = LIMITS
) -> CameraVerdict:
    """The verdict on one picture: OK, MOVED, COVERED, DARK or OUT_OF_FOCUS.

    Args:
        measures: How the picture differs from the background.
        before: The verdict so far, so that a displacement at the limit does not change it often.
        limits: Where a difference begins to matter.
    """
    if measures.bright < limits.dark:
        return "DARK"
    # A blurred view has few clear blocks, which seem to have moved.
    blurred = measures.sharp < limits.sharp
    much_veiled = measures.veiled >= limits.veiled
    alike = limits.alike_behind if much_veiled else limits.alike
    if blurred and measures.likeness >= alike:
        return "OUT_OF_FOCUS"
    if measures.shift >= (limits.back if before == "MOVED" else limits.shift):
        return "MOVED"
    some_left = measures.found >= limits.nothing
    if much_veiled and measures.found < limits.hidden and (blurred or some_left):
        return "COVERED"
    return "MOVED" if measures.found < limits.lost else "OK"
