"""One command line: every command can be found, and nothing is loaded to list them."""

import json
import os
import re
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from workers.cli.app import COMMANDS, load, usage


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded(name: str) -> None:
    assert isinstance(load(name), typer.Typer)


def test_the_usage_names_every_command() -> None:
    assert all(f"  {name} " in usage() for name in COMMANDS)


def test_listing_the_commands_loads_none_of_them() -> None:
    program = (
        "import sys; sys.argv = ['wardstream', '--help']\n"
        "from workers.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'faust', 'openvino', 'cv2', 'confluent_kafka', 'fastapi', 'scipy'}\n"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_unknown_command_is_answered_in_one_sentence() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "workers.cli", "nope"], capture_output=True, text=True, check=False
    )

    assert answer.returncode == 2
    assert answer.stderr == "wardstream: no command 'nope'; `wardstream --help` lists them\n"


def test_no_process_loads_what_only_other_uses_of_a_library_need() -> None:
    """Six processes start at once on two cores, and the board waits for them."""
    program = (
        "import sys\n"
        "from workers.cli.app import load\n"
        "for name in ('ingest', 'infer', 'stream', 'sink', 'serve', 'watchdog'): load(name)\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert not loaded & {"authlib", "torch", "hypothesis"}


def completed(description: str) -> list[str]:
    """What bash offers after `wardstream WORDS`."""
    line = f"wardstream {description}"
    answer = subprocess.run(
        [sys.executable, "-m", "workers.cli"],
        env={
            **os.environ,
            "_WARDSTREAM_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(line.count(" ")),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.split()


@pytest.mark.parametrize(
    ("description", "offered"),
    [
        pytest.param("re", ["registry", "rebuild", "requirement"], id="command"),
        pytest.param("rebuild re", ["revert"], id="command-of-a-group"),
        pytest.param("dlq list --rea", ["--reason"], id="option"),
        pytest.param("tail staff", ["staff.v1"], id="topic"),
    ],
)
def test_a_shell_completes_commands_options_and_topics(
    description: str, offered: list[str]
) -> None:
    assert sorted(completed(description)) == sorted(offered)


def test_every_summary_is_one_short_sentence() -> None:
    for name, entry in COMMANDS.items():
        assert re.fullmatch(r"[A-Z][^.]{8,60}\.", entry.summary), name


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        pytest.param(
            "WARDSTREAM_METRICS_PORT",
            "abc",
            "metrics_port: Input should be a valid",
            id="no-number",
        ),
        pytest.param(
            "WARDSTREAM_WATCHDOG__HEALTH", "x", 'value for field "watchdog"', id="no-json"
        ),
        pytest.param(
            "WARDSTREAM_DEADMAN__AFTER_S",
            "3",
            "the setting deadman is called watchdog",
            id="retired",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_sentence(
    variable: str, value: str, message: str
) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "workers.cli", "settings"],
        env={**os.environ, variable: value},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 78
    assert message in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "arguments", "field"),
    [
        pytest.param("topics", ["list", "--json"], "partitions", id="topics"),
        pytest.param("settings", ["--json"], "effect", id="settings"),
    ],
)
def test_a_table_can_be_printed_as_json_lines(
    command: str, arguments: list[str], field: str
) -> None:
    answer = CliRunner().invoke(load(command), arguments)

    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    assert len(rows) > 10
    assert all(row[field] for row in rows)
