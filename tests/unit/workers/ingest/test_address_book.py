"""Ingest finds the addresses of cameras while the registry is away, and forgets removed ones."""

from pathlib import Path

import pytest

from runtime.errors import Retry
from workers.ingest.address_book import AddressBook
from workers.registry.editing.sealing import Sealer

ADDRESS = "rtsp://viewer:hunter2@10.0.0.7/stream"


class Addresses:
    """The registry's table: in memory, and away when a test says so."""

    def __init__(self) -> None:
        self.sealer = Sealer([b"k" * 32], "KEY")
        self.kept: dict[str, bytes] = {}
        self.away = False

    def put(self, camera_id: str, address: str) -> None:
        self.kept[camera_id] = self.sealer.seal(address, camera_id)

    def every(self) -> dict[str, bytes]:
        if self.away:
            raise Retry("the database is out of reach")
        return dict(self.kept)

    def opened(self, identity: str, sealed: bytes) -> str:
        return self.sealer.open(sealed, identity)


@pytest.fixture
def addresses() -> Addresses:
    return Addresses()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "addresses.json"


def test_addresses_are_found_while_the_registry_is_away(addresses: Addresses, cache: Path) -> None:
    addresses.put("c1", ADDRESS)
    assert AddressBook(addresses, cache).read().opened == {"c1": ADDRESS}

    addresses.away = True

    assert AddressBook(addresses, cache).read().opened == {"c1": ADDRESS}
    assert "hunter2" not in cache.read_text()
    assert cache.stat().st_mode & 0o777 == 0o600


def test_addresses_that_were_never_asked_for_wait_for_the_registry(
    addresses: Addresses, cache: Path
) -> None:
    addresses.put("c1", ADDRESS)
    AddressBook(addresses, cache).read()
    addresses.away = True

    with pytest.raises(Retry, match="out of reach"):
        AddressBook(addresses, cache, {"c2"}).read()


def test_an_address_that_was_removed_is_forgotten_in_the_file_too(
    addresses: Addresses, cache: Path
) -> None:
    addresses.put("c1", ADDRESS)
    addresses.put("c2", ADDRESS)
    book = AddressBook(addresses, cache)
    book.read()
    del addresses.kept["c1"]

    assert book.read().opened == {"c2": ADDRESS}
    addresses.away = True
    assert AddressBook(addresses, cache).read().opened == {"c2": ADDRESS}


def test_processes_of_different_cameras_share_a_file(addresses: Addresses, cache: Path) -> None:
    for camera_id in ("c1", "c2"):
        addresses.put(camera_id, ADDRESS)
        assert AddressBook(addresses, cache, {camera_id}).read().opened == {camera_id: ADDRESS}
    addresses.away = True

    assert AddressBook(addresses, cache).read().opened == {"c1": ADDRESS, "c2": ADDRESS}


def test_an_address_under_another_key_is_a_fault_of_its_camera_alone(
    addresses: Addresses, cache: Path
) -> None:
    addresses.put("c1", ADDRESS)
    addresses.kept["c2"] = Sealer([b"o" * 32], "KEY").seal(ADDRESS, "c2")

    found = AddressBook(addresses, cache).read()

    assert found.opened == {"c1": ADDRESS}
    assert found.faults == {"c2": "what is sealed for c2 is under a key that KEY does not hold"}


def test_a_damaged_cache_is_as_none(addresses: Addresses, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text('{"c1": 7}')
    addresses.put("c1", ADDRESS)

    assert AddressBook(addresses, cache).read().opened == {"c1": ADDRESS}
