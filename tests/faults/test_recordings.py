"""Recordings of phones, cameras and editors keep their picture and their times."""

from pathlib import Path

import numpy as np
import pytest

from tests.faults.product import picture, play, play_in_folder, times_s
from tests.support import odd_clips as clips


def test_a_plain_recording_gives_each_frame_at_its_own_time(tmp_path: Path) -> None:
    frames = play(clips.clip(tmp_path / "plain.mp4"))

    assert times_s(frames) == pytest.approx([number / 10 for number in range(60)])
    assert picture(frames[0]).shape == (128, 192, 3)


def test_a_recording_that_its_container_rotates_is_turned_upright(tmp_path: Path) -> None:
    image = picture(play(clips.rotated_clip(tmp_path / "phone.mp4"))[0])

    assert image.shape == (192, 128, 3)
    corners = [image[:20, :20], image[:20, -20:], image[-20:, :20], image[-20:, -20:]]
    assert np.argmax([corner.mean() for corner in corners]) == 2  # the old top left


def test_one_frame_stamped_hours_ahead_does_not_stretch_the_recording(tmp_path: Path) -> None:
    times = times_s(play(clips.outlier_clip(tmp_path / "outlier.mkv", ahead_s=37_604)))

    assert len(times) == 60
    assert max(times) < 10


def test_a_gap_of_null_frames_in_an_avi_file_is_a_gap_in_time(tmp_path: Path) -> None:
    numbers = [*range(30), *range(90, 120)]
    times = times_s(play(clips.clip(tmp_path / "gap.avi", codec="mpeg4", numbers=numbers)))

    assert times == pytest.approx([number / 10 for number in numbers], abs=0.05)


def test_a_recording_with_colons_in_its_name_is_played(tmp_path: Path) -> None:
    made = clips.clip(tmp_path / "clip.mp4").rename(tmp_path / "2026-11-01T08:00:00.mp4")

    assert play_in_folder(made) == 60


def test_the_recording_is_played_where_a_still_is_the_first_video_stream(tmp_path: Path) -> None:
    frames = play(clips.thumbnail_clip(tmp_path / "thumbnail.mkv"))

    assert len(frames) == 60
    assert picture(frames[0]).shape == (128, 192, 3)
