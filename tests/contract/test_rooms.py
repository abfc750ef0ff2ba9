"""Which room of a folder may import which: only one below it, never one beside it."""

from pathlib import Path

import pytest

from tests.contract.test_imports import imported, modules
from tests.support.paths import ROOT

FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "runtime": (
        ("audit", "clock", "errors", "named_secrets", "proxies"),
        ("redaction",),
        ("retry",),
        ("process",),
        ("storage",),
        ("kafka",),
        ("checkpoints", "facts"),
    ),
    "models": (("conversion", "detectors"), ("datasets",), ("evaluation",), ("comparison",)),
    "streams": (
        ("domain", "stage"),
        ("encoding",),
        ("state",),
        ("handover",),
        ("processor",),
    ),
    "streams.domain": (
        ("jit", "output", "person", "seqs", "settings"),
        ("evidence", "staffing", "tracking"),
        ("alerts", "camera"),
        ("fusion", "zones"),
        ("identity",),
        ("facts",),
        ("floor",),
        ("entity",),
        ("pipeline",),
    ),
    "workers": (
        ("access", "audit", "frames", "stages", "storage"),
        ("observation", "registry", "retention"),
        ("explain", "notifier", "simulation"),
        ("clocks", "guard", "inference", "ingest", "serving", "sinks", "watchdog"),
        ("operations",),
        ("local",),
        ("cli",),
    ),
    "workers.operations": (
        ("accounts", "installation", "times"),
        (
            "badges",
            "calibration",
            "deadletters",
            "doctor",
            "scoring",
            "simulated_ward",
            "tail",
            "verification",
        ),
        ("backup", "rebuild", "simulated_reads"),
        ("experiments",),
    ),
}
"""The rooms of a folder, from the lowest up; rooms of one level do not import each other."""

KNOW_THE_LAUNCHER = {"workers.local", "workers.cli"}
"""The developer's launcher is above the product: no process imports it."""


def room_of(module: str, folder: str) -> str | None:
    """The room of a folder that a module is in; None when it is outside the folder."""
    inside = module.removeprefix(f"{folder}.")
    return None if inside == module else inside.split(".")[0]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@pytest.mark.parametrize("folder", FLOORS)
def test_a_room_imports_only_rooms_below_it(folder: str) -> None:
    floor = {room: level for level, rooms in enumerate(FLOORS[folder]) for room in rooms}
    wrong = []
    for path in modules(folder.replace(".", "/")):
        room = room_of(name_of(path), folder)
        for name in imported(path) if room is not None else ():
            other = room_of(name, folder)
            if other not in {None, room} and floor[str(other)] >= floor[str(room)]:
                wrong.append(f"{name_of(path)} imports {name}")

    assert wrong == []


@pytest.mark.parametrize("folder", FLOORS)
def test_every_room_has_its_floor(folder: str) -> None:
    found = {room_of(name_of(path), folder) for path in modules(folder.replace(".", "/"))}

    assert found - {None} <= {room for rooms in FLOORS[folder] for room in rooms}


def test_no_process_knows_the_launcher() -> None:
    for folder in ("schemas", "runtime", "models", "streams", "workers"):
        for path in modules(folder):
            knows = any(name.startswith("deploy.local") for name in imported(path))
            allowed = any(name_of(path).startswith(room) for room in KNOW_THE_LAUNCHER)
            assert allowed or not knows, f"{path.relative_to(ROOT)} imports deploy.local"
