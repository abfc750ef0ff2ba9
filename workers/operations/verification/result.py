"""What a recount finds."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Window(NamedTuple):
    """Event times that are recounted, UTC microseconds: from `from_us`, before `to_us`."""

    from_us: int
    to_us: int

    def holds(self, at_us: int) -> bool:
        """Whether an event time is recounted."""
        return self.from_us <= at_us < self.to_us


class Mismatch(NamedTuple):
    """Something that contradicts something else.

    Attributes:
        where: Topic, partition and offset, or table and key, or key in Redis.
        what: What is wrong there.
    """

    where: str
    what: str


@dataclass(slots=True)
class Check:
    """One thing compared with another.

    Attributes:
        name: What is compared with what.
        counts: How many of what were compared, in the order of the report.
        first: The first mismatch; None while there is none.
    """

    name: str
    counts: dict[str, int] = field(default_factory=dict)
    first: Mismatch | None = None

    def add(self, what: str, number: int = 1) -> None:
        """Count."""
        self.counts[what] = self.counts.get(what, 0) + number

    def fault(self, where: str, what: str) -> None:
        """A mismatch; only the first is kept."""
        if self.first is None:
            self.first = Mismatch(where, what)

    def text(self) -> str:
        """The check in one line."""
        counted = ", ".join(f"{number} {what}" for what, number in self.counts.items()) or "nothing"
        if self.first is None:
            return f"{self.name}: equal: {counted}"
        return f"{self.name}: MISMATCH at {self.first.where}: {self.first.what} (of {counted})"


def at(topic: str, partition: int, offset: int) -> str:
    """A place in a log."""
    return f"{topic} partition {partition} offset {offset}"
