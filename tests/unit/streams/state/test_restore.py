"""How a stream processor restores a checkpoint of another release or configuration."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from runtime.checkpoints import Checkpoint, SettingsSpan
from runtime.checkpoints.codec import HEAD_KEY, assemble
from runtime.errors import EXIT_STOP, Stop
from schemas.topics import LINKS, OCCUPANCY, OCCUPANCY_LATEST, PRESENCE, TRACKS, ZONE_EVENTS
from streams.domain.camera.step import CameraState
from streams.domain.entity import Entity
from streams.domain.pipeline import Output, PartitionPipeline
from streams.domain.settings import PipelineSettings, TrackerSettings
from streams.domain.tracking.tables import TrackState
from streams.state.codec import decode_state
from streams.state.reading import states_of
from streams.state.settings_by_offset import SettingsByOffset, from_values, to_values
from streams.state.version import SEQS_BY_TOPIC, STATE_VERSION
from tests.support.builders.domain import MS, T0, box, camera, facts_of, outcome
from tests.support.builders.domain import fold as fold_log
from tests.support.builders.folds import IDENTITY, fold_of, record
from tests.support.builders.scene import ward_facts, ward_log

STORED = Path(__file__).parent / "stored"
STRICT = PipelineSettings(tracker=replace(TrackerSettings(), confirm_hits=9))


def stored(name: str) -> Checkpoint:
    """A checkpoint as an earlier release wrote it."""
    records = json.loads((STORED / name).read_text())
    values = {key.encode(): base64.b64decode(v) for key, v in records.items() if key != "head"}
    values[HEAD_KEY] = records["head"].encode()
    return assemble(0, values, max_version=STATE_VERSION)


def test_a_checkpoint_of_the_first_release_is_refused_with_what_to_do() -> None:
    """Its records still form a checkpoint, so it is not reported as damaged."""
    fold, _ = fold_of(facts_of(camera()))
    with pytest.raises(Stop, match=r"camera/sim-0 \(version 1\).*docs/runbooks/upgrade") as end:
        fold.restore(stored("state_version_1.json"))
    assert end.value.exit_code == EXIT_STOP


def test_a_checkpoint_of_the_previous_release_keeps_its_tracks() -> None:
    fold, emitted = fold_of(facts_of(camera(homography=list(IDENTITY))))
    fold.restore(stored("state_version_4.json"))

    fold.advance(record(outcome(T0 + 1200 * MS, [box(172, 400), box(352, 420)])))

    assert emitted[0] == TRACKS.name
    states = {key: state for key, state in fold.changed().items() if state is not None}
    assert {state.version for state in states.values()} == {STATE_VERSION}
    camera_state = decode_state("camera/cam", states[b"camera/cam"])
    assert isinstance(camera_state, CameraState)
    assert camera_state.tracker.states() == [(1, TrackState.CONFIRMED), (2, TrackState.CONFIRMED)]


def of_version_5(outputs: list[Output]) -> list[Output]:
    """Outputs of the topics that existed at state version 5."""
    known = (TRACKS, PRESENCE, LINKS, ZONE_EVENTS, OCCUPANCY, OCCUPANCY_LATEST)
    return [output for output in outputs if output.topic in known]


def test_states_with_a_field_for_each_seq_count_on_from_it() -> None:
    """The release before had a field for each topic's seq; now one dictionary has them all."""
    log, facts = ward_log(1), ward_facts()
    checkpoint = stored("state_version_5.json")
    assert {state.version for state in checkpoint.entities.values()} == {SEQS_BY_TOPIC - 1}
    states = states_of(0, checkpoint.entities)
    last = {(owner.id, topic): seq for owner in owners_of(states) for topic, seq in owner.seqs}
    pipeline = PartitionPipeline()

    pipeline.restore(states)
    rest = of_version_5(fold_log(pipeline, facts, log[checkpoint.head.next_offset :]))

    sent: dict[tuple[str, str], list[int]] = {}
    for output in rest:
        if output.topic != OCCUPANCY_LATEST:  # it has the seq of the topic that it mirrors
            sent.setdefault((output.key, output.topic.name), []).append(seq_of(output))
    assert {topic for _, topic in sent} >= {
        topic.name for topic in (TRACKS, PRESENCE, ZONE_EVENTS, OCCUPANCY)
    }
    assert min(last[owner] for owner in sent) > 0
    assert sent == {
        owner: list(range(last[owner] + 1, last[owner] + 1 + len(seqs)))
        for owner, seqs in sent.items()
    }


class Owner(NamedTuple):
    """Who counts records: a camera, floor or zone, and its last seq by topic."""

    id: str
    seqs: list[tuple[str, int]]


def owners_of(states: dict[str, Entity]) -> list[Owner]:
    """Everybody who counts, of cameras and floors."""
    found = []
    for key, state in states.items():
        found.append(Owner(key.partition("/")[2], list(state.seqs.items())))
        for zone_id, zone in getattr(state, "zones", {}).items():
            found.append(Owner(zone_id, list(zone.seqs.items())))
    return found


def seq_of(output: Output) -> int:
    """Number of a record, whether it is a dictionary or a frame's arrays."""
    record: Any = output.record
    return int(record["seq"] if isinstance(record, dict) else record.seq)


def test_a_head_of_the_first_format_holds_no_settings() -> None:
    checkpoint = stored("state_version_1.json")
    assert checkpoint.head.format == 1
    assert checkpoint.head.settings == ()


def test_settings_come_back_from_a_checkpoint_as_they_were() -> None:
    reported = json.loads(json.dumps(to_values(STRICT)))
    assert from_values(reported) == STRICT


@pytest.mark.parametrize(
    ("tracker", "complaint"),
    [
        pytest.param({"magic": 1.0}, "'tracker.magic' is not a setting", id="a-later-release"),
        pytest.param({"confirm_hits": "many"}, "Expected `int`", id="another-kind"),
    ],
)
def test_settings_that_this_release_cannot_follow_are_refused(
    tracker: dict[str, object], complaint: str
) -> None:
    reported = to_values(STRICT)
    reported["tracker"] |= tracker
    with pytest.raises(Stop, match=complaint):
        from_values(reported)


@pytest.mark.parametrize("name", ["floor", "tracker.match_iou", "moving_tracker.noise.size"])
def test_settings_that_lack_what_every_release_had_are_refused(name: str) -> None:
    reported: Any = to_values(STRICT)
    owner = reported
    *path, last = name.split(".")
    for step in path:
        owner = owner[step]
    del owner[last]
    with pytest.raises(Stop, match=f"does not hold '{name}"):
        from_values(reported)


def test_settings_change_exactly_where_the_checkpoint_says() -> None:
    plain = PipelineSettings()
    spans = [SettingsSpan(0, to_values(plain)), SettingsSpan(80, to_values(STRICT))]
    offsets = SettingsByOffset(STRICT)

    offsets.follow(spans, 40)
    assert (offsets.current, offsets.next_change) == (plain, 80)
    assert offsets.step(80) == STRICT
    assert offsets.next_change is None


def test_a_settings_change_in_a_gap_of_the_log_holds_from_the_next_record() -> None:
    spans = [SettingsSpan(0, to_values(PipelineSettings())), SettingsSpan(80, to_values(STRICT))]
    offsets = SettingsByOffset(PipelineSettings())
    offsets.follow(spans, 0)
    assert offsets.step(83) == STRICT


def test_settings_that_hold_no_more_need_not_be_understood() -> None:
    spans = [SettingsSpan(0, {"gone": 1}), SettingsSpan(80, to_values(STRICT))]
    offsets = SettingsByOffset(PipelineSettings())
    offsets.follow(spans, 80)
    assert offsets.current == STRICT
