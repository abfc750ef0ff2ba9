"""Erase a person as a request asks for it. Blocking: the route calls it in a thread."""

from workers.registry.editing.wanted import Origin
from workers.registry.files import ImportRefused
from workers.registry.vault.erasing import Eraser, Erasure, NobodyKnown
from workers.registry.vault.external import External, Kind, external_text
from workers.registry.vault.vault import Vault
from workers.serving.editing.refusals import NotFound
from workers.serving.editing.requests import unfit

NOBODY = "nobody is known by that"
"""The same for a pseudonym and a number, and without either."""


class ErasureDesk:
    """Erases people for the API.

    Args:
        eraser: Erases them.
        vault: Finds pseudonyms by numbers.
    """

    def __init__(self, eraser: Eraser, vault: Vault) -> None:
        self._eraser = eraser
        self._vault = vault

    def erase(
        self, staff_id: str | None, number: str | None, origin: Origin, *, dry_run: bool
    ) -> Erasure:
        """Erase a person, named by pseudonym or by number, or say what would go.

        Raises:
            NotFound: Nobody is known by that.
            Unfit: What is registered would contradict itself afterwards.
            Stop: There is no list of erasures, or it was altered.
            Retry: A store, the disk or the audit is out of reach. What was done stays; the same
                again does the rest.
        """
        try:
            pseudonym = self._pseudonym(number) if staff_id is None else staff_id
            return self._eraser.erase(pseudonym, origin, dry_run=dry_run)
        except NobodyKnown:
            raise NotFound(NOBODY) from None
        except ImportRefused as error:
            raise unfit(error) from error

    def _pseudonym(self, number: str | None) -> str:
        try:
            external = External(Kind.STAFF, external_text(number))
        except ValueError:
            raise NobodyKnown(NOBODY) from None
        found = self._vault.find([external]) if self._vault.has_key else {}
        if external not in found:
            raise NobodyKnown(NOBODY)
        return found[external]
