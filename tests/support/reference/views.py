"""Views made of people one by one, and the fold of one view by a zone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from streams.domain.camera.people import PERSON
from streams.domain.camera.view import View
from streams.domain.zones.area import ZoneArea
from streams.domain.zones.membership import Happening, ZoneState, observe_standing
from streams.domain.zones.standing import table_of, who_stands

_NOT_A_NUMBER = float("nan")


class Sighting(NamedTuple):
    """One confirmed track.

    Attributes:
        number: Number of the track within its camera.
        foot_x_px: Horizontal coordinate of the foot point in the captured frame, px.
        foot_y_px: Vertical coordinate of the foot point in the captured frame, px.
        x_m: First floor coordinate, metres; None without calibration.
        y_m: Second floor coordinate, metres; None without calibration.
        observed: False while the track coasts.
        last_observed_us: Event time of the last matched detection, microseconds.
    """

    number: int
    foot_x_px: float
    foot_y_px: float
    x_m: float | None
    y_m: float | None
    observed: bool
    last_observed_us: int


def view_of(camera_id: str, captured_us: int, looked: bool, people: Sequence[Sighting]) -> View:
    """A view of some people."""
    rows = [
        tuple(_NOT_A_NUMBER if value is None else float(value) for value in person)
        for person in people
    ]
    return View(camera_id, captured_us, looked, np.array(rows, PERSON).tobytes())


def observe(
    zone: ZoneState, area: ZoneArea, view: View, looked_us: int, hold_us: int
) -> list[Happening]:
    """Fold one view of a camera into its zone; see `observe_standing`."""
    [standing] = who_stands(table_of([area]), view.people)
    return observe_standing(zone, area, view, view.person_ids, standing, looked_us, hold_us)
