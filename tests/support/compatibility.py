"""Compare a schema with every released version of it."""

import json
from collections.abc import Mapping

from schemas.compatibility import differences


def refusals(topic: str, released: Mapping[int, str], candidate: str) -> list[str]:
    """Why a schema may not follow the released ones; empty when it may.

    Args:
        topic: Named in every sentence.
        released: Avro JSON by version.
        candidate: Avro JSON that is to be registered.
    """
    new = json.loads(candidate)
    return [
        f"{topic}: {reason} (against version {version})"
        for version, text in sorted(released.items())
        for reason in differences(json.loads(text), new)
    ]
