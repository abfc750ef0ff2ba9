"""What follows from a camera's projection and lens: its homography, location and field of view."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.camera.pinhole import Pinhole
from streams.domain.camera.projection import pinhole_of

_GRID: Final = 21
"""A frame is asked at this many columns and rows."""

_LEAST_DEPTH: Final = 0.25
"""Asked is the floor up to four times as far away as at the lower edge of the frame."""

_UNDETERMINED: Final = 1e-9
"""A homography whose singular values are below this share of the greatest is not determined."""

_DIGITS: Final = 12
"""A fitted number is rounded to this many digits, as machines differ in the last ones."""

AGREEMENT_M: Final = 0.01
"""A homography that is given beside a projection differs from it by this much at most, m."""


def homography_of(camera: Mapping[str, Any]) -> list[float] | None:
    """The homography of a row's fields: the one given, unless a projection gives it.

    Raises:
        ValueError: The projection or lens cannot be used, or the homography given contradicts
            them; the message starts with the field.
    """
    given: list[float] | None = camera["homography"]
    pinhole = pinhole_of(camera)
    if pinhole is None:
        return given
    derived = floor_homography(pinhole)
    if given is None:
        return derived
    px, _ = _seen(pinhole)
    with np.errstate(all="ignore"):
        apart = float(np.hypot(*(mapped(given, px) - mapped(derived, px)).T).max())
    if not apart <= AGREEMENT_M:
        raise ValueError(
            f"homography: it puts the floor up to {apart:.2f} m from where the projection puts it; "
            "leave it out, since it follows from the projection"
        )
    return given


def pose_fields(pinhole: Pinhole) -> dict[str, Any]:
    """The location and the field of view that a pose shows, as fields of a camera."""
    x_m, y_m, z_m = (round(metres, 3) + 0.0 for metres in pinhole.position())
    return {
        "location": {"x_m": x_m, "y_m": y_m, "z_m": z_m},
        "field_of_view_deg": round(pinhole.field_of_view_deg(), 2),
    }


def followed(camera: Mapping[str, Any], found: Pinhole | None) -> dict[str, Any]:
    """Location and field of view of a camera that gets another pose.

    One that somebody gave stays as it is. One that is missing, or followed from the projection
    before, follows from the new one.

    Args:
        camera: The newest version.
        found: The new pose; None where only the floor is known now.
    """
    try:
        before = pinhole_of(camera)
    except ValueError:
        before = None  # an older release may have registered it
    old = {} if before is None else pose_fields(before)
    new = {} if found is None else pose_fields(found)
    return {
        name: new.get(name, [])
        for name in ("location", "field_of_view_deg")
        if camera[name] in (None, old.get(name))
    }


def floor_homography(pinhole: Pinhole) -> list[float]:
    """Nine numbers, row by row: pixels of the captured frame to metres on the floor.

    No homography describes a lens; with one, it is the best for the floor near the camera.
    """
    if pinhole.lens is None:
        return pinhole.homography()
    px, floor = _seen(pinhole)
    u, v = px.T
    x, y = floor.T
    # u (g x + h y + i) = a x + b y + c, and so for v; each row counts in pixels, not in depths.
    h = np.array(pinhole.homography()).reshape(3, 3)
    weight = h[2, 0] * u + h[2, 1] * v + h[2, 2]
    one, nil = np.ones_like(x), np.zeros_like(x)
    size = float(max(pinhole.width, pinhole.height))
    u, v = u / size, v / size
    above = np.column_stack([x, y, one, nil, nil, nil, -u * x, -u * y, -u])
    below = np.column_stack([nil, nil, nil, x, y, one, -v * x, -v * y, -v])
    rows = np.vstack([above * weight[:, None], below * weight[:, None]])
    _, values, last = np.linalg.svd(rows, full_matrices=False)
    if len(values) < 8 or values[7] < _UNDETERMINED * values[0]:  # it hardly sees the floor
        return pinhole.homography()
    to_px = last[-1].reshape(3, 3) * np.array([[size], [size], [1.0]])
    found = np.linalg.inv(to_px)
    found = found / (found[2] @ [pinhole.width / 2, pinhole.height, 1.0])
    return [float(f"{number:.{_DIGITS}g}") for number in found.ravel()]


def mapped(homography: list[float], px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points on the floor in metres, `(N, 2)`, of pixels, `(N, 2)`."""
    h = np.array(homography).reshape(3, 3)
    x, y, w = h[:, :2] @ px.T + h[:, 2:]
    return np.column_stack([x / w, y / w])


def _seen(pinhole: Pinhole) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixels that show the floor near the camera, and where on the floor; `(N, 2)` each."""
    u, v = np.meshgrid(np.linspace(0, pinhole.width, _GRID), np.linspace(0, pinhole.height, _GRID))
    px = np.column_stack([u.ravel(), v.ravel()])
    ideal, floor = pinhole.undistort(px), pinhole.to_floor(px)
    h = np.array(pinhole.homography()).reshape(3, 3)
    near = np.isfinite(floor).all(axis=1) & (ideal @ h[2, :2] + h[2, 2] >= _LEAST_DEPTH)
    return px[near], floor[near]
