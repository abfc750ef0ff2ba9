"""Clocks that go wrong, and decisions about them that come late, twice, or under a kill."""

from pathlib import Path

import pytest

from tests.chaos.pipeline.arena import Arena
from tests.chaos.pipeline.faults import FAULTS
from tests.chaos.pipeline.run import Plan, run
from tests.support.large_ward import cameras_of

TOGETHER = 4
LIVE = sorted(name for name, fault in FAULTS.items() if fault.live)
PARTS = [LIVE[first : first + TOGETHER] for first in range(0, len(LIVE), TOGETHER)]


@pytest.mark.chaos_long
@pytest.mark.parametrize("names", PARTS, ids=[names[0] for names in PARTS])
def test_no_wrong_clock_loses_a_frame_or_parts_the_pipeline_from_its_log(
    names: list[str], tmp_path: Path
) -> None:
    faults = [FAULTS[name] for name in names]
    plan = Plan(cameras_of(3, 3, [], all_fused=True), 1, faults, workers=2, live=True)

    with Arena(tmp_path / "arena", proxied=False) as arena:
        outcome = run(plan, arena, tmp_path / "line")

    assert outcome.verdict.mismatches == []
    assert [injection.fault for injection in outcome.injections] == names
    assert outcome.verdict.dated["clock"] > 0
