"""Why a request that writes is refused, by status; the route turns it into a problem."""

from collections.abc import Sequence

from workers.registry.files import FieldFault


class Refusal(Exception):
    """A request that is refused.

    Attributes:
        status: HTTP status.
        faults: What is wrong with single fields.
        headers: Headers of the answer.
    """

    status = 400

    def __init__(
        self,
        detail: str,
        faults: Sequence[FieldFault] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)
        self.headers = headers or {}


class BadRequest(Refusal):
    """A header, cursor or body that cannot be read."""


class NotAllowed(Refusal):
    """The right is not held where the edit reaches."""

    status = 403


class NotFound(Refusal):
    """There is nothing of that id, or it is out of the caller's reach: the answers are equal."""

    status = 404


class Changed(Refusal):
    """The newest version is another one than the request names."""

    status = 412


class TooLarge(Refusal):
    """The body is larger, or holds more, than one request may."""

    status = 413


class WrongForm(Refusal):
    """The body is in a form that is not read here."""

    status = 415


class Unfit(Refusal):
    """The edit does not fit: the checks of an import refuse it."""

    status = 422


class TooMany(Refusal):
    """More than may be sent in that time; `Retry-After` says when to send it again."""

    status = 429


class NoCondition(Refusal):
    """The request does not say which version it rests on."""

    status = 428
