"""What is published of a track: quantised, so that it survives 32-bit floats on the wire."""

import numpy as np

from streams.domain.tracking import columns as c
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.types import Matrix


@compiled
def _to_sixteenth(value: float) -> float:
    """Round to 1/16, ties to even; never a negative zero."""
    return float(np.rint(value * 16.0) / 16.0 + 0.0)


@compiled
def to_thousandth(value: float) -> float:
    """Round to 1/1000, ties to even."""
    return float(np.rint(value * 1000.0) / 1000.0)


@compiled
def tell(rows: Matrix, i: int, out: Matrix) -> None:
    """Write one track into its row of the output, but for its event, detection and link."""
    x, y = rows[i, c.X], rows[i, c.Y]
    half_w, half_h = rows[i, c.W] * 0.5, rows[i, c.H] * 0.5
    out[i, c.OUT_ID] = rows[i, c.ID]
    out[i, c.OUT_LIFE] = rows[i, c.LIFE]
    out[i, c.OUT_X_MIN] = _to_sixteenth(x - half_w)
    out[i, c.OUT_Y_MIN] = _to_sixteenth(y - half_h)
    out[i, c.OUT_X_MAX] = _to_sixteenth(x + half_w)
    out[i, c.OUT_Y_MAX] = _to_sixteenth(y + half_h)
    out[i, c.OUT_VX] = _to_sixteenth(rows[i, c.VX])
    out[i, c.OUT_VY] = _to_sixteenth(rows[i, c.VY])
    out[i, c.OUT_SCORE] = to_thousandth(rows[i, c.SCORE])
    out[i, c.OUT_OBSERVED] = rows[i, c.OBSERVED]
    out[i, c.OUT_STARTED_US] = rows[i, c.STARTED_US]
    out[i, c.OUT_SEEN_US] = rows[i, c.SEEN_US]
    out[i, c.OUT_FOOT_VAR] = rows[i, c.POSITION_VAR] + rows[i, c.SIZE_VAR] * 0.25
    out[i, c.OUT_LINK_FROM] = 0.0
    out[i, c.OUT_LINK_SCORE] = 0.0
    out[i, c.OUT_LINK_GAP_S] = 0.0
    out[i, c.OUT_LINK_DISTANCE] = 0.0


@compiled
def event_of(was: float, now: float) -> int:
    """What happened to a track whose life was one thing and is another."""
    if was == now:
        return c.NOTHING
    if now == c.ENDED:
        return c.HAS_ENDED
    if now == c.LOST:
        return c.WAS_LOST
    return c.WAS_FOUND if was == c.LOST else c.WAS_CONFIRMED
