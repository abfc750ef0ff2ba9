"""The purpose that a caller states for person-level data, in the header `X-Purpose`."""

from collections.abc import Iterable
from typing import Final

HEADER: Final = "X-Purpose"
"""Header of a request for person-level data."""

SHORTEST: Final = 3
"""Fewest letters and digits of a purpose."""

LONGEST: Final = 200
"""Most characters of a purpose."""


class NoPurpose(ValueError):
    """The request states no purpose that could be kept; the text is for the caller."""


def stated(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The purpose that a request states.

    Browsers send the header as Latin-1, most other clients as UTF-8; both are read.

    Args:
        headers: Headers of the request, names in lower case.

    Returns:
        3 to 200 printable characters without blanks around them.

    Raises:
        NoPurpose: The header is missing, given twice, blank, too short, too long, or holds
            characters that cannot be shown.
    """
    name = HEADER.lower().encode()
    values = [value for key, value in headers if key == name]
    if not values:
        raise NoPurpose(f"{HEADER}: state why you need this, in 3 to 200 characters")
    if len(values) > 1:
        raise NoPurpose(f"{HEADER}: state one purpose; this request has {len(values)}")
    try:
        text = values[0].decode()
    except UnicodeDecodeError:
        text = values[0].decode("latin-1")
    text = text.strip()
    if not text.isprintable():
        raise NoPurpose(f"{HEADER}: a purpose holds no control or invisible characters")
    if len(text) > LONGEST:
        raise NoPurpose(f"{HEADER}: a purpose has at most {LONGEST} characters, not {len(text)}")
    if sum(map(str.isalnum, text)) < SHORTEST:
        raise NoPurpose(f"{HEADER}: state why you need this, in words")
    return text
