"""A small part of `make chaos` in every test run: crashes of every process and service."""

from pathlib import Path

import pytest

from schemas.topics import ZONE_ALERTS
from tests.chaos.pipeline.arena import Arena
from tests.chaos.pipeline.faults import FAULTS
from tests.chaos.pipeline.run import Plan, run
from tests.support.large_ward import cameras_of
from tests.support.ward_recording import recordings

INJECTED = (
    "input-poison",
    "stream-kill@checkpoint",
    "kafka-kill@checkpoint",
    "timescale-kill",
)
SEED = 1
LEAST_LANDED = 2
"""Fewest faults that must land: a slow machine may miss a checkpoint's moment."""


@pytest.mark.timeout(600)
def test_no_crash_changes_what_the_pipeline_writes(tmp_path: Path, data_dir: Path | None) -> None:
    cameras = cameras_of(3, 3, recordings(data_dir))
    faults = [FAULTS[name] for name in INJECTED]
    plan = Plan(cameras, SEED, faults, seconds=45.0, pace=3.0, workers=2)

    with Arena(tmp_path / "arena", proxied=False) as arena:
        outcome = run(plan, arena, tmp_path / "line")

    assert outcome.verdict.mismatches == []
    assert [injection.fault for injection in outcome.injections] == list(INJECTED)
    assert sum(injection.landed for injection in outcome.injections) >= LEAST_LANDED
    assert outcome.verdict.dead_letters > 0
    written = dict(outcome.verdict.records)
    assert written.pop(ZONE_ALERTS.name) == 0, "no rule is registered here"
    assert min(written.values()) > 0
