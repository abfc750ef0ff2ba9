"""A line for one overload."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.played_pipeline import PlayedLine, played_line


@pytest.fixture
def line(environment: dict[str, str], tmp_path: Path) -> Iterator[PlayedLine]:
    """A line of this test alone."""
    with played_line(environment, tmp_path / "line") as played:
        yield played
