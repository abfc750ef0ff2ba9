"""`wardstream camera calibrate --save`: the registry, its history and the topic have it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.facts.log import FactLog
from runtime.process.settings import Settings
from runtime.process.user import user_name
from schemas.topics import CAMERAS
from streams.domain.camera.projection import pinhole_of
from tests.support.calibrations import PETS_VIEW_001
from tests.support.clusters import cluster_of, desk_of
from tests.support.services import Services
from workers.registry.registered import Key

Types = Callable[..., subprocess.CompletedProcess[str]]

MASK = [[0, 0], [90, 0], [90, 90]]


@pytest.fixture
def types(services: Services, settings: Settings) -> Types:
    """Types `wardstream camera ARGUMENTS`."""
    environment = {
        **os.environ,
        **services.environment,
        "WARDSTREAM_TOPIC_PREFIX": settings.topic_prefix,
        "WARDSTREAM_DATABASE_URL": settings.database_url.get_secret_value(),
        "COLUMNS": "200",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        # A process of its own: the command sends all logging to its standard error.
        return subprocess.run(
            [sys.executable, "-m", "workers.cli", "camera", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_a_calibration_is_stored_with_its_author_and_reason(
    types: Types, settings: Settings, tmp_path: Path
) -> None:
    cameras, view = tmp_path / "cameras.json", tmp_path / "view.xml"
    cameras.write_text(
        json.dumps([{"camera_id": "gate", "width": 480, "height": 360, "privacy_masks": [MASK]}])
    )
    view.write_text(PETS_VIEW_001)
    assert types("import", str(cameras)).returncode == 0
    arguments = ("calibrate", "gate", "--pose", str(view), "--reason", "measured on Monday")

    preview = types(*arguments, "--dry-run")
    stored = types(*arguments, "--save")
    again = types(*arguments, "--save")
    unknown = types("calibrate", "nowhere", "--pose", str(view), "--save")

    assert preview.returncode == stored.returncode == again.returncode == 0, stored.stdout
    assert "not stored: this is a preview" in preview.stdout
    assert "projection nothing -> of a camera at (-28.94, -19.53), 7.07 m" in stored.stdout
    assert "camera gate: stored" in stored.stdout
    assert "nothing changed" in again.stdout
    assert unknown.returncode == 78
    assert "is not registered" in unknown.stdout

    log = FactLog(cluster_of(settings), [CAMERAS])
    facts = [fact.record for fact in log.sync() if fact.record["camera_id"] == "gate"]
    log.close()
    assert [fact["version"] for fact in facts] == [1, 2]
    assert facts[0]["projection"] is None
    assert len(facts[1]["projection"]) == 12
    assert len(facts[1]["homography"]) == 9
    assert len(facts[1]["lens"]["distortion"]) == 8
    assert facts[1]["location"] == {"x_m": -28.94, "y_m": -19.529, "z_m": 7.066}
    pinhole = pinhole_of(facts[1])
    assert pinhole is not None
    assert facts[1]["field_of_view_deg"] == round(pinhole.field_of_view_deg(), 2)
    assert facts[1]["reason"] == "measured on Monday"
    assert len(facts[1]["privacy_masks"]) == 1
    with desk_of(settings) as desk:
        newest = desk.store.edits()[0]
        found = desk.find(Key(CAMERAS, "gate"))
    assert found is not None
    assert found["projection"] == facts[1]["projection"]
    assert (newest.author, newest.note) == (user_name(), "measured on Monday")
