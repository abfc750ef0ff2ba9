"""The door of an import: external ids come in, and pseudonyms go on.

Whatever comes in is replaced before any other check of it, so that no message, preview or record of
what follows can hold an external id. New pseudonyms are kept just before what holds them is.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from runtime.clock import Clock
from runtime.process.registry import keys_of
from runtime.process.vault import Ids, VaultSettings
from workers.registry.editing.database import Database
from workers.registry.registered import Registered
from workers.registry.row import Row
from workers.registry.tables import Entry
from workers.registry.values import listed
from workers.registry.vault.external import (
    FIELDS,
    IS_OF_THE_VAULT,
    IS_REGISTERED,
    OTHER_IDS,
    UNREADABLE,
    External,
    Field,
    Kind,
    external_text,
    is_of_the_vault,
    names,
    new_pseudonym,
)
from workers.registry.vault.vault import Vault

T = TypeVar("T")

Known = Mapping[Kind, Collection[str]]
"""Ids that are registered, removed ones too."""

_BLANK: Final = (None, "")

HOLDS_A_NUMBER: Final = (
    "holds the external id of somebody in this import: give shifts ids of their own, which name "
    "nobody"
)


class Door(Protocol):
    """What an import passes through."""

    @property
    def given(self) -> Collection[str]:
        """Pseudonyms that it put in the place of numbers."""
        ...

    def enter(self, kind: type[Row], entries: Sequence[Entry]) -> list[Entry]:
        """Rows as they go on."""
        ...

    def keep(self) -> None:
        """Keep what was given anew; called when all of the import is right, before it is kept."""
        ...


class OpenDoor:
    """The door of an installation whose ids are pseudonyms already."""

    given: Collection[str] = ()

    def enter(self, kind: type[Row], entries: Sequence[Entry]) -> list[Entry]:  # noqa: ARG002
        """Rows as they are."""
        return list(entries)

    def keep(self) -> None:
        """Nothing was given."""


class VaultDoor:
    """The door of one import, behind which there are pseudonyms alone.

    Args:
        vault: Finds pseudonyms, and keeps new ones.
        known: What is registered.
        clock: Gives the time.
    """

    def __init__(self, vault: Vault, known: Known, clock: Clock) -> None:
        self._vault = vault
        self._known = known
        self._clock = clock
        self._fresh: dict[External, str] = {}
        self.given: set[str] = set()

    @property
    def fresh(self) -> int:
        """Number of external ids that had no pseudonym."""
        return len(self._fresh)

    def enter(self, kind: type[Row], entries: Sequence[Entry]) -> list[Entry]:
        """Rows with pseudonyms; a field that cannot be taken is a fault of its row, without value.

        Raises:
            Retry: The database is out of reach.
            Stop: A key of the vault that is in use was not given.
        """
        fields = FIELDS.get(kind.kind_of_fact(), {})
        if not fields:
            return list(entries)
        wanted = {one for entry in entries for one in _externals(entry, fields)}
        found = self._vault.find(wanted - self._fresh.keys())
        for one in sorted(wanted - found.keys() - self._fresh.keys()):
            self._fresh[one] = new_pseudonym(one.kind)
        given = {**found, **self._fresh}
        self.given |= set(given.values())
        others = OTHER_IDS.get(kind.kind_of_fact(), ())
        return [self._replaced(entry, fields, others, given) for entry in entries]

    def keep(self) -> None:
        """Keep the new pseudonyms.

        Raises:
            Retry: The database is out of reach, or somebody was faster; nothing was kept.
            Stop: A key of the vault that is in use was not given.
        """
        self._vault.give(self._fresh, self._clock.now_us())

    def _replaced(
        self,
        entry: Entry,
        fields: Mapping[str, Field],
        others: Collection[str],
        given: Mapping[External, str],
    ) -> Entry:
        values = dict(entry.values)
        # What the reader of the file says of such a field may hold its value.
        faults = [(name, UNREADABLE if name in fields else why) for name, why in entry.faults]
        for name, field in fields.items():
            if values.get(name) in _BLANK:
                continue
            try:
                texts = self._taken(values[name], field)
            except ValueError as error:
                del values[name]
                faults.append((name, str(error)))
                continue
            pseudonyms = [given[External(field.kind, text)] for text in texts]
            values[name] = pseudonyms if field.many else pseudonyms[0]
            for other in others:
                if any(names(entry.values.get(other), text) for text in texts):
                    values.pop(other, None)
                    faults.append((other, HOLDS_A_NUMBER))
        return Entry(entry.where, values, faults)

    def _taken(self, value: Any, field: Field) -> list[str]:
        """The external ids of a field.

        Raises:
            ValueError: They are no external ids; the message does not hold them.
        """
        texts = _texts(value, field)
        if any(map(is_of_the_vault, texts)):
            raise ValueError(IS_OF_THE_VAULT)
        known = self._known.get(field.kind, ())
        if any(text in known for text in texts):
            raise ValueError(IS_REGISTERED)
        return texts


class Doors:
    """Opens a door for each import.

    Args:
        ids: What ids are in imports.
        vault: The vault; None where ids are pseudonyms.
        clock: Gives the time.
    """

    def __init__(
        self, ids: Ids = Ids.PSEUDONYMS, vault: Vault | None = None, clock: Clock | None = None
    ) -> None:
        self.ids = ids
        self._vault = vault
        self._clock = clock

    @property
    def vault(self) -> Vault | None:
        """The vault; None where ids are pseudonyms and none was given."""
        return self._vault

    def open(self, known: Callable[[], Known]) -> Door:
        """The door of one import.

        Args:
            known: What is registered; asked for where it matters.
        """
        if self.ids is Ids.PSEUDONYMS or self._vault is None or self._clock is None:
            return OPEN
        return VaultDoor(self._vault, known(), self._clock)

    def keyed(self, digest: str) -> str:
        """A digest of something with external ids, which nobody without the key tries out."""
        if self.ids is Ids.PSEUDONYMS or self._vault is None:
            return digest
        return self._vault.first.keyed(digest)


def doors_of(settings: VaultSettings, database: Database, clock: Clock) -> Doors:
    """The doors of an installation.

    Args:
        settings: What ids are in imports, and the keys.
        database: Where the vault is; signs in as the role that may use it.
        clock: Gives the time.
    """
    return Doors(settings.ids, Vault(database, keys_of(settings.key)), clock)


OPEN: Final = OpenDoor()

AS_THEY_ARE: Final = Doors()
"""Ids are pseudonyms, and go on."""


def known_ids(registered: Registered) -> Known:
    """Ids of staff and badges that were ever registered."""
    of_topic = {kind.topic.name: kind for kind in Kind}
    found: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for name, identity in registered.newest:
        if name in of_topic:
            found[of_topic[name]].add(identity)
    return found


def _texts(value: Any, field: Field) -> list[str]:
    """The external ids of a field.

    Raises:
        ValueError: It holds something else; the message does not hold it.
    """
    if not field.many:
        return [external_text(value)]
    try:
        several = listed(value)
    except ValueError:
        raise ValueError("cannot be taken: write a list of external ids, each once") from None
    return [external_text(one) for one in several]


def _externals(entry: Entry, fields: Mapping[str, Field]) -> Iterator[External]:
    for name, field in fields.items():
        if entry.values.get(name) in _BLANK:
            continue
        try:
            texts = _texts(entry.values[name], field)
        except ValueError:
            continue
        yield from (External(field.kind, text) for text in texts if not is_of_the_vault(text))
