"""Callers of the board that a test names, in place of a login."""

from starlette.requests import HTTPConnection

from workers.access.principal import EVERYWHERE, Kind, Principal
from workers.access.rights import AccessRole

HEADER = "X-Test-Subject"
"""Names the caller of a request."""


def person(subject: str, *roles: AccessRole, units: tuple[str, ...] = (EVERYWHERE,)) -> Principal:
    """Somebody with these access roles, in these units."""
    return Principal(
        subject=subject,
        name=subject.title(),
        kind=Kind.PERSON,
        roles={role: frozenset(units) for role in roles},
        session=f"session-of-{subject}",
    )


class NamedCallers:
    """An `Authenticator` that believes the header `X-Test-Subject`.

    Args:
        people: Those who are known, of whom a test may withdraw one while a stream is open.
    """

    def __init__(self, *people: Principal) -> None:
        self.by_subject = {one.subject: one for one in people}

    async def principal_of(self, request: HTTPConnection) -> Principal | None:
        return self.by_subject.get(request.headers.get(HEADER, ""))

    async def still(self, principal: Principal) -> Principal | None:
        return self.by_subject.get(principal.subject)
