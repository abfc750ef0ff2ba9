"""Messages say in words what a zone's numbers mean."""

from typing import Any

import pytest

from workers.serving.live.messages import Coverage, coverage
from workers.serving.live.records import Occupancy, Role


def occupancy(**fields: Any) -> Occupancy:
    return Occupancy(zone_id="bay-2", seq=1, as_of_us=1, **fields)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        pytest.param(
            {"people": 2, "required": 4, "gap_min": 2, "gap_max": 4},
            Coverage("short", "2 to 4 short", "2 people, 0 identified staff"),
            id="short-even-if-everybody-here-were-staff",
        ),
        pytest.param(
            {"people": 1, "identified": 1, "required": 3, "gap_min": 2, "gap_max": 2},
            Coverage("short", "2 short", "1 person, 1 identified staff"),
            id="one-number-when-everybody-is-known",
        ),
        pytest.param(
            {"people": 3, "required": 2, "gap_min": 0, "gap_max": 2},
            Coverage(
                "unclear",
                "Cannot tell: 3 unidentified",
                "0 to 2 short; 3 people, 0 identified staff",
            ),
            id="unknown-people-might-be-the-staff",
        ),
        pytest.param(
            {"people": 0, "required": 2, "gap_min": 1, "gap_max": 2, "census": {"people": 7}},
            Coverage(
                "short", "1 to 2 short", "0 people, 0 identified staff; the census is too old"
            ),
            id="a-census-that-is-too-old",
        ),
        pytest.param(
            {"people": 0, "census": {}},
            Coverage(
                "none_required", "None required", "0 people, 0 identified staff; no census yet"
            ),
            id="a-census-that-is-missing",
        ),
        pytest.param(
            {"people": 12, "identified": 4, "required": 4, "census": {"is_believed": True}},
            Coverage("covered", "Covered", "12 people, 4 identified staff"),
            id="a-census-that-is-believed",
        ),
        pytest.param(
            {"people": 12, "identified": 4, "required": 4},
            Coverage("covered", "Covered", "12 people, 4 identified staff"),
            id="twelve-people-are-not-twelve-staff",
        ),
        pytest.param(
            {"people": 12},
            Coverage("none_required", "None required", "12 people, 0 identified staff"),
            id="nobody-needed",
        ),
    ],
)
def test_a_zone_is_described_as_a_charge_nurse_would(
    numbers: dict[str, int], expected: Coverage
) -> None:
    assert coverage(occupancy(**numbers)) == expected


def test_a_zone_without_a_value_has_no_data_and_no_number() -> None:
    assert coverage(None).state == "no_data"


def test_a_porter_does_not_count_as_a_nurse() -> None:
    """One role below its requirement leaves a gap, whatever the totals are."""
    nurse = Role(role="nurse", required=1, gap_min=1, gap_max=1)
    porter = Role(role="porter", required=1, present_min=2, present_max=2)

    reported = coverage(occupancy(people=2, identified=2, required=2, roles=[nurse, porter]))

    assert (reported.state, reported.sentence) == ("short", "1 short")


def test_nothing_is_short_while_an_unknown_person_might_fill_the_gap() -> None:
    for people in range(5):
        reported = coverage(
            occupancy(people=people, required=3, gap_min=max(0, 3 - people), gap_max=3)
        )

        assert reported.state == ("short" if people < 3 else "unclear")
