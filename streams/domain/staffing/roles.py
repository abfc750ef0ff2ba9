"""What roles may stand in for, how urgent their places are, and which are no staff's.

A role stands in for the roles that it names, and not for those that these may stand in for in
turn: who may do what is decided for each pair. So roles that name each other, or that name each
other in a circle, contradict nothing. A role fills its own places anyway.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from schemas.records.staffing import Role
from streams.domain.staffing.assignment import Covers
from streams.domain.staffing.status import NOT_STAFF


class Roles(NamedTuple):
    """What is known of the roles in force.

    Attributes:
        covers: By role, the other roles that it may cover, sorted; roles without any are left out.
        priority: Roles whose places are filled first, the most urgent first.
        not_staff: Roles of people to care for and of visitors.
    """

    covers: Covers = MappingProxyType({})
    priority: tuple[str, ...] = ()
    not_staff: frozenset[str] = NOT_STAFF


def check_role(role: Mapping[str, Any]) -> None:
    """Refuse an invalid role.

    Raises:
        ValueError: A priority below 1.
    """
    if role["priority"] is not None and role["priority"] < 1:
        raise ValueError(f"priority is {role['priority']}, below 1")


def roles_of(registered: Mapping[str, Role]) -> Roles:
    """What the roles in force say; those that are no staff's neither fill places nor have any.

    Args:
        registered: Roles in force, by role, in any order.
    """
    staff = {role for role, record in registered.items() if record["is_staff"]}
    not_staff = frozenset({*NOT_STAFF, *registered}) - staff
    covers = {
        role: sorted({*registered[role]["covers"]} - {role} - not_staff) for role in sorted(staff)
    }
    urgent = [
        (priority, role) for role in staff if (priority := registered[role]["priority"]) is not None
    ]
    return Roles(
        {role: others for role, others in covers.items() if others},
        tuple(role for _, role in sorted(urgent)),
        not_staff,
    )
