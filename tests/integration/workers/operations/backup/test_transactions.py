"""A restore in one transaction gets the time that it asks for."""

import pytest

from runtime.errors import Retry
from runtime.kafka.transactional import FencedProducer, Messages
from runtime.process.settings import Settings
from tests.support.clusters import cluster_of
from tests.support.services import Services
from workers.operations.backup.topics import WITHIN_S

MESSAGES = Messages(refused="refused: {error}", nothing="", rival="", late="", unknown="")


def test_a_transaction_is_granted_the_time_that_it_asks_for(
    services: Services, run_prefix: str
) -> None:
    settings = Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"], topic_prefix=run_prefix
    )

    with FencedProducer(cluster_of(settings), "whole", MESSAGES, WITHIN_S):
        assert WITHIN_S > 300
    with pytest.raises(Retry, match=r"refused: .*timeout"):
        FencedProducer(cluster_of(settings), "endless", MESSAGES, 7 * 86_400.0)
