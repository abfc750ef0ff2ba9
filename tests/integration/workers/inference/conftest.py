"""A ward of its own for every test of the inference worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.process.settings import Settings
from tests.support.inference_ward import Ward
from tests.support.services import Services


@pytest.fixture
def ward_environment(services: Services, run_prefix: str, tmp_path: Path) -> dict[str, str]:
    """Settings with which a process finds this test's ward."""
    return {
        "WARDSTREAM_KAFKA_BOOTSTRAP": services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        "WARDSTREAM_REGISTRY_URL": services.environment["WARDSTREAM_REGISTRY_URL"],
        "WARDSTREAM_TOPIC_PREFIX": run_prefix,
        "WARDSTREAM_INGEST__OBJECT_STORE_URL": f"file://{tmp_path / 'objects'}",
    }


@pytest.fixture
def ward(ward_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    """Two floors, three cameras, no frames yet."""
    for name, value in ward_environment.items():
        monkeypatch.setenv(name, value)
    ward = Ward(Settings())
    yield ward
    ward.close()
