"""Names of members of staff, which nothing but this board may open."""

from typing import Protocol

from runtime.errors import Retry
from workers.registry.editing.sealed import Opened, SealedTexts


class Names(Protocol):
    """Gives the name of a member of staff."""

    def name_of(self, staff_id: str) -> Opened | None:
        """The name by pseudonym, with its version; None when none is kept.

        Raises:
            Retry: The names are out of reach.
        """
        ...


class SealedNames:
    """Names as the registry keeps them.

    Args:
        texts: The registry's table of names.
    """

    def __init__(self, texts: SealedTexts) -> None:
        self._texts = texts

    def name_of(self, staff_id: str) -> Opened | None:
        """The name by pseudonym, with its version; None when none is kept.

        Raises:
            Retry: The names are out of reach.
            Stop: The name is under a key that this board does not have.
        """
        return self._texts.read(staff_id)


class NoNames:
    """Where no names are kept."""

    def name_of(self, staff_id: str) -> Opened | None:  # noqa: ARG002 - as the protocol has it
        """No name.

        Raises:
            Retry: Always.
        """
        raise Retry("this board keeps no names of staff")
