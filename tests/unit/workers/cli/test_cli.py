"""One command line: every command can be found, and nothing is loaded to list them."""

import json
import os
import re
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from runtime.process.libpq import IGNORED
from workers.cli.app import COMMANDS, load, usage

SECRET = "rtsp://viewer:Ward#9secret@127.0.0.1:9/s"


def run_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command as a person runs it."""
    return subprocess.run(
        [sys.executable, "-m", "workers.cli", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


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
        "for name in ('ingest', 'infer', 'stream', 'sink', 'watchdog'): load(name)\n"
        "print(*sys.modules)\n"
        "load('serve')\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    without_board, with_board = (
        {name.split(".")[0] for name in line.split()} for line in done.stdout.splitlines()
    )
    assert not without_board & {"authlib", "torch", "hypothesis"}
    assert not with_board & {"torch", "hypothesis"}


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [
        pytest.param("ingest", {"psycopg", "shapely", "ftfy", "numba", "faust"}, id="ingest"),
        pytest.param("infer", {"psycopg", "redis", "numba", "faust"}, id="infer"),
        pytest.param("sink", {"numpy", "cv2", "ftfy", "faust"}, id="sink"),
        pytest.param("watchdog", {"numpy", "psycopg", "redis", "faust"}, id="watchdog"),
        pytest.param("topics", {"numpy", "psycopg", "ftfy", "faust"}, id="topics"),
        pytest.param("tail", {"numpy", "psycopg", "ftfy", "faust"}, id="tail"),
    ],
)
def test_a_command_does_not_load_what_it_does_not_use(command: str, unneeded: set[str]) -> None:
    program = (
        f"import sys; from workers.cli.app import load; load({command!r}); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert not unneeded & set(done.stdout.split())


def completed(description: str) -> list[str]:
    """Completions that bash offers after `wardstream WORDS`."""
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
        pytest.param("re", ["reader", "rebuild", "registry", "relay", "requirement"], id="command"),
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
            "WARDSTREAM_METRICS_PORT is 'abc': give a whole number",
            id="no-number",
        ),
        pytest.param(
            "WARDSTREAM_WATCHDOG__HEALTH",
            "x",
            "WARDSTREAM_WATCHDOG__HEALTH is no JSON object",
            id="no-json",
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


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["ingest", "--camera=c", f"--video={SECRET}", SECRET], 2, id="too-many"),
        pytest.param(["ingest", "--camera=c", "--mode", SECRET], 2, id="no-choice"),
        pytest.param(["demo", "--once", "--video", SECRET], 78, id="demo"),
        pytest.param(["tail", SECRET], 78, id="no-topic"),
    ],
)
def test_no_command_shows_a_credential_of_its_command_line(arguments: list[str], code: int) -> None:
    done = run_command(*arguments)

    assert done.returncode == code, done.stderr
    assert "9secret" not in done.stdout + done.stderr
    assert "Ward" not in done.stdout + done.stderr.replace("wardstream", "")


def test_an_unforeseen_error_shows_its_trace_without_credentials() -> None:
    program = (
        "import workers.cli.settings as command\n"
        "from workers.cli.app import main\n"
        f"def fail(): raise RuntimeError({SECRET!r})\n"
        "command.read_settings = fail\n"
        "main(['settings'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.endswith("RuntimeError: rtsp://127.0.0.1:9/s\n")
    assert "Ward" not in done.stderr


PORT_FORM = "a whole number at least 0 and at most 65535 (port)"

EXAMPLES = [
    ["demo", "--once"],
    ["up"],
    ["ingest", "--camera=c", "--video=v"],
    ["infer"],
    ["stream"],
    ["sink", "timescale"],
    ["sink", "redis"],
    ["serve"],
    ["watchdog"],
    ["camera", "import", "cameras.yaml"],
    ["topics", "check"],
    ["topics", "create"],
    ["registry", "register"],
    ["registry", "check"],
    ["db", "migrate"],
    ["doctor"],
    ["settings"],
    ["tail", "alerts.raised.v1"],
    ["dlq", "list"],
    ["backup", "take", "file:///nowhere"],
    ["rebuild", "list"],
    ["evaluate", "--video=v", "--ground-truth=g"],
    ["track", "--detections=d", "--fps=5", "--out=o"],
]


def answers(lines: list[list[str]], **environment: str) -> list[tuple[int, str]]:
    """Exit code and standard error of each command line, all run by one process in turn."""
    program = (
        "import contextlib, io, json, sys\n"
        "from workers.cli.app import main\n"
        "for line in json.loads(sys.argv[1]):\n"
        "    out, err = io.StringIO(), io.StringIO()\n"
        "    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):\n"
        "        try: main(line)\n"
        "        except SystemExit as end: code = end.code\n"
        "    print(json.dumps([code, err.getvalue()]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(lines)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    return [(code, text) for code, text in map(json.loads, done.stdout.splitlines())]


def test_every_command_refuses_a_wrong_setting_in_a_sentence() -> None:
    found = answers(EXAMPLES, WARDSTREAM_INGEST_FPS="5", WARDSTREAM_METRICS_PORT="")

    refusal = (
        "WARDSTREAM_INGEST_FPS is no setting: did you mean WARDSTREAM_INGEST__FPS?\n"
        f"WARDSTREAM_METRICS_PORT is empty: give {PORT_FORM}, or leave it out\n"
    )
    assert dict(zip(map(" ".join, EXAMPLES), found, strict=True)) == dict.fromkeys(
        map(" ".join, EXAMPLES), (78, refusal)
    )


def test_every_command_explains_itself_whatever_the_settings() -> None:
    asked = [[name, "--help"] for name in COMMANDS]
    found = answers(asked, WARDSTREAM_INGEST_FPS="5", WARDSTREAM_CONFIG="/nowhere")

    assert dict(zip(COMMANDS, found, strict=True)) == dict.fromkeys(COMMANDS, (0, ""))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingest", "--camera=c", "--video=v", "--fps=0"], "0.0 is not a number above 0"),
        (["serve", "--port=99999"], "99999 is not a whole number"),
        (["evaluate", "--video=v", "--ground-truth=g", "--backend=x"], "'x' is not one of auto"),
    ],
)
def test_an_option_that_its_setting_cannot_be_is_a_wrong_command_line(
    arguments: list[str], message: str
) -> None:
    done = run_command(*arguments)

    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("\u2502", "").split())


def test_the_environment_of_libpq_cannot_lead_elsewhere_or_change_results() -> None:
    given = dict.fromkeys((*IGNORED, "PGSSLMODE", "PGPASSFILE"), "x")
    program = (
        "import os\n"
        "import workers.cli.settings as command\n"
        "from workers.cli.app import main\n"
        "def show(): print(*[n for n in os.environ if n.startswith('PG')]); raise SystemExit\n"
        "command.read_settings = show\n"
        "main(['settings'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )

    assert set(done.stdout.split()) == {"PGSSLMODE", "PGPASSFILE"}


def test_settings_are_printed_without_credentials() -> None:
    url = "http://viewer:Ward9secret@registry:8081/apis/ccompat/v7"
    for arguments in (["settings"], ["settings", "--json"]):
        done = run_command(*arguments, WARDSTREAM_REGISTRY_URL=url)

        assert "http://registry:8081/apis/ccompat/v7" in done.stdout
        assert "Ward9secret" not in done.stdout
