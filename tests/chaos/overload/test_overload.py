"""Three times the capacity: the newest frames win, all others are accounted for, memory is flat."""

import os
from pathlib import Path

import pytest

from deploy.local import extras
from tests.chaos.overload.overload import OVERLOAD, overload
from tests.chaos.pipeline.quantiles import quantile
from tests.support.played_pipeline import PlayedPipeline

MINUTES = float(os.environ.get("OVERLOAD_MINUTES", "10"))
RSS_SLACK_MIB = 32.0
"""Growth allowed for allocators, caches and JIT over the whole load, whatever its length."""

FRESH_S = 10.0
"""Longest delay allowed; without skipping, it would reach two thirds of the load's duration."""

LONG_MINUTES = 2.0
"""Shortest load with a measure of memory: in a shorter one a process hardly gets warm."""


@pytest.mark.overload
@pytest.mark.timeout(round(MINUTES * 60) + 900)
def test_an_overload_is_skipped_counted_and_reported_and_costs_no_memory(
    line: PlayedPipeline,
) -> None:
    outcome = overload(line, Path(extras.clip()), MINUTES)
    print(f"\n{outcome.report()}")

    assert outcome.overload >= OVERLOAD
    kinds = {kind for kind, _ in outcome.counts}
    assert kinds <= {"DETECTED", "SKIPPED", "FAILED", "HEARTBEAT"}
    assert all(reason for kind, reason in outcome.counts if kind in ("SKIPPED", "FAILED"))
    assert outcome.frames == outcome.sent, "what ingest sent is what has an outcome"
    assert outcome.counts["SKIPPED", "newer_frame"] > outcome.counts["DETECTED", ""]
    last = outcome.delays_s[-max(1, len(outcome.delays_s) // 3) :]
    assert quantile(last, 0.5) < FRESH_S, "the newest frame wins"
    if MINUTES >= LONG_MINUTES:
        assert any(text.startswith("overload/stage/infer") for text in outcome.reported)
        assert outcome.cleared, "the board says so no more when it is over"
        growth = {name: outcome.growth_mib(name) for name in outcome.samples}
        assert {n: mib for n, mib in growth.items() if mib > RSS_SLACK_MIB} == {}
