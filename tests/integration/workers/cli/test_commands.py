"""Commands of operators on real services: import, tail, doctor, verify."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.facts.log import FactLog
from schemas.topics import CAMERAS, FLOORS
from tests.support.clusters import cluster_of
from tests.support.paths import ROOT
from tests.support.services import Services, separate_environment
from workers.local.pipeline import prepare, settings_of

WARD = ROOT / "examples" / "ward"


class Operator:
    """Types commands with the settings of one run."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def under(self, **changed: str) -> "Operator":
        """The same operator with other settings."""
        return Operator(self.environment | changed)

    def types(self, *description: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "workers.cli", *description],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, **self.environment},
        )


def prepared(environment: dict[str, str]) -> Operator:
    """An operator of a run with all topics and tables, and nothing in them."""
    settings = settings_of(environment)
    prepare(cluster_of(settings), settings.database_url.get_secret_value())
    return Operator(environment)


@pytest.fixture
def operator(environment: dict[str, str]) -> Operator:
    return prepared(environment)


@pytest.fixture(scope="module")
def reader(services: Services, database_template: str) -> Iterator[Operator]:
    """The operator of a run that stays empty: for commands that read, or are refused."""
    with separate_environment(services, database_template) as environment:
        yield prepared(environment)


def test_a_ward_is_imported_and_a_second_import_changes_nothing(operator: Operator) -> None:
    for kind, name in (("camera", "cameras.yaml"), ("zone", "zones.yaml"), ("staff", "staff.csv")):
        first = operator.types(kind, "import", str(WARD / name))
        again = operator.types(kind, "import", str(WARD / name))

        assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
        assert again.stdout.splitlines()[-1] == f"{name}: 0 new versions"
    settings = settings_of(operator.environment)
    log = FactLog(cluster_of(settings))
    facts = log.sync()
    log.close()
    assert [(f.topic, f.record["version"]) for f in facts if f.topic in (CAMERAS, FLOORS)] == [
        (CAMERAS, 1),
        (FLOORS, 1),
    ]


def test_an_imported_floor_gets_a_partition_and_its_camera_needs_no_other(
    operator: Operator, tmp_path: Path
) -> None:
    floors, cameras = tmp_path / "floors.csv", tmp_path / "cameras.csv"
    floors.write_text("floor_id,name,time_zone\nward-3,Ward 3,Europe/Berlin\n")
    cameras.write_text("camera_id,floor_id,width,height\nleft,ward-3,640,480\n")

    assert operator.types("floor", "import", str(floors)).stdout.splitlines() == [
        "floors.csv: 1 row, read as CSV with commas, UTF-8",
        "  + floor ward-3: name Ward 3; time_zone Europe/Berlin",
        "floors.csv: 1 new version",
    ]
    assert operator.types("camera", "import", str(cameras)).returncode == 0
    answer = operator.types("tail", "floors.v1", "--from-beginning", "--wait", "5")

    [floor] = [json.loads(line)["value"] for line in answer.stdout.splitlines()]
    assert (floor["floor_id"], floor["partition"], floor["name"]) == ("ward-3", 0, "Ward 3")
    assert floor["time_zone"] == "Europe/Berlin"


def test_a_wrong_import_writes_nothing_and_names_the_field(
    reader: Operator, tmp_path: Path
) -> None:
    file = tmp_path / "zones.yaml"
    file.write_text("- {zone_id: z, camera_id: nowhere, polygon: [[0,0],[9,0],[9,9]]}\n")

    answer = reader.types("zone", "import", str(file))

    assert answer.returncode == 78
    assert answer.stderr == (
        "zones.yaml line 1 (entry 1): zone_id z: camera_id nowhere is not registered\n"
    )
    assert reader.types("tail", "zones.v1", "--from-beginning", "--wait", "2").stdout == ""


def test_a_preview_prints_every_effect_and_writes_nothing(
    operator: Operator, tmp_path: Path
) -> None:
    for kind, name in (("camera", "cameras.yaml"), ("zone", "zones.yaml")):
        operator.types(kind, "import", str(WARD / name))
    operator.types("requirement", "import", str(WARD / "requirements.csv"))
    zones = tmp_path / "zones.csv"
    zones.write_text(
        'zone_id;camera_id;polygon\nbay-east-beds;bay-east;"[[0, 0], [99, 0], [99, 99]]"\n'
    )
    removing = ("zone", "import", str(zones), "--replace")

    refused = operator.types(*removing, "--dry-run")
    preview = operator.types(*removing, "--cascade", "--dry-run")
    printed = operator.types(*removing, "--cascade", "--dry-run", "--json")
    again = operator.types(*removing, "--cascade", "--json")

    assert refused.returncode == 78
    assert "zone_id bay-east-desk: the file does not name it" in refused.stderr
    assert preview.stdout.splitlines()[0] == "zones.csv: 1 row, read as CSV with semicolons, UTF-8"
    assert "  - requirement desk-night (rests on zone bay-east-desk)" in preview.stdout.splitlines()
    assert preview.stdout.splitlines()[-2:] == [
        "  1 changed, 2 removed",
        "zones.csv: 3 new versions, not written: this is a preview",
    ]
    effects = [json.loads(line) for line in printed.stdout.splitlines()]
    assert [(line["change"], line["id"]) for line in effects if "change" in line] == [
        ("changed", "bay-east-beds"),
        ("removed", "bay-east-desk"),
        ("removed", "desk-night"),
    ]
    assert effects[-1] == {
        "file": "zones.csv",
        "read_as": "CSV with semicolons, UTF-8",
        "rows": 1,
        "versions": 3,
        "added": 0,
        "changed": 1,
        "cancelled": 0,
        "removed": 2,
        "unchanged": 0,
        "written": False,
    }
    assert json.loads(again.stdout.splitlines()[-1])["written"] is True


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        (("--recorded-at", "2062-01-01T00:00"), "--recorded-at is before 2000 or in the future"),
        (("--valid-from", "1970-01-01T00:00"), "--valid-from is before 2000"),
        (("--valid-from", "tomorrow"), "'tomorrow' is no time"),
    ],
)
def test_a_time_of_an_import_that_cannot_be_meant_is_refused(
    reader: Operator, option: tuple[str, str], reason: str
) -> None:
    answer = reader.types("staff", "import", str(WARD / "staff.csv"), *option)

    assert answer.returncode == 78
    assert reason in answer.stderr


def test_tail_prints_decoded_records_as_json_lines(operator: Operator) -> None:
    operator.types("staff", "import", str(WARD / "staff.csv"))

    answer = operator.types("tail", "staff.v1", "--from-beginning", "--count", "3", "--wait", "20")

    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [line["key"] for line in lines] == ["s-7f3a@1", "s-19c2@1", "s-e04d@1"]
    assert lines[0]["value"]["role"] == "nurse"
    assert operator.types("tail", "staff").stderr == (
        "staff is not a topic; `wardstream topics list` names them all\n"
    )


def test_the_doctor_finds_a_prepared_pipeline_well(reader: Operator) -> None:
    answer = reader.types("doctor")

    assert answer.returncode == 0, answer.stdout
    assert [line.split()[0] for line in answer.stdout.splitlines()] == ["ok"] * 13


def test_the_doctor_names_a_threshold_that_has_no_effect(reader: Operator) -> None:
    answer = reader.under(WARDSTREAM_TRACKING__LOW_SCORE="0.07").types("doctor")

    [detector] = [line for line in answer.stdout.splitlines() if "detector:" in line]
    assert "WARDSTREAM_TRACKING__LOW_SCORE is 0.07 and acts as 0.1" in detector


def test_checks_can_be_printed_as_json_lines(reader: Operator) -> None:
    commands = (
        ["doctor", "--json"],
        ["registry", "check", "--json"],
        ["verify", "tables", "--json"],
    )
    answers = [reader.types(*description) for description in commands]

    assert [answer.returncode for answer in answers] == [0, 0, 0]
    doctor, schemas, tables = (
        [json.loads(line) for line in answer.stdout.splitlines()] for answer in answers
    )
    assert all(row["good"] for row in doctor)
    assert all(row["id"] > 0 for row in schemas)
    assert [row for row in tables if row["first_difference"]] == []


def test_the_doctor_says_what_to_do_about_what_is_ill(reader: Operator) -> None:
    ill = reader.under(
        WARDSTREAM_REDIS_URL="redis://127.0.0.1:9/0", WARDSTREAM_TOPIC_PREFIX="nothing-here."
    )

    answer = ill.types("doctor")

    assert answer.returncode == 1
    wrong = [line for line in answer.stdout.splitlines() if line.startswith("WRONG")]
    assert len(wrong) == 5
    assert "run `wardstream topics create`" in wrong[0]
    assert wrong[1] == (
        "WRONG  redis: no answer: start it (`wardstream up`), or set WARDSTREAM_REDIS_URL"
    )
    assert wrong[2] == "WRONG  redis users: not known while Redis does not answer"
    assert wrong[3:] == [
        f"WRONG  {what}: not known while the topics are not as they must be"
        for what in ("lag", "alerts")
    ]


def test_verify_of_an_empty_pipeline_finds_everything_equal(reader: Operator) -> None:
    answer = reader.types("verify")

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert all(": equal: " in line for line in answer.stdout.splitlines())
    assert len(answer.stdout.splitlines()) >= 10
