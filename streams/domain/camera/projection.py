"""The homography of a camera's registry version, which maps image pixels to the floor.

`[x, y, 1] ~ H [u, v, 1]` with H in row-major order; u right and v down in pixels of the captured
frame, x and y in metres on the floor.
"""

import math
from collections.abc import Sequence


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
