"""Delete old backups: those of the same run that lie in one folder, each below a name of its own.

A backup holds everything that it is a backup of, so it must not outlive its period. The newest one
that is whole stays, however old it is. The manifest goes last: whatever cuts a deletion off, the
same command goes on with it, and what is left of a backup never counts as a whole one.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from runtime.errors import Stop
from runtime.storage.objects import ObjectStore
from workers.operations.backup.manifest import Manifest, get_manifest
from workers.operations.backup.take import Report
from workers.operations.times import show_time

DAY_US: Final = 86_400_000_000


class Held(NamedTuple):
    """A backup in the folder.

    Attributes:
        name: Its name in the folder.
        manifest: Its manifest.
        paths: Paths of its objects below the folder, the manifest last.
        is_whole: Whether every object that the manifest names is there.
    """

    name: str
    manifest: Manifest
    paths: tuple[str, ...]
    is_whole: bool


def folder_of(uri: str) -> str | None:
    """The folder in which a backup lies; None where it lies in no other, as in a bucket's root."""
    folder, _, name = uri.rstrip("/").rpartition("/")
    return folder if name and not folder.endswith(("/", ":")) else None


def expire(
    folder: str,
    prefix: str,
    now_us: int,
    keep_days: float,
    report: Report,
    *,
    own: Manifest | None = None,
    dry_run: bool = False,
) -> list[str]:
    """Delete the backups of a run that are older than they are kept.

    Args:
        folder: URI of the folder in which the backups lie.
        prefix: Prefix of the run's topics.
        now_us: Now, UTC microseconds.
        keep_days: How long after it was made a backup is kept, days.
        report: Receives one line for each that is deleted, or left although it is old.
        own: A backup of the run; the newest whole one of that prefix when None.
        dry_run: Delete nothing.

    Returns:
        Names of the backups that were deleted, or would be.

    Raises:
        Stop: The store refuses us.
        Retry: The store is out of reach; the same command goes on.
    """
    store = ObjectStore(folder)
    mine = [one for one in held(store, report) if one.manifest.topic_prefix == prefix]
    whole = sorted((one for one in mine if one.is_whole), key=_by_age)
    anchors = [one for one in whole if own is None or one.manifest == own]
    if not anchors:
        return []
    run = run_of(anchors[-1], mine)
    newest = max((one for one in run if one.is_whole), key=_by_age)
    gone = []
    for one in sorted(mine, key=_by_age):
        if one is newest or one.manifest.made_us >= now_us - round(keep_days * DAY_US):
            continue
        of = f"{folder}/{one.name} of {show_time(one.manifest.made_us)}"
        if not any(one is other for other in run):
            report(f"left: {of}: nothing tells that it is of the same run; delete it if it is")
            continue
        for path in () if dry_run else one.paths:
            store.delete(path)
        report(
            f"{'would be deleted' if dry_run else 'deleted'}: {of}, older than {keep_days:g} days"
        )
        gone.append(one.name)
    return gone


def _by_age(one: Held) -> tuple[int, str]:
    return one.manifest.made_us, one.name


def held(store: ObjectStore, report: Report) -> list[Held]:
    """The backups of a folder; what is none, or cannot be read, is left alone."""
    found = []
    for name in store.folders():
        manifests: list[str] = []
        with suppress(Stop):  # a folder of somebody else's
            manifests = store.paths(f"{name}/manifest")
        if not manifests:
            continue
        try:
            manifest = get_manifest(ObjectStore(store.uri(name)))
        except Stop as error:
            report(f"left: {error}")
            continue
        there = frozenset(store.paths(name))
        needed = [f"{name}/{part.path}" for part in manifest.parts]
        own = dict.fromkeys(path for path in needed if path in there)
        found.append(Held(name, manifest, (*own, *manifests), there.issuperset(needed)))
    return found


def run_of(anchor: Held, known: Sequence[Held]) -> list[Held]:
    """The backups of one run: of that one, directly or by way of others.

    Backups of one cluster share ids of topics. A restore into new topics gives them others, but the
    run keeps its list of erasures.
    """
    run, rest = [anchor], [one for one in known if one is not anchor]
    for one in run:
        near = [other for other in rest if _share(one.manifest, other.manifest)]
        run += near  # which the loop goes on to
        rest = [other for other in rest if not any(other is found for found in near)]
    return run


def _share(one: Manifest, other: Manifest) -> bool:
    if not {*one.topic_ids.values()}.isdisjoint(other.topic_ids.values()):
        return True
    if one.erasures is None or other.erasures is None:
        return False
    return one.erasures.list_id == other.erasures.list_id
