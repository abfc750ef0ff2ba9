"""Who may use which route: the one table of routes, rights and scopes.

`Enforce` judges every request by its row before a handler sees it, and `create_app` refuses to
build a board that has a route without a row, or a row without a route.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from workers.access.rights import NEEDS_PURPOSE, PERSON_LEVEL, Right
from workers.serving.api.board import PREFIX
from workers.serving.editing.resources import RESOURCES


class Everyone(StrEnum):
    """In place of a right, for a route that shows nothing of the ward."""

    PUBLIC = "public"
    """Nobody has to log in."""
    LOGGED_IN = "logged in"
    """Whoever is logged in, whatever the roles."""


class Scope(StrEnum):
    """What a route is about, and so in which units its right must be held."""

    NONE = "none"
    """Nothing that belongs to a unit: the right in some unit is enough."""
    LIST = "list"
    """Things of many units: the right in some unit is enough, and the handler leaves out the
    rest."""
    REGISTERED = "registered"
    """Registered things, which the handler judges against the registry itself: it knows a new zone
    before the board does, and an edit is judged with everything that it changes."""
    ALL = "all"
    """The whole installation: only a right that is held everywhere reaches it."""
    ZONE = "zone"
    CAMERA = "camera"
    FLOOR = "floor"
    UNIT = "unit"
    STAFF = "staff"
    SHIFT = "shift"
    REQUIREMENT = "requirement"

    @property
    def parameter(self) -> str:
        """The path parameter that holds the id; empty where the scope is about no single thing."""
        return "" if self in _OF_NO_SINGLE_ID else f"{self.value}_id"


_OF_NO_SINGLE_ID: Final = (Scope.NONE, Scope.LIST, Scope.REGISTERED, Scope.ALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One row: what a route asks of its caller.

    Attributes:
        needs: The right, or `Everyone`.
        scope: What the route is about.
        partly: The right in one unit of the thing is enough, and the handler leaves out what
            belongs to the others; without it, in all of them.
        creates: An id that nobody knows is for the handler, which may create it.
        audit: Action of a view in the audit, such as `frame.viewed`; empty where a route shows no
            single person.
    """

    needs: Right | Everyone
    scope: Scope = Scope.NONE
    partly: bool = False
    creates: bool = False
    audit: str = ""

    @property
    def person_level(self) -> bool:
        """Whether each answer must be in the audit before its first byte."""
        return self.needs in PERSON_LEVEL

    @property
    def purpose(self) -> bool:
        """Whether the caller must state a purpose in `X-Purpose`."""
        return self.needs in NEEDS_PURPOSE


Route: TypeAlias = tuple[str, str]
"""Method and path template; HEAD is judged as GET."""

FILES: Final[Route] = ("GET", "/{file}")
"""The files of the page. They hold no figure, and the page needs them to log in."""

BOARD: Final[Mapping[Route, Access]] = {
    ("GET", f"{PREFIX}/zones"): Access(needs=Right.BOARD, scope=Scope.LIST),
    # People are left out of these two and of the stream for who lacks `presence.read`.
    ("GET", f"{PREFIX}/zones/{{zone_id}}"): Access(
        needs=Right.BOARD, scope=Scope.ZONE, audit="people.viewed"
    ),
    # Leaves out people, staff and cameras for who lacks the right, and says so.
    ("GET", f"{PREFIX}/zones/{{zone_id}}/why"): Access(
        needs=Right.BOARD, scope=Scope.ZONE, audit="zone.explained"
    ),
    # Leaves out people for who lacks `history.read`, and says so.
    ("GET", f"{PREFIX}/history/zones"): Access(
        needs=Right.BOARD, scope=Scope.LIST, audit="history.viewed"
    ),
    # Minutes and counts, of no person.
    **{
        ("GET", f"{PREFIX}/history/{of}"): Access(needs=Right.BOARD, scope=Scope.LIST)
        for of in ("coverage", "dwell", "export", "movement", "occupancy")
    },
    # Says whom an alert is about only to who holds `presence.read`.
    ("GET", f"{PREFIX}/open-alerts"): Access(
        needs=Right.BOARD, scope=Scope.LIST, audit="people.viewed"
    ),
    ("GET", f"{PREFIX}/units"): Access(needs=Right.BOARD, scope=Scope.LIST),
    ("GET", f"{PREFIX}/cameras"): Access(
        needs=Right.BOARD, scope=Scope.LIST, audit="people.viewed"
    ),
    ("GET", f"{PREFIX}/floors"): Access(needs=Right.BOARD, scope=Scope.LIST),
    ("GET", f"{PREFIX}/floors/{{floor_id}}/drawings/{{sha256}}"): Access(
        needs=Right.BOARD, scope=Scope.FLOOR, partly=True
    ),
    ("GET", f"{PREFIX}/floors/{{floor_id}}/presence"): Access(
        needs=Right.PRESENCE, scope=Scope.FLOOR, partly=True, audit="presence.viewed"
    ),
    ("GET", f"{PREFIX}/trends"): Access(needs=Right.BOARD, scope=Scope.LIST),
    ("GET", f"{PREFIX}/status"): Access(needs=Right.BOARD, scope=Scope.LIST),
    ("GET", f"{PREFIX}/line"): Access(needs=Right.PIPELINE, scope=Scope.LIST),
    ("GET", f"{PREFIX}/system"): Access(needs=Right.PIPELINE, scope=Scope.LIST),
    # Names the people whom an alert means to who sees them.
    ("GET", f"{PREFIX}/zone-alerts"): Access(
        needs=Right.BOARD, scope=Scope.LIST, audit="alerts.viewed"
    ),
    # Counts of alerts and answers, of no person.
    ("GET", f"{PREFIX}/alerts-per-rule"): Access(needs=Right.REGISTRY, scope=Scope.LIST),
    ("GET", f"{PREFIX}/changes"): Access(
        needs=Right.BOARD, scope=Scope.LIST, audit="stream.opened"
    ),
}
"""What the board shows."""

PEOPLE: Final[Mapping[Route, Access]] = {
    ("GET", f"{PREFIX}/floors/{{floor_id}}/history"): Access(
        needs=Right.HISTORY, scope=Scope.FLOOR, partly=True, audit="history.viewed"
    ),
    ("GET", f"{PREFIX}/history/floors/{{floor_id}}/people"): Access(
        needs=Right.HISTORY, scope=Scope.FLOOR, partly=True, audit="history.viewed"
    ),
    ("GET", f"{PREFIX}/cameras/{{camera_id}}/frame"): Access(
        needs=Right.FRAMES, scope=Scope.CAMERA, audit="frame.viewed"
    ),
    # Staff are in the units of their shifts: who plans one of them may know whom.
    ("GET", f"{PREFIX}/registry/staff/{{staff_id}}/name"): Access(
        needs=Right.NAMES, scope=Scope.STAFF, partly=True, audit="name.viewed"
    ),
}
"""Single people; each needs a purpose."""

LOGINS: Final[Mapping[Route, Access]] = {
    ("GET", "/login"): Access(needs=Everyone.PUBLIC),
    ("GET", "/login/callback"): Access(needs=Everyone.PUBLIC),
    ("POST", "/login/backchannel"): Access(needs=Everyone.PUBLIC),  # signed by the provider
    ("POST", "/login/wall"): Access(needs=Everyone.PUBLIC),
    ("GET", "/login/wall"): Access(needs=Everyone.PUBLIC),
    ("POST", "/logout"): Access(needs=Everyone.PUBLIC),  # needs the session's own token
    ("GET", f"{PREFIX}/me"): Access(needs=Everyone.LOGGED_IN),
    ("GET", f"{PREFIX}/sessions"): Access(needs=Right.SESSIONS, scope=Scope.LIST),
    ("DELETE", f"{PREFIX}/sessions/{{session_id}}"): Access(needs=Right.SESSIONS, scope=Scope.LIST),
}
"""Logging in and out, and sessions; only those wholly in the caller's units are shown and ended."""

AUDITED: Final[Mapping[Route, Access]] = {
    ("GET", f"{PREFIX}/audit/persons/{{person_id}}"): Access(needs=Right.AUDIT, scope=Scope.ALL),
    ("GET", f"{PREFIX}/audit/subjects/{{subject:path}}"): Access(
        needs=Right.AUDIT, scope=Scope.ALL
    ),
}
"""Who saw and did what; each question is in the audit too."""

PUBLIC: Final[Mapping[Route, Access]] = {
    FILES: Access(needs=Everyone.PUBLIC),
    ("GET", f"{PREFIX}/openapi.json"): Access(needs=Everyone.PUBLIC),  # the same on every board
}
"""What needs no login."""


def _registered(needs: Right) -> Access:
    return Access(needs=needs, scope=Scope.REGISTERED)


_REGISTRY: Final = f"{PREFIX}/registry"
_MASKS: Final = f"{_REGISTRY}/cameras/{{camera_id}}/masks"

REGISTRY: Final[Mapping[Route, Access]] = {
    **{
        (method, f"{_REGISTRY}/{resource.plural}{rest.format(id=f'{{{resource.parameter}}}')}"): (
            _registered(Right.REGISTRY if method == "GET" else resource.right)
        )
        for resource in RESOURCES
        for method, rest in (
            ("GET", ""),
            ("GET", "/{id}"),
            ("PUT", "/{id}"),
            ("DELETE", "/{id}"),
            ("GET", "/{id}/versions"),
            ("POST", "/{id}/undo"),
        )
    },
    ("POST", f"{_REGISTRY}/floors/{{floor_id}}/drawings"): _registered(Right.EDIT_REGISTRY),
    ("GET", f"{_REGISTRY}/floors/{{floor_id}}/drawings/{{sha256}}"): _registered(Right.REGISTRY),
    # Shows people without masks, so it needs a purpose; the handler asks for `addresses.edit` too.
    ("POST", f"{_REGISTRY}/camera-preview"): Access(
        needs=Right.FRAMES, scope=Scope.ALL, audit="camera.previewed"
    ),
    # Answers by what was decided about the camera, so that no fact changes with it.
    ("POST", f"{_REGISTRY}/cameras/{{camera_id}}/confirm"): _registered(Right.EDIT_REGISTRY),
    # Shows alerts as the board would have shown them, without people; its audit comes before.
    ("POST", f"{_REGISTRY}/rules/{{rule_id}}/simulate"): _registered(Right.EDIT_STAFFING),
    ("GET", _MASKS): _registered(Right.REGISTRY),
    ("PUT", _MASKS): _registered(Right.EDIT_REGISTRY),
    **{
        (method, f"{_REGISTRY}/cameras/{{camera_id}}/address"): _registered(Right.ADDRESSES)
        for method in ("GET", "PUT", "DELETE")
    },
    # The name is read under the right to read names, with a purpose: see above.
    **{
        (method, f"{_REGISTRY}/staff/{{staff_id}}/name"): _registered(Right.EDIT_REGISTRY)
        for method in ("PUT", "DELETE")
    },
    # The right that every editor has; the handler judges each fact by the right of its kind.
    ("POST", f"{_REGISTRY}/imports"): _registered(Right.EDIT_STAFFING),
    ("GET", f"{_REGISTRY}/edits"): _registered(Right.REGISTRY),
    ("POST", f"{_REGISTRY}/edits/{{edit_id}}/undo"): _registered(Right.EDIT_STAFFING),
}
"""What is registered. The audit of an edit is written with the edit, so that a dry run and a
refused edit are none."""

EVIDENCE: Final[Mapping[Route, Access]] = {
    ("POST", f"{PREFIX}/badge-reads"): _registered(Right.SEND_READS),
    ("POST", f"{PREFIX}/feedback"): _registered(Right.GIVE_FEEDBACK),
    **{
        ("POST", f"{PREFIX}/zone-alerts/{verb}"): _registered(Right.ACT_ON_ALERTS)
        for verb in ("acknowledge", "snooze", "resolve")
    },
}
"""What others send; the handler judges each item against the units of its floor or zone."""

PROTECTION: Final[Mapping[Route, Access]] = {
    ("POST", f"{PREFIX}/erasures"): Access(needs=Right.ERASE, scope=Scope.ALL),
}
"""What keeps the data of staff protected; the audit of an erasure is written with it."""

ACCESS: Final[Mapping[Route, Access]] = {
    **PUBLIC,
    **LOGINS,
    **BOARD,
    **PEOPLE,
    **AUDITED,
    **REGISTRY,
    **EVIDENCE,
    **PROTECTION,
}
"""The whole table."""
