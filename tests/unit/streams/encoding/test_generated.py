"""Readers and writers follow the schema: a field that is added needs no line of code."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from schemas import codec as codec_module
from schemas.codec import Codec, schema_text
from schemas.topics import DETECTIONS, PRESENCE, TRACKS, Topic
from streams.domain.camera.detections import frame_detections_of
from streams.domain.camera.frame_tracks import FrameTracks
from streams.domain.camera.people import FLOOR_POSITION, PERSON
from streams.domain.floor.name import Name
from streams.domain.floor.presence import (
    SIZE,
    FloorPresence,
    PeopleOnFloor,
    doubts_of,
    who_they_are,
)
from streams.domain.tracking.tables import TRACK_UPDATE, TrackState
from streams.encoding.outcomes import OutcomeReader
from streams.encoding.presences import PresenceWriter
from streams.encoding.text import Kept
from streams.encoding.tracks import TracksWriter

CodecWith = Callable[..., Codec]

ADDED: list[dict[str, Any]] = [
    {"type": "string", "default": "ward"},
    {"type": "long", "default": -300},
    {"type": "int", "default": 7},
    {"type": "float", "default": 0.5},
    {"type": "double", "default": -2.25},
    {"type": "boolean", "default": True},
    {"type": ["null", "string"], "default": None},
    {"type": {"type": "array", "items": "string"}, "default": []},
    {"type": {"type": "enum", "name": "Light", "symbols": ["OFF", "ON"]}, "default": "ON"},
]
"""Fields with a default, of every type that a hot record may have."""


@pytest.fixture
def codec_with(monkeypatch: pytest.MonkeyPatch) -> CodecWith:
    """Makes a topic's codec for a changed schema."""

    def make(topic: Topic, change: Callable[[Any], None]) -> Codec:
        schema = json.loads(schema_text(topic))
        change(schema)
        text = json.dumps(schema)
        monkeypatch.setattr(codec_module, "schema_text", lambda _: text)
        return Codec(topic, schema_id=7, find_schema=lambda _: text)

    return make


def add(record: Any, position: int) -> None:
    """Insert a field of every type."""
    record["fields"][position:position] = [
        {"name": f"added_{number}", **field} for number, field in enumerate(ADDED)
    ]


def append(record: Any, field: Any) -> None:
    record["fields"].append({"name": "added", **field})


def items_of(schema: Any, name: str) -> Any:
    [field] = [field for field in schema["fields"] if field["name"] == name]
    return field["type"]["items"]


def tracks() -> FrameTracks:
    out = np.zeros(3, TRACK_UPDATE)
    out["track_id"], out["state"], out["x_max"] = [1, 2, 70], TrackState.LOST, 12.5
    positions = np.full(3, np.nan, FLOOR_POSITION)
    return FrameTracks("cam", 1, 2, "floor", 3, 640, 480, out, positions, "model", "1.0", 4)


def presence() -> FloorPresence:
    table = np.zeros(2, PERSON)
    table["observed"], table["x_m"] = [1, 0], [np.nan, 2.5]
    sizes = np.array([(np.nan, np.nan), (0.25, 1.7)], SIZE)
    people = PeopleOnFloor(["cam:1", "cam:2"], [["cam"], ["a", "b"]], [["bay"], []], table, sizes)
    who = who_they_are(people, {"cam:2": Name("nurse", 0.95, "s-1")})
    doubts, versions = doubts_of(people, {"cam"}), (("cam", 3), ("cam-9", 1))
    return FloorPresence("floor", 4, 5, 6, ["cam-9"], people, who, doubts, versions)


@pytest.mark.parametrize("position", [0, 3, 8])
def test_fields_added_to_a_record_are_written_with_their_defaults(
    codec_with: CodecWith, position: int
) -> None:
    codec = codec_with(TRACKS, lambda schema: add(schema, position))

    written = TracksWriter(codec, Kept()).write(tracks())

    assert written == codec.encode(tracks().record())


def test_fields_added_to_items_are_written_with_their_defaults(codec_with: CodecWith) -> None:
    codec = codec_with(PRESENCE, lambda schema: add(items_of(schema, "people"), 2))

    written = PresenceWriter(codec, Kept()).write(presence())

    assert written == codec.encode(presence().record())


def test_fields_may_come_in_another_order(codec_with: CodecWith) -> None:
    codec = codec_with(TRACKS, lambda schema: items_of(schema, "tracks")["fields"].reverse())

    written = TracksWriter(codec, Kept()).write(tracks())

    assert written == codec.encode(tracks().record())


@pytest.mark.parametrize("within", ["record", "detections", "model"])
def test_fields_that_were_added_are_passed_over(
    codec_with: CodecWith, within: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(schema: Any) -> None:
        record = schema
        if within == "detections":
            record = items_of(schema, "detections")
        elif within == "model":
            [model] = [one for one in schema["fields"] if one["name"] == "model"]
            record = model["type"][1]
        add(record, 1)

    codec = codec_with(DETECTIONS, change)
    box = {"x_min": 1.0, "y_min": 2.0, "x_max": 3.0, "y_max": 4.0, "score": 0.5}
    model = {"name": "net", "version": "2"}
    fields = {"camera_id": "cam", "captured_us": 5, "frame_seq": 6, "outcome": "DETECTED"}
    value = codec.encode({**fields, "detections": [box, box], "model": model, "width": 640})
    reader = OutcomeReader(codec)
    expected = frame_detections_of(codec.decode(value))
    monkeypatch.setattr(codec, "decode", None)  # the compiled reader reads all of it

    found = reader.read(value)

    assert found.boxes.tolist() == expected.boxes.tolist()
    assert found[:4] == expected[:4]
    assert found[6:] == expected[6:]


def test_a_field_that_nothing_can_fill_is_refused(codec_with: CodecWith) -> None:
    codec = codec_with(TRACKS, lambda schema: append(schema, {"type": "long"}))

    with pytest.raises(ValueError, match="added: has no default"):
        TracksWriter(codec, Kept())


def test_a_field_that_is_wanted_and_gone_is_refused(codec_with: CodecWith) -> None:
    def change(schema: Any) -> None:
        schema["fields"] = [one for one in schema["fields"] if one["name"] != "width"]

    codec = codec_with(DETECTIONS, change)

    with pytest.raises(ValueError, match="has no width"):
        OutcomeReader(codec)


def test_a_type_that_no_hot_record_has_is_refused(codec_with: CodecWith) -> None:
    strange = {"type": {"type": "map", "values": "long"}, "default": {}}
    codec = codec_with(DETECTIONS, lambda schema: append(schema, strange))

    with pytest.raises(ValueError, match="map"):
        OutcomeReader(codec)
