"""Edits, waiting ones and sealed texts come back, and agree with the topics beside them."""

import base64
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from runtime.storage.objects import ObjectStore
from schemas.topics import REFERENCE_TOPICS
from tests.integration.workers.operations.backup.pipeline import text_of
from tests.support.clusters import cluster_of, desk_of
from tests.support.notified_ward import NotifiedWard
from tests.support.servers.receiver import Receiver
from tests.support.services import Services, delete_topics, empty_database
from tests.support.waiting import eventually
from workers.local.pipeline import prepare
from workers.operations.backup.manifest import get_manifest, put_manifest
from workers.registry.editing.database import Database
from workers.registry.editing.desk import EditingDesk
from workers.registry.editing.relay import RELAY_LOCK, Relay
from workers.registry.editing.sealed import ADDRESSES, NAMES, SealedTexts
from workers.registry.editing.wanted import Origin, Put
from workers.registry.files import ImportRefused
from workers.registry.rows import CameraRow, StaffRow
from workers.registry.vault.erasures import ErasureList
from workers.registry.vault.external import External, Kind
from workers.registry.vault.vault import Vault

ANNA = Origin(author="anna", note="a new ward")
KEY = b"k" * 32
ADDRESS = "rtsp://viewer:hunter2@10.0.0.7/stream"
KEYS = {
    "WARDSTREAM_REGISTRY__ADDRESS_KEY": base64.b64encode(KEY).decode(),
    "WARDSTREAM_REGISTRY__NAME_KEY": base64.b64encode(KEY).decode(),
    "WARDSTREAM_VAULT__KEY": base64.b64encode(KEY).decode(),
}
TABLES = ("taken_over", "edits", "versions", "staff_names", "stream_addresses")
NUMBER = External(Kind.STAFF, "PN 4711")
ONE_WAITS = "edits: 1 wait for the relay"


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """A run with a camera, a nurse who became a doctor, and an edit that waits."""
    settings = Settings(
        kafka_bootstrap=environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=environment["WARDSTREAM_REGISTRY_URL"],
        database_url=SecretStr(environment["WARDSTREAM_DATABASE_URL"]),
        topic_prefix=environment["WARDSTREAM_TOPIC_PREFIX"],
    )
    prepare(cluster_of(settings), settings.database_address)
    with desk_of(settings) as desk:
        desk.apply([Put(CameraRow(camera_id="c1", width=640, height=480))], ANNA)
        become(desk, "nurse")
        desk.append(become(desk, "doctor"))
        become(desk, "porter")
    with Database(settings.database_address) as database:
        for table, identity, text in ((ADDRESSES, "c1", ADDRESS), (NAMES, "s1", "Anna Example")):
            SealedTexts(database, table, [KEY]).put(identity, text, by="anna", now_us=1)
        Vault(database, [KEY]).give({NUMBER: "s1"}, 1)
    return settings


@pytest.fixture
def empty(settings: Settings, services: Services, database_template: str) -> Iterator[Settings]:
    """The same run with a new database."""
    with empty_database(services, database_template) as url:
        yield settings.model_copy(update={"database_url": SecretStr(url)})


@pytest.fixture
def uri(settings: Settings, tmp_path: Path) -> str:
    """A backup of the run."""
    uri = (tmp_path / "backup").as_uri()
    text_of(settings, "backup", "take", uri)
    return uri


def become(desk: EditingDesk, role: str) -> int:
    """Change a member of staff, and leave it to the relay; returns the id of the edit."""
    edit_id = desk.store.apply([Put(StaffRow(staff_id="s1", role=role))], ANNA).edit_id
    assert edit_id is not None
    return edit_id


def held(settings: Settings) -> dict[str, list[Any]]:
    """Everything of the registry but what the relay notes."""
    with psycopg.connect(settings.database_address) as connection:
        return {
            name: connection.execute(
                sql.SQL("SELECT * FROM {} AS t ORDER BY t::text").format(
                    sql.Identifier("registry", name)
                )
            ).fetchall()
            for name in TABLES
        }


def relayed(settings: Settings) -> int:
    """Let a relay do what is left; returns the number of edits that it appended."""
    steps: Counter[str] = Counter()
    with Relay(cluster_of(settings), settings.database_address) as relay:
        assert relay.lead()
        while (action := relay.step()) is not None:
            steps[action] += 1
    return steps["append"]


def appended(settings: Settings) -> list[str]:
    """Keys of all facts in the topics, each as often as it is there."""
    found = (m for t in REFERENCE_TOPICS for m in read_topic(cluster_of(settings), t))
    return sorted((message.key() or b"").decode() for message in found)


def test_edits_come_back_on_an_empty_installation_and_those_that_waited_are_appended_once(
    settings: Settings, empty: Settings, uri: str, services: Services
) -> None:
    before, facts = held(settings), appended(settings)
    assert facts.count("s1@2") == 1
    assert "registry.versions: 5 rows, as copied" in text_of(settings, "backup", "check", uri)
    assert relayed(settings) == 1
    delete_topics(services, settings.topic_prefix)

    reported = text_of(empty, "backup", "restore", uri)

    assert "table registry.versions: 5 rows restored and counted" in reported
    assert ONE_WAITS in reported
    assert "cannot be opened: what is sealed for camera c1 is under a key that WARD" in reported
    assert "cannot be opened: what is sealed for staff s1 is under a key that WARD" in reported
    assert (held(empty), appended(empty)) == (before, facts)
    with Database(empty.database_address) as database:
        assert SealedTexts(database, ADDRESSES, [KEY]).get("c1") == ADDRESS
        assert SealedTexts(database, NAMES, [KEY]).get("s1") == "Anna Example"
        assert Vault(database, [KEY]).find([NUMBER]) == {NUMBER: "s1"}

    reported = text_of(settings, "backup", "restore", uri, more=KEYS)

    assert "table registry.versions: 5 rows are there" in reported, "only the broker was lost"
    assert ONE_WAITS in reported, "what it had of this edit is gone"
    assert "cannot be opened" not in reported
    assert held(settings) == before
    assert relayed(empty) == 1
    assert appended(empty) == sorted([*facts, "s1@3"])
    with desk_of(empty) as desk:
        assert become(desk, "nurse") == max(row[0] for row in before["edits"]) + 1
    with Database(empty.database_address) as database:
        SealedTexts(database, NAMES, [KEY]).put("s1", "Anna Sample", by="anna", now_us=2)
    assert held(empty)["staff_names"][0][-1] > before["staff_names"][0][-1], "versions count on"


def test_nobody_is_notified_again_after_a_restore_and_escalations_go_on(
    settings: Settings, empty: Settings, services: Services, tmp_path: Path
) -> None:
    uri = (tmp_path / "notified").as_uri()
    escalates = {"escalate_after_s": 3, "escalate_to": "house supervisor"}
    with Receiver() as receiver:
        ward = NotifiedWard(settings, receiver, tmp_path, {}, makes_topics=False)
        ward.start()
        alert = ward.decide("bay-2", "OPENED", **escalates)
        eventually(lambda: len(ward.log()) == 1, 30, "the owner is notified")
        text_of(settings, "backup", "take", uri)
        assert "a notifier still runs" in text_of(settings, "backup", "restore", uri, code=78)
        ward.kill()
        delete_topics(services, settings.topic_prefix)

        reported = text_of(empty, "backup", "restore", uri)

        assert "topic alert-actions.taken.v1: 1 records restored and counted" in reported
        ward = NotifiedWard(empty, receiver, tmp_path, {}, makes_topics=False)
        ward.start()
        ward.repeat(alert)
        eventually(lambda: len(receiver.received) == 2, 30, "the escalation")
        ward.kill()
        occasions = [body["occasion"] for body in ward.bodies()]

    assert occasions == ["OPENED", "ESCALATED"]


def test_a_registry_that_is_restored_beside_whole_topics_takes_in_what_only_they_hold(
    settings: Settings, empty: Settings, uri: str, tmp_path: Path
) -> None:
    with desk_of(settings) as desk:
        become(desk, "surgeon")
        become(desk, "nurse")
    assert relayed(settings) == 3
    facts = appended(settings)
    with psycopg.connect(empty.database_address, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [RELAY_LOCK])
        assert "a relay still runs" in text_of(empty, "backup", "restore", uri, code=78)
    text_of(empty, "backup", "restore", without_edits(uri, tmp_path / "earlier"))
    assert not any(held(empty).values()), "a backup of an earlier release has none"

    reported = text_of(empty, "backup", "restore", uri)

    assert "edits: 2 versions taken in that only the topics held" in reported
    assert "wait for the relay" not in reported
    versions = [row[:6] for row in held(settings)["versions"]]
    assert [row[:6] for row in held(empty)["versions"]] == versions
    assert relayed(empty) == 0

    with psycopg.connect(empty.database_address) as connection:
        connection.execute("UPDATE registry.versions SET record = '{}' WHERE id = 's1'")
    refused = text_of(empty, "backup", "restore", uri, "--replace", code=78)

    assert refused.startswith("the database holds other edits than the backup")
    text_of(empty, "backup", "restore", uri, "--replace", "--accept-loss")
    assert [row[:6] for row in held(empty)["versions"]] == versions
    with desk_of(empty) as desk:
        become(desk, "porter")
    assert relayed(empty) == 1
    assert appended(empty) == sorted([*facts, "s1@6"])


def test_who_was_erased_after_a_backup_is_not_brought_back_by_it(
    settings: Settings, empty: Settings, services: Services, tmp_path: Path
) -> None:
    own = {**KEYS, "WARDSTREAM_VAULT__ERASURES": str(tmp_path / "apart")}
    why = ("--reason", "asked on 3 May", "--yes")
    assert relayed(settings) == 1
    refused = text_of(settings, "vault", "erase", "s1", *why, code=78, more=own)
    assert "cannot be read" in refused, "there is no list yet"
    text_of(settings, "vault", "start-list", more=own)
    uri = (tmp_path / "before").as_uri()
    text_of(settings, "backup", "take", uri, more=own)

    erased = text_of(settings, "vault", "erase", "s1", *why, more=own)

    assert erased == "s1: erased, with 0 badges, 0 shifts to come\n"
    assert nothing_is_left(settings)
    facts = appended(settings)
    assert facts.count("s1@4") == 1
    delete_topics(services, settings.topic_prefix)
    for path, reason in ((tmp_path / "lost", "cannot be read"), (another(tmp_path), "is not the")):
        message = text_of(
            empty,
            *("backup", "restore", uri),
            code=78,
            more={"WARDSTREAM_VAULT__ERASURES": str(path)},
        )
        assert reason in message
        assert "--without-erasures" in message
    assert not any(held(empty).values()), "nothing was written"

    reported = text_of(empty, "backup", "restore", uri, more=own)

    assert "erasures: 1 pseudonyms of the list stand for nobody; taken out by edit" in reported
    assert nothing_is_left(empty)
    assert [one for one in appended(empty) if one[:2] == "s1"] == [f"s1@{n}" for n in range(1, 5)]
    assert relayed(empty) == 0
    with desk_of(empty) as desk:  # a command that was killed before it appended its edit
        desk.store.apply([Put(CameraRow(camera_id="c2", width=640, height=480))], ANNA)
    assert "c2@1" not in appended(empty)
    again = text_of(empty, "vault", "complete", more=own)
    assert again == "1 pseudonyms of the list stand for nobody; nothing of them was registered\n"
    assert appended(empty).count("c2@1") == 2, "the camera and its floor"
    with desk_of(empty) as desk, pytest.raises(ImportRefused, match="s1: was erased, and is not"):
        become(desk, "nurse")


def another(folder: Path) -> Path:
    """A list of erasures that the backup does not know."""
    found = folder / "another"
    ErasureList(found).create()
    return found


def nothing_is_left(settings: Settings) -> bool:
    """Whether nobody can tell whose the pseudonym was, and nothing to come has it."""
    with psycopg.connect(settings.database_address) as connection:
        found = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            for table in ("registry.staff_names", "vault.entries", "registry.staff")
        ]
        erased = connection.execute("SELECT pseudonym FROM registry.erased").fetchall()
    return found == [(0,)] * 3 and erased == [("s1",)]


def without_edits(uri: str, copy: Path) -> str:
    """A copy of a backup, as a release without edits would have made it."""
    shutil.copytree(urlsplit(uri).path, copy)
    shutil.rmtree(copy / "manifest")
    manifest = msgspec.structs.replace(get_manifest(ObjectStore(uri)), edits=None)
    put_manifest(ObjectStore(copy.as_uri()), manifest)
    return copy.as_uri()
