"""Names of members of staff, which nothing but this board may open."""

from typing import Protocol

from runtime.errors import Retry


class Names(Protocol):
    """Gives the name of a member of staff."""

    def name_of(self, staff_id: str) -> str | None:
        """The name by pseudonym; None when none is kept.

        Raises:
            Retry: The names are out of reach.
        """
        ...


class NoNames:
    """Where no names are kept."""

    def name_of(self, staff_id: str) -> str | None:  # noqa: ARG002 - as the protocol has it
        """No name.

        Raises:
            Retry: Always.
        """
        raise Retry("this board keeps no names of staff")
