"""How a camera's registry version maps image pixels to the floor: homography, projection, lens.

`[x, y, 1] ~ H [u, v, 1]` with H in row-major order; u right and v down in pixels of the captured
frame, x and y in metres on the floor. Projection and lens: `pinhole.py`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from streams.domain.camera.pinhole import Lens, Pinhole, pinhole_of_homography


def check_homography(homography: Sequence[float] | None) -> None:
    """Refuse a homography that maps no area onto the floor.

    Raises:
        ValueError: Not nine finite numbers, or a singular matrix.
    """
    if homography is None:
        return
    if len(homography) != 9:
        raise ValueError(f"a homography has nine numbers, not {len(homography)}")
    if not all(math.isfinite(value) for value in homography):
        raise ValueError("a homography has finite numbers only")
    a, b, c, d, e, f, g, h, i = homography
    if a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) == 0.0:
        raise ValueError("the homography is singular")


def pinhole_of(camera: Mapping[str, Any]) -> Pinhole | None:
    """The pose and lens of a version of a camera; None where its projection is not known.

    Raises:
        ValueError: It cannot be a camera above a floor; the message starts with the field.
    """
    projection, lens = camera["projection"], camera["lens"]
    if projection is None:
        if lens is not None:
            raise ValueError("lens: it belongs to a projection, which is missing")
        return None
    known = None
    if lens is not None:
        known = Lens(lens["fx"], lens["fy"], lens["cx"], lens["cy"], tuple(lens["distortion"]))
    return Pinhole.of(projection, camera["width"], camera["height"], known)


def pinhole_or_none(camera: Mapping[str, Any]) -> Pinhole | None:
    """The place of a camera, as far as its registry version tells; see `why_not_fused`.

    A homography tells it where pixels are square and the picture's centre is the lens's; of a
    camera that looks down, with its field of view or its location.
    """
    if camera["mount"] == "MOVING":
        return None
    try:
        return _known_pinhole(camera)
    except ValueError:
        return None  # a plane is mapped, but not by such a camera


def why_not_fused(camera: Mapping[str, Any]) -> str:
    """Why a calibrated camera is not fused with the others of its floor, in a sentence.

    Empty for one that can be, that is not calibrated, or that moves.
    """
    if camera["mount"] == "MOVING":
        return ""
    try:
        _known_pinhole(camera)
    except ValueError as error:
        return str(error)
    return ""


def _known_pinhole(camera: Mapping[str, Any]) -> Pinhole | None:
    if camera["projection"] is not None:
        return pinhole_of(camera)
    if camera["homography"] is None:
        return None
    location = camera["location"]
    return pinhole_of_homography(
        camera["homography"],
        camera["width"],
        camera["height"],
        field_of_view_deg=camera["field_of_view_deg"],
        up_m=None if location is None else location["z_m"],
    )
