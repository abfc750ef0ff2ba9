"""One command line: every command can be found, and nothing is loaded to list them."""

import subprocess
import sys
from importlib.util import find_spec

import pytest
import typer

from workers.cli.app import COMMANDS, HEAVY, load, usage


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded(name: str) -> None:
    assert isinstance(load(name), typer.Typer)


def test_the_usage_names_every_command() -> None:
    assert all(f"  {name} " in usage() for name in COMMANDS)


def test_what_is_loaded_early_belongs_to_a_command() -> None:
    assert {name.split()[0] for name in HEAVY} <= COMMANDS.keys()
    for modules in HEAVY.values():
        assert all(find_spec(module) for module in modules)


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

    assert answer.returncode == 78
    assert answer.stderr == "wardstream: no command 'nope'; `wardstream --help` lists them\n"


def test_what_starts_together_loads_nothing_that_only_draws_or_signs_in() -> None:
    """Six processes start at once on two cores: whoever waits for the board waits for them."""
    program = (
        "import sys\n"
        "from importlib import import_module\n"
        "from runtime.process.lean import load_structlog\n"
        "from workers.cli.app import HEAVY, load\n"
        "load_structlog()\n"
        "for name in ('ingest', 'infer', 'stream', 'sink', 'serve'): load(name)\n"
        "for modules in HEAVY.values():\n"
        "    for module in modules: import_module(module)\n"
        "print(*sys.modules)\n"
        "import structlog, rich.console\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert not loaded & {"rich", "pygments", "authlib", "torch", "hypothesis"}
