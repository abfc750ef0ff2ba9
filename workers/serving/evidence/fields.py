"""Forms of fields that several kinds of records that are sent have."""

from hashlib import sha256
from typing import Annotated, Any, Final
from uuid import uuid4

from pydantic import BeforeValidator

from workers.registry import text
from workers.serving.editing.repeats import Repeat

MAX_DIGITS: Final = 18
"""Most digits of a number: those of a long."""


def up_to(most: int) -> BeforeValidator:
    """A text of at most so many characters."""

    def check(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"{text.shown(value)} is not a text")  # noqa: TRY004 - for pydantic
        if len(value) > most:
            raise ValueError(f"has {len(value)} characters; {most} are the most")
        return value

    return BeforeValidator(check)


def count(value: Any) -> int:
    """A number of a record: as its sender writes a long, digits only.

    Raises:
        ValueError: It is none, or no long.
    """
    digits = str(value)
    if not (digits.isascii() and digits.isdigit()) or len(digits) > MAX_DIGITS:
        raise ValueError(f"{text.shown(value)} is not a whole number of up to {MAX_DIGITS} digits")
    return int(digits)


Count = Annotated[int, BeforeValidator(count)]


def id_of(repeat: Repeat | None) -> str:
    """An id of a record; the same for one request that is sent again."""
    if repeat is None:
        return uuid4().hex
    return sha256(f"{repeat.subject} {repeat.key}".encode()).hexdigest()[:32]
