"""A misspelt setting is refused by name, in the environment and in a file."""

from pathlib import Path

import pytest

from tests.faults.product import settings_refusal


def test_settings_that_exist_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not settings_refusal(
        monkeypatch, tmp_path, "[ingest]\nfps = 5\n", WARDSTREAM_REDIS_PREFIX="x"
    )


@pytest.mark.parametrize("name", ["fpss", "max_widht"])
def test_a_misspelt_setting_in_a_section_of_the_file_is_refused_by_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert name in settings_refusal(monkeypatch, tmp_path, f"[ingest]\n{name} = 5\n")


@pytest.mark.parametrize("name", ["WARDSTREAM_INGEST_FPS", "WARDSTREAM_REDIS_PREFX"])
def test_a_misspelt_setting_in_the_environment_is_refused_by_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = settings_refusal(monkeypatch, tmp_path, **{name: "5"})

    assert name.lower() in refusal.lower()
