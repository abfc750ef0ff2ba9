"""A whole installation of an earlier release is upgraded while reads of badges wait for it."""

from pathlib import Path

import pytest

from tests.chaos.pipeline.arena import Arena
from tests.chaos.pipeline.faults import FAULTS
from tests.chaos.pipeline.release import release_before
from tests.chaos.pipeline.run import Plan, run
from tests.support.large_ward import cameras_of
from tests.support.ward_recording import recordings

BEFORE_READS = "415ed548b9e024fe12baab2eb34f95deb868ffdc"
"""The last release that takes no reads of badges: states of version 11."""

WITH_READS = "59178e025e96a2ff52a6b1093f59ebed37b3008c"
"""A release that takes them: states of version 12."""


@pytest.mark.chaos_long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fault", ["stream-upgrade", "stream-upgrade-kill"])
@pytest.mark.parametrize("revision", [BEFORE_READS, WITH_READS], ids=["state-11", "state-12"])
def test_two_releases_write_together_what_one_fold_writes(
    revision: str, fault: str, tmp_path: Path, data_dir: Path | None
) -> None:
    before = release_before(revision)
    cameras = cameras_of(2, 3, recordings(data_dir))
    plan = Plan(cameras, 1, [FAULTS[fault]], seconds=60.0, workers=2, before=before)

    with Arena(tmp_path / "arena", proxied=False) as arena:
        outcome = run(plan, arena, tmp_path / "line")

    assert outcome.verdict.mismatches == []
    assert [injection.landed for injection in outcome.injections] == [True]
    assert min(outcome.verdict.records.values()) > 0
