"""NumPy structured dtypes made from annotated classes, so that each field stands once."""

from typing import Final, get_type_hints

import numpy as np

_SCALARS: Final[dict[type, str]] = {int: "<i8", float: "<f8", bool: "?"}
_STORED: Final = "<f8"


def dtype_of(row: type) -> np.dtype[np.void]:
    """The dtype of a class whose annotations are numbers, flags, or such classes.

    >>> class Point:
    ...     x: float
    ...     seen: bool
    >>> dtype_of(Point).names
    ('x', 'seen')
    """
    hints = get_type_hints(row)
    fields = [(name, _SCALARS.get(kind) or dtype_of(kind)) for name, kind in hints.items()]
    return np.dtype(fields, align=True)


def stored_dtype_of(row: type) -> np.dtype[np.void]:
    """The same fields, each as a little-endian float64, which is how states are saved.

    Ids and microseconds are whole numbers below 2^53, which float64 holds exactly (until 2255).
    """
    return np.dtype([(name, _STORED) for name in get_type_hints(row)])
