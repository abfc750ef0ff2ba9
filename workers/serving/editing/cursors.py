"""Cursors of pages: opaque to a client, and checked like everything that a client sends."""

import base64
import binascii
import re
from typing import Final

from workers.serving.editing.refusals import BadRequest

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_LONGEST: Final = 400


def cursor(listing: str, after: str) -> str:
    """The cursor of the page after an item.

    Args:
        listing: What is listed; the cursor is refused elsewhere.
        after: Id of the last item.
    """
    return base64.urlsafe_b64encode(f"{listing}:{after}".encode()).decode().rstrip("=")


def after_id(listing: str, given: str | None) -> str:
    """Id after which a page begins; empty for the first page.

    Raises:
        BadRequest: It is not a cursor of this listing.
    """
    return _after(listing, given, _ID)


def after_number(listing: str, given: str | None) -> int:
    """Number after which a page begins; 0 for the first page.

    Raises:
        BadRequest: It is not a cursor of this listing.
    """
    return int(_after(listing, given, _NUMBER) or 0)


def _after(listing: str, given: str | None, form: re.Pattern[str]) -> str:
    if given is None:
        return ""
    wrong = BadRequest("cursor: send the `next` of the page before, as it was")
    if len(given) > _LONGEST or not given.isascii():
        raise wrong
    try:
        text = base64.b64decode(
            given + "=" * (-len(given) % 4), altchars=b"-_", validate=True
        ).decode("ascii")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise wrong from error
    name, _, after = text.partition(":")
    if name != listing or not form.fullmatch(after):
        raise wrong
    return after
