"""Run a property on many inputs: the same ones in `make test`, ever new ones in a long run."""

import gc
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LONG = 60
"""How many times as many inputs a long run tries."""

MOST_S = 60.0
"""Longest that one input may take, s: what takes longer hangs."""

MOST_GROWTH_BYTES = 96 * 1024 * 1024
"""Most that a process may grow by what it has thrown away."""

PAGE_BYTES = resource.getpagesize()

scales = pytest.mark.parametrize(
    "scale",
    [pytest.param(1, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.fuzz_long)],
)
"""Decorates a test that takes `scale`: 1, or `LONG` behind the marker `fuzz_long`."""


def fuzz(
    check: Callable[..., None], *inputs: st.SearchStrategy[Any], examples: int, scale: int
) -> None:
    """Call `check` with many inputs; each must end soon, and all together leave nothing behind.

    Args:
        check: Raises when an input is not taken as it must be.
        inputs: One for each argument.
        examples: Inputs of a short run, which are the same every time.
        scale: By how much a longer run multiplies them; its inputs are new every time.
    """

    def timed(drawn: tuple[Any, ...]) -> None:
        started_s = time.monotonic()
        check(*drawn)
        took_s = time.monotonic() - started_s
        assert took_s < MOST_S, f"an input took {took_s:.1f} s"

    def run(number: int) -> None:
        rules = settings(
            max_examples=number,
            deadline=None,
            database=None,
            derandomize=scale == 1,
            suppress_health_check=list(HealthCheck),
        )
        rules(given(st.tuples(*inputs))(timed))()

    run(max(5, examples // 4))
    before = resident_bytes()
    for _ in range(scale):  # what generates inputs remembers those of one run, and only those
        run(examples)
    grown = resident_bytes() - before
    assert grown < MOST_GROWTH_BYTES, f"{grown / 2**20:.0f} MiB were kept"


def resident_bytes() -> int:
    """Memory that this process holds, after what is not used was let go."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
