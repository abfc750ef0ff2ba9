"""Which id was meant by one that is not registered."""

import difflib
from collections.abc import Iterable
from typing import Final

from workers.registry.registered import Key, Registered

_MOST_COMPARED: Final = 200_000
"""Pairs of ids that are compared for one refusal: half a second."""

_ALIKE: Final = 0.8


def meant(unknown: Iterable[Key], ward: Registered) -> dict[Key, str]:
    """The registered id that is most like each unknown one, where there is one.

    Args:
        unknown: Ids that are not registered; when there are many, the later ones are compared
            without regard to case and no further.
        ward: What is registered.
    """
    lowered: dict[str, dict[str, str]] = {}
    found: dict[Key, str] = {}
    compared = 0
    for key in dict.fromkeys(unknown):
        if key.topic.name not in lowered:
            lowered[key.topic.name] = {known.lower(): known for known in ward.current(key.topic)}
        known = lowered[key.topic.name]
        near = known.get(key.identity.lower())
        if near is None and compared + len(known) <= _MOST_COMPARED:
            compared += len(known)
            close = difflib.get_close_matches(key.identity, known.values(), 1, _ALIKE)
            near = close[0] if close else None
        if near is not None:
            found[key] = near
    return found
