"""What an explanation says, line by line."""

from datetime import UTC, datetime, timedelta
from typing import Any

from workers.explain.figure import CameraLink, Explanation, Known, Link
from workers.explain.text import lines_of, to_values

TEN = datetime(2026, 9, 21, 10, 0, tzinfo=UTC)
VERSION: dict[str, Any] = {
    "version": 3,
    "recorded_at": TEN - timedelta(days=2),
    "recorded_by": "anna",
}
FIGURE: dict[str, Any] = {
    "as_of": TEN - timedelta(seconds=2),
    "seq": 71,
    "floor_id": "ward-1",
    "people": 2,
    "identified": 1,
    "required": 3,
    "gap_min": 1,
    "gap_max": 2,
    "possible_since": TEN - timedelta(minutes=9),
    "sure_since": TEN - timedelta(minutes=5),
    "person_ids": ["ward-1:7", "ward-1:9"],
    "cameras_missing": ["bed-2"],
    "is_watched": False,
    "disagreement": 1,
    "counts": [
        {"source": "HEADS", "low": 2, "high": 2, "is_apart": False},
        {"source": "FLOW", "low": 3, "high": None, "is_apart": True},
    ],
    "digest": b"x",
}
ROLE: dict[str, Any] = {
    "role": "nurse",
    "present_min": 1,
    "present_max": 2,
    "scheduled": 2,
    "required": 3,
    "gap_min": 1,
    "gap_max": 2,
    "possible_since": None,
    "sure_since": FIGURE["sure_since"],
    "substitutes": [{"role": "midwife", "people": 1}],
}
PERSON: dict[str, Any] = {
    "person_id": "ward-1:7",
    "role": "nurse",
    "role_confidence": 0.97,
    "staff_id": "s-1",
    "role_evidence": ["BADGE"],
    "x_m": 1.25,
    "y_m": 3.0,
    "position_sd_m": 0.2,
    "duty_status": "ON_SHIFT",
    "camera_ids": ["bed-1"],
    "observed": False,
    "calibration_suspect": True,
}
SHIFT: dict[str, Any] = {
    **VERSION,
    "shift_id": "early",
    "staff_id": "s-1",
    "agency": "",
    "role": "nurse",
    "kind": "WORK",
    "status": "PLANNED",
    "starts_at": TEN - timedelta(hours=4),
    "ends_at": TEN,
}
CAMERA: dict[str, Any] = {"camera_id": "bed-1", "version": 2, "projection": None, "homography": [1]}
LINKS = (
    Link(
        what="figure of the zone",
        store="zone-occupancy.measured.v1",
        key="bay-2",
        state="there",
        kept="90 days",
        partition=3,
        offset=1022,
        at=FIGURE["as_of"],
    ),
    Link(
        what="frame",
        store="frames.captured.v1",
        key="bed-1",
        state="expired",
        kept="6 hours",
        since=TEN + timedelta(hours=6),
    ),
)


def explained(**changes: Any) -> Explanation:
    whole: dict[str, Any] = {
        "zone": {"zone_id": "bay-2", "name": "Bay 2", **VERSION},
        "floor_id": "ward-1",
        "time_zone": "Europe/Berlin",
        "at": TEN,
        "shown": Known(figure=FIGURE, roles=[ROLE], people=[PERSON]),
        "revised": None,
        "revision": None,
        "shifts": [SHIFT],
        "requirements": [],
        "cameras": [
            CameraLink(
                camera=CAMERA,
                view={"state": "MOVED"},
                clock={"clock_offset": timedelta(milliseconds=-310)},
                models=["yolox 1"],
                saw=True,
                is_missing=False,
            )
        ],
        "links": LINKS,
    }
    return Explanation(**whole | changes)


def test_an_answer_goes_from_the_figure_to_the_picture_in_the_time_of_the_site() -> None:
    assert list(lines_of(explained())) == [
        "Bay 2 (zone bay-2, floor ward-1) at Mon 21 Sep 2026 12:00:00 Europe/Berlin",
        (
            "As shown then: 2 people, 1 identified; 3 required, 1 missing for sure since 11:55:00, "
            "possibly 2"
        ),
        (
            "  measured at 11:59:58, seq 71; cameras that had not reported: bed-2; not all of the "
            "zone was seen, so more people may have been there; counts differ by 1"
        ),
        (
            "  nurse: 1 to 2 present, 2 scheduled, 3 required, 1 missing for sure since 11:55:00, "
            "possibly 2, 1 midwife standing in"
        ),
        "  counts: seen 2, by entries less exits 3 or more (apart from the others)",
        "  people counted",
        (
            "    ward-1:7: nurse 0.97 by badge, s-1; at 1.2, 3.0 m ± 0.2; on shift; cameras bed-1; "
            "not seen at this moment; the camera may have moved"
        ),
        "    ward-1:9: no position of this time is kept",
        "",
        "Zone: version 3, recorded 19 Sep 2026 12:00 by anna",
        "Required then",
        "  nothing",
        "Scheduled then",
        (
            "  early: s-1, nurse, work planned, 21 Sep 2026 08:00 to 21 Sep 2026 12:00; version 3, "
            "recorded 19 Sep 2026 12:00 by anna"
        ),
        "Cameras of the floor",
        (
            "  bed-1: version 2, calibrated by homography, view moved, clock -310 ms, model yolox "
            "1, saw people of this zone"
        ),
        "Records",
        (
            "  figure of the zone: zone-occupancy.measured.v1, bay-2: partition 3, offset 1022, of "
            "11:59:58 (kept 90 days)"
        ),
        "  frame: frames.captured.v1, bed-1: expired since 21 Sep 2026 18:00 (kept 6 hours)",
    ]


def test_a_figure_that_nobody_knew_is_named_as_such_and_a_revision_has_its_number() -> None:
    lines = list(lines_of(explained(shown=None, revision=4)))

    assert lines[1:3] == [
        "Nothing was known of this zone then.",
        "As known now, by revision 4: no figure of this zone",
    ]


def test_the_same_for_a_program_is_json_without_the_digests_of_rows() -> None:
    values: Any = to_values(explained())

    assert values["shown"]["figure"]["seq"] == 71
    assert values["shown"]["figure"]["as_of"] == "2026-09-21T09:59:58+00:00"
    assert "digest" not in values["shown"]["figure"]
    assert values["links"][1]["since"] == "2026-09-21T16:00:00+00:00"
