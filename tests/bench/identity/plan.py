"""The plan of a simulated floor: where people and readers are, and how people walk."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTH_M, DEPTH_M = 24.0, 14.0
CORRIDOR_M = 3.0
ROOM_M = 6.0
READERS = 6


@dataclass(frozen=True, slots=True)
class Plan:
    """A floor, either open or of rooms beside a corridor.

    Attributes:
        readers: Where readers are, m, shape `(R, 2)`; at the doors, where there are rooms.
        rooms: Number of rooms, each `ROOM_M` wide; 0 for an open floor.
    """

    readers: Floats
    rooms: int = 0

    @classmethod
    def of(cls, rooms: int, random: np.random.Generator) -> "Plan":
        """A floor with so many rooms, or an open one whose readers are drawn."""
        if rooms:
            doors = [(ROOM_M * (room + 0.5), CORRIDOR_M) for room in range(rooms)]
            return cls(np.array(doors), rooms)
        across = random.uniform(3, WIDTH_M - 3, READERS)
        return cls(np.column_stack([across, np.tile([4.0, DEPTH_M - 4.0], 3)]))

    @property
    def width_m(self) -> float:
        """Width, m."""
        return ROOM_M * self.rooms if self.rooms else WIDTH_M

    def anywhere(self, random: np.random.Generator) -> Floats:
        """A position, m, shape `(2,)`."""
        return np.array([random.uniform(0, self.width_m), random.uniform(0, DEPTH_M)])

    def way(self, at: Floats, random: np.random.Generator) -> list[Floats]:
        """Where somebody goes next: on an open floor past a reader or not, else through doors."""
        if not self.rooms:
            door = self.readers[random.integers(len(self.readers))]
            goal = self.anywhere(random)
            return [door, goal] if random.random() < 0.6 else [goal]
        goal = self.anywhere(random)
        here, there = self._room_of(at), self._room_of(goal)
        if here == there:
            return [goal]
        return [*(self.readers[room] for room in (here, there) if room is not None), goal]

    def _room_of(self, at: Floats) -> int | None:
        """Room of a position; None for the corridor."""
        if at[1] < CORRIDOR_M:
            return None
        return min(self.rooms - 1, max(0, int(at[0] // ROOM_M)))
