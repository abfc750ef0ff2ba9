"""What one camera says about the people in its frame at one event time."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.records import Track


@dataclass(slots=True)
class Sighting:
    """One confirmed track.

    Attributes:
        person_id: `camera_id:track_id` until cameras are fused.
        foot_x_px: Foot point, pixels of the captured frame.
        foot_y_px: Foot point, pixels of the captured frame.
        x_m: On the floor, m; None without calibration.
        y_m: On the floor, m; None without calibration.
        observed: False while the track coasts.
        last_observed_us: Event time of the last matched detection, microseconds.
        role: By evidence independent of the roster; empty when unknown.
    """

    person_id: str
    foot_x_px: float
    foot_y_px: float
    x_m: float | None
    y_m: float | None
    observed: bool
    last_observed_us: int
    role: str = ""


@dataclass(slots=True)
class View:
    """The people of one camera.

    Attributes:
        camera_id: Camera.
        captured_us: Event time, microseconds.
        looked: True when a frame was looked at; False when only time passed.
        people: By track id.
    """

    camera_id: str
    captured_us: int
    looked: bool
    people: list[Sighting]


def view_of(camera_id: str, captured_us: int, looked: bool, tracks: Sequence[Track]) -> View:
    """The people among a frame's tracks: those confirmed, at their feet."""
    people: list[Sighting] = []
    for track in tracks:
        if track["state"] != "CONFIRMED":
            continue
        # Bottom centre of the box, as `foot_point` says, on the published step.
        x = round((track["x_min"] + track["x_max"]) * 8.0) / 16.0
        people.append(
            Sighting(
                person_id=f"{camera_id}:{track['track_id']}",
                foot_x_px=x,
                foot_y_px=track["y_max"],
                x_m=track["x_m"],
                y_m=track["y_m"],
                observed=track["observed"],
                last_observed_us=track["last_observed_us"],
            )
        )
    return View(camera_id, captured_us, looked, people)
