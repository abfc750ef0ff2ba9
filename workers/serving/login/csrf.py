"""Tell requests of the board's own pages from those that another site's page sends."""

import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

HEADER: Final = "X-CSRF-Token"


def is_same_origin(headers: Mapping[str, str], origin: str | None) -> bool:
    """Whether no header shows that another site's page sends a request.

    Args:
        headers: Headers of the request, with names in lower case or in a mapping that ignores case.
        origin: The board's own origin, such as `https://ward.example`; None: the one in `Host`.
    """
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    given = headers.get("origin")
    if given is None:
        return True
    if origin is not None and given == origin:
        return True
    try:
        host = urlsplit(given).netloc
    except ValueError:
        return False
    return host.lower() == headers.get("host", "").lower() != ""


def is_token(given: str, wanted: str) -> bool:
    """Whether a CSRF token is that of the session."""
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())
