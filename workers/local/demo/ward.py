"""Register the demo's ward: files as a person would write them, imported as a person would."""

import json
from pathlib import Path

from workers.local.demo.scenario import Scenario
from workers.registry.change import Options
from workers.registry.editing.desk import EditingDesk
from workers.registry.editing.store import ROWS_ALONE
from workers.registry.importing import import_files

_REPLACED = Options(replace=True, cascade=True)


def register_ward(scenario: Scenario, folder: Path, desk: EditingDesk, recorded_at_us: int) -> int:
    """Write the import files and import them; returns how many versions were new.

    Args:
        scenario: Ward to register.
        folder: Folder in which the files stay, to read and change.
        desk: Where the registry is.
        recorded_at_us: Time of registration, UTC microseconds; before the first frame of the run.

    Raises:
        ImportRefused: A row contradicts what is registered.
        Retry: The broker is out of reach.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = _REPLACED if _shows_others(folder, scenario) else ROWS_ALONE
    files = {kind: folder / f"{kind}.yaml" for kind in scenario.rows}
    for kind, path in files.items():
        path.write_text("".join(f"- {json.dumps(row)}\n" for row in scenario.rows[kind]))
    floor = {"floor": files.pop("floor")} if "floor" in files else {}
    done = import_files(files, desk, recorded_at_us=recorded_at_us, options=options)
    if not floor:
        return done.versions
    # Cameras make their floors; this names them. No floor is ever removed, so it goes alone.
    return done.versions + import_files(floor, desk, recorded_at_us=recorded_at_us).versions


def _shows_others(folder: Path, scenario: Scenario) -> bool:
    """Whether the run before showed cameras that this one lacks: they would stay, without data."""
    try:
        lines = (folder / "camera.yaml").read_text().splitlines()
        before = {json.loads(line.removeprefix("- "))["camera_id"] for line in lines}
    except (OSError, ValueError, KeyError, TypeError):  # the first run, or a file that was edited
        return False
    return not before <= {camera.camera_id for camera in scenario.cameras}
