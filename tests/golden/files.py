"""The files of the goldens, written so that a reader sees what changed."""

import base64
import json
from pathlib import Path
from typing import Any

from tests.golden.adapter import STATE_VERSION

FOLDER = Path(__file__).parent
GOLDENS = FOLDER / "goldens.json"
SAVED_PARTITION = 3
"""Whose checkpoint is kept whole: two floors, calibrated cameras and others, closed and open stays,
lost people, removed zones."""


_AGAIN = "record the goldens again: python -m tests.golden.record"
_OTHER_BYTES = (
    "The same input gives other records than before. If that is meant, raise FOLD_VERSION in "
    f"streams/state/fold_version.py and {_AGAIN}"
)
ASK = {
    "outputs": _OTHER_BYTES,
    "order": _OTHER_BYTES,
    "fold_version": f"FOLD_VERSION was changed: {_AGAIN}",
    "state_version": f"STATE_VERSION was changed: {_AGAIN}",
    "checkpoints": (
        "A checkpoint has other bytes than before. If that is meant, raise STATE_VERSION in "
        f"streams/state/version.py, read the states of before, and {_AGAIN}"
    ),
}
"""What to do about a part that is no longer golden."""


def read_goldens() -> Any:
    """The figures as they were recorded."""
    return json.loads(GOLDENS.read_text())


def write_goldens(figures: dict[str, Any]) -> None:
    """One line for each series and each record of a checkpoint."""
    GOLDENS.write_text(_lines(figures, "") + "\n")


def saved_checkpoints() -> list[Path]:
    """Checkpoints that releases wrote, one file for each state version."""
    return sorted(FOLDER.glob("checkpoint.v*.json"))


def read_checkpoint(path: Path) -> dict[bytes, bytes]:
    """Records of a checkpoint by key."""
    records = json.loads(path.read_text())["records"]
    return {key.encode(): base64.b64decode(value) for key, value in records.items()}


def write_checkpoint(records: dict[bytes, bytes]) -> None:
    """Keep a checkpoint under the state version of this release; those of others stay."""
    values = {key.decode(): base64.b64encode(records[key]).decode() for key in sorted(records)}
    whole = {"partition": SAVED_PARTITION, "state_version": STATE_VERSION, "records": values}
    path = FOLDER / f"checkpoint.v{STATE_VERSION}.json"
    path.write_text(json.dumps(whole, indent=1) + "\n")


def _lines(value: Any, indent: str) -> str:
    if not isinstance(value, dict) or "sha256" in value:
        return json.dumps(value)
    rows = [f"{indent} {json.dumps(key)}: {_lines(value[key], indent + ' ')}" for key in value]
    return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
