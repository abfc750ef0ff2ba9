"""What a text of an import file may hold, and how long it may be: the bounds for every field.

A name goes to every board, log and table. So a character that nobody sees, a text without end and
a letter that was lost on the way are refused here, before a field is looked at.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final

MAX_ID: Final = 64
"""Longest id or role, characters."""

MAX_NAME: Final = 120
"""Longest name for people, characters."""

MAX_CELL: Final = 65_536
"""Longest text of any field, characters: a polygon in a spreadsheet's cell."""

MAX_REASON: Final = 300
"""Longest reason of an edit, characters."""

_SHOWN: Final = 40
"""A message shows this many characters of a wrong text."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_JOINERS = "\u200c\u200d"
"""Persian, the scripts of India and emoji need these two between letters."""

_LOST = "\ufffd"
_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_SPREADSHEET_ERRORS = {
    "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!",
}  # fmt: skip


def shown(value: Any) -> str:
    """A wrong value as a message shows it: short, on one line, unseen characters escaped."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a mapping"
    text = str(value)
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return "'" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in cut) + "'"


def character(char: str) -> str:
    """A character by number and name."""
    return (
        f"U+{ord(char):04X} ({unicodedata.name(char, 'a character without a name').capitalize()})"
    )


def clean(text: str) -> str:
    """A text without spaces around it, in the composed form of Unicode.

    >>> clean(" Bay 2 ")
    'Bay 2'

    Raises:
        ValueError: It is too long, holds a character that nobody sees, or was damaged when it
            was saved.
    """
    if len(text) > MAX_CELL:
        raise ValueError(f"has {len(text)} characters; {MAX_CELL} are the most")
    tidy = text.strip(" ") if text.isascii() and text.isprintable() else _without_unseen(text)
    if tidy in _SPREADSHEET_ERRORS or (len(tidy) > 1 and not tidy.strip("#")):
        raise ValueError(f"{shown(tidy)} is a spreadsheet's error, not a value")
    return tidy


def _without_unseen(text: str) -> str:
    import ftfy  # noqa: PLC0415 - slow to import, and most processes see plain text only

    raw = text.strip(" \t\r\n")
    # Before spaces are made alike: a no-break space may be half of a letter.
    meant = ftfy.fix_encoding(raw)
    if len(meant) < len(raw):  # else it replaced a control character, which is refused by name
        raise ValueError(
            f"{shown(raw)} was read in a wrong encoding when it was saved, and is {shown(meant)}; "
            "save the file again as UTF-8"
        )
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in text)
    tidy = unicodedata.normalize("NFC", spaced.strip(" \t\r\n"))
    for number, char in enumerate(tidy, 1):
        if unicodedata.category(char) in _UNSEEN and char not in _JOINERS:
            raise ValueError(
                f"{shown(tidy)} holds {character(char)} as character {number}: remove it"
            )
        if char == _LOST:
            raise ValueError(
                f"{shown(tidy)} holds {character(char)}: a letter was lost when the file was "
                "saved; save it again as UTF-8"
            )
    return tidy


def identity(value: Any) -> Any:
    """Check an id or a role.

    Raises:
        ValueError: It has another character than an id may have, or is too long.
    """
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a text")  # noqa: TRY004 - pydantic reports it
    if _ID.fullmatch(value) and len(value) <= MAX_ID:
        return value
    rule = f"write 1 to {MAX_ID} of A-Z a-z 0-9 . _ -, first a letter or digit"
    if not value:
        raise ValueError(f"is empty: {rule}")
    if len(value) > MAX_ID:
        raise ValueError(f"{shown(value)} has {len(value)} characters: {rule}")
    wrong = next((char for char in value if not _ID.fullmatch(f"a{char}")), None)
    if wrong is None:
        raise ValueError(f"{shown(value)} starts with {value[0]!r}: {rule}")
    seen = "a space" if wrong == " " else character(wrong)
    near = _suggested(value)
    raise ValueError(f"{shown(value)} holds {seen}: {rule}{f', such as {near}' if near else ''}")


def _suggested(value: str) -> str:
    """An id like a text that is none; empty when letters would be lost."""
    plain = [
        char for char in unicodedata.normalize("NFKD", value) if not unicodedata.combining(char)
    ]
    if any(char.isalnum() and not char.isascii() for char in plain):
        return ""
    return re.sub(r"[^A-Za-z0-9._]+", "-", "".join(plain)).strip("-._")


def name(value: Any) -> Any:
    """Check a name for people.

    Raises:
        ValueError: It is too long.
    """
    return _of_at_most(MAX_NAME, value)


def reason(value: Any) -> Any:
    """Check why something is edited.

    Raises:
        ValueError: It is too long.
    """
    return _of_at_most(MAX_REASON, value)


def _of_at_most(most: int, value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a text")  # noqa: TRY004 - pydantic reports it
    if len(value) > most:
        raise ValueError(f"{shown(value)} has {len(value)} characters; {most} are the most")
    return value


def shift_kind(value: Any) -> str:
    """What a shift is, as its Avro symbol.

    >>> shift_kind("on call")
    'ON_CALL'

    Raises:
        ValueError: It is none of `work`, `on-call` and `break`.
    """
    symbol = _symbol(value)
    if symbol not in ("WORK", "ON_CALL", "BREAK"):
        raise ValueError(f"{shown(value)} is not a kind of shift; write work, on-call or break")
    return symbol


def shift_status(value: Any) -> str:
    """Whether a shift takes place, as its Avro symbol.

    Raises:
        ValueError: It is neither `planned` nor `cancelled`.
    """
    symbol = _symbol(value).replace("CANCELED", "CANCELLED")
    if symbol not in ("PLANNED", "CANCELLED"):
        raise ValueError(f"{shown(value)} is not a status of a shift; write planned or cancelled")
    return symbol


def basis(value: Any) -> str:
    """The people to whom a requirement relates, as its Avro symbol.

    Raises:
        ValueError: It is none of `fixed`, `census` and `present`.
    """
    symbol = _symbol(value)
    if symbol not in ("FIXED", "CENSUS", "PRESENT"):
        raise ValueError(
            f"{shown(value)} is not what a requirement relates to; write census or present, or "
            "fixed for a number"
        )
    return symbol


def one_of(what: str, *symbols: str) -> Callable[[Any], str]:
    """A reader of one of several words, as its Avro symbol.

    >>> one_of("a tier", "NOTICE", "PAGE")("page")
    'PAGE'

    Args:
        what: What the word is, for the message of its ValueError.
        symbols: The symbols.
    """

    def read(value: Any) -> str:
        symbol = _symbol(value)
        if symbol not in symbols:
            known = ", ".join(one.lower().replace("_", "-") for one in symbols)
            raise ValueError(f"{shown(value)} is not {what}; write one of {known}")
        return symbol

    return read


def _symbol(value: Any) -> str:
    return re.sub(r"[\s_-]+", "_", value.strip()).upper() if isinstance(value, str) else ""


def mount(value: Any) -> str:
    """How a camera is mounted, as its Avro symbol; an empty cell is fixed.

    Raises:
        ValueError: It is neither `fixed` nor `moving`.
    """
    symbol = value.strip().upper() or "FIXED" if isinstance(value, str) else ""
    if symbol not in ("FIXED", "MOVING"):
        raise ValueError(f"{shown(value)} is not how a camera is mounted; write fixed or moving")
    return symbol
