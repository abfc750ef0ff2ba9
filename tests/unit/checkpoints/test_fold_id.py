"""The name of a fold is that of its sources: one in every checkout, another with any change."""

import ast
import shutil
from pathlib import Path

import pytest

from streams.state import fold_id as fold_id_module
from streams.state.fold_id import DECIDING, ROOT, fold_id, name_of

UNDECIDED = {
    "runtime/checkpoints/__init__.py": "what a fold is asked, not what it answers",
    "runtime/clock.py": "no record holds a time of the machine",
    "runtime/kafka/dead_letters.py": "dead letters are no records of the fold",
    "runtime/errors.py": "classes without code",
    "runtime/facts/log.py": "how facts are read; which of them count is decided by fact_source.py",
    "runtime/kafka/clients.py": "names of topics, and clients",
    "runtime/process/metrics.py": "counts",
    "runtime/process/settings.py": "settings are in the checkpoint, by offset",
    "schemas/registry.py": "where schemas lie; the schemas themselves are named",
    "schemas/topics.py": "names of topics",
    "streams/state/codec.py": "how states are kept, under STATE_VERSION",
    "streams/state/settings_by_offset.py": "settings are in the checkpoint, by offset",
    "streams/state/version.py": "is part of the name by itself",
    "streams/state/reading.py": "how states are kept, under STATE_VERSION",
}
"""What deciding sources import and which decides nothing, with the reason."""


def imported(source: Path) -> set[str]:
    """Files of the project that a source imports."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    found = set()
    for name in names:
        path = ROOT / name.replace(".", "/")
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                found.add(file.relative_to(ROOT).as_posix())
    return found


def test_whatever_a_deciding_source_imports_decides_too_or_says_why_not() -> None:
    deciding = {
        path.relative_to(ROOT).as_posix() for pattern in DECIDING for path in ROOT.glob(pattern)
    }
    needed = {name for path in deciding if path.endswith(".py") for name in imported(ROOT / path)}

    assert needed - deciding == set(UNDECIDED)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The sources alone, copied: with times of their own and without caches."""
    for pattern in DECIDING:
        for path in ROOT.glob(pattern):
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return tmp_path


def test_another_checkout_of_the_same_sources_has_the_same_name(checkout: Path) -> None:
    (checkout / "streams" / "domain" / "__pycache__").mkdir()
    (checkout / "streams" / "domain" / "__pycache__" / "zone.nbi").write_bytes(b"compiled")

    assert name_of(checkout) == fold_id()


@pytest.mark.parametrize(
    "source",
    [
        "streams/domain/zones/membership.py",
        "streams/domain/tracking/step.py",
        "streams/encoding/tracks.py",
    ],
)
def test_a_changed_source_is_another_fold(checkout: Path, source: str) -> None:
    with (checkout / source).open("a") as file:
        file.write("X = 1\n")

    assert name_of(checkout) != fold_id()


def test_a_changed_schema_is_another_fold(checkout: Path) -> None:
    schema = checkout / "schemas" / "avsc" / "presence.updated.v1.avsc"
    schema.write_text(schema.read_text().replace("}", "} ", 1))

    assert name_of(checkout) != fold_id()


def test_another_library_is_another_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_id_module, "version", lambda _: "0.0")

    assert name_of(ROOT) != fold_id()


def test_without_its_sources_a_fold_has_no_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="streams/domain"):
        name_of(tmp_path)
