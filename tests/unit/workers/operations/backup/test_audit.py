"""An audit chain that is there before a restore must continue the copied chain."""

import pytest

from runtime.errors import Stop
from runtime.process.settings import Settings
from tests.support.clusters import cluster_of
from workers.operations.backup.entries import Entry
from workers.operations.backup.topics import refuse_other_audit

ENTRIES = [Entry(0, "Y2hhaW4=", text) for text in ("AA==", "AQ==", "Ag==", "Aw==")]


@pytest.mark.parametrize(
    "there", [ENTRIES, ENTRIES[2:], ENTRIES[3:]], ids=["all", "older-expired", "all-but-one"]
)
def test_entries_that_expired_since_the_copy_are_not_missed(there: list[Entry]) -> None:
    later = Entry(0, "Y2hhaW4=", "BA==")

    refuse_other_audit(cluster_of(Settings()), ENTRIES[:4], [*there, later])
    refuse_other_audit(cluster_of(Settings()), [], there)


@pytest.mark.parametrize(
    "there",
    [ENTRIES[:3], [ENTRIES[0], *ENTRIES[2:]], [Entry(0, "Y2hhaW4=", "BA==")]],
    ids=["newest-missing", "one-missing", "another-chain"],
)
def test_another_audit_is_refused_and_not_to_be_deleted(there: list[Entry]) -> None:
    with pytest.raises(Stop, match="keep it as it is"):
        refuse_other_audit(cluster_of(Settings()), ENTRIES, there)
