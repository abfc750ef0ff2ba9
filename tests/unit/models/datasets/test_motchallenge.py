"""Reading and writing MOTChallenge files."""

from pathlib import Path

import numpy as np
import pytest

from models.datasets.motchallenge import (
    NO_ID,
    read_detections,
    read_ground_truth,
    read_tracks,
    table,
    write,
)


def a_file(folder: Path, text: str) -> Path:
    path = folder / "gt.txt"
    path.write_text(text)
    return path


def test_ground_truth_is_read_by_frame_and_id_in_corners(tmp_path: Path) -> None:
    path = a_file(tmp_path, "2,1,10,20,5,6,1,-1,-1,-1\n1,7,0.5,1.5,2,3,1,-1,-1,-1\n")

    truth = read_ground_truth(path)

    assert truth.frames.tolist() == [1, 2]
    assert truth.ids.tolist() == [7, 1]
    assert truth.boxes.tolist() == [[0.5, 1.5, 2.5, 4.5], [10, 20, 15, 26]]


def test_ground_truth_marked_zero_does_not_count(tmp_path: Path) -> None:
    path = a_file(tmp_path, "1,1,0,0,5,5,0,-1,-1,-1\n1,2,0,0,5,5,1,-1,-1,-1\n")

    assert read_ground_truth(path).ids.tolist() == [2]


def test_only_pedestrians_count_where_there_are_classes(tmp_path: Path) -> None:
    path = a_file(tmp_path, "1,1,0,0,5,5,1,1,0.9\n1,2,0,0,5,5,1,3,1\n1,3,0,0,5,5,0,1,1\n")

    assert read_ground_truth(path).ids.tolist() == [1]


def test_detections_have_scores_and_no_ids(tmp_path: Path) -> None:
    path = a_file(tmp_path, "1,-1,0,0,5,5,0.25,-1,-1,-1\n1,-1,1,1,5,5,0.75\n\n")

    found = read_detections(path)

    assert found.ids.tolist() == [NO_ID, NO_ID]
    assert found.scores.tolist() == [0.25, 0.75]


def test_an_empty_file_is_an_empty_table(tmp_path: Path) -> None:
    assert len(read_tracks(a_file(tmp_path, ""))) == 0
    assert read_tracks(a_file(tmp_path, "")).by_frame() == {}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    corners = random.uniform(0, 300, (20, 2))
    written = table(
        np.repeat(np.arange(1, 6), 4),
        np.tile([4, 3, 9, 1], 5),
        np.hstack([corners, corners + random.uniform(1, 50, (20, 2))]),
        random.uniform(0, 1, 20),
    )
    write(tmp_path / "tracks.txt", written)

    read = read_tracks(tmp_path / "tracks.txt")

    assert read.frames.tolist() == written.frames.tolist()
    assert read.ids.tolist() == written.ids.tolist()
    assert read.scores.tolist() == written.scores.tolist()
    np.testing.assert_allclose(read.boxes, written.boxes, atol=1e-12)


def test_frames_without_boxes_are_not_among_the_frames() -> None:
    some = table(np.array([9, 3, 3]), np.array([1, 2, 1]), np.zeros((3, 4)), np.ones(3))

    by_frame = some.by_frame()

    assert {frame: rows.ids.tolist() for frame, rows in by_frame.items()} == {3: [1, 2], 9: [1]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,1,0,0,5", "line 2, field height: missing, the line has 5 fields"),
        ("1,1,0,zero,5,5,1", "line 2, field top: 'zero' is not a number"),
        ("1,1,0,nan,5,5,1", "line 2, field top: 'nan' is not finite"),
        ("0,1,0,0,5,5,1", "line 2, field frame: 0, but frames count from 1"),
        ("1.5,1,0,0,5,5,1", "line 2, field frame: 1.5 is not a whole number"),
        ("1,1,0,0,-5,5,1", "line 2, field width: -5.0 is negative"),
        ("1,2,0,0,5,5,1", "line 2, field id: 2 is in frame 1 already, line 1"),
    ],
)
def test_a_malformed_row_is_named_by_file_line_and_field(
    tmp_path: Path, line: str, message: str
) -> None:
    path = a_file(tmp_path, f"1,2,0,0,5,5,1\n{line}\n")

    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared whole
        read_ground_truth(path)

    assert str(refused.value) == f"{path}, {message}"


def test_a_mixture_of_formats_is_refused(tmp_path: Path) -> None:
    path = a_file(tmp_path, "1,1,0,0,5,5,1,1,1\n2,1,0,0,5,5,1\n")

    with pytest.raises(ValueError, match=r"gt\.txt: some lines have the class"):
        read_ground_truth(path)
