"""Options become cameras, sources and times, or an error that says what to give."""

import pytest

from runtime.redaction import redacted_url
from workers.ingest.feed import WHOLE, Region, pair_feeds, parse_start_time


def test_one_video_becomes_two_cameras_by_their_regions() -> None:
    left, right = pair_feeds(["left", "right"], ["a.avi"], ["0,0,0.5,1", "0.5,0,0.5,1"])

    assert (left.camera_id, left.source, left.region) == ("left", "a.avi", Region(width=0.5))
    assert (right.camera_id, right.source) == ("right", "a.avi")
    assert right.region == Region(x=0.5, width=0.5)


def test_each_camera_can_have_a_video_of_its_own() -> None:
    feeds = pair_feeds(["a", "b"], ["a.avi", "rtsp://b/1"], [])

    assert [(feed.source, feed.region) for feed in feeds] == [
        ("a.avi", WHOLE),
        ("rtsp://b/1", WHOLE),
    ]


@pytest.mark.parametrize(
    ("videos", "regions"),
    [
        pytest.param(["1", "2"], [], id="two-videos-for-three-cameras"),
        pytest.param(["1"], ["0,0,1,1"], id="one-region-for-three-cameras"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(videos: list[str], regions: list[str]) -> None:
    with pytest.raises(ValueError, match="3 cameras and"):
        pair_feeds(["a", "b", "c"], videos, regions)


@pytest.mark.parametrize(
    "text", ["2026-01-31T10:05:00Z", "2026-01-31T11:05:00+01:00", "1769853900", "1769853900.0"]
)
def test_a_start_time_is_read_in_any_of_its_forms(text: str) -> None:
    assert parse_start_time(text) == 1_769_853_900_000_000


@pytest.mark.parametrize("text", ["2026-01-31T10:05:00", "yesterday"])
def test_a_start_time_that_could_mean_two_moments_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        parse_start_time(text)


def test_credentials_of_a_camera_are_never_named() -> None:
    assert "secret" not in redacted_url("rtsp://u:secret@cam:554/s?key=secret#secret")
