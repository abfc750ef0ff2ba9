"""Settings come from the environment, then the file, then the defaults; each one is explained."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from runtime.process.retired import RETIRED_SETTINGS
from runtime.process.settings import Settings, describe
from schemas.fusion_settings import FusedFloorSettings
from schemas.tracker_settings import MotionNoise, TrackerSettings
from streams.processor.pipeline_settings import pipeline_settings


def test_every_setting_has_a_unit_and_an_effect() -> None:
    for name, info in describe():
        assert info.description, name
        assert isinstance(info.json_schema_extra, dict), name
        assert info.json_schema_extra.get("unit"), name


def test_the_environment_overrules_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "site.toml"
    file.write_text('redis_prefix = "file"\ntopic_prefix = "file"\n[ingest]\nfps = 5.0\n')
    monkeypatch.setenv("WARDSTREAM_CONFIG", str(file))
    monkeypatch.setenv("WARDSTREAM_REDIS_PREFIX", "environment")
    monkeypatch.setenv("WARDSTREAM_INGEST__JPEG_QUALITY", "70")

    settings = Settings()

    assert (settings.redis_prefix, settings.topic_prefix) == ("environment", "file")
    assert (settings.ingest.fps, settings.ingest.jpeg_quality) == (5.0, 70)


def test_every_setting_of_the_tracker_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDSTREAM_TRACKING__MATCH_IOU", "0.5")
    monkeypatch.setenv("WARDSTREAM_TRACKING__REUPDATE", "false")
    monkeypatch.setenv("WARDSTREAM_TRACKING__NOISE__SIZE", "0.3")

    assert Settings().tracking == TrackerSettings(
        match_iou=0.5, reupdate=False, noise=MotionNoise(size=0.3)
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("CONFIRM_HITS", "0", id="below-its-limit"),
        pytest.param("NOISE__SIZE", "-1", id="below-the-limit-of-a-part"),
        pytest.param("MATCH_IUO", "0.3", id="unknown"),
    ],
)
def test_a_setting_of_the_tracker_that_cannot_be_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"WARDSTREAM_TRACKING__{name}", value)

    with pytest.raises(ValidationError, match=f"(?i){name.rpartition('_')[2]}"):
        Settings()


def test_every_setting_of_fusion_can_be_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "site.toml"
    file.write_text("[fusion]\nheight_m = 1.3\nseated_height_m = 0.95\nleave_after_s = 30\n")
    monkeypatch.setenv("WARDSTREAM_CONFIG", str(file))
    monkeypatch.setenv("WARDSTREAM_FUSION__HYPOTHESES", "16")

    settings = Settings()

    fusion = FusedFloorSettings(
        height_m=1.3, seated_height_m=0.95, leave_after_s=30.0, hypotheses=16
    )
    assert settings.fusion == fusion
    assert pipeline_settings(settings).floor.fusion == fusion


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("HEIGHT_M", value) for value in ("0.5", "3", "nan", "tall")),
        *(("LEAST_SCORE", value) for value in ("0", "1.1", "-1")),
        *(("HYPOTHESES", value) for value in ("0", "257", "1.5")),
        ("MOST_DETECTED", "1"),
        ("LEAVE_AFTER_S", "0"),
        ("SPEED_M_S", "0"),
        ("CLUTTER", "0"),
        ("SEATED_HEIGHT_M", "1.7"),  # as tall as who stands
        ("HEIGTH_M", "1.7"),
    ],
)
def test_a_setting_of_fusion_that_cannot_be_is_refused_by_its_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"WARDSTREAM_FUSION__{name}", value)

    with pytest.raises(ValidationError, match=f"(?i){name}"):
        Settings()


def test_a_misspelt_setting_in_the_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "site.toml"
    file.write_text("kafka_boostrap = 'x'\n")
    monkeypatch.setenv("WARDSTREAM_CONFIG", str(file))

    with pytest.raises(ValidationError, match="kafka_boostrap"):
        Settings()


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDSTREAM_DATABASE_URL", "postgresql://u:hunter2@db/w")

    assert "hunter2" not in repr(Settings())


def test_a_run_apart_has_live_values_apart() -> None:
    assert Settings(topic_prefix="candidate-7.").live_prefix == "candidate-7.wardstream"
    assert Settings().live_prefix == "wardstream"


@pytest.mark.parametrize(
    ("variable", "now"),
    [
        ("WARDSTREAM_DEADMAN__AFTER_S", "WARDSTREAM_WATCHDOG"),
        ("WARDSTREAM_DEADMAN__LOOK_S", "WARDSTREAM_WATCHDOG__POLL_S"),
        ("WARDSTREAM_WATCHDOG__LOOK_S", "WARDSTREAM_WATCHDOG__POLL_S"),
    ],
)
def test_a_retired_setting_is_refused_with_the_name_that_it_has_now(
    variable: str, now: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "3")

    with pytest.raises(ValidationError, match=rf"{now}\)"):
        Settings()


def test_a_retired_section_of_the_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "site.toml"
    file.write_text("[deadman]\nafter_s = 3\n")
    monkeypatch.setenv("WARDSTREAM_CONFIG", str(file))

    with pytest.raises(ValidationError, match="deadman is called watchdog now"):
        Settings()


def test_every_successor_of_a_retired_setting_exists() -> None:
    names = {name for name, _ in describe()}
    sections = {name.rpartition(".")[0] for name in names}

    assert set(RETIRED_SETTINGS.values()) <= names | sections
    assert not RETIRED_SETTINGS.keys() & names
