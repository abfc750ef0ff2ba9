"""What a camera shows at its pixels, as one value: with another one, its tracks do not go on."""

from hashlib import blake2s
from typing import Final

from schemas.records.facts import Camera, Point

_DIGEST_BYTES: Final = 16


def optics_of(camera: Camera) -> bytes:
    """Digest of what a version of a camera says of its optics.

    Two versions have the same when they agree in the size of the frames, pose, lens, mount, floor,
    masks and the part of the floor that walls let them see. Where there is a projection, it is the
    pose, and the homography only follows from it.
    """
    lens = camera["lens"]
    pose = camera["projection"] or camera["homography"]
    content = (
        camera["floor_id"],
        camera["width"],
        camera["height"],
        camera["mount"] == "MOVING",
        None if pose is None else [float(number) for number in pose],
        None if lens is None else [lens["fx"], lens["fy"], lens["cx"], lens["cy"]],
        None if lens is None else lens["distortion"],
        [_corners(mask) for mask in camera["privacy_masks"]],
        _corners(camera["sees"]),
    )
    return blake2s(repr(content).encode(), digest_size=_DIGEST_BYTES).digest()


def _corners(points: list[Point]) -> list[tuple[float, float]]:
    return [(point["x"], point["y"]) for point in points]
