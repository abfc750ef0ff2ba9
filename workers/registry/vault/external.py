"""External ids and pseudonyms: their forms, and the fields of imports that hold them.

An external id is an employee number, or the number of a badge. A pseudonym says nothing of it: it
is random, and only the vault knows both.
"""

import base64
import re
import secrets
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from schemas.topics import BADGES, STAFF, Topic
from workers.registry.text import clean

_RANDOM_BYTES: Final = 10
_FORM: Final = re.compile(r"v[sb]-[a-z2-7]{16}")

MAX_EXTERNAL: Final = 200
"""Longest external id, characters."""

UNREADABLE: Final = (
    f"cannot be taken as an external id: write a text of 1 to {MAX_EXTERNAL} characters that can "
    "be seen"
)
IS_OF_THE_VAULT: Final = (
    "is a pseudonym of the vault, but ids in imports are external (WARDSTREAM_VAULT__IDS)"
)
IS_REGISTERED: Final = (
    "is registered as a pseudonym, but ids in imports are external (WARDSTREAM_VAULT__IDS): take "
    "the pseudonyms into the vault with `wardstream vault adopt`, or leave the setting as it was"
)


class Kind(StrEnum):
    """Whose external id it is."""

    STAFF = "staff"
    BADGE = "badge"

    @property
    def topic(self) -> Topic:
        """Topic of the facts with such ids."""
        return {Kind.STAFF: STAFF, Kind.BADGE: BADGES}[self]


class External(NamedTuple):
    """An external id.

    Attributes:
        kind: Whose it is.
        text: The number, as it is written, in the composed form of Unicode.
    """

    kind: Kind
    text: str


class Field(NamedTuple):
    """A field of a row that holds external ids.

    Attributes:
        kind: Whose they are.
        many: Whether it holds several.
    """

    kind: Kind
    many: bool = False


_BADGE: Final = {"badge_id": Field(Kind.BADGE), "staff_ids": Field(Kind.STAFF, many=True)}

FIELDS: Final[Mapping[str, Mapping[str, Field]]] = {
    "staff": {"staff_id": Field(Kind.STAFF)},
    "shift": {"staff_id": Field(Kind.STAFF)},
    "badge": _BADGE,
    "badge_read": _BADGE,
}
"""Fields that hold ids of staff and badges, by kind of row."""

OTHER_IDS: Final[Mapping[str, Collection[str]]] = {"shift": ("shift_id", "replaces")}
"""Fields with ids that are often put together from the number of a person, by kind of row."""


def new_pseudonym(kind: Kind) -> str:
    """A random pseudonym, such as `vs-k5q7…`: 80 random bits."""
    random = base64.b32encode(secrets.token_bytes(_RANDOM_BYTES)).decode().lower()
    return f"v{kind[0]}-{random}"


def is_of_the_vault(identity: str) -> bool:
    """Whether an id has the form of a pseudonym of the vault.

    >>> is_of_the_vault("vs-abcdefghij234567"), is_of_the_vault("n-07")
    (True, False)
    """
    return _FORM.fullmatch(identity) is not None


def external_text(value: Any) -> str:
    """An external id as it is looked up: without blanks around it, in one form of Unicode.

    Upper and lower case differ, and so do `0815` and `815`: two people are never taken for one.

    >>> external_text(" 0815 ")
    '0815'

    Raises:
        ValueError: It is no text that can be one; the message does not hold it.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    try:
        text = clean(value) if isinstance(value, str) else ""
    except ValueError:
        text = ""
    if not 1 <= len(text) <= MAX_EXTERNAL:
        raise ValueError(UNREADABLE)
    return text


def names(identity: Any, external: str) -> bool:
    """Whether an id that stays holds an external id, as one that was put together from it.

    >>> names("4711-2026-11-30", "4711"), names("early-471", "4711"), names("w7", "7")
    (True, False, False)
    """
    if not isinstance(identity, str):
        return False
    one, within = external.casefold(), identity.casefold()
    parts = re.split(r"[^0-9a-z]+", within)
    return one == within or (len(one) > 1 and one in parts) or (len(one) > 3 and one in within)
