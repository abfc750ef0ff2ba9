"""From the claims of a token to access roles and their units."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import structlog

from runtime.process.metrics import LOGIN_ROLES_UNKNOWN
from workers.access.principal import EVERYWHERE, Units
from workers.access.rights import AccessRole

log = structlog.get_logger(__name__)

_MOST: Final = 500
_LONGEST_UNIT: Final = 200
_ROLES: Final = frozenset(role.value for role in AccessRole)


def roles_of(claims: Mapping[str, Any], claim: str) -> dict[AccessRole, Units]:
    """Units of each access role; what is no role is ignored, logged and counted.

    >>> roles_of({"roles": ["viewer", "coordinator:ward-3"]}, "roles")[AccessRole.COORDINATOR]
    frozenset({'ward-3'})

    Args:
        claims: Claims of a token that was accepted.
        claim: Name of the claim: a list of texts, or one text with blanks between. A name with dots
            that is no claim itself leads into one.
    """
    found: dict[AccessRole, set[str]] = {}
    for text in _texts(_value(claims, claim)):
        name, bound, unit = text.partition(":")
        if name not in _ROLES or (bound and not 0 < len(unit) <= _LONGEST_UNIT):
            LOGIN_ROLES_UNKNOWN.inc()
            log.warning("login.role_unknown", role=text[:80], claim=claim)
            continue
        found.setdefault(AccessRole(name), set()).add(unit if bound else EVERYWHERE)
    return {role: frozenset(units) for role, units in found.items()}


def subject_of(issuer: str, sub: str) -> str:
    """The stable id of a subject.

    >>> subject_of("https://login.example/realms/ward", "7f3")
    'login.example/realms/ward#7f3'
    """
    return f"{issuer.partition('://')[2]}#{sub}"


def name_of(claims: Mapping[str, Any]) -> str:
    """The name that somebody is shown to themselves by; empty where none is given."""
    for claim in ("name", "preferred_username", "email"):
        name = claims.get(claim)
        if isinstance(name, str) and name.strip():
            return name.strip()[:200]
    return ""


def _value(claims: Mapping[str, Any], claim: str) -> object:
    if claim in claims:
        return claims[claim]
    value: object = claims
    for name in claim.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        value = value.split()
    if isinstance(value, list):
        yield from (one for one in value[:_MOST] if isinstance(one, str))
