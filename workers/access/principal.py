"""Who asks: an authenticated subject, with access roles bound to units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from workers.access.rights import NEEDS_PURPOSE, RIGHTS, AccessRole, Right

EVERYWHERE: Final = "*"
"""In place of a unit's id: every unit, also those that are registered later."""

Units: TypeAlias = frozenset[str]
"""Ids of units; `EVERYWHERE` among them stands for all."""


class Kind(StrEnum):
    """What logged in."""

    PERSON = "person"
    MACHINE = "machine"
    WALL = "wall"
    LOCAL = "local"
    """Whoever sits at this machine, where no provider is configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks.

    Attributes:
        subject: Stable id at its issuer, `issuer#sub` without the issuer's scheme; what edits and
            the audit carry.
        name: The name to show to itself; empty where the issuer gave none.
        kind: What logged in.
        roles: Units of each access role.
        session: Id of its session; empty for a machine's token.
    """

    subject: str
    name: str = ""
    kind: Kind = Kind.PERSON
    roles: Mapping[AccessRole, Units] = field(default_factory=dict)
    session: str = ""

    def units(self, right: Right) -> Units:
        """Units in which this principal holds a right; empty: in none."""
        if self.kind is Kind.LOCAL and right in NEEDS_PURPOSE:
            return frozenset()  # nobody knows who it is
        found: set[str] = set()
        for role, units in self.roles.items():
            if right in RIGHTS[role]:
                found |= units
        return frozenset({EVERYWHERE}) if EVERYWHERE in found else frozenset(found)

    def holds(self, right: Right) -> bool:
        """Whether the right is held in some unit."""
        return bool(self.units(right))

    def may(self, right: Right, unit: str | None) -> bool:
        """Whether the right is held in a unit.

        Args:
            right: The right.
            unit: Id of the unit; None for what belongs to no unit, which only a right that is
                held everywhere reaches.
        """
        held = self.units(right)
        return EVERYWHERE in held or (unit is not None and unit in held)

    def rights(self) -> frozenset[Right]:
        """Every right that is held in some unit."""
        return frozenset(right for right in Right if self.holds(right))


LOCAL_COORDINATOR: Final = Principal(
    subject="local",
    name="Local coordinator",
    kind=Kind.LOCAL,
    roles={AccessRole.COORDINATOR: frozenset({EVERYWHERE})},
)
"""Whoever opens a board on this machine that has no provider."""
