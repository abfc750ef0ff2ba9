"""A person who reappears is linked; records sent under either id stay as they are."""

from collections.abc import Sequence
from typing import Any

import msgspec

from runtime.checkpoints import Checkpoint, EntityState
from runtime.checkpoints.codec import empty_head
from schemas.codec import schema_text
from schemas.records.frames import DetectionOutcome
from schemas.topics import LINKS, PRESENCE, TRACKS
from streams.domain.pipeline import PartitionPipeline
from streams.state.codec import decode_state, encode_state
from streams.state.version import STATE_VERSION
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    box,
    camera,
    facts_of,
    fold,
    heartbeat,
    links,
    of_topic,
    outcome,
)
from tests.support.builders.folds import fold_of, record
from tests.support.builders.outputs import codec

BEFORE_THERE_WERE_LINKS = 4
"""The state version whose floors count no links."""


def seen(
    first_ms: int, foot_x: float, camera_id: str = "cam", height: float = 100
) -> list[DetectionOutcome]:
    """One person who stands still for a second, at 10 frames a second."""
    return [
        outcome(
            T0 + (first_ms + 100 * n) * MS, [box(foot_x, 400, height=height)], camera_id=camera_id
        )
        for n in range(11)
    ]


def unseen(first_ms: int, camera_id: str = "cam") -> list[DetectionOutcome]:
    """An empty frame every 100 ms, until the tracks that were there have ended."""
    times = range(first_ms, first_ms + 2500, 100)
    return [outcome(T0 + at * MS, camera_id=camera_id) for at in times]


def away_and_back(x_after: float, camera_id: str = "cam") -> list[DetectionOutcome]:
    """One person is there until 1.1 s, and one is there again from 3.6 s on."""
    before, between = seen(100, 200, camera_id), unseen(1200, camera_id)
    return [*before, *between, *seen(3700, x_after, camera_id)]


def test_a_person_who_comes_back_is_a_link_with_its_reason() -> None:
    outputs = fold(PartitionPipeline(), facts_of(camera()), away_and_back(240))

    assert links(outputs) == [
        {
            "floor_id": "floor",
            "seq": 1,
            "at_us": T0 + 3700 * MS,
            "kind": "REIDENTIFICATION",
            "from_person_id": "cam:1",
            "to_person_id": "cam:2",
            "from_camera_id": "cam",
            "from_track_id": 1,
            "to_camera_id": "cam",
            "to_track_id": 2,
            # 0.4 of a reach of 0.5 + 2.6 * 0.5 heights, and 2.6 of 20 s: (1 - 0.222) * (1 - 0.065)
            "score": 0.727,
            "reason": "seen again after 2.6 s, 0.4 body heights away",
            "evidence": {"gap_s": 2.6, "distance_heights": 0.4, "distance_m": None},
            "as_of_us": T0 + 3800 * MS,
            "inputs_through_us": T0 + 3800 * MS,
            "badge_id": "",
        }
    ]


def test_a_link_rewrites_nothing() -> None:
    """Tracks, presence and zones show two people, as they would without the link."""
    outputs = fold(PartitionPipeline(), facts_of(camera()), away_and_back(240))

    numbers = [
        [track["track_id"] for track in one["tracks"]]
        for one in of_topic(outputs, "tracks.updated.v1")
    ]
    assert {number for frame in numbers[:20] for number in frame} == {1}
    assert {number for frame in numbers[-10:] for number in frame} == {2}


def test_a_track_that_starts_out_of_reach_is_no_link() -> None:
    assert links(fold(PartitionPipeline(), facts_of(camera()), away_and_back(500))) == []


def test_a_link_is_sent_once_and_after_the_frame_that_shows_it() -> None:
    pipeline, facts = PartitionPipeline(), facts_of(camera())
    log = away_and_back(240)
    reported = [(one["captured_us"], pipeline.advance(one, facts)) for one in log]

    [(at_us, outputs)] = [(at_us, found) for at_us, found in reported if links(found)]
    assert [output.topic.name for output in outputs[:2]] == ["tracks.updated.v1", LINKS.name]
    [frame] = of_topic(outputs, "tracks.updated.v1")
    assert frame["captured_us"] == links(outputs)[0]["as_of_us"] == at_us
    assert [track["state"] for track in frame["tracks"]] == ["CONFIRMED"]
    assert fold(pipeline, facts, seen(5000, 240)[:5]) != []
    assert links(fold(pipeline, facts, seen(5600, 240))) == []


def test_one_who_comes_back_twice_is_a_chain() -> None:
    log = [*away_and_back(200), *unseen(4800), *seen(7300, 200)]

    found = links(fold(PartitionPipeline(), facts_of(camera()), log))

    assert [(link["seq"], link["from_track_id"], link["to_track_id"]) for link in found] == [
        (1, 1, 2),
        (2, 2, 3),
    ]


def test_an_old_track_that_ends_in_a_heartbeat_can_still_be_linked() -> None:
    """A new track is confirmed while the old one is lost; the old one ends without a frame.

    Who comes back is shorter, and so no detection of the old track.
    """
    pipeline, facts = PartitionPipeline(), facts_of(camera())
    lost = [outcome(T0 + at * MS) for at in range(1200, 1900, 100)]
    fold(pipeline, facts, [*seen(100, 200), *lost, *seen(1900, 240, height=70)])

    outputs = pipeline.advance(heartbeat(T0 + 3110 * MS), facts)
    assert links(outputs) == []  # it is numbered with those of the other cameras in its tick
    outputs = pipeline.advance(heartbeat(T0 + 3200 * MS), facts)

    [link] = links(outputs)
    assert (link["from_track_id"], link["to_track_id"]) == (1, 2)
    assert (link["at_us"], link["as_of_us"]) == (T0 + 1900 * MS, T0 + 3110 * MS)


def test_links_of_all_cameras_of_a_floor_are_numbered_together() -> None:
    facts = facts_of(camera("a", "ward"), camera("b", "ward"), camera("c", "hall"))
    log = sorted(
        (one for camera_id in "abc" for one in away_and_back(240, camera_id)),
        key=lambda one: (one["captured_us"], one["camera_id"]),
    )

    found = links(fold(PartitionPipeline(), facts, log))

    assert [(link["floor_id"], link["seq"], link["to_person_id"]) for link in found] == [
        ("ward", 1, "a:2"),
        ("ward", 2, "b:2"),
        ("hall", 1, "c:2"),
    ]


def saved_before_links(log: Sequence[DetectionOutcome]) -> dict[str, EntityState]:
    """The states of a release that counted tracks and presence, and knew no links."""
    pipeline = PartitionPipeline()
    fold(pipeline, facts_of(camera()), log)
    return {
        key: EntityState(BEFORE_THERE_WERE_LINKS, without_links(state.data))
        for key, state in pipeline.take_changed(encode_state).items()
    }


def without_links(data: bytes) -> bytes:
    fields: dict[str, Any] = msgspec.msgpack.decode(data)
    seqs = fields.pop("seqs")
    if TRACKS.name in seqs:
        fields["seq"] = seqs[TRACKS.name]
    else:
        fields["presence_seq"] = seqs[PRESENCE.name]
    return msgspec.msgpack.encode(fields)


def test_a_state_from_before_there_were_links_starts_at_the_first() -> None:
    log = away_and_back(240)
    states = saved_before_links(log[:20])
    pipeline = PartitionPipeline()
    pipeline.restore({key: decode_state(key, data) for key, data in states.items()})

    [link] = links(fold(pipeline, facts_of(camera()), log[20:]))

    assert link["seq"] == 1
    assert pipeline.floors["floor"].seqs[LINKS.name] == 1


def test_a_stream_processor_resumes_from_a_checkpoint_without_links() -> None:
    log = away_and_back(240)
    states = saved_before_links(log[:20])
    entities = {key.encode(): state for key, state in states.items()}
    processor, emitted = fold_of(facts_of(camera()))
    processor.restore(Checkpoint(empty_head(0, "input", "boot"), entities))

    for one in log[20:]:
        processor.advance(record(one))

    assert emitted.count(LINKS.name) == 1
    assert {state.version for state in processor.changed().values() if state} == {STATE_VERSION}


def test_a_link_survives_the_wire() -> None:
    [link] = links(fold(PartitionPipeline(), facts_of(camera()), away_and_back(240)))
    coder = codec(LINKS)

    assert coder.decode(coder.encode(link)) == link
    assert '"doc"' in schema_text(LINKS)


def test_a_link_comes_within_what_the_tracker_remembers() -> None:
    """After twenty seconds, no new person is linked to one who left."""
    late = [*seen(100, 200), *unseen(1200), *seen(21_500, 200)]
    in_time = [*seen(100, 200), *unseen(1200), *seen(20_900, 200)]

    assert links(fold(PartitionPipeline(), facts_of(camera()), late)) == []
    [link] = links(fold(PartitionPipeline(), facts_of(camera()), in_time))
    assert link["at_us"] - (T0 + 1100 * MS) == 19_800 * MS < 20 * S
