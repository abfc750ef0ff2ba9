"""Addresses and names in a real database: sealed there, and gone with what they belong to."""

from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from schemas.topics import CAMERAS, STAFF
from tests.integration.workers.registry.editing.conftest import NOW_US
from workers.ingest.address_book import AddressBook
from workers.registry.editing.database import Database
from workers.registry.editing.sealed import ADDRESSES, NAMES, SealedTexts
from workers.registry.editing.store import RegistryStore
from workers.registry.editing.wanted import Origin, Put, Remove
from workers.registry.files import ImportRefused
from workers.registry.registered import Key
from workers.registry.rows import CameraRow, StaffRow

ANNA = Origin(author="anna")
ADDRESS = "rtsp://viewer:hunter2@10.0.0.7/stream"
CAMERA = CameraRow(camera_id="c1", width=640, height=480)


@pytest.fixture
def addresses(database: Database) -> SealedTexts:
    return SealedTexts(database, ADDRESSES, [b"k" * 32])


def put(texts: SealedTexts, identity: str, text: str) -> None:
    texts.put(identity, text, by="anna", now_us=NOW_US)


def test_an_address_is_kept_sealed_and_replaced(
    store: RegistryStore, addresses: SealedTexts, database: Database
) -> None:
    store.apply([Put(CAMERA)], ANNA)
    put(addresses, "c1", "rtsp://10.0.0.6/old")
    put(addresses, "c1", ADDRESS)

    assert addresses.get("c1") == ADDRESS
    with database.transaction() as transaction:
        [row] = transaction.execute("SELECT * FROM registry.stream_addresses").fetchall()
    assert b"hunter2" not in bytes(row[1])


def test_ingest_has_the_address_of_its_camera_while_the_database_takes_nobody_in(
    store: RegistryStore,
    addresses: SealedTexts,
    registry_url_of_file: str,
    database_url: str,
    tmp_path: Path,
) -> None:
    store.apply([Put(CAMERA)], ANNA)
    put(addresses, "c1", ADDRESS)
    assert AddressBook(addresses, tmp_path / "cache").read().opened == {"c1": ADDRESS}
    name = sql.Identifier(str(conninfo_to_dict(registry_url_of_file)["dbname"]))
    refuse = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")

    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute(refuse.format(name, sql.SQL("false")))
        try:
            with Database(registry_url_of_file) as away:
                book = AddressBook(SealedTexts(away, ADDRESSES, [b"k" * 32]), tmp_path / "cache")
                assert book.read().opened == {"c1": ADDRESS}
        finally:
            other.execute(refuse.format(name, sql.SQL("true")))


def test_a_camera_that_is_registered_again_does_not_inherit_an_address(
    store: RegistryStore, addresses: SealedTexts
) -> None:
    store.apply([Put(CAMERA)], ANNA)
    put(addresses, "c1", ADDRESS)
    store.apply([Remove(Key(CAMERAS, "c1"))], ANNA)
    store.apply([Put(CAMERA)], ANNA)

    assert addresses.get("c1") is None


def test_a_name_goes_with_the_member_of_staff(store: RegistryStore, database: Database) -> None:
    names = SealedTexts(database, NAMES, [b"k" * 32])
    store.apply([Put(StaffRow(staff_id="s1", role="nurse"))], ANNA)
    put(names, "s1", "Anna Example")
    assert names.get("s1") == "Anna Example"

    store.apply([Remove(Key(STAFF, "s1"))], ANNA)

    assert names.get("s1") is None


@pytest.mark.parametrize(
    ("camera_id", "address"),
    [
        pytest.param("c2", ADDRESS, id="unknown-camera"),
        pytest.param("c1", "file:///etc/passwd-hunter2", id="file"),
        pytest.param("c1", "rtsp://hunter2" + "x" * 3_000, id="long"),
    ],
)
def test_an_address_that_cannot_be_kept_is_refused_without_a_word_of_it(
    store: RegistryStore, addresses: SealedTexts, camera_id: str, address: str
) -> None:
    store.apply([Put(CAMERA)], ANNA)

    with pytest.raises(ImportRefused) as refused:
        put(addresses, camera_id, address)

    assert "hunter2" not in str(refused.value)
    assert addresses.get(camera_id) is None
