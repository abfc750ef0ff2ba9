"""Import files of reference data, all of them or none."""

import getpass
from collections.abc import Mapping
from pathlib import Path

from runtime.facts.log import APPEND_WITHIN_US, Fact, FactLog
from runtime.facts.writer import FactWriter
from runtime.kafka.cluster import Cluster
from schemas.topics import CAMERAS, FLOORS
from workers.registry.edit import Registered, Stamp, edits
from workers.registry.files import read_rows
from workers.registry.rows import ROWS


def import_files(
    files: Mapping[str, Path],
    cluster: Cluster,
    *,
    recorded_at_us: int | None = None,
    valid_from_us: int | None = None,
    replace: bool = False,
) -> int:
    """Import files into the registry, all or none; returns how many versions were written.

    Args:
        files: Path by kind, a key of `ROWS`; later files may refer to earlier ones.
        cluster: Where the topics are.
        recorded_at_us: When the facts were recorded, UTC microseconds; None for now. An earlier
            time is for recorded material whose events have not been processed yet.
        valid_from_us: Start of their validity, UTC microseconds; None for the time of recording.
        replace: Whether to remove facts that a file does not name.

    Raises:
        ImportRefused: A file is wrong; nothing was written.
        Retry: The broker is out of reach or too slow, or another import ran at the same time;
            the message says whether nothing was written.
        RegistryUnavailable: The schema registry is out of reach.
    """
    rows = {kind: read_rows(path, ROWS[kind]) for kind, path in files.items()}
    with FactWriter(cluster) as writer:
        registered = _registered(cluster)
        topics = [ROWS[kind].topic for kind in rows]
        writer.prepare([*topics, FLOORS] if CAMERAS in topics else topics)
        # From here on nothing is slow: readers count on facts recorded now being appended soon.
        recorded = cluster.clock.now_us() if recorded_at_us is None else recorded_at_us
        stamp = Stamp(
            valid_from_us=recorded if valid_from_us is None else valid_from_us,
            recorded_at_us=recorded,
            recorded_by=getpass.getuser(),
        )
        facts: list[Fact] = []
        for some in rows.values():
            new = edits(some, registered, stamp, replace=replace)
            registered.add(new)
            facts += new
        return writer.publish(
            facts,
            append_by_us=recorded + APPEND_WITHIN_US if recorded_at_us is None else None,
        )


def _registered(cluster: Cluster) -> Registered:
    """What is registered now; read it only after the right to write was claimed."""
    log = FactLog(cluster)
    try:
        registered = Registered()
        registered.add(log.sync())
    finally:
        log.close()
    return registered
