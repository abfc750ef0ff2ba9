"""The page of access roles, their rights and the routes, from `workers/access` and `ACCESS`."""

from typing import Final

from docs.generate.markdown import code, table
from workers.access.rights import NEEDS_PURPOSE, RIGHTS, AccessRole, Right
from workers.serving.api.access import ACCESS, Access, Everyone, Route, Scope

INTRODUCTION: Final = """\
# Rights

What each access role may do, and what each route of the board asks for, from
`workers/access/rights.py` and `workers/serving/api/access.py`. How roles and units work together
is in [Roles and rights](../rights.md).
"""

RIGHTS_HEAD: Final = """\
## Rights by access role

A right that needs a purpose is used with the header `X-Purpose`, which the audit keeps.
"""

ROUTES_HEAD: Final = """\
## Routes

`HEAD` is judged as `GET`. A board does not start with a route that has no row here.
"""

SCOPES: Final = {
    Scope.NONE: "in some unit",
    Scope.LIST: "in some unit; the rest is left out",
    Scope.ALL: "in every unit",
}


def page() -> str:
    """The whole page."""
    roles = tuple(code(role) for role in AccessRole)
    return "\n".join(
        [
            INTRODUCTION,
            RIGHTS_HEAD,
            table(("right", "purpose", *roles), map(_right, Right)),
            ROUTES_HEAD,
            table(
                ("route", "right", "held", "views in the audit"),
                [_route(route, ACCESS[route]) for route in sorted(ACCESS, key=_in_order)],
            ),
        ]
    )


def _right(right: Right) -> tuple[str, ...]:
    held = ("yes" if right in RIGHTS[role] else "" for role in AccessRole)
    return (code(right), "yes" if right in NEEDS_PURPOSE else "", *held)


def _in_order(route: Route) -> tuple[str, str]:
    return route[1], route[0]


def _route(route: Route, access: Access) -> tuple[str, ...]:
    needs = f"none: {access.needs}" if isinstance(access.needs, Everyone) else code(access.needs)
    return (code(" ".join(route)), needs, _held(access), access.audit and code(access.audit))


def _held(access: Access) -> str:
    if isinstance(access.needs, Everyone):
        return ""
    if access.scope in SCOPES:
        return SCOPES[access.scope]
    if not access.scope.parameter:
        return "in the units of what is read or edited"
    return f"in {'one' if access.partly else 'each'} unit of the {access.scope}"
