"""Decide which frames are inferred together and when, and which are skipped."""

from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from workers.frames.arrivals import Arrival

Plan = Literal["infer", "skip", "pass"]
"""Plan for an arrival: its pixels go to the detector (infer), a newer frame of its camera
supersedes it (skip), or it has no pixels and only passes through (pass)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchPolicy:
    """When a batch is due and how much may wait for it.

    Attributes:
        size: Maximum number of frames in a batch.
        wait_s: Longest time that the oldest arrival waits for others, s.
        newest_wins: True for live: a frame is skipped if a newer one of its camera is in the
            queue. False for record: every frame is inferred.
        most_queued: Maximum number of arrivals in the queue.
        most_bytes: Maximum size of the queued records together, bytes.
    """

    size: int
    wait_s: float
    newest_wins: bool
    most_queued: int
    most_bytes: int


class Batcher:
    """A queue of arrivals of all cameras, taken in the order of arrival.

    Args:
        policy: Limits of batch and queue.
    """

    def __init__(self, policy: BatchPolicy) -> None:
        self._policy = policy
        self._queue: deque[tuple[Arrival, float]] = deque()
        self._frames: Counter[str] = Counter()
        self._bytes = 0

    def __len__(self) -> int:
        """Arrivals in the queue."""
        return len(self._queue)

    def room(self) -> int:
        """How many more arrivals fit; large records may exceed the limit by a few."""
        if self._bytes >= self._policy.most_bytes:
            return 0
        return max(0, self._policy.most_queued - len(self._queue))

    def add(self, arrival: Arrival, now_s: float) -> None:
        """Put an arrival at the end of the queue."""
        self._queue.append((arrival, now_s))
        self._count(arrival, 1)

    def _count(self, arrival: Arrival, sign: int) -> None:
        self._bytes += sign * len(arrival.value or b"")
        camera_id = arrival.pixels_of
        if camera_id is not None:
            self._frames[camera_id] += sign
            if not self._frames[camera_id]:
                del self._frames[camera_id]

    def due_in_s(self, now_s: float) -> float | None:
        """Seconds until a batch is due, 0 when it is; None while nothing is queued."""
        if not self._queue:
            return None
        inferable = len(self._frames) if self._policy.newest_wins else self._frames.total()
        if inferable >= self._policy.size or not self.room():
            return 0.0
        return max(0.0, self._queue[0][1] + self._policy.wait_s - now_s)

    def due(self, now_s: float) -> bool:
        """Whether a batch is due: it is full, or its first arrival has waited long enough."""
        return self.due_in_s(now_s) == 0.0

    def take(self) -> list[tuple[Arrival, Plan]]:
        """Take the next batch off the front of the queue, in order.

        The batch ends before the frame that would be one too many for the detector. Whether a
        frame is the newest of its camera is judged over the whole queue, not over the batch.
        """
        batch: list[tuple[Arrival, Plan]] = []
        inferred = 0
        while self._queue:
            arrival = self._queue[0][0]
            camera_id = arrival.pixels_of
            plan: Plan = "pass"
            if camera_id is not None:
                superseded = self._policy.newest_wins and self._frames[camera_id] > 1
                plan = "skip" if superseded else "infer"
            if plan == "infer":
                if inferred == self._policy.size:
                    break
                inferred += 1
            batch.append((arrival, plan))
            self._queue.popleft()
            self._count(arrival, -1)
        return batch

    def forget(self, partitions: Collection[int]) -> int:
        """Drop the arrivals of partitions that another process reads now; returns how many."""
        kept = deque(
            (arrival, at_s) for arrival, at_s in self._queue if arrival.partition not in partitions
        )
        dropped = len(self._queue) - len(kept)
        self._queue = deque()
        self._frames.clear()
        self._bytes = 0
        for arrival, at_s in kept:
            self.add(arrival, at_s)
        return dropped
