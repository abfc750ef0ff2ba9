"""Import files of reference data: all files or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.process.user import user_name
from workers.registry.change import Options
from workers.registry.editing.desk import EditingDesk
from workers.registry.editing.store import ROWS_ALONE
from workers.registry.editing.wanted import Origin, Put
from workers.registry.files import ImportRefused, read_file
from workers.registry.preview import Effect
from workers.registry.rows import ROWS
from workers.registry.values import FIRST_YEAR
from workers.registry.vault.door import known_ids

_YEAR_US: Final = 31_557_600_000_000
_FIRST_US: Final = (FIRST_YEAR - 1970) * _YEAR_US
_SKEW_US: Final = 60_000_000
"""Clocks of two machines may differ by this much, microseconds."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do.

    Attributes:
        read_as: The form of file that was taken, by kind.
        rows: Number of rows, by kind.
        effects: What happened to each fact.
        notes: What is odd and was taken, in sentences.
        versions: Number of new versions.
        written: Whether they were written.
    """

    read_as: Mapping[str, str]
    rows: Mapping[str, int]
    effects: Sequence[Effect]
    notes: Sequence[str]
    versions: int
    written: bool

    @property
    def counts(self) -> dict[str, int]:
        """Number of facts by what happens to them, and of rows that change nothing."""
        found = dict.fromkeys(("added", "changed", "cancelled", "removed"), 0)
        for effect in self.effects:
            found[effect.action] += 1
        changing = sum(not one.cause and one.action != "removed" for one in self.effects)
        return {**found, "unchanged": sum(self.rows.values()) - changing}


def import_files(
    files: Mapping[str, Path],
    desk: EditingDesk,
    *,
    recorded_at_us: int | None = None,
    valid_from_us: int | None = None,
    options: Options = ROWS_ALONE,
    dry_run: bool = False,
) -> Imported:
    """Import files into the registry, all or none.

    Args:
        files: Path by kind, a key of `ROWS`; later files may refer to earlier ones.
        desk: Where the registry is.
        recorded_at_us: When the facts were recorded, UTC microseconds; None for now. An earlier
            time is for recorded material whose events have not been processed yet.
        valid_from_us: Start of their validity, UTC microseconds; None for the time of recording.
        options: What the import may do beyond writing its rows.
        dry_run: Whether to write nothing.

    Raises:
        ImportRefused: A file is wrong; nothing was written.
        Retry: The database or the broker is out of reach; the message says whether the import is
            kept.
        RegistryUnavailable: The schema registry is out of reach.
    """
    now_us = desk.cluster.clock.now_us()
    _check_times(now_us, recorded_at_us, valid_from_us)
    door = desk.doors.open(lambda: known_ids(desk.registered()))
    read = {kind: read_file(path, ROWS[kind], now_us, door.enter) for kind, path in files.items()}
    origin = Origin(
        author=user_name(),
        via="command",
        note=", ".join(path.name for path in files.values()),
        recorded_at_us=recorded_at_us,
        valid_from_us=valid_from_us,
    )
    rows = [Put(row) for file in read.values() for row in file.rows]
    applied = desk.apply(rows, origin, options=options, dry_run=dry_run, door=door)
    return Imported(
        read_as={kind: file.read_as for kind, file in read.items()},
        rows={kind: len(file.rows) for kind, file in read.items()},
        effects=applied.effects,
        notes=applied.notes,
        versions=len(applied.facts),
        written=not dry_run,
    )


def _check_times(now_us: int, recorded_at_us: int | None, valid_from_us: int | None) -> None:
    """Refuse times of the command line that cannot be meant.

    Raises:
        ImportRefused: One of them is before 2000, or in a future that it may not be in.
    """
    if recorded_at_us is not None and not _FIRST_US <= recorded_at_us <= now_us + _SKEW_US:
        raise ImportRefused(f"--recorded-at is before {FIRST_YEAR} or in the future")
    furthest_us = now_us + 2 * _YEAR_US
    if valid_from_us is not None and not _FIRST_US <= valid_from_us <= furthest_us:
        raise ImportRefused(f"--valid-from is before {FIRST_YEAR} or more than 2 years from now")
