"""Losses of the log and wrong topics are reported, whatever else is wrong."""

from dataclasses import replace

from tests.unit.workers.observation.test_findings import NOW_US, SETTINGS, STARTED_US, WELL, ago
from workers.observation.findings import judge
from workers.observation.losses import Loss

FRAMES = Loss("infer", ago(50), 40, "frames.captured.v1[3]: offsets 10 to 49 (40 records) expired")
MORE = [Loss("infer", ago(40 - n), 1, f"frames.captured.v1[{n}]: offset 1") for n in range(4, 8)]


def test_a_loss_of_a_stage_is_one_alert_with_partitions_and_number_of_records() -> None:
    [finding] = judge(replace(WELL, losses=(*MORE, FRAMES)), SETTINGS, STARTED_US)

    assert (finding.key, finding.kind, finding.tier) == ("loss/stage/infer", "loss", "WARNING")
    assert finding.what == "Pictures were lost before people were looked for in them"
    assert (finding.since_us, finding.value, finding.unit) == (ago(50), 44.0, "records")
    assert finding.next_action.startswith(FRAMES.text)
    assert "and 2 more" in finding.next_action
    assert "wardstream dlq resolve" in finding.next_action


def test_each_stage_that_lost_something_has_an_alert_of_its_own() -> None:
    losses = (FRAMES, Loss("sink-timescale", ago(1), 2, "tracks.updated.v1[0]: offsets 3 to 4"))

    found = judge(replace(WELL, losses=losses), SETTINGS, STARTED_US)

    assert [one.key for one in found] == ["loss/stage/infer", "loss/stage/sink-timescale"]


def test_topics_that_are_not_like_the_table_are_reported_by_name() -> None:
    fault = "cameras.v1: cleanup.policy is delete, not compact"

    [finding] = judge(replace(WELL, topics=(fault,)), SETTINGS, STARTED_US)

    assert (finding.key, finding.since_us) == ("settings/log", NOW_US)
    assert finding.what == "A topic is not kept as it must be"
    assert finding.next_action.startswith(fault)


def test_a_loss_is_reported_beside_a_silent_pipeline() -> None:
    silent = replace(WELL, pictures_us=ago(100), losses=(FRAMES,))

    assert [one.key for one in judge(silent, SETTINGS, STARTED_US)] == [
        "silence/line",
        "loss/stage/infer",
    ]


def test_a_topic_that_is_missing_is_reported_although_its_offsets_cannot_be_asked() -> None:
    fault = "frames.captured.v1 is missing; run `wardstream topics create`"
    signs = replace(WELL, kafka_us=ago(21), kafka_error="Unknown topic", topics=(fault,))

    found = judge(signs, SETTINGS, STARTED_US)

    assert [one.key for one in found] == ["silence/log", "settings/log"]
    assert found[1].next_action.startswith(fault)
