"""The stage sends and saves what was recorded, byte for byte: see `record.py`."""

from pathlib import Path
from typing import Any

import pytest

from tests.golden import files, run
from tests.golden.adapter import DERIVED, FOLD_VERSION, decode
from tests.golden.figures import difference, of_order
from tests.golden.world import RESTART_S, Input, detections

Logs = dict[int, list[Input]]


@pytest.fixture(scope="module")
def golden() -> Any:
    return files.read_goldens()


@pytest.fixture(scope="module")
def logs() -> Logs:
    return detections()


@pytest.fixture(scope="module")
def first(logs: Logs) -> run.Outcome:
    return run.once_through(logs)


@pytest.fixture(scope="module")
def second(logs: Logs, first: run.Outcome) -> run.Outcome:
    return run.restarted(logs, first, first.checkpoints[RESTART_S])


def test_the_input_is_that_of_the_goldens(golden: Any, logs: Logs) -> None:
    reason = difference("input", golden["input"], run.input_figures(logs))

    assert reason is None, reason


@pytest.mark.parametrize("part", [part for part in files.ASK if part != "continued"])
def test_a_run_from_the_start_gives_the_golden_bytes(
    golden: Any, first: run.Outcome, part: str
) -> None:
    reason = difference(part, golden[part], first.figures()[part])

    assert reason is None, f"{reason}\n{files.ASK[part]}"


@pytest.mark.parametrize("part", ["outputs", "order", "checkpoints"])
def test_a_restart_from_a_checkpoint_gives_the_golden_bytes(
    golden: Any, second: run.Outcome, part: str
) -> None:
    expected = golden[part]
    if part == "checkpoints":
        moments = {f"{moment_s} s" for moment_s in run.MOMENTS_S if moment_s >= RESTART_S}
        expected = {moment: expected[moment] for moment in moments}

    reason = difference(f"{part} after a restart", expected, second.figures()[part])

    assert reason is None, reason


@pytest.mark.parametrize(
    "path",
    [path for path in files.saved_checkpoints() if files.fold_version_of(path) == FOLD_VERSION],
    ids=lambda path: path.stem,
)
def test_a_checkpoint_of_a_former_release_leads_to_the_golden_bytes(
    logs: Logs, first: run.Outcome, path: Path
) -> None:
    """Apart from the topics that came after it, whose seqs it does not hold."""
    partition = files.partition_of(path)
    saved = {partition: files.read_checkpoint(path)}

    restarted = run.restarted(logs, first, saved).sent

    later = files.topics_after(path)
    golden = of_order(run.without({partition: first.sent[partition]}, later))
    reason = difference(path.name, golden, of_order(run.without(restarted, later)))
    assert reason is None, reason


def test_a_checkpoint_of_a_former_fold_leads_to_the_bytes_recorded_for_it(
    golden: Any, logs: Logs, first: run.Outcome
) -> None:
    reason = difference("continued", golden["continued"], run.continued(logs, first))

    assert reason is None, f"{reason}\n{files.ASK['continued']}"
    assert golden["continued"].keys() >= {"checkpoint.v5", "checkpoint.v6"}


def test_the_world_holds_what_the_goldens_are_for(golden: Any, first: run.Outcome) -> None:
    """A golden of nothing would never fail."""
    sent = [record for records in first.sent.values() for record in records]
    reasons = {dict(r.headers)["reason"] for r in sent if r.topic == "dead-letters.v1"}
    by_topic: dict[str, list[bytes]] = {}
    for record in sent:
        by_topic.setdefault(record.topic, []).append(record.value or b"")

    def records(topic: str) -> list[Any]:
        return [decode(topic, value) for value in by_topic[topic]]

    missing = {bool(record["cameras_missing"]) for record in records("zone-occupancy.latest.v1")}
    events = {record["kind"] for record in records("zone-events.observed.v1")}
    measured = records("zone-occupancy.measured.v1")

    assert {name.split()[0] for name in golden["outputs"]} == {*DERIVED, "dead-letters.v1"}
    assert files.saved_checkpoints() != []
    assert len({name for name in golden["outputs"] if name.startswith("tracks")}) == 27
    assert reasons == {
        *(b"no_value", b"not_wire_format", b"not_avro", b"unknown_schema", b"wrong_key"),
        *(b"future_event", b"unknown_camera", b"unusable_outcome"),
    }
    assert events == {"ENTERED", "LEFT", "DWELL_EXCEEDED", "WITHDRAWN"}
    assert len(by_topic["links.observed.v1"]) > 100
    links = {record["kind"] for record in records("links.observed.v1")}
    assert links == {"MERGE", "SPLIT", "REIDENTIFICATION", "HAND_OVER", "BADGE"}
    assert missing == {True, False}
    assert {record["scheduled"] for record in measured} == {0, 1}
    assert {record["required"] for record in measured} == {0, 1, 2}

    decided = [one for record in records("zone-alerts.decided.v1") for one in record["decided"]]
    assert {one["action"] for one in decided} == {"OPENED", "CHANGED", "CLOSED"}
    assert {one["cause"] for one in decided} >= {"BREACH", "CLEARED", "RULE_EDITED", "RULE_REMOVED"}
    assert {one["rule_id"] for one in decided} >= {
        *("gap", "maybe", "stay", "alone", "missing", "badges"),
    }
    assert any(one["rule_id"] == "badges" and not one["zone_id"] for one in decided)

    reasons_of_links = " ".join(
        record["reason"] for record in records("links.observed.v1") if record["kind"] == "BADGE"
    )
    for what in ("too late to say", "in two positions at once", "which the floor does not have"):
        assert what in reasons_of_links
    people = [one for record in records("presence.updated.v1") for one in record["people"]]
    assert {one["role"] for one in people} == {"", "nurse", "doctor"}
    assert {one["staff_id"] for one in people} >= {None, "f9-s1", "f9-s2"}
    assert any(one["role"] and one["staff_id"] is None for one in people)
    roles = [role for record in measured for role in record["roles"]]
    assert {bool(role["present_min"]) for role in roles} == {True, False}
    assert {role["gap_min"] < role["gap_max"] for role in roles} == {True, False}
