"""What a camera's registry version says of where it hangs, and of what it sees from there."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from streams.domain.camera.pinhole import Pinhole
from streams.domain.zones.geometry import Polygon, polygon_of

FIELD_OF_VIEW_FITS_DEG: Final = 3.0
"""A field of view that is given differs from the projection's by this much at most: data sheets
round it, and name it for another part of the sensor than the frames show."""

LEAST_REGION_M2: Final = 0.01
"""A region that a camera sees holds more than this, m2."""


def check_location(camera: Mapping[str, Any], pinhole: Pinhole | None) -> None:
    """Check location, field of view and region of a version of a camera.

    Args:
        camera: The version.
        pinhole: Its pose and lens; None where they are not known.

    Raises:
        ValueError: One of them cannot be meant, or the field of view is not that of the projection;
            the message starts with the field.
    """
    if camera["location"] is not None and not all(map(math.isfinite, location_of(camera))):
        raise ValueError("location: it has finite numbers only")
    width_deg = camera["field_of_view_deg"]
    if width_deg is not None:
        if not 0.0 < width_deg <= 360.0:
            raise ValueError(f"field_of_view_deg: {width_deg:g} is not above 0 and at most 360")
        shown_deg = width_deg if pinhole is None else pinhole.field_of_view_deg()
        if not abs(shown_deg - width_deg) <= FIELD_OF_VIEW_FITS_DEG:
            raise ValueError(
                f"field_of_view_deg: it is {width_deg:g}, and the projection shows "
                f"{shown_deg:.1f}: leave it out, or look for what is wrong"
            )
    region_of(camera)


def location_of(camera: Mapping[str, Any]) -> tuple[float, float, float]:
    """Where a camera with a location hangs, m."""
    location = camera["location"]
    return location["x_m"], location["y_m"], location["z_m"]


def region_of(camera: Mapping[str, Any]) -> Polygon:
    """Corners of the part of the floor that a camera sees where walls limit its view, m.

    Empty where nothing but the picture does.

    Raises:
        ValueError: It is no simple polygon, or holds next to nothing of the floor; the message
            starts with the field.
    """
    if not camera["sees"]:
        return ()
    try:
        corners = polygon_of(camera["sees"])
    except ValueError as error:
        raise ValueError(f"sees: {error}") from error
    area_m2 = area_of(corners)
    if not area_m2 > LEAST_REGION_M2:
        raise ValueError(f"sees: it holds {area_m2:.3g} m2 of the floor")
    return corners


def area_of(corners: Sequence[tuple[float, float]]) -> float:
    """Area of a simple polygon, in its unit squared.

    >>> area_of(((0.0, 0.0), (2.0, 0.0), (2.0, 3.0)))
    3.0
    """
    doubled, (x1, y1) = 0.0, corners[-1]
    for x2, y2 in corners:
        doubled += x1 * y2 - x2 * y1
        x1, y1 = x2, y2
    return abs(doubled) / 2.0
