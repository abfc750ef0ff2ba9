"""Import files of reference data, all of them or none."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from runtime.facts.log import APPEND_WITHIN_US, FactLog
from runtime.facts.writer import FactWriter
from runtime.kafka.cluster import Cluster
from runtime.process.user import user_name
from schemas.topics import CAMERAS, FLOORS, REFERENCE_TOPICS, Topic
from workers.registry.change import Change, Options, Stamp
from workers.registry.edit import change_of
from workers.registry.files import ImportFile, ImportRefused, read_file
from workers.registry.preview import Effect, effects_of, notes_of
from workers.registry.registered import Registered
from workers.registry.rows import ROWS
from workers.registry.values import FIRST_YEAR

_YEAR_US: Final = 31_557_600_000_000
_FIRST_US: Final = (FIRST_YEAR - 1970) * _YEAR_US
_SKEW_US: Final = 60_000_000
"""Clocks of two machines may differ by this much, microseconds."""

ROWS_ALONE: Final = Options()
"""An import that writes its rows and does nothing beyond."""


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


def import_files(
    files: Mapping[str, Path],
    cluster: Cluster,
    *,
    recorded_at_us: int | None = None,
    valid_from_us: int | None = None,
    options: Options = ROWS_ALONE,
    dry_run: bool = False,
) -> Imported:
    """Import files into the registry, all or none.

    Args:
        files: Path by kind, a key of `ROWS`; later files may refer to earlier ones.
        cluster: Where the topics are.
        recorded_at_us: When the facts were recorded, UTC microseconds; None for now. An earlier
            time is for recorded material whose events have not been processed yet.
        valid_from_us: Start of their validity, UTC microseconds; None for the time of recording.
        options: What the import may do beyond writing its rows; the time is that of the cluster.
        dry_run: Whether to write nothing.

    Raises:
        ImportRefused: A file is wrong; nothing was written.
        Retry: The broker is out of reach or too slow, or another import ran at the same time;
            the message says whether nothing was written.
        RegistryUnavailable: The schema registry is out of reach.
    """
    _check_times(cluster.clock.now_us(), recorded_at_us, valid_from_us)
    read = {kind: read_file(path, ROWS[kind]) for kind, path in files.items()}

    def stamp() -> Stamp:
        recorded = cluster.clock.now_us() if recorded_at_us is None else recorded_at_us
        return Stamp(
            valid_from_us=recorded if valid_from_us is None else valid_from_us,
            recorded_at_us=recorded,
            recorded_by=user_name(),
        )

    def decide(registered: Registered) -> Change:
        groups = [file.rows for file in read.values()]
        now = replace(options, now_us=cluster.clock.now_us())
        return change_of(groups, registered, stamp(), now)

    if dry_run:  # claims nothing: another import may run meanwhile
        return _imported(read, decide(_registered(cluster)), written=False)
    with FactWriter(cluster) as writer:
        registered = _registered(cluster)
        writer.prepare(_topics(files, options))
        change = decide(registered)
        # From here on nothing is slow: readers count on facts recorded now being appended soon.
        last = stamp()
        change.stamp(last)
        by_us = last.recorded_at_us + APPEND_WITHIN_US if recorded_at_us is None else None
        writer.publish(change.facts, append_by_us=by_us)
    return _imported(read, change, written=True)


def _topics(kinds: Iterable[str], options: Options) -> Iterable[Topic]:
    """Topics that an import may write to."""
    if options != ROWS_ALONE:
        return REFERENCE_TOPICS
    topics = [ROWS[kind].topic for kind in kinds]
    return [*topics, FLOORS] if CAMERAS in topics else topics


def _imported(read: Mapping[str, ImportFile[Any]], change: Change, *, written: bool) -> Imported:
    return Imported(
        read_as={kind: file.read_as for kind, file in read.items()},
        rows={kind: len(file.rows) for kind, file in read.items()},
        effects=effects_of(change),
        notes=notes_of(change),
        versions=len(change.facts),
        written=written,
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


def _registered(cluster: Cluster) -> Registered:
    """What is registered now; read it only after the right to write was claimed."""
    log = FactLog(cluster)
    try:
        registered = Registered()
        registered.add(log.sync())
    finally:
        log.close()
    return registered
