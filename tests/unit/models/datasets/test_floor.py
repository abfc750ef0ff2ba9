"""Points on a floor as text: what is read, and what is refused by file, line and field."""

from pathlib import Path

import numpy as np
import pytest

from models.datasets.floor import Area, read_floor


def read(tmp_path: Path, text: str) -> list[tuple[int, int, float, float]]:
    path = tmp_path / "floor.txt"
    path.write_text(text)
    table = read_floor(path)
    return [
        (frame, person, x, y)
        for frame, person, (x, y) in zip(
            table.frames.tolist(), table.ids.tolist(), table.points.tolist(), strict=True
        )
    ]


def test_rows_are_in_order_of_frame_and_id(tmp_path: Path) -> None:
    assert read(tmp_path, "2,1,0.5,1\n1,7,2,3\n\n1,3,-4,5e-1\n") == [
        (1, 3, -4.0, 0.5),
        (1, 7, 2.0, 3.0),
        (2, 1, 0.5, 1.0),
    ]


def test_what_follows_the_fourth_field_is_not_read(tmp_path: Path) -> None:
    assert read(tmp_path, "1,2,3,4,cam1+cam2\n") == [(1, 2, 3.0, 4.0)]


def test_an_empty_file_has_nobody(tmp_path: Path) -> None:
    assert read(tmp_path, "") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("1,2,3\n", "line 1, field y: missing, the line has 3 fields"),
        ("1,2,3,4\n1,x,3,4\n", "line 2, field id: 'x' is not a number"),
        ("1,2,nan,4\n", "line 1, field x: 'nan' is not finite"),
        ("1,2,3,inf\n", "line 1, field y: 'inf' is not finite"),
        ("1.5,2,3,4\n", "line 1, field frame: 1.5 is not a whole number"),
        ("0,2,3,4\n", "line 1, field frame: 0, but frames count from 1"),
        ("1,1e300,3,4\n", "line 1, field id: 1e+300 is not a whole number"),
        ("1,2,3,4\n1,2,3,5\n", "line 2, field id: 2 is in frame 1 already, line 1"),
    ],
)
def test_a_fault_is_named_by_file_line_and_field(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=r"floor\.txt, line") as raised:
        read(tmp_path, text)

    assert fault in str(raised.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "floor.txt"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ValueError, match="no text in UTF-8"):
        read_floor(path)


def test_the_edges_of_an_area_belong_to_it() -> None:
    area = Area(1.5, float("-inf"), 6.5, float("inf"))

    assert area.holds(np.array([[1.5, -9.0], [6.5, 9.0], [1.4, 0.0], [6.6, 0.0]])).tolist() == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("edges", [(1, 0, 1, 2), (0, 3, 1, 2), (float("nan"), 0, 1, 1)])
def test_an_empty_area_is_refused(edges: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="area"):
        Area(*edges)
