"""Take pseudonyms into the vault that were given elsewhere, before numbers were imported."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from schemas.topics import STAFF
from workers.registry.files import FieldFault, read_file, refuse
from workers.registry.row import Identity, Row
from workers.registry.vault.external import External, Kind, external_text
from workers.registry.vault.vault import Vault

_KIND: Final = "pseudonym"


def _kind(value: Any) -> Kind:
    try:
        return Kind(str(value).lower())
    except ValueError:
        raise ValueError("write staff or badge") from None


class AdoptedRow(Row):
    """A number, and the pseudonym that stands for it already."""

    topic = STAFF
    kind: Annotated[Kind, BeforeValidator(_kind)]
    number: Annotated[str, BeforeValidator(external_text)]
    pseudonym: Identity

    @classmethod
    def kind_of_fact(cls) -> str:
        """Kind of record, for messages."""
        return _KIND

    @classmethod
    def identity(cls) -> str:
        """The field that messages may name."""
        return _KIND


def adopt(path: Path, vault: Vault, now_us: int, record: Callable[[int], None] | None) -> int:
    """Take the pseudonyms of a file into the vault, all or none; returns how many are new.

    Args:
        path: CSV, workbook, YAML or JSON with kind, number and pseudonym.
        vault: The vault.
        now_us: Now, UTC microseconds.
        record: Called with the number of new ones before they are kept; None keeps none.

    Raises:
        ImportRefused: A row is wrong, or a number or pseudonym has another one; the message names
            its line, and no number.
        Retry: The database is out of reach.
        Stop: A key that is in use was not given.
    """
    rows = read_file(path, AdoptedRow).rows
    given = {External(row.kind, row.number): row.pseudonym for row in rows}
    known = vault.find(given)
    taken = vault.held({*given.values()})
    faults: list[FieldFault] = []
    first: dict[External | str, str] = {}
    for row in rows:
        one = External(row.kind, row.number)
        for field, value in (("number", one), ("pseudonym", row.pseudonym)):
            if value in first:
                faults.append(FieldFault(_KIND, row.where, field, f"is in {first[value]} too"))
            first.setdefault(value, row.where)
        if known.get(one, row.pseudonym) != row.pseudonym:
            reason = "has another pseudonym in the vault"
            faults.append(FieldFault(_KIND, row.where, "number", reason))
        elif one not in known and row.pseudonym in taken:
            reason = "stands for another number in the vault"
            faults.append(FieldFault(_KIND, row.where, "pseudonym", reason))
    refuse([f"{where}: {field}: {reason}" for _, where, field, reason in faults], faults)
    fresh = {one: pseudonym for one, pseudonym in given.items() if one not in known}
    if record is not None and fresh:
        record(len(fresh))
        vault.give(fresh, now_us)
    return len(fresh)
