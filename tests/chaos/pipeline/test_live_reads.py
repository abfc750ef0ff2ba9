"""Reads of badges that are sent as they are made, while processes die and wake as zombies."""

from pathlib import Path

import pytest

from tests.chaos.pipeline.arena import Arena
from tests.chaos.pipeline.faults import FAULTS
from tests.chaos.pipeline.run import Plan, run
from tests.support.large_ward import cameras_of
from tests.support.ward_recording import recordings

INJECTED = ("stream-kill@run", "stream-zombie@run", "streams-kill")


@pytest.mark.chaos_long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(1, 4))
def test_reads_have_one_effect_however_late_repeated_or_contradictory(
    seed: int, tmp_path: Path, data_dir: Path | None
) -> None:
    cameras = cameras_of(2, 3, recordings(data_dir))
    faults = [FAULTS[name] for name in INJECTED]
    plan = Plan(cameras, seed, faults, input_seed=seed, workers=2, live=True)

    with Arena(tmp_path / "arena", proxied=False) as arena:
        outcome = run(plan, arena, tmp_path / "line")

    assert outcome.verdict.mismatches == []
    assert sum(injection.landed for injection in outcome.injections) >= 2
    assert min(outcome.verdict.records.values()) > 0
