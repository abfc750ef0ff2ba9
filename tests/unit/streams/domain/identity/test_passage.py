"""Passages between views that do not overlap."""

import math
from typing import Any

import pytest

from schemas.topics import FLOORS
from streams.domain.facts.check import check_fact
from streams.domain.identity.passage import Passage, passages_of

PASSAGE: dict[str, Any] = {
    "name": "stairs",
    "from_camera_id": "hall",
    "to_camera_id": "",
    "from_x_m": 1.0,
    "from_y_m": 2.0,
    "to_x_m": 3.0,
    "to_y_m": 4.0,
    "radius_m": 0.5,
    "min_s": 0.0,
    "max_s": 9.0,
}


def floor(*passages: dict[str, Any]) -> dict[str, Any]:
    return {"floor_id": "west", "removed": False, "passages": list(passages)}


def test_passages_are_read_in_their_order() -> None:
    found = passages_of(floor(PASSAGE, PASSAGE | {"name": "lift"}))

    assert found[0] == Passage("stairs", "hall", "", 1.0, 2.0, 3.0, 4.0, 0.5, 0.0, 9.0)
    assert [passage.name for passage in found] == ["stairs", "lift"]
    assert passages_of(floor()) == ()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"radius_m": 0.0}, "radius_m is 0, not above 0"),
        ({"radius_m": math.nan}, "radius_m is not a finite number"),
        ({"to_x_m": math.inf}, "to_x_m is not a finite number"),
        ({"min_s": -0.1}, "min_s -0.1 and max_s 9 are not 0 <= min_s <= max_s"),
        ({"min_s": 10.0}, "min_s 10 and max_s 9 are not"),
        ({"max_s": 1e308}, "max_s is 1e.308, longer than 86400 s"),
    ],
)
def test_the_fold_refuses_one_that_cannot_be_meant(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=f"passages: passage 2: {reason}"):
        check_fact(FLOORS.name, floor(PASSAGE, PASSAGE | fields))
