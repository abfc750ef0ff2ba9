"""Which folder may import which: schemas <- runtime <- models <- streams <- workers."""

import ast
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

OURS = ("schemas", "runtime", "models", "streams", "workers", "deploy")
MAY_IMPORT = {
    "schemas": set(),
    "runtime": {"schemas"},
    "models": {"schemas", "runtime"},
    "streams": {"schemas", "runtime", "models"},
    "workers": {"schemas", "runtime", "models", "streams", "deploy"},
    "deploy": {"schemas", "runtime"},
}
DOMAIN_MAY_IMPORT = {"numba", "numpy", "shapely", *sys.stdlib_module_names}


SUITES = sorted(path.name for path in (ROOT / "tests").iterdir() if any(path.rglob("*.py")))


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Absolute names of all modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("folder", OURS)
def test_packages_import_in_one_direction(folder: str) -> None:
    allowed = MAY_IMPORT[folder] | {folder}
    for path in modules(folder):
        for name in imported(path):
            top = name.split(".")[0]
            assert top not in OURS or top in allowed, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_of_tests_imports_nothing_of_another_suite(suite: str) -> None:
    """Code that two suites share is in tests/support, which imports no suite either."""
    for path in modules(f"tests/{suite}"):
        for name in imported(path):
            top, _, rest = name.partition(".")
            allowed = rest.split(".")[0] in {suite, "support"}
            assert top != "tests" or allowed, f"{path.relative_to(ROOT)} imports {name}"


def test_the_domain_is_pure() -> None:
    """It uses no clock, no network, and no library except for arithmetic."""
    for path in modules("streams/domain"):
        for name in imported(path):
            pure = (
                name
                in {
                    "schemas.topics",
                    "schemas.shift_settings",
                    "schemas.class_settings",
                    "schemas.evidence_settings",
                    "schemas.fusion_settings",
                    "schemas.tracker_settings",
                }
                or name.startswith(("schemas.records.", "streams.domain"))
                or name.split(".")[0] in DOMAIN_MAY_IMPORT
            )
            assert pure, f"{path.relative_to(ROOT)} imports {name}"
            assert name.split(".")[0] not in {"time", "random", "os", "socket"}, path


def test_the_value_of_an_experiment_is_pure() -> None:
    """Its id is a function of its content: no clock, no network, no file."""
    for path in modules("workers/operations/experiments/value"):
        for name in imported(path):
            own = name.startswith("workers.operations.experiments.value")
            assert own or name in {"hashlib", "collections.abc", "typing", "msgspec"}, name


def test_an_experiment_has_no_producer() -> None:
    """What folds beside the line cannot write to a topic: it knows nobody who does."""
    for path in modules("workers/operations/experiments"):
        text = path.read_text()
        for name in imported(path):
            assert "produc" not in name, f"{path.relative_to(ROOT)} imports {name}"
            assert not name.startswith(("confluent_kafka", "workers.audit")), path
        assert "producer(" not in text.lower(), path.relative_to(ROOT)


def test_only_the_clock_reads_the_wall_clock() -> None:
    for folder in ("runtime", "streams", "models"):
        for path in modules(folder):
            if path.name == "clock.py":
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    call = f"{node.value.id}.{node.attr}"
                    assert call not in {"time.time", "time.time_ns", "datetime.now"}, path


@pytest.mark.parametrize("folder", OURS)
def test_no_module_is_longer_than_can_be_read(folder: str) -> None:
    for path in modules(folder):
        assert len(path.read_text().splitlines()) <= 500, path.relative_to(ROOT)
