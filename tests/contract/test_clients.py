"""Which modules may make clients of Kafka or the schema registry, or take all settings."""

import ast
from collections.abc import Iterator

import pytest

from tests.support.paths import ROOT

PRODUCT = ("runtime", "schemas", "streams", "models", "workers", "deploy")

KAFKA_CLIENTS = {
    "AdminClient",
    "AIOKafkaConsumer",
    "AIOKafkaProducer",
    "Consumer",
    "DeserializingConsumer",
    "Producer",
    "SerializingProducer",
}

MAKES_KAFKA_CLIENTS = {"runtime/kafka/cluster.py"}

MAKES_REGISTRIES = {"runtime/kafka/registry.py"}

MAKES_CLOCKS = (
    "deploy/kafka/acls.py",
    "deploy/local/waiting.py",
    "runtime/process/",
    "workers/local/",
    "workers/registry/importing.py",
)
"""Besides the commands: the frame of a process, and starters of a pipeline on one machine."""

KNOWS_ALL_SETTINGS = {
    "runtime/kafka/cluster.py": "makes the cluster of them",
    "runtime/process/health.py": "part of the frame of every process",
    "runtime/process/logging.py": "part of the frame of every process",
    "runtime/process/service.py": "the frame of every process",
    "streams/processor/app.py": "entry point of the stream processor",
    "streams/processor/pipeline_settings.py": "those that decide which records are made",
    "workers/local/pipeline.py": "starts every process on one machine",
    "workers/operations/doctor.py": "looks at everything that a setting names",
    "workers/operations/installation.py": "makes the installation of them",
    "workers/operations/scoring/clip.py": "runs detector and tracker as the pipeline does",
}
"""Modules that take a `Settings`, besides the commands, with the reason."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the product: path and syntax tree."""
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def called(tree: ast.Module) -> set[str]:
    """Names that a module calls, from after the last dot."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                names.add(node.func.id)
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                names.add(node.func.attr)
    return names


def imported(tree: ast.Module, package: str) -> set[str]:
    """Names that a module imports from a package."""
    return {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package
        for alias in node.names
    }


def takes_settings(tree: ast.Module) -> bool:
    """Whether a function or a record of the module takes all settings."""
    return any(
        isinstance(node, (ast.arg, ast.AnnAssign))
        and isinstance(node.annotation, ast.Name)
        and node.annotation.id == "Settings"
        for node in ast.walk(tree)
    )


def is_command(path: str) -> bool:
    """Whether a module only reads a command line."""
    return path.startswith("workers/cli/") or path.endswith("/command.py")


def test_one_module_makes_kafka_clients() -> None:
    makers = {
        path
        for path, tree in sources()
        if called(tree)
        & KAFKA_CLIENTS
        & (imported(tree, "confluent_kafka") | imported(tree, "aiokafka"))
    }

    assert makers == MAKES_KAFKA_CLIENTS


def test_one_module_makes_schema_registries() -> None:
    assert {p for p, tree in sources() if "SchemaRegistry" in called(tree)} == MAKES_REGISTRIES


def test_time_is_an_argument_of_whatever_is_no_command() -> None:
    makers = {path for path, tree in sources() if "SystemClock" in called(tree)}

    assert [p for p in sorted(makers) if not is_command(p) and not p.startswith(MAKES_CLOCKS)] == []


def test_only_the_clock_sleeps() -> None:
    """Whatever waits for something takes a policy and a clock, see `runtime/retry.py`."""
    sleepers = {
        path
        for path, tree in sources()
        if "sleep" in imported(tree, "time")
        or any(
            isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep"
            for node in ast.walk(tree)
        )
    }

    assert sleepers == {"runtime/clock.py"}


def test_settings_stop_where_a_process_or_command_starts() -> None:
    takers = {path for path, tree in sources() if takes_settings(tree)}

    assert {p for p in takers if not is_command(p)} == {
        p for p in KNOWS_ALL_SETTINGS if not is_command(p)
    }


def test_a_kafka_client_that_a_test_makes_by_hand_complains_to_the_log_of_the_test() -> None:
    """Otherwise librdkafka's messages about a broker that a test kills would drown the results."""
    silent = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in KAFKA_CLIENTS and "LOGGED" not in (made := ast.unparse(node)):
                silent.append(f"{path.relative_to(ROOT)}:{node.lineno}: {made}")
    assert silent == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from confluent_kafka import Consumer\nConsumer({})", True),
        ("from confluent_kafka import Consumer\ndef f(c: Consumer): c.close()", False),
    ],
)
def test_the_check_sees_a_client_made_by_hand(source: str, expected: bool) -> None:
    tree = ast.parse(source)

    found = called(tree) & KAFKA_CLIENTS & imported(tree, "confluent_kafka")
    assert bool(found) is expected
