"""Schema changes that keep every reader and writer alive, and those that do not."""

import copy
import json
from typing import Any

import pytest

from schemas.codec import schema_text
from schemas.compatibility import differences
from schemas.topics import DETECTIONS

RELEASED: dict[str, Any] = json.loads(schema_text(DETECTIONS))


def changed(**fields: Any) -> dict[str, Any]:
    """The released schema with fields replaced (a node), removed (None) or added."""
    schema = copy.deepcopy(RELEASED)
    for name, node in fields.items():
        indices = [i for i, field in enumerate(schema["fields"]) if field["name"] == name]
        if node is None:
            del schema["fields"][indices[0]]
        elif indices:
            schema["fields"][indices[0]] = {**schema["fields"][indices[0]], **node}
        else:
            schema["fields"].append({"name": name, **node})
    return schema


@pytest.mark.parametrize(
    "candidate",
    [
        pytest.param(RELEASED, id="nothing"),
        pytest.param(changed(site={"type": "string", "default": ""}), id="a-field-with-a-default"),
        pytest.param(changed(width={"default": 1}), id="another-default"),
        pytest.param(changed(width=None), id="a-removed-field-with-a-default"),
        pytest.param(
            changed(
                outcome={
                    "type": {
                        "type": "enum",
                        "name": "Outcome",
                        "symbols": ["UNKNOWN", "DETECTED", "SKIPPED", "FAILED", "HEARTBEAT", "X"],
                        "default": "UNKNOWN",
                    }
                }
            ),
            id="a-grown-enum",
        ),
    ],
)
def test_a_harmless_change_passes(candidate: dict[str, Any]) -> None:
    assert differences(RELEASED, candidate) == []


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        pytest.param(
            changed(site={"type": "string"}),
            "field site: added without a default",
            id="a-required-field",
        ),
        pytest.param(
            changed(frame_seq=None),
            "field frame_seq: removed, but it has no default",
            id="a-removed-required-field",
        ),
        pytest.param(
            changed(width={"type": "string", "default": ""}),
            "field width: type changed from int to string",
            id="another-type",
        ),
        pytest.param(
            changed(camera_id=None, camera={"type": "string"}),
            "field camera_id: removed, but it has no default",
            id="a-rename",
        ),
        pytest.param(
            changed(width=None, breadth={"type": "int", "default": 0}),
            "field width: renamed to breadth; add the new name, fill both, and retire the old one "
            "in the next major version",
            id="a-rename-with-defaults",
        ),
        pytest.param(
            changed(
                outcome={
                    "type": {
                        "type": "enum",
                        "name": "Outcome",
                        "symbols": ["UNKNOWN", "SEEN", "SKIPPED", "FAILED", "HEARTBEAT"],
                        "default": "UNKNOWN",
                    }
                }
            ),
            "field outcome: enum symbol DETECTED renamed to SEEN; only add symbols",
            id="a-renamed-symbol",
        ),
        pytest.param(
            changed(model={"type": ["null", "string"], "default": None}),
            "field model: union lost record",
            id="a-lost-branch",
        ),
        pytest.param(
            {**RELEASED, "name": "Detections"},
            "field value: record renamed from DetectionOutcome to Detections",
            id="a-renamed-record",
        ),
    ],
)
def test_a_breaking_change_names_the_field(candidate: dict[str, Any], message: str) -> None:
    assert message in differences(RELEASED, candidate)
