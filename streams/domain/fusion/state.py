"""The state of fusion between two scans, and its form as bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final, Self

import numpy as np

from streams.domain.fusion.hypotheses import FACTS
from streams.domain.fusion.step import ROW_VALUES, Kept

VERSION: Final = 3

_WITHOUT_HIDDEN: Final = 2
"""A state of this version knows of nobody that something unknown may hide them."""


@dataclass(frozen=True, slots=True)
class FusionState:
    """What fusion knows of a floor after a scan.

    Attributes:
        kept: People, and hypotheses about which of them are there.
        time_us: Event time of the last scan, microseconds; None before the first.
    """

    kept: Kept
    time_us: int | None = None

    @classmethod
    def empty(cls, cameras: int, next_number: int = 1) -> Self:  # noqa: ARG003  any number of them
        """The state of a floor with so many cameras before the first scan.

        Args:
            cameras: Number of cameras.
            next_number: Number of the first person.
        """
        kept = Kept(
            np.zeros((0, ROW_VALUES), np.float32),
            np.zeros((0, FACTS), np.int64),
            np.zeros((0, 2), np.int32),
            np.zeros(0, np.int32),
            np.zeros(0, np.float32),
            np.array([1, next_number], np.int64),
        )
        return cls(kept)

    @property
    def next_number(self) -> int:
        """Number of the next person to be reported."""
        return int(self.kept.nexts[1])

    @property
    def numbers(self) -> dict[int, int]:
        """Number of each person reported so far and still believed in, by label."""
        facts = self.kept.facts
        return {int(label): int(number) for label, number, _ in facts if number}

    def with_cameras(
        self,
        before: Sequence[str],  # noqa: ARG002  nothing in a state is of one camera
        after: Sequence[str],  # noqa: ARG002
    ) -> Self:
        """The same belief about a floor whose cameras changed.

        Args:
            before: Ids of the cameras so far, sorted.
            after: Ids of the cameras from now on, sorted.
        """
        return self

    def to_bytes(self) -> bytes:
        """The state as bytes; equal states give equal bytes."""
        head = np.array([VERSION, -1 if self.time_us is None else self.time_us], np.int64)
        buffer = BytesIO()
        for array in (head, *self.kept):
            np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The state that `to_bytes` wrote, in this release or an earlier one.

        Raises:
            ValueError: Not such bytes, or of another version.
        """
        buffer = BytesIO(data)
        try:
            head, *arrays = [
                np.load(buffer, allow_pickle=False) for _ in range(1 + len(Kept._fields))
            ]
        except (ValueError, EOFError) as error:
            raise ValueError("not a state of fusion") from error
        kept = Kept(*arrays)
        if head[0] == _WITHOUT_HIDDEN:
            nobody = np.zeros((len(kept.values), 1), kept.values.dtype)
            kept = kept._replace(values=np.hstack([kept.values, nobody]))
        elif head[0] != VERSION:
            raise ValueError(f"a state of fusion of version {head[0]}, not {VERSION}")
        return cls(kept, None if head[1] < 0 else int(head[1]))
