"""The version that an edit rests on, as its headers say it."""

import re
from typing import Final

from workers.serving.editing.refusals import BadRequest, NoCondition

_TAG: Final = re.compile(r'"v([1-9][0-9]{0,8})"')
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")

ABSENT: Final = 0
"""In place of a version: the fact must not be registered."""


def etag(version: int) -> str:
    """The ETag of a fact's version.

    >>> etag(3)
    '"v3"'
    """
    return f'"v{version}"'


def expected(if_match: str | None, if_none_match: str | None, *, creates: bool = True) -> int:
    """Version that the newest one must be; `ABSENT` where there must be none.

    Args:
        if_match: The header.
        if_none_match: The header.
        creates: Whether the request may create something.

    Raises:
        NoCondition: Neither is given.
        BadRequest: One of them cannot be read, or both are given.
    """
    if if_match is not None and if_none_match is not None:
        raise BadRequest("send If-Match or If-None-Match, not both")
    if if_none_match is not None and creates:
        if if_none_match.strip() != "*":
            raise BadRequest("If-None-Match: send * to create; to edit, send If-Match")
        return ABSENT
    if if_match is None:
        new = ', or "If-None-Match: *" to create' if creates else ""
        raise NoCondition(f"send If-Match with the ETag of the version that you read{new}")
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise BadRequest('If-Match: send one ETag as it was read, such as "v3" with its quotes')
    return int(found[1])


def idempotency_key(header: str | None) -> str | None:
    """The key under which an answer is kept; None where none is given.

    Raises:
        BadRequest: It is not 1 to 128 visible ASCII characters.
    """
    if header is None:
        return None
    if not _KEY.fullmatch(header):
        raise BadRequest("Idempotency-Key: send 1 to 128 visible ASCII characters, such as a UUID")
    return header
