"""Silence is reported once, by its cause, in words for a ward."""

from dataclasses import replace
from typing import get_args

import pytest

from runtime.process.sections import WatchdogSettings
from schemas.records.cameras import CameraVerdict
from workers.observation.alerts import AlertBook
from workers.observation.findings import STAGES, judge
from workers.observation.signs import (
    AuditAway,
    CameraSign,
    Disagreement,
    HealthSign,
    Signs,
    StageProgress,
    StageSign,
    ViewSign,
)
from workers.observation.views import KINDS

SETTINGS = WatchdogSettings(after_s=20.0, lag_s=30.0, skipped_ratio=0.5)
NOW_US = 1_780_000_000_000_000
STARTED_US = NOW_US - 3_600_000_000


def ago(seconds: float) -> int:
    return NOW_US - round(seconds * 1e6)


LEFT = CameraSign(name="Left half", last_us=ago(0.3))
WELL = Signs(
    now_us=NOW_US,
    kafka_us=NOW_US,
    pictures_us=ago(0.1),
    cameras={"left": LEFT},
    stages={name: StageSign(lag_records=3, lag_s=0.4) for name in ("infer", "stream")},
    health={name: HealthSign(good_us=ago(1)) for name in STAGES},
    pictures=600,
)


def reported(signs: Signs) -> dict[str, str]:
    return {finding.key: finding.what for finding in judge(signs, SETTINGS, STARTED_US)}


def test_a_healthy_pipeline_is_not_reported() -> None:
    assert reported(WELL) == {}


def test_a_camera_without_pictures_is_reported_by_its_name_and_since_when() -> None:
    cameras = {"left": LEFT, "right": CameraSign(name="Right half", last_us=ago(20))}

    [finding] = judge(replace(WELL, cameras=cameras), SETTINGS, STARTED_US)

    assert finding.key == "silence/camera/right"
    assert (finding.kind, finding.subject) == ("silence", "camera/right")
    assert finding.what == "No new data from camera Right half"
    assert finding.since_us == ago(20)
    assert (finding.value, finding.threshold, finding.unit) == (20.0, 20.0, "s")


def test_a_camera_that_was_never_seen_is_silent_since_watching_began() -> None:
    signs = replace(WELL, cameras={"left": CameraSign(name="Left", last_us=None)})

    [finding] = judge(signs, SETTINGS, STARTED_US)
    assert finding.since_us == STARTED_US
    assert judge(signs, SETTINGS, ago(19.9)) == []


@pytest.mark.parametrize(
    ("stage", "what"),
    [
        ("infer", "Looking for people has stopped"),
        ("stream", "Counting has stopped"),
        ("sink-redis", "The board's numbers have stopped"),
        ("sink-timescale", "History is not being written"),
    ],
)
def test_a_stage_that_takes_nothing_of_what_comes_in_has_stopped(stage: str, what: str) -> None:
    waiting = StageSign(waiting_since_us=ago(21), lag_records=40, lag_s=21.0)

    [finding] = judge(replace(WELL, stages={**WELL.stages, stage: waiting}), SETTINGS, STARTED_US)

    assert (finding.key, finding.what) == (f"silence/stage/{stage}", what)
    assert finding.since_us == ago(21)
    assert "40 records wait" in finding.next_action


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_whose_health_is_bad_or_unknown_is_reported(stage: str) -> None:
    bad = HealthSign(good_us=ago(25), problem="no answer")

    [finding] = judge(replace(WELL, health={**WELL.health, stage: bad}), SETTINGS, STARTED_US)

    assert finding.key == f"silence/stage/{stage}"
    assert finding.since_us == ago(25)
    assert "no answer" in finding.next_action


def test_a_stage_that_just_restarts_is_not_reported() -> None:
    bad = HealthSign(good_us=ago(5), problem="no answer")
    slow = StageSign(waiting_since_us=ago(5), lag_records=40)

    assert reported(replace(WELL, health={"infer": bad}, stages={"infer": slow})) == {}


def test_without_input_the_pipeline_is_reported_and_not_each_camera() -> None:
    cameras = {
        name: CameraSign(name=name, last_us=ago(30)) for name in ("left", "right", "corridor")
    }

    [finding] = judge(replace(WELL, cameras=cameras, pictures_us=ago(30)), SETTINGS, STARTED_US)

    assert finding.key == "silence/line"
    assert finding.what == "No new data from any camera"
    assert finding.tier == "PAGE"
    assert finding.suppressed == 3


def test_a_dead_ingest_is_reported_beside_the_silent_pipeline() -> None:
    health = {**WELL.health, "ingest": HealthSign(good_us=ago(30), problem="no answer")}

    assert list(reported(replace(WELL, pictures_us=ago(30), health=health))) == [
        "silence/line",
        "silence/stage/ingest",
    ]


def test_cameras_are_not_blamed_for_an_inference_that_stopped() -> None:
    stages = {"infer": StageSign(waiting_since_us=ago(30), lag_records=900)}
    cameras = {"left": CameraSign(name="Left", last_us=ago(30))}

    assert list(reported(replace(WELL, stages=stages, cameras=cameras))) == ["silence/stage/infer"]


ONE_SILENT = {
    "left": CameraSign(name="Left", last_us=ago(1)),
    "right": CameraSign(name="Right", last_us=ago(60)),
}
STOPPED = StageSign(waiting_since_us=ago(60), lag_records=900, lag_s=60.0)


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        (
            replace(WELL, cameras=ONE_SILENT),
            replace(WELL, cameras=ONE_SILENT, pictures_us=ago(30)),
            "silence/line",
        ),
        (
            replace(WELL, cameras=ONE_SILENT),
            replace(WELL, cameras=ONE_SILENT, stages={"infer": STOPPED}),
            "silence/stage/infer",
        ),
        (
            replace(WELL, stages={"stream": replace(STOPPED, waiting_since_us=None)}),
            replace(WELL, stages={"stream": STOPPED}),
            "silence/stage/stream",
        ),
    ],
    ids=["line", "infer", "lag"],
)
def test_a_trouble_that_another_one_explains_is_not_reported_as_over(
    before: Signs, after: Signs, cause: str
) -> None:
    book = AlertBook("")
    [standing] = book.update(judge(before, SETTINGS, STARTED_US), NOW_US, blind=False)

    reported = book.update(judge(after, SETTINGS, STARTED_US), NOW_US, blind=False)
    assert [(alert["alert_id"], alert["state"]) for alert in reported] == [(cause, "RAISED")]
    assert reported[0]["suppressed"] == standing["alert_id"].startswith("silence/camera/")

    [over] = book.update(judge(before, SETTINGS, STARTED_US), NOW_US, blind=False)
    assert (over["alert_id"], over["state"]) == (cause, "CLEARED")
    [over] = book.update(judge(WELL, SETTINGS, STARTED_US), NOW_US, blind=False)
    assert (over["alert_id"], over["state"]) == (standing["alert_id"], "CLEARED")


def test_a_log_that_does_not_answer_is_all_that_can_be_reported() -> None:
    cameras = {"left": CameraSign(name="Left", last_us=ago(500))}
    signs = replace(WELL, kafka_us=ago(21), kafka_error="timed out", cameras=cameras)

    [finding] = judge(signs, SETTINGS, STARTED_US)
    assert (finding.key, finding.since_us) == ("silence/log", ago(21))
    assert "timed out" in finding.next_action


def test_a_log_that_has_just_gone_is_not_taken_for_a_pipeline_without_pictures() -> None:
    signs = Signs(
        now_us=NOW_US,
        kafka_us=ago(3),
        kafka_error="timed out",
        cameras={"left": CameraSign(name="Left", last_us=ago(4))},
    )

    assert reported(signs) == {}


def test_health_is_heard_although_the_log_does_not_answer() -> None:
    health = {"stream": HealthSign(good_us=ago(30), problem="no answer")}
    signs = replace(WELL, kafka_us=ago(21), kafka_error="timed out", stages={}, health=health)

    assert list(reported(signs)) == ["silence/log", "silence/stage/stream"]


def test_a_pipeline_without_cameras_is_not_silent() -> None:
    assert reported(Signs(now_us=NOW_US, kafka_us=NOW_US)) == {}


def test_a_pipeline_whose_cameras_never_sent_anything_is_silent() -> None:
    signs = replace(WELL, pictures_us=None)

    assert reported(signs) == {"silence/line": "No new data from any camera"}


def test_a_stage_that_works_and_is_behind_is_reported_as_late() -> None:
    late = StageSign(lag_records=9_000, lag_s=31.0)

    [finding] = judge(replace(WELL, stages={"stream": late}), SETTINGS, STARTED_US)
    assert (finding.key, finding.what) == ("lag/stage/stream", "Counting is late")
    assert (finding.value, finding.threshold) == (31.0, 30.0)


def test_a_silent_stage_is_not_also_reported_as_late() -> None:
    stuck = StageSign(waiting_since_us=ago(60), lag_records=9_000, lag_s=60.0)

    assert list(reported(replace(WELL, stages={"stream": stuck}))) == ["silence/stage/stream"]


def test_many_skipped_pictures_are_reported_and_few_pictures_are_no_measure() -> None:
    signs = replace(WELL, skipped=2 / 3)

    assert reported(signs) == {
        "overload/stage/infer": "67 % of the pictures are skipped: too many for this machine"
    }
    assert reported(replace(signs, pictures=19)) == {}
    assert reported(replace(signs, skipped=0.49)) == {}


def second(number: float) -> int:
    return NOW_US + round(number * 1e6)


def test_a_stage_waits_from_when_its_input_grows_and_its_commits_do_not() -> None:
    progress = StageProgress()
    assert progress.update(second(0), 100, 100).waiting_since_us is None
    assert progress.update(second(1), 100, 100).waiting_since_us is None
    assert progress.update(second(2), 110, 100).waiting_since_us == second(2)
    assert progress.update(second(3), 120, 100).waiting_since_us == second(2)
    assert progress.update(second(4), 130, 105).waiting_since_us == second(4)
    assert progress.update(second(5), 130, 130).waiting_since_us is None


def test_a_quiet_input_is_no_silence_however_long() -> None:
    progress = StageProgress()
    signs = [progress.update(second(number), 100, 100) for number in range(1_000)]

    assert all(sign.waiting_since_us is None and sign.lag_s == 0 for sign in signs)


def test_lag_in_seconds_is_the_age_of_the_oldest_record_that_waits() -> None:
    progress = StageProgress()
    for number in range(60):
        sign = progress.update(second(number), 100 + 10 * number, 100 + 5 * number)

    # What was the end half of the way back is what is committed now: 395 was reached at 29.5 s.
    assert sign.lag_records == 295
    assert sign.lag_s == pytest.approx(59 - 29)


def test_a_board_that_cannot_write_the_audit_is_reported_after_a_while() -> None:
    away = AuditAway(ago(30), "audit.v1 takes nothing")
    health = {**WELL.health, "serve": HealthSign(good_us=ago(0), audit_away=away)}
    short = {**WELL.health, "serve": HealthSign(good_us=ago(0), audit_away=AuditAway(ago(1), ""))}

    [found] = judge(replace(WELL, health=health), SETTINGS, STARTED_US)

    assert found.key == "audit/stage/serve"
    assert "audit.v1 takes nothing" in found.next_action
    assert reported(replace(WELL, health=short)) == {}


def test_an_anchor_that_is_late_is_reported_where_anchors_are_expected() -> None:
    daily = SETTINGS.model_copy(update={"anchored_within_s": 3_600.0})
    late = replace(WELL, anchored_us=ago(3_601))

    assert [found.key for found in judge(late, daily, STARTED_US)] == ["anchor/audit"]
    assert judge(replace(WELL, anchored_us=ago(3_599)), daily, STARTED_US) == []
    assert judge(late, SETTINGS, STARTED_US) == []
    assert [found.key for found in judge(WELL, daily, ago(3_601))] == ["anchor/audit"]


def seen_as(verdict: CameraVerdict) -> Signs:
    return replace(WELL, views={"left": ViewSign(verdict=verdict, since_us=ago(70))})


def test_a_view_that_is_not_as_it_should_be_is_reported_by_the_name_of_its_camera() -> None:
    [finding] = judge(seen_as("MOVED"), SETTINGS, STARTED_US)

    assert (finding.key, finding.tier, finding.since_us) == (
        "moved/camera/left",
        "WARNING",
        ago(70),
    )
    assert finding.what.startswith("Camera Left half shows another view")
    assert "put camera left back" in finding.next_action
    assert (finding.value, finding.unit) == (70.0, "s")


def test_every_verdict_that_needs_somebody_is_reported_and_no_other_is() -> None:
    kinds = {
        verdict: [finding.kind for finding in judge(seen_as(verdict), SETTINGS, STARTED_US)]
        for verdict in get_args(CameraVerdict)
    }

    assert [kind for found in kinds.values() for kind in found] == [
        "moved",
        "frozen",
        "covered",
        "dark",
        "blurred",
    ]
    assert kinds["OK"] == kinds["LEARNING"] == kinds["UNKNOWN"] == []


def test_a_removed_camera_is_not_reported() -> None:
    assert judge(replace(seen_as("MOVED"), cameras={}), SETTINGS, STARTED_US) == []


def test_another_verdict_is_another_alert_and_one_that_cannot_be_known_clears_none() -> None:
    book = AlertBook("operators")

    def states(signs: Signs, *unseen: str) -> list[tuple[str, str]]:
        found = judge(signs, SETTINGS, STARTED_US)
        alerts = book.update(found, NOW_US, blind=False, unseen=unseen)
        return [(alert["state"], alert["alert_id"]) for alert in alerts]

    assert states(seen_as("MOVED")) == [("RAISED", "moved/camera/left")]
    assert states(WELL, *KINDS) == []
    assert states(seen_as("COVERED")) == [
        ("RAISED", "covered/camera/left"),
        ("CLEARED", "moved/camera/left"),
    ]
    assert states(seen_as("OK")) == [("CLEARED", "covered/camera/left")]


def test_a_view_that_is_suspect_is_reported_until_somebody_confirms_it() -> None:
    back = replace(seen_as("OK"), suspects={"left": ago(600), "removed": ago(600)})

    [finding] = judge(back, SETTINGS, STARTED_US)

    assert (finding.key, finding.tier) == ("suspect/camera/left", "NOTICE")
    assert "wardstream camera confirm left" in finding.next_action
    [moved] = judge(replace(back, views=seen_as("MOVED").views), SETTINGS, STARTED_US)
    assert moved.key == "moved/camera/left", "which says more"


def test_cameras_that_disagree_are_reported_with_the_names_of_the_others() -> None:
    cameras = {"left": LEFT, "door": replace(LEFT, name="Door"), "bed": replace(LEFT, name="Bed")}
    apart = {"left": Disagreement(ago(90), ("bed", "door"), 1.1)}
    signs = replace(WELL, cameras=cameras, disagreements=apart, suspects={"left": ago(90)})

    [finding] = judge(signs, SETTINGS, STARTED_US)

    assert (finding.key, finding.value, finding.unit) == ("disagrees/camera/left", 1.1, "m")
    assert finding.what == "Camera Left half puts people elsewhere than Bed and Door"
    assert "then of bed, door" in finding.next_action
