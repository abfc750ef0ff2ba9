"""Sequences to score, made up and real."""

from pathlib import Path

import pytest


@pytest.fixture
def recordings(data_dir: Path | None) -> Path:
    """Recordings and weights beside the project; what is true only of them is left out without.

    The same code runs on generated sequences and graphs in the tests beside these.
    """
    if data_dir is None:
        pytest.skip("there are no recordings beside the project (../shared/data)")
    return data_dir
