"""Rounding of published numbers to steps that every CPU of one family agrees on.

Pixels to 1/16, metres to the millimetre, scores to 1/1000. `round` on a float gives an integer,
ties to even, so no negative zero leaves here.
"""


def to_sixteenth(value_px: float) -> float:
    """Round pixels, or pixels per second, to 1/16.

    >>> to_sixteenth(10.04), to_sixteenth(-0.01)
    (10.0625, 0.0)
    """
    return round(value_px * 16.0) / 16.0


def to_millimetre(value_m: float) -> float:
    """Round metres to 1/1000."""
    return round(value_m * 1000.0) / 1000.0


def to_thousandth(value: float) -> float:
    """Round a score between 0 and 1 to 1/1000."""
    return round(value * 1000.0) / 1000.0
