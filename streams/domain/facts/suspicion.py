"""Whether what was decided about a camera's view still holds."""

from collections.abc import Mapping
from typing import Any, Final

CALIBRATION: Final = ("width", "height", "homography", "projection", "lens")
"""Fields of a camera that say where on the floor its pixels are."""

Record = Mapping[str, Any]


def holds(view: Record, camera: Record | None, versions: Mapping[int, Record]) -> bool:
    """Whether a decision is about the calibration that a camera has.

    Args:
        view: The decision in force.
        camera: The camera in force; None where there is none.
        versions: All versions of the camera that are known.

    Returns:
        False when the camera was calibrated anew after the version that was judged: whoever did so
        has looked at the view. An edit of anything else changes nothing.
    """
    judged = versions.get(view["camera_version"])
    if camera is None or judged is None or camera["version"] <= judged["version"]:
        return True
    return all(camera[name] == judged[name] for name in CALIBRATION)
