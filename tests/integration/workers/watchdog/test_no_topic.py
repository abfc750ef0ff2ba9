"""An installation that was upgraded and has no topic for alerts yet is told what to do."""

import pytest

from runtime.errors import Stop
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import ALERTS
from tests.support.clusters import cluster_of
from tests.support.services import Services
from tests.support.waiting import eventually
from workers.serving.live.pipeline_follower import PipelineFollower
from workers.serving.live.pipeline_view import PipelineView
from workers.watchdog.lease import LeaderLease

ADVICE = "alerts.raised.v1 is missing; run `wardstream topics create`"


@pytest.fixture
def settings(services: Services, run_prefix: str) -> Settings:
    """A broker without our topics, and a registry that knows alerts."""
    registry_url = services.environment["WARDSTREAM_REGISTRY_URL"]
    SchemaRegistry(registry_url).register(ALERTS)
    return Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=registry_url,
        topic_prefix=run_prefix,
    )


def test_the_watchdog_names_the_command(settings: Settings) -> None:
    with pytest.raises(Stop, match=ADVICE):
        LeaderLease(cluster_of(settings), settings.watchdog)._serve()


def test_the_board_names_the_command(settings: Settings) -> None:
    view = PipelineView()
    follower = PipelineFollower(cluster_of(settings), view, settings.watchdog)
    follower.start()
    try:
        eventually(lambda: ADVICE in view.error)
    finally:
        follower.close()
