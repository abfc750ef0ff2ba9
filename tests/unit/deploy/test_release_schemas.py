"""A changed schema becomes the next released version; one that nobody could read is refused."""

import json
from pathlib import Path

import pytest

from deploy.release_schemas import release
from schemas.codec import schema_text
from schemas.topics import ZONE_EVENTS

ADDED = {"name": "note", "type": "string", "doc": "A remark.", "default": ""}


def with_fields(*fields: dict[str, str]) -> str:
    schema = json.loads(schema_text(ZONE_EVENTS))
    return json.dumps({**schema, "fields": [*schema["fields"], *fields]})


def test_versions_are_numbered_from_one_and_written_once(tmp_path: Path) -> None:
    first = release(ZONE_EVENTS, with_fields(), tmp_path)
    again = release(ZONE_EVENTS, with_fields(), tmp_path)
    second = release(ZONE_EVENTS, with_fields(ADDED), tmp_path)

    assert first == tmp_path / ZONE_EVENTS.name / "1.avsc"
    assert again is None
    assert second == tmp_path / ZONE_EVENTS.name / "2.avsc"
    assert json.loads(second.read_text())["fields"][-1] == ADDED


def test_a_schema_that_a_released_version_cannot_read_is_not_written(tmp_path: Path) -> None:
    release(ZONE_EVENTS, with_fields(), tmp_path)
    bare = {name: value for name, value in ADDED.items() if name != "default"}

    with pytest.raises(ValueError, match=r"zone-events\.observed\.v1.*note.*against version 1"):
        release(ZONE_EVENTS, with_fields(bare), tmp_path)

    assert [path.name for path in (tmp_path / ZONE_EVENTS.name).iterdir()] == ["1.avsc"]
