"""The files of the goldens, written so that a reader sees what changed."""

import base64
import json
from pathlib import Path
from typing import Any

from tests.golden.adapter import DERIVED, FOLD_VERSION, STATE_VERSION

FOLDER = Path(__file__).parent
GOLDENS = FOLDER / "goldens.json"
SAVED_PARTITIONS = (3, 20)
"""Partitions whose checkpoints are kept whole. The first has two floors, cameras with and without
calibration, closed and open stays, lost people, removed zones; the second has fused people."""

_FIRST_DERIVED = (
    "tracks.updated.v1",
    "presence.updated.v1",
    "links.observed.v1",
    "zone-events.observed.v1",
    "zone-occupancy.measured.v1",
    "zone-occupancy.latest.v1",
)
"""Derived topics of the saved checkpoints that name none."""

_AGAIN = "record the goldens again: python -m tests.golden.record"
_OTHER_BYTES = (
    "The same input gives other records than before. If that is meant, raise FOLD_VERSION in "
    f"streams/state/fold_version.py and {_AGAIN}"
)
ASK = {
    "outputs": _OTHER_BYTES,
    "order": _OTHER_BYTES,
    "continued": _OTHER_BYTES,
    "fold_version": f"FOLD_VERSION was changed: {_AGAIN}",
    "state_version": f"STATE_VERSION was changed: {_AGAIN}",
    "checkpoints": (
        "A checkpoint has other bytes than before. If that is meant, raise STATE_VERSION in "
        f"streams/state/version.py, read the states of before, and {_AGAIN}"
    ),
}
"""Advice for a part that differs from its golden."""


def read_goldens() -> Any:
    """Read the recorded figures."""
    return json.loads(GOLDENS.read_text())


def write_goldens(figures: dict[str, Any]) -> None:
    """Write figures, one line for each series and each record of a checkpoint."""
    GOLDENS.write_text(_lines(figures, "") + "\n")


def saved_checkpoints() -> list[Path]:
    """Checkpoints that releases wrote, one file for each state version and partition."""
    return sorted(FOLDER.glob("checkpoint.v*.json"))


def read_checkpoint(path: Path) -> dict[bytes, bytes]:
    """Records of a checkpoint by key."""
    records = json.loads(path.read_text())["records"]
    return {key.encode(): base64.b64decode(value) for key, value in records.items()}


def partition_of(path: Path) -> int:
    """The partition of a checkpoint."""
    return int(json.loads(path.read_text())["partition"])


def fold_version_of(path: Path) -> int:
    """The fold that wrote a checkpoint; the first ones do not say it."""
    return int(json.loads(path.read_text()).get("fold_version", 1))


def topics_after(path: Path) -> set[str]:
    """Derived topics that came after a checkpoint: it does not count their records."""
    known = json.loads(path.read_text()).get("derived", _FIRST_DERIVED)
    return DERIVED - set(known)


def write_checkpoint(partition: int, records: dict[bytes, bytes]) -> None:
    """Write a checkpoint under the state version of this release; those of other versions stay."""
    values = {key.decode(): base64.b64encode(records[key]).decode() for key in sorted(records)}
    whole = {
        "partition": partition,
        "state_version": STATE_VERSION,
        "fold_version": FOLD_VERSION,
        "derived": sorted(DERIVED),
        "records": values,
    }
    first = partition == SAVED_PARTITIONS[0]
    name = f"v{STATE_VERSION}" if first else f"v{STATE_VERSION}.partition-{partition}"
    path = FOLDER / f"checkpoint.{name}.json"
    path.write_text(json.dumps(whole, indent=1) + "\n")


def _lines(value: Any, indent: str) -> str:
    if not isinstance(value, dict) or "sha256" in value:
        return json.dumps(value)
    rows = [f"{indent} {json.dumps(key)}: {_lines(value[key], indent + ' ')}" for key in value]
    return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
