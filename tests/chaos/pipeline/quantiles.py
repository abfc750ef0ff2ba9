"""Quantiles of what was measured."""

from collections.abc import Sequence


def quantile(values: Sequence[float], fraction: float) -> float:
    """The value below which a fraction of the others lies; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))] if ordered else 0.0
