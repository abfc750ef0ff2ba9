"""The schema registry as a process that stays should ask it: behind a circuit breaker."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

from runtime.clock import Clock
from runtime.storage.breaker import BreakerOpen, BreakerPolicy, Guard
from schemas.registry import SchemaRegistry
from schemas.registry_client import RegistryRefusal

POLICY = BreakerPolicy(failures=2, first_pause_s=0.5, max_pause_s=5.0)
"""A request has been repeated for seconds before it counts as a failure here."""

_ITS_OWN_FAULT = 500
_LATER = 429


class RegistryAway(Exception):
    """The registry did not answer, or only with an error of its own.

    Attributes:
        error: What the client raised.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def guarded_registry(url: str, clock: Clock) -> SchemaRegistry:
    """A registry whose requests fail at once while it is away; schemas once read serve on.

    Args:
        url: Base URL of its API.
        clock: Gives the time.
    """
    guard = Guard("registry", clock, POLICY)

    @contextmanager
    def gate() -> Iterator[None]:
        try:
            with guard.trying((RegistryAway,)), _told_apart():
                yield
        except BreakerOpen as exc:
            raise ConnectionError(str(exc)) from exc
        except RegistryAway as exc:
            raise exc.error from None

    return SchemaRegistry(url, gate)


@contextmanager
def _told_apart() -> Iterator[None]:
    """Raise `RegistryAway` from what says that nobody is there; a refusal is an answer."""
    try:
        yield
    except (OSError, HTTPException) as exc:
        raise RegistryAway(exc) from exc
    except RegistryRefusal as exc:
        if exc.status >= _ITS_OWN_FAULT or exc.status == _LATER:
            raise RegistryAway(exc) from exc
        raise
