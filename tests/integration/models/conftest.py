"""Sequences to score, made up and real."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def recordings(data_dir: Path | None) -> Path:
    """Recordings and weights next to the project; tests of them are left out when there are none.

    The other tests here run the same code on generated sequences and graphs.
    """
    if data_dir is None:
        pytest.skip("there are no recordings beside the project (../shared/data)")
    return data_dir
