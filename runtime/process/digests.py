"""Digests in a setting: texts of 64 hex digits, with commas between."""

import re


def digests_of(listed: str) -> frozenset[str]:
    """The digests of a list, in lower case.

    Raises:
        ValueError: One is no SHA-256; names it.
    """
    found = frozenset(one for one in map(str.strip, listed.lower().split(",")) if one)
    for digest in found:
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise ValueError(f"{digest!r} is no SHA-256 in hex: give 64 digits each")
    return found
