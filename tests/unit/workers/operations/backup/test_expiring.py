"""Old backups go once a new one is whole; a real folder of backups, whose tables are empty."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.storage.objects import ObjectStore
from workers.operations.backup.expiring import DAY_US, expire, folder_of
from workers.operations.backup.manifest import FORMAT, Manifest, TableCopy, put_manifest
from workers.operations.backup.objects import Copied, put_object
from workers.registry.vault.erasures import State

NOW_US = 1_795_950_000_000_000
KEEP_DAYS = 35.0


class Folder:
    """A folder of backups."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[str] = []

    def add(
        self,
        name: str,
        days_ago: float,
        *,
        cluster: str = "a",
        prefix: str = "",
        erasures: str = "",
        is_whole: bool = True,
    ) -> Manifest:
        """A backup with one object of its own."""
        store = ObjectStore(f"{self.path.as_uri()}/{name}")
        part = put_object(store, f"{name}".encode())
        manifest = Manifest(
            format=FORMAT,
            made_us=NOW_US - round(days_ago * DAY_US),
            release="1",
            server="",
            topic_prefix=prefix,
            since_us=None,
            migrations={},
            tables=(TableCopy("t", ("a",), None, Copied(1, "", (part,))),),
            sequences={},
            topics=(),
            topic_ids={"detections.made.v1": cluster},
            offsets={},
            registry=None,
            schemas=(),
            erasures=State(erasures, 1, "") if erasures else None,
        )
        put_manifest(store, manifest)
        if not is_whole:
            store.delete(part.path)
        return manifest

    def expire(
        self, prefix: str = "", own: Manifest | None = None, *, dry_run: bool = False
    ) -> set[str]:
        """Names of the backups of which anything is left."""
        expire(
            self.path.as_uri(),
            prefix,
            NOW_US,
            KEEP_DAYS,
            self.lines.append,
            own=own,
            dry_run=dry_run,
        )
        return self.names()

    def names(self) -> set[str]:
        return {path.relative_to(self.path).parts[0] for path in self.path.rglob("*.*")}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "backups")


def test_an_old_backup_is_gone_after_a_new_one_and_younger_ones_stay(folder: Folder) -> None:
    for name, days_ago in (("new", 0), ("month", 34.9), ("old", 35.1), ("older", 400)):
        folder.add(name, days_ago)

    assert folder.expire() == {"new", "month"}
    assert [line.partition(": ")[0] for line in folder.lines] == ["deleted", "deleted"]
    assert folder.expire() == {"new", "month"}, "twice is once"


def test_the_newest_whole_backup_stays_however_old_it_is(folder: Folder) -> None:
    """One that lacks an object saves nobody, though it is younger."""
    folder.add("older", 300)
    folder.add("old", 200)
    folder.add("broken", 100, is_whole=False)
    assert folder.expire() == {"old"}

    (folder.path / "old" / "manifest").rename(folder.path / "old" / "aside")
    folder.add("broken", 1, is_whole=False)
    assert folder.expire() == {"old", "broken"}, "where none is whole, nothing goes"


def test_a_deletion_that_was_cut_off_goes_on(folder: Folder) -> None:
    folder.add("new", 0)
    folder.add("old", 50)
    [data] = (folder.path / "old" / "objects").rglob("*.gz")
    data.unlink()

    assert folder.expire() == {"new"}


def test_backups_of_others_and_what_is_no_backup_stay(folder: Folder) -> None:
    """Other runs by prefix, other clusters with the same one, and files of somebody else."""
    mine = folder.add("new", 0, erasures="list")
    folder.add("restored-since", 50, cluster="before", erasures="list")
    folder.add("before-the-list", 60, cluster="before")
    folder.add("other-run", 50, prefix="test.")
    folder.add("other-site", 50, cluster="b")
    folder.add("other-site-new", 0, cluster="b")
    (folder.path / "photos" / "objects").mkdir(parents=True)
    (folder.path / "photos" / "objects" / "cat.jpg").write_bytes(b"meow")

    left = {"new", "other-run", "other-site", "other-site-new", "photos"}
    assert folder.expire(own=mine) == left
    assert (folder.path / "photos" / "objects" / "cat.jpg").exists()
    assert [line for line in folder.lines if "other-site of" in line and line.startswith("left")]


def test_a_dry_run_names_what_would_go_and_deletes_nothing(folder: Folder) -> None:
    folder.add("new", 0)
    folder.add("old", 50)

    assert folder.expire(dry_run=True) == {"new", "old"}
    assert folder.lines[0].startswith("would be deleted: ")


def test_the_command_expires_by_the_setting(folder: Folder) -> None:
    folder.add("new", 0)
    folder.add("month", 40)
    folder.add("old", 3_000)
    command = [sys.executable, "-m", "workers.cli", "backup", "expire", folder.path.as_uri()]
    environment = {**os.environ, "WARDSTREAM_BACKUP__KEEP_DAYS": "400"}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert folder.names() == {"new", "month"}
    assert answer.stdout.endswith("1 backups are gone\n")


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("file:///srv/backups/2026-11-30", "file:///srv/backups"),
        ("file:///srv/backups/2026-11-30/", "file:///srv/backups"),
        ("s3://bucket/wardstream/monday", "s3://bucket/wardstream"),
        ("s3://bucket/monday", "s3://bucket"),
        ("s3://bucket", None),
        ("file:///backup", None),
    ],
)
def test_backups_beside_one_are_those_of_its_folder(uri: str, found: str | None) -> None:
    assert folder_of(uri) == found
