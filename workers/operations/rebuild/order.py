"""A request for a rebuild."""

from dataclasses import dataclass

from workers.operations.rebuild.start import Origin
from workers.operations.times import show_time


@dataclass(frozen=True, kw_only=True)
class Order:
    """A request for a rebuild.

    Attributes:
        origin: Where to begin.
        floors: Floors to compare and swap; all when empty.
        swap: Put what differs in force; otherwise only compare, and leave nothing behind.
        by: Who asks.
        why: Their reason; needed for a swap.
    """

    origin: Origin
    floors: tuple[str, ...] = ()
    swap: bool = False
    by: str
    why: str = ""

    @property
    def request(self) -> str:
        """The order in words; repeating the order continues what it began.

        An age is resolved to a time: on another day it is another order.
        """
        origin = self.origin.text if self.origin.at_us is None else show_time(self.origin.at_us)
        floors = "".join(f" --floor {floor}" for floor in sorted(self.floors))
        return f"--from {origin}{floors}"
