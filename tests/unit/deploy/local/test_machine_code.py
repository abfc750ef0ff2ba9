"""A fresh checkout takes the machine code that another has compiled from the same sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import machine_code

FOLDER = Path("core")
PROGRAM = """
from pathlib import Path
from streams.domain.jit import Compiler
compiler = Compiler("core", [Path(__file__)])

def double(number):
    return 2 * number

double = compiler.entry(double)
assert double(21) == 42
print(sum(double.stats.cache_hits.values()))
"""


def checkout(folder: Path) -> Path:
    """A checkout with one compiled function."""
    (folder / FOLDER).mkdir(parents=True)
    (folder / FOLDER / "double.py").write_text(PROGRAM)
    return folder


def hits(root: Path) -> int:
    """How often machine code was loaded instead of compiled."""
    done = subprocess.run(
        [sys.executable, str(root / FOLDER / "double.py")],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_machine_code_of_one_checkout_serves_another_until_its_sources_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARDSTREAM_CACHE", str(tmp_path / "cache"))
    first, second = checkout(tmp_path / "first"), checkout(tmp_path / "second")
    name = machine_code.name_of([FOLDER], PROGRAM.encode())
    assert hits(first) == 0

    machine_code.keep(first, name, [FOLDER])
    shutil.rmtree(first)
    [kept] = (tmp_path / "cache" / name / FOLDER).iterdir()
    imported = (
        second / FOLDER / "__pycache__" / kept.name / machine_code._folder_name(second, FOLDER)
    )
    imported.mkdir(parents=True)
    machine_code.take(second, name, [FOLDER])

    assert hits(second) == 1
    (second / FOLDER / "double.py").write_text(PROGRAM.replace("2 * number", "number + number"))
    assert hits(second) == 0


def test_a_checkout_without_machine_code_keeps_and_takes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARDSTREAM_CACHE", str(tmp_path / "cache"))
    root = checkout(tmp_path / "first")
    name = machine_code.name_of([FOLDER], PROGRAM.encode())

    machine_code.keep(root, name, [FOLDER])
    machine_code.take(root, name, [FOLDER])

    assert not (tmp_path / "cache").exists()
    assert not (root / FOLDER / "__pycache__").exists()


def test_the_cache_holds_a_bounded_number_of_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARDSTREAM_CACHE", str(tmp_path / "cache"))
    root = checkout(tmp_path / "first")
    made = root / FOLDER / "__pycache__" / "core-0" / machine_code._folder_name(root, FOLDER)
    made.mkdir(parents=True)
    (made / "double.nbc").touch()

    for number in range(machine_code.KEPT + 2):
        machine_code.keep(root, machine_code.name_of([FOLDER], b"%d" % number), [FOLDER])

    assert len(list((tmp_path / "cache").glob("compiled-*"))) == machine_code.KEPT
