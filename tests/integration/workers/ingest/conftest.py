from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.workers.ingest.ingest_run import IngestRun

if TYPE_CHECKING:
    from tests.support.services import Services


@pytest.fixture
def pipeline(services: "Services", run_prefix: str, tmp_path: Path) -> Iterator[IngestRun]:
    """A run of ingest with topics of this test alone, on the session's broker."""
    started = IngestRun({**services.environment, "WARDSTREAM_TOPIC_PREFIX": run_prefix}, tmp_path)
    yield started
    started.close()
