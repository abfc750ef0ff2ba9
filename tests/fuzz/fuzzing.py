"""Run a property on many inputs: the same ones in `make test`, new ones in every long run."""

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
"""Factor by which a long run tries more inputs."""

MOST_S = 60.0
"""Longest time for one input, seconds; a longer one counts as a hang."""

MOST_GROWTH_BYTES = 96 * 1024 * 1024
"""Most that a process may grow, bytes: what it has discarded must not stay in memory."""

PAGE_BYTES = resource.getpagesize()

scales = pytest.mark.parametrize(
    "scale",
    [pytest.param(1, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.fuzz_long)],
)
"""Decorates a test that takes `scale`: 1, or `LONG` with the marker `fuzz_long`."""


def fuzz(
    check: Callable[..., None], *inputs: st.SearchStrategy[Any], examples: int, scale: int
) -> None:
    """Call `check` with many inputs; each must end soon, and together they must not leak memory.

    Args:
        check: Property; raises when an input is not handled as it must be.
        inputs: Strategies, one for each argument.
        examples: Number of inputs of a short run, which are the same every time.
        scale: Factor of a longer run, whose inputs are new every time.
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
    for _ in range(scale):  # a generator remembers the inputs of its own run only
        run(examples)
    grown = resident_bytes() - before
    assert grown < MOST_GROWTH_BYTES, f"{grown / 2**20:.0f} MiB were kept"


def resident_bytes() -> int:
    """Resident memory of this process after unused memory is released, bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
