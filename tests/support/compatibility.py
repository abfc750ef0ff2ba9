"""Compare a schema with every released version of it."""

import json
from collections.abc import Mapping

from schemas.compatibility import differences


def refusals(topic: str, released: Mapping[int, str], candidate: str) -> list[str]:
    """Why a schema may not follow the released ones; empty when it may.

    Args:
        topic: Topic that every sentence names.
        released: Released schemas, Avro JSON by version.
        candidate: New schema, Avro JSON.
    """
    new = json.loads(candidate)
    return [
        f"{topic}: {reason} (against version {version})"
        for version, text in sorted(released.items())
        for reason in differences(json.loads(text), new)
    ]
