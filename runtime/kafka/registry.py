"""The schema registry for processes: requests are repeated, inside a circuit breaker."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from ssl import SSLCertVerificationError
from typing import Any

from runtime.clock import Clock
from runtime.process.security import User
from runtime.retry import RetryPolicy, Tries, retried
from runtime.storage.breaker import BreakerOpen, BreakerPolicy, Guard
from schemas.registry import SchemaRegistry
from schemas.registry_address import RegistryAddress
from schemas.registry_client import RegistryRefusal

AGAIN = RetryPolicy(first_s=0.1, factor=3.0, limit_s=2.0, most_failures=5)
"""Long enough for a lost connection or a registry that is starting, short enough to leave a longer
outage to the breaker."""

POLICY = BreakerPolicy(failures=2, first_pause_s=0.5, max_pause_s=5.0)
"""A request has been repeated for seconds before it counts as a failure here."""

_ITS_OWN_FAULT = 500
_LATER = 429
_MAY_PASS = frozenset({408, _LATER, _ITS_OWN_FAULT, 502, 503, 504})


class RegistryAway(Exception):
    """The registry did not answer, or only with an error of its own.

    Attributes:
        error: What the client raised.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def registry_address(url: str, user: User) -> RegistryAddress:
    """The address of a registry, with the user who asks.

    Raises:
        ValueError: It is not an http or https URL.
    """
    return RegistryAddress.of(
        url,
        user=user.user,
        password=user.secret,
        ca=user.ca,
        certificate=user.certificate,
        key=user.key,
    )


def guarded_registry(address: str | RegistryAddress, clock: Clock) -> SchemaRegistry:
    """A registry whose requests fail at once while it is away; schemas already read stay usable.

    Args:
        address: Address of the registry, with the user who asks.
        clock: Gives the time.
    """
    guard = Guard("registry", clock, POLICY)

    def asking(request: Callable[[], Any]) -> Any:
        try:
            with guard.trying((RegistryAway,)), _distinguished():
                return retried(
                    request,
                    Tries(AGAIN, clock),
                    (OSError, HTTPException, RegistryRefusal),
                    may_pass=_may_pass,
                )
        except BreakerOpen as error:
            raise ConnectionError(str(error)) from error
        except RegistryAway as error:
            raise error.error from None

    return SchemaRegistry(address, asking)


def _may_pass(error: Exception) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(error, RegistryRefusal):
        return error.status in _MAY_PASS
    return not isinstance(error, SSLCertVerificationError)


@contextmanager
def _distinguished() -> Iterator[None]:
    """Raise `RegistryAway` from errors of an absent registry; a refusal is an answer."""
    try:
        yield
    except (OSError, HTTPException) as error:
        raise RegistryAway(error) from error
    except RegistryRefusal as error:
        if error.status >= _ITS_OWN_FAULT or error.status == _LATER:
            raise RegistryAway(error) from error
        raise
