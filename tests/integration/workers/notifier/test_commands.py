"""`wardstream notify` checks a file, and tries a destination, as a person does it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.builders.messages import KEY, SECRET
from tests.support.paths import ROOT
from tests.support.servers.receiver import Receiver, answering

FILE = """\
- name: phone
  kind: webhook
  owners: [charge nurse, house supervisor]
  url_env: PHONE_URL
  secret_env: PHONE_SECRET
  allow: [127.0.0.1]
- name: operators
  route: operations
  kind: webhook
  owners: ["*"]
  url: https://localhost:9
"""


def notify(*arguments: str, port: int = 9) -> subprocess.CompletedProcess[str]:
    given = {
        "PHONE_URL": f"http://127.0.0.1:{port}/a-secret-path",
        "PHONE_SECRET": SECRET,
        "COLUMNS": "200",
    }
    return subprocess.run(
        [sys.executable, "-m", "workers.cli", "notify", *arguments],
        env={**os.environ, **given},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "destinations.yaml"
    path.write_text(FILE)
    return path


def test_a_file_is_checked_against_rules_and_the_resolver(file: Path) -> None:
    rules = file.with_name("rules.yaml")
    example = (ROOT / "examples" / "ward" / "rules.yaml").read_text()
    rules.write_text(example.replace("escalate_to: house supervisor", "escalate_to: matron"))

    answer = notify("check", str(file), "--rules", str(rules), "--look-up", "--json")

    assert answer.returncode == 1, answer.stderr
    phone, operators, owner, fault = map(json.loads, answer.stdout.splitlines())
    assert (phone["where"], phone["proof"]) == ("http://127.0.0.1:9", "signature")
    assert (operators["route"], operators["owners"]) == ("operations", "*")
    assert owner["fault"] == "no destination for 'matron' (gap-at-night)"
    assert fault["fault"].startswith("operators: localhost is ")
    assert "loopback address" in fault["fault"]
    assert "secret-path" not in answer.stdout + answer.stderr
    assert SECRET not in answer.stdout + answer.stderr


def test_a_test_is_received_or_says_what_to_do(file: Path) -> None:
    with Receiver(key=KEY) as receiver:
        arguments = ("test", "phone", "--file", str(file))
        received = notify(*arguments, port=receiver.port)
        receiver.behaviour = answering(503)
        later = notify(*arguments, port=receiver.port)
    (first, second) = receiver.received

    assert (received.returncode, later.returncode) == (0, 75)
    assert received.stdout.startswith("phone: received: HTTP 204")
    assert later.stderr.startswith("phone: not received now: it answers HTTP 503")
    assert "Nothing is wrong on the ward" in json.loads(first.body)["body"][0]
    assert first.headers["webhook-id"] != second.headers["webhook-id"]


def test_a_destination_that_must_be_changed_first_ends_with_78(file: Path) -> None:
    answer = notify("test", "operators", "--file", str(file))

    assert answer.returncode == 78
    assert "localhost is " in answer.stderr
    assert "list it under allow" in answer.stderr
