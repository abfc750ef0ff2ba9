"""Types of the arrays that the tracking core passes about."""

from collections.abc import Sized
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[np.float64]
Vector: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Structured: TypeAlias = NDArray[np.void]
"""An array of records as Python sees it: `array["field"]` is a column."""

Row = TypeVar("Row")


class Table(Sized, Protocol[Row]):
    """An array of records as compiled code sees it: `table[i].field` is one value."""

    def __getitem__(self, index: int, /) -> Row:
        """One record; writing to it writes to the table."""

    def __setitem__(self, index: int, row: Row, /) -> None:
        """Copy a record."""
