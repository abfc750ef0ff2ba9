"""In which units a thing is: the answer that a right is held against."""

from collections.abc import Iterable
from typing import Protocol

from workers.access.principal import EVERYWHERE, Units


class UnitsOf(Protocol):
    """Units of everything that is registered, at one moment."""

    def units_of(self, kind: str, identity: str) -> Units | None:
        """Units of a thing; empty where no unit has it, None where nobody registered it.

        Args:
            kind: `zone`, `camera`, `floor`, `unit`, `staff`, `shift`, `requirement`,
                `reader`, `badge`, `role`, `census` or `rule`.
            identity: Its id.
        """
        ...


def reaches_all(held: Units, units: Iterable[str]) -> bool:
    """Whether a right that is held in some units reaches the whole of a thing.

    What belongs to no unit is reached only by a right that is held everywhere.

    >>> reaches_all(frozenset({"east"}), {"east"}), reaches_all(frozenset({"east"}), set())
    (True, False)
    """
    units = frozenset(units)
    return EVERYWHERE in held or (bool(units) and units <= held)


def reaches_part(held: Units, units: Iterable[str]) -> bool:
    """Whether a right that is held in some units reaches a part of a thing.

    >>> reaches_part(frozenset({"east"}), {"east", "west"})
    True
    """
    return EVERYWHERE in held or not held.isdisjoint(units)
