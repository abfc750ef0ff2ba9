"""The compiled readers and writers against fastavro: the same bytes, the same records."""

import random
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import HEADER_BYTES, Codec, UndecodableValue, schema_text
from schemas.records.frames import DetectionOutcome
from schemas.records.presence import DutyStatusName, EvidenceKind
from schemas.topics import DETECTIONS, PRESENCE, TRACKS, Topic
from streams.domain.camera.detections import frame_detections_of
from streams.domain.camera.frame_tracks import FrameTracks
from streams.domain.camera.people import FLOOR_POSITION, PERSON
from streams.domain.floor.presence import (
    DOUBT,
    SIZE,
    SURENESS,
    Details,
    FloorPresence,
    PeopleOnFloor,
    WhoTheyAre,
)
from streams.domain.tracking.tables import TRACK_UPDATE
from streams.encoding.outcomes import OutcomeReader
from streams.encoding.presences import PresenceWriter
from streams.encoding.text import Kept, avro_long, avro_text, avro_texts
from streams.encoding.tracks import TracksWriter


def codec(topic: Topic) -> Codec:
    return Codec(topic, schema_id=7, find_schema=lambda _: schema_text(topic))


DETECTIONS_CODEC, TRACKS_CODEC, PRESENCE_CODEC = map(codec, (DETECTIONS, TRACKS, PRESENCE))
LONGS = st.integers(-(2**62), 2**62 - 1)
TIMES = st.integers(0, 2**53)
TEXTS = st.text(max_size=70)
PIXELS = st.floats(-100_000, 100_000, width=32)
VERSIONS = st.integers(0, 2**31 - 1)
METRES = st.none() | st.floats(-1e6, 1e6)


@st.composite
def outcomes(draw: Any) -> DetectionOutcome:
    box = st.fixed_dictionaries(
        {name: st.floats(width=32) for name in ("x_min", "y_min", "x_max", "y_max", "score")}
        | {"label": st.sampled_from(["person", "person", "person", "cat", "Stuhl"])}
    )
    ascii_text = st.text(st.characters(max_codepoint=127), max_size=70) | TEXTS
    sizes = st.integers(-(2**31), 2**31 - 1)
    model: dict[str, Any] = {
        **dict.fromkeys(("name", "version", "weights_sha256", "runtime"), ascii_text),
        **dict.fromkeys(("input_width", "input_height"), sizes),
        **dict.fromkeys(("score_threshold", "nms_iou"), PIXELS),
    }
    longs = ("captured_us", "frame_seq", "frame_offset", "received_us", "inferred_us")
    ints = ("width", "height", "camera_version", "frame_partition")
    texts = ("camera_id", "reason", "frame_sha256", "preprocessing_version")
    fields: dict[str, Any] = {
        **dict.fromkeys(longs, LONGS),
        **dict.fromkeys(ints, sizes),
        **dict.fromkeys(texts, ascii_text),
        "detections": st.lists(box, max_size=20),
        "source_clock_us": st.none() | LONGS,
        "model": st.none() | st.fixed_dictionaries(model),
        "outcome": st.sampled_from(["UNKNOWN", "DETECTED", "SKIPPED", "FAILED", "HEARTBEAT"]),
    }
    drawn: DetectionOutcome = draw(st.fixed_dictionaries(fields))
    return drawn


def same(ours: Any, theirs: Any) -> bool:
    """Equality in which NaN equals itself."""
    return all(
        np.array_equal(one, two, equal_nan=True) if isinstance(one, np.ndarray) else one == two
        for one, two in zip(ours, theirs, strict=True)
    )


@settings(deadline=None, max_examples=60)
@given(outcomes())
def test_an_outcome_is_read_as_fastavro_reads_it(outcome: DetectionOutcome) -> None:
    value = DETECTIONS_CODEC.encode(outcome)

    found = OutcomeReader(DETECTIONS_CODEC).read(value)

    assert same(found, frame_detections_of(DETECTIONS_CODEC.decode(value)))


@settings(deadline=None, max_examples=60)
@given(outcomes(), st.randoms(use_true_random=False))
def test_damaged_bytes_are_read_or_refused_as_fastavro_does(
    outcome: DetectionOutcome, chance: random.Random
) -> None:
    damaged = bytearray(DETECTIONS_CODEC.encode(outcome))
    for _ in range(chance.randrange(1, 4)):
        damaged[chance.randrange(HEADER_BYTES, len(damaged))] = chance.randrange(256)
    value = bytes(damaged[: chance.randrange(HEADER_BYTES, len(damaged) + 1)])
    value += bytes(chance.randrange(2) * chance.randrange(3))
    try:
        expected = frame_detections_of(DETECTIONS_CODEC.decode(value))
    except UndecodableValue:
        with pytest.raises(UndecodableValue):
            OutcomeReader(DETECTIONS_CODEC).read(value)
    else:
        assert same(OutcomeReader(DETECTIONS_CODEC).read(value), expected)


def test_blocks_that_hold_their_size_are_read_too() -> None:
    """Other writers split arrays; fastavro never does."""
    box = np.array([1, 2, 3, 4, 0.5], "<f4").tobytes() + avro_text("person")
    box += np.array([0.25], "<f4").tobytes()
    head = DETECTIONS_CODEC.header + avro_text("cam") + avro_long(5) + avro_long(6)
    head += avro_long(1) + avro_text("")
    boxes = avro_long(-2) + avro_long(2 * len(box)) + 2 * box + avro_long(1) + box + b"\0"
    tail = b"\0" + b"".join(map(avro_long, (640, 480, 1))) + avro_text("") + b"\0\0"
    value = head + boxes + tail + avro_text("") + b"\0\0\0"

    found = OutcomeReader(DETECTIONS_CODEC).read(value)

    assert same(found, frame_detections_of(DETECTIONS_CODEC.decode(value)))
    assert len(found.boxes) == 3


@st.composite
def frames(draw: Any) -> FrameTracks:
    count = draw(st.integers(0, 90))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    out = np.zeros(count, TRACK_UPDATE)
    out["track_id"] = rng.integers(1, 2**40, count)
    out["state"] = rng.integers(0, 4, count)
    for name in ("x_min", "y_min", "x_max", "y_max", "velocity_x", "velocity_y"):
        out[name] = rng.integers(-40_000, 40_000, count) / 16
    out["score"] = rng.integers(0, 1001, count) / 1000
    out["observed"] = rng.integers(0, 2, count)
    out["started_us"] = rng.integers(0, 2**52, count)
    out["last_observed_us"] = rng.integers(0, 2**52, count)
    positions = np.zeros(count, FLOOR_POSITION)
    known = rng.random(count) < 0.7
    for name in ("x_m", "y_m", "position_sd_m"):
        positions[name] = np.where(known, rng.integers(-(10**7), 10**7, count) / 1000, np.nan)
    return FrameTracks(
        camera_id=draw(TEXTS),
        seq=draw(TIMES),
        captured_us=draw(TIMES),
        floor_id=draw(TEXTS),
        frame_seq=draw(LONGS),
        width=draw(st.integers(0, 2**31 - 1)),
        height=draw(st.integers(0, 2**31 - 1)),
        out=out,
        positions=positions,
        model_name=draw(TEXTS),
        model_version=draw(TEXTS),
        camera_version=draw(VERSIONS),
    )


@settings(deadline=None, max_examples=60)
@given(frames())
def test_tracks_are_written_as_fastavro_writes_them(tracks: FrameTracks) -> None:
    assert TracksWriter(TRACKS_CODEC, Kept()).write(tracks) == TRACKS_CODEC.encode(tracks.record())


DETAILS = st.builds(
    Details,
    candidates=st.lists(st.tuples(TEXTS, st.floats(0.0, 1.0)), max_size=5).map(tuple),
    evidence=st.lists(st.sampled_from(get_args(EvidenceKind)), max_size=3).map(tuple),
    duty_status=st.sampled_from(get_args(DutyStatusName)),
)


SINCE = st.none() | TIMES
SMALL = st.integers(0, 9)
ROLE_COVERED = st.fixed_dictionaries(
    {
        "role": TEXTS,
        "present_min": SMALL,
        "present_max": SMALL,
        "scheduled": SMALL,
        "required": SMALL,
        "gap_min": SMALL,
        "gap_max": SMALL,
        "least_required": st.none() | SMALL,
        "standing_in": st.lists(
            st.fixed_dictionaries({"role": TEXTS, "people": SMALL}), max_size=2
        ),
        "possible_since_us": SINCE,
        "sure_since_us": SINCE,
    }
)
COVERED: Any = st.fixed_dictionaries(
    {
        "people": SMALL,
        "identified": SMALL,
        "scheduled": SMALL,
        "required": SMALL,
        "least_required": SMALL,
        "gap_min": SMALL,
        "gap_max": SMALL,
        "possible_since_us": SINCE,
        "sure_since_us": SINCE,
        "is_watched": st.booleans(),
        "roles": st.lists(ROLE_COVERED, max_size=3),
    }
)


@st.composite
def presences(draw: Any) -> FloorPresence:
    count = draw(st.integers(0, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    table = np.zeros(count, PERSON)
    for name in ("foot_x_px", "foot_y_px", "x_m", "y_m"):
        table[name] = rng.integers(-(10**6), 10**6, count) / 16
    unplaced = rng.random(count) < 0.3
    table["x_m"][unplaced] = table["y_m"][unplaced] = np.nan
    fused = rng.random(count) < 0.3
    table["foot_x_px"][fused] = table["foot_y_px"][fused] = np.nan
    sizes = np.full(count, np.nan, SIZE)
    for name in ("position_sd_m", "height_m"):
        sizes[name][fused] = rng.integers(0, 3000, fused.sum()) / 1000
    table["observed"] = rng.integers(0, 2, count)
    table["last_observed_us"] = rng.integers(0, 2**52, count)
    doubts = np.zeros(count, DOUBT)
    doubts["calibration_suspect"] = rng.integers(0, 2, count)
    sureness = np.zeros(count, SURENESS)
    sureness["role_confidence"] = rng.integers(0, 1001, count) / 1000
    zones = st.lists(TEXTS, max_size=3)
    some = st.lists(TEXTS, min_size=1, max_size=3)
    cameras = draw(st.lists(some, min_size=count, max_size=count))
    return FloorPresence(
        floor_id=draw(TEXTS),
        seq=draw(TIMES),
        as_of_us=draw(TIMES),
        inputs_through_us=draw(TIMES),
        cameras_missing=draw(zones),
        people=PeopleOnFloor(
            person_ids=[f"{names[0]}:{number}" for number, names in enumerate(cameras)],
            camera_ids=cameras,
            zone_ids=draw(st.lists(zones, min_size=count, max_size=count)),
            table=table,
            sizes=sizes,
        ),
        who=WhoTheyAre(
            roles=draw(st.lists(TEXTS, min_size=count, max_size=count)),
            staff_ids=draw(st.lists(st.none() | TEXTS, min_size=count, max_size=count)),
            sureness=sureness,
            details=draw(st.lists(DETAILS, min_size=count, max_size=count)),
        ),
        doubts=doubts,
        camera_versions=tuple(draw(st.lists(st.tuples(TEXTS, VERSIONS), max_size=4))),
        coverage=draw(st.none() | COVERED),
    )


@settings(deadline=None, max_examples=60)
@given(presences())
def test_presence_is_written_as_fastavro_writes_it(presence: FloorPresence) -> None:
    writer = PresenceWriter(PRESENCE_CODEC, Kept())

    for _ in range(2):
        assert writer.write(presence) == PRESENCE_CODEC.encode(presence.record())


def test_more_boxes_than_there_is_room_for_are_read_all_the_same() -> None:
    box = {"x_min": 1.0, "y_min": 2.0, "x_max": 3.0, "y_max": 4.0, "score": 0.5, "label": "person"}
    record = {"camera_id": "cam", "captured_us": 5, "frame_seq": 6, "detections": [box] * 300}

    assert len(OutcomeReader(DETECTIONS_CODEC).read(DETECTIONS_CODEC.encode(record)).boxes) == 300


def test_a_writer_and_a_reader_may_be_used_again() -> None:
    """Their buffers grow, and earlier results stay unchanged."""
    writer, kept = TracksWriter(TRACKS_CODEC, Kept()), []
    rng = np.random.default_rng(3)
    for count in (3, 200, 0, 7):
        out = np.zeros(count, TRACK_UPDATE)
        out["track_id"] = rng.integers(1, 100, count)
        positions = np.full(count, np.nan, FLOOR_POSITION)
        tracks = FrameTracks("cam", 1, 2, "floor", 3, 4, 5, out, positions, "m", "v", 9)
        kept.append((writer.write(tracks), TRACKS_CODEC.encode(tracks.record())))

    assert all(ours == theirs for ours, theirs in kept)


@given(st.lists(TEXTS, max_size=200))
def test_texts_are_encoded_in_one_block(texts: list[str]) -> None:
    whole = avro_texts(texts)

    assert whole.endswith(b"\0")
    assert whole == (avro_long(len(texts)) + b"".join(map(avro_text, texts)) if texts else b"") + (
        b"\0"
    )


def test_a_value_of_an_equal_schema_under_another_id_is_read_without_resolution() -> None:
    reader = Codec(DETECTIONS, schema_id=None, find_schema=lambda _: schema_text(DETECTIONS))
    older = Codec(
        DETECTIONS,
        schema_id=None,
        find_schema=lambda _: schema_text(DETECTIONS).replace(
            '"name": "inferred_us"', '"name": "x"'
        ),
    )
    value = DETECTIONS_CODEC.header + bytes(100)

    assert reader.is_own(value)
    assert not older.is_own(value)
    assert not reader.is_own(b"\1" + value)
    assert not reader.is_own(b"")
