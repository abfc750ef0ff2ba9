"""A replay or rebuild whose records expire meanwhile reports it, and skips nothing."""

import pytest

from runtime.kafka.reader import Expired, read_between, read_record
from runtime.process.settings import Settings
from tests.integration.log_loss.logs import KEPT, append, expire, make
from tests.support.clusters import cluster_of


def test_records_that_expired_since_the_plan_was_made_are_not_passed_over(
    settings: Settings,
) -> None:
    make(settings, KEPT)
    append(settings, KEPT, 6)
    assert [one.offset() for one in read_between(cluster_of(settings), KEPT, 0, 2, 6)] == [
        2,
        3,
        4,
        5,
    ]
    expire(settings, KEPT, 0, before=4)

    with pytest.raises(Expired, match=r"kept\.v1\[0\]: what was to be read from offset 2 on"):
        list(read_between(cluster_of(settings), KEPT, 0, 2, 6))
    assert read_record(cluster_of(settings), KEPT, 0, 2) is None
