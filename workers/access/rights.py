"""The rights, and the table of the access roles that hold them.

An access role says what somebody may do in Wardstream; a staff role, such as nurse, says what
somebody works as. The two never mix.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class AccessRole(StrEnum):
    """A role that a login gives, in one unit, several, or all."""

    VIEWER = "viewer"
    COORDINATOR = "coordinator"
    ANALYST = "analyst"
    ENGINEER = "engineer"
    ADMIN = "admin"
    AUDITOR = "auditor"
    WALL = "wall"
    BADGE_SYSTEM = "badge-system"
    """A program that sends what readers of badges read, and sees nothing."""
    DATA_PROTECTION = "data-protection"


class Right(StrEnum):
    """One thing that somebody may do."""

    BOARD = "board.read"
    """Zone figures, staffing, trends and their live changes: counts, and no person."""
    PIPELINE = "pipeline.read"
    """Alerts about the pipeline, and the lag of its stages."""
    PRESENCE = "presence.read"
    """Where pseudonymous people are now."""
    HISTORY = "history.read"
    """Where a pseudonymous person was; needs a purpose."""
    FRAMES = "frames.read"
    """A picture of a camera; needs a purpose."""
    NAMES = "names.read"
    """The name of a member of staff; needs a purpose."""
    REGISTRY = "registry.read"
    """Cameras, floors, zones, shifts and requirements as registered, with their versions."""
    EDIT_STAFFING = "staffing.edit"
    """Zones, shifts, requirements, census, rules of alerts and whose badges are whose."""
    EDIT_REGISTRY = "registry.edit"
    """Everything registered: cameras, masks, floors, units, staff as well."""
    ADDRESSES = "addresses.edit"
    """Stream addresses of cameras, which hold passwords; nobody reads them back."""
    SESSIONS = "sessions.end"
    """End the sessions of others."""
    AUDIT = "audit.read"
    """Who saw and did what."""
    SEND_READS = "badge-reads.send"
    """Send what readers of badges read: evidence of who is who."""
    GIVE_FEEDBACK = "feedback.give"
    """Say that a figure, or what is said of a person, is wrong; it changes none of them."""
    ACT_ON_ALERTS = "alerts.act"
    """Acknowledge, snooze and resolve alerts of zones and floors."""
    ERASE = "people.erase"
    """Erase a person for good; only who holds it in every unit may."""


_SEES: Final = frozenset({Right.BOARD})
_STAFF: Final = _SEES | {Right.PIPELINE}

RIGHTS: Final[Mapping[AccessRole, frozenset[Right]]] = {
    AccessRole.WALL: _SEES,
    AccessRole.VIEWER: _STAFF | {Right.GIVE_FEEDBACK},
    AccessRole.COORDINATOR: _STAFF
    | {
        Right.PRESENCE,
        Right.NAMES,
        Right.REGISTRY,
        Right.EDIT_STAFFING,
        Right.GIVE_FEEDBACK,
        Right.ACT_ON_ALERTS,
    },
    AccessRole.ANALYST: _STAFF | {Right.HISTORY, Right.REGISTRY},
    AccessRole.ENGINEER: _STAFF | {Right.FRAMES, Right.REGISTRY, Right.GIVE_FEEDBACK},
    AccessRole.ADMIN: _STAFF
    | {
        Right.NAMES,
        Right.REGISTRY,
        Right.EDIT_STAFFING,
        Right.EDIT_REGISTRY,
        Right.ADDRESSES,
        Right.SESSIONS,
    },
    AccessRole.AUDITOR: frozenset({Right.AUDIT}),
    AccessRole.BADGE_SYSTEM: frozenset({Right.SEND_READS}),
    AccessRole.DATA_PROTECTION: frozenset({Right.ERASE}),
}
"""What each access role may do, in the units that it is bound to."""

NEEDS_PURPOSE: Final = frozenset({Right.HISTORY, Right.FRAMES, Right.NAMES})
"""Rights that are used only with a stated purpose, which the audit keeps."""

PERSON_LEVEL: Final = NEEDS_PURPOSE | {Right.PRESENCE}
"""Rights to see single people: each use is in the audit before its first byte."""
