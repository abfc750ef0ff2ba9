"""Settings of one test that changes a log."""

from collections.abc import Iterator

import pytest

from runtime.process.settings import Settings
from tests.support.inference_ward import Ward
from tests.support.services import Services


@pytest.fixture
def settings(kafka: str, run_prefix: str) -> Settings:
    """A broker, and topics of this test alone."""
    return Settings(kafka_bootstrap=kafka, topic_prefix=run_prefix)


@pytest.fixture
def ward(services: Services, run_prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    """Two floors, three cameras, no frames yet."""
    monkeypatch.setenv(
        "WARDSTREAM_KAFKA_BOOTSTRAP", services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"]
    )
    monkeypatch.setenv("WARDSTREAM_REGISTRY_URL", services.environment["WARDSTREAM_REGISTRY_URL"])
    monkeypatch.setenv("WARDSTREAM_TOPIC_PREFIX", run_prefix)
    ward = Ward(Settings())
    yield ward
    ward.close()
