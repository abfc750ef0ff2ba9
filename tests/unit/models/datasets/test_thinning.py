"""Thinning keeps fewer frames of a sequence."""

import numpy as np
import pytest

from models.datasets.motchallenge import table
from models.datasets.thinning import thin

TEN = table(np.arange(1, 11), np.ones(10, dtype=int), np.zeros((10, 4)), np.ones(10))


def test_the_first_frame_stays_and_frames_keep_their_numbers() -> None:
    assert thin(TEN, 3).frames.tolist() == [1, 4, 7, 10]


def test_every_frame_is_every_frame() -> None:
    assert thin(TEN, 1).frames.tolist() == TEN.frames.tolist()


@pytest.mark.parametrize("every", [0, -2])
def test_no_frame_at_all_is_refused(every: int) -> None:
    with pytest.raises(ValueError, match="give 1 or more"):
        thin(TEN, every)
