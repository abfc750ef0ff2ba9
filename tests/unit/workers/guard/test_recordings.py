"""The guard on recordings of real cameras; `python -m tests.bench.guard` has all of them."""

from pathlib import Path

import pytest

from tests.support.guarded_views import (
    CLIPS,
    FAULTS,
    Pictures,
    changes,
    happening,
    in_light,
    recording,
)

CLIP = "intel"


@pytest.fixture(scope="module")
def pictures(data_dir: Path | None) -> Pictures:
    """Twenty seconds in which a person comes to a table and leaves."""
    if data_dir is None:
        pytest.skip("there are no recordings beside the project (../shared/data)")
    return recording(data_dir / "video" / CLIPS[CLIP], seconds=20)


@pytest.mark.parametrize(
    "name",
    ["displaced 5 px", "frozen", "darkened to 5 %", "covered", "defocused, 0.8 % of the width"],
)
def test_what_happens_to_a_real_view_has_its_verdict(name: str, pictures: Pictures) -> None:
    found = changes(happening(pictures, FAULTS[name], 22, 24))

    assert [one.verdict for one in found] == ["OK", FAULTS[name].verdict]


def test_a_person_at_the_table_and_switched_lights_change_no_verdict(pictures: Pictures) -> None:
    found = changes(in_light(pictures, "switched between 30 % and 140 %", 120))

    assert [one.verdict for one in found] == ["OK"]
