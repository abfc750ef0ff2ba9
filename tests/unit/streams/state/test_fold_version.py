"""A fold's name changes with the fold version, a library or the machine, and with nothing else."""

import platform
from collections.abc import Iterator

import pytest

from streams.stage import OUTPUTS
from streams.state import fold_version
from streams.state.fold_version import FOLD_VERSION, fold_id
from streams.state.version import STATE_VERSION


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Forget the name, which is cached for the life of a process."""
    fold_id.cache_clear()
    yield
    fold_id.cache_clear()


def test_the_name_says_what_makes_the_bytes() -> None:
    name = fold_id()

    assert name.startswith(f"fold-{FOLD_VERSION} state-{STATE_VERSION} topics-")
    assert f" {platform.machine()} numpy-" in name


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("FOLD_VERSION", FOLD_VERSION + 1),
        ("STATE_VERSION", STATE_VERSION + 1),
        ("version", lambda _: "0.0"),
        ("OUTPUTS", OUTPUTS[1:]),
    ],
)
def test_another_fold_has_another_name(
    monkeypatch: pytest.MonkeyPatch, what: str, other: object
) -> None:
    before = fold_id()
    fold_id.cache_clear()
    monkeypatch.setattr(fold_version, what, other)

    assert fold_id() != before


def test_another_machine_is_another_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fold_id()
    fold_id.cache_clear()
    monkeypatch.setattr(platform, "machine", lambda: "other")

    assert fold_id() != before
