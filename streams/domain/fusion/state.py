"""The state of fusion between two scans, and its form as bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Final, Self

import numpy as np

from streams.domain.fusion.hypotheses import NO_BOX, Hypotheses, People, nobody

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class FusionState:
    """What fusion knows of a floor after a scan.

    Attributes:
        people: People of all hypotheses.
        hypotheses: Which of them are there, the best first.
        time_us: Event time of the last scan, microseconds; None before the first.
        scans: Number of scans.
        numbers: Number of each person reported so far and still believed in, by label.
        next_number: Number of the next person to be reported.
    """

    people: People
    hypotheses: Hypotheses
    time_us: int | None = None
    scans: int = 0
    numbers: Mapping[int, int] = field(default_factory=dict)
    next_number: int = 1

    @classmethod
    def empty(cls, cameras: int, next_number: int = 1) -> Self:
        """The state of a floor with so many cameras before the first scan.

        Args:
            cameras: Number of cameras.
            next_number: Number of the first person.
        """
        return cls(*nobody(cameras), next_number=next_number)

    def with_cameras(self, before: Sequence[str], after: Sequence[str]) -> Self:
        """The same belief about a floor whose cameras changed.

        Args:
            before: Ids of the cameras so far, sorted.
            after: Ids of the cameras from now on, sorted.
        """
        boxes = np.full((len(self.people.boxes), len(after)), NO_BOX, np.int64)
        slots = {camera_id: slot for slot, camera_id in enumerate(before)}
        for slot, camera_id in enumerate(after):
            if camera_id in slots:
                boxes[:, slot] = self.people.boxes[:, slots[camera_id]]
        return replace(self, people=self.people._replace(boxes=boxes))

    def to_bytes(self) -> bytes:
        """The state as bytes; equal states give equal bytes."""
        head = [
            VERSION,
            -1 if self.time_us is None else self.time_us,
            self.scans,
            self.next_number,
        ]
        numbers = np.array(sorted(self.numbers.items()), np.int64).reshape(-1, 2)
        buffer = BytesIO()
        for array in (np.array(head, np.int64), numbers, *self.people, *self.hypotheses):
            np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The state that `to_bytes` wrote.

        Raises:
            ValueError: Not such bytes, or of another version.
        """
        buffer = BytesIO(data)
        count = 2 + len(People._fields) + len(Hypotheses._fields)
        try:
            arrays = [np.load(buffer, allow_pickle=False) for _ in range(count)]
        except (ValueError, EOFError) as error:
            raise ValueError("not a state of fusion") from error
        head, numbers, *rest = arrays
        if head[0] != VERSION:
            raise ValueError(f"a state of fusion of version {head[0]}, not {VERSION}")
        split = len(People._fields)
        return cls(
            People(*rest[:split]),
            Hypotheses(*rest[split:]),
            None if head[1] < 0 else int(head[1]),
            int(head[2]),
            {int(label): int(number) for label, number in numbers},
            int(head[3]),
        )
