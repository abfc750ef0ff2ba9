"""A pipeline for one overload."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.played_pipeline import PlayedPipeline, played_pipeline


@pytest.fixture
def pipeline(environment: dict[str, str], tmp_path: Path) -> Iterator[PlayedPipeline]:
    """A pipeline of this test alone."""
    with played_pipeline(environment, tmp_path / "line") as played:
        yield played
