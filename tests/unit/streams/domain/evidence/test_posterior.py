"""Sums of compiled code against those of Python."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.evidence.posterior import sum_of

NEAR_TIES = st.sampled_from([1.0, 2.0**-53, -(2.0**-53), 2.0**-54, 2.0**-106, 0.0])
NUMBERS = NEAR_TIES | st.floats(-1.0, 1.0) | st.floats(-1e15, 1e15)


@settings(max_examples=300, deadline=None)
@given(st.lists(NUMBERS, max_size=12))
def test_a_sum_is_rounded_once_whatever_the_order(numbers: list[float]) -> None:
    expected = math.fsum(numbers)

    assert sum_of(np.array(numbers, np.float64)) == expected
    assert sum_of(np.array(numbers[::-1], np.float64)) == expected
