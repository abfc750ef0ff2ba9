"""Settings and stores of one test of the sinks."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from runtime.process.settings import Settings
from tests.support.services import Services
from tests.support.sink_topics import SinkTopics


@pytest.fixture
def pipeline_settings(
    services: Services, run_prefix: str, database_url: str, redis_url: str
) -> Settings:
    """Kafka, registry, database and Redis of this test."""
    return Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        database_url=SecretStr(database_url),
        redis_url=SecretStr(redis_url),
        topic_prefix=run_prefix,
    )


@pytest.fixture
def pipeline(pipeline_settings: Settings) -> Iterator[SinkTopics]:
    """The topics that the sinks read, empty."""
    pipeline = SinkTopics(pipeline_settings)
    yield pipeline
    pipeline.close()
