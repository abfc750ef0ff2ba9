"""Backgrounds outlive the guard, one for each version of a camera."""

from pathlib import Path

import numpy as np
import pytest

from runtime.storage.objects import ObjectStore
from workers.guard.backgrounds import Backgrounds, path_of


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """An empty store."""
    return ObjectStore(f"file://{tmp_path}")


def test_a_background_is_kept_pixel_by_pixel_for_its_version_alone(store: ObjectStore) -> None:
    picture = np.random.default_rng(3).integers(0, 255, (90, 160), np.uint8)

    Backgrounds(store).write("bed-1", 3, 0, picture)

    found = Backgrounds(store).read("bed-1", 3, 0)
    assert found is not None
    assert np.array_equal(found, picture)
    assert Backgrounds(store).read("bed-1", 4, 0) is None
    assert Backgrounds(store).read("bed-1", 3, 1) is None, "somebody confirmed another view"
    assert Backgrounds(store).read("bed-2", 3, 0) is None


def test_a_file_that_is_no_picture_is_no_background(store: ObjectStore) -> None:
    store.put(path_of("bed-1", 1, 0), b"no picture")

    assert Backgrounds(store).read("bed-1", 1, 0) is None
