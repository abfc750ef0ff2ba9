"""Ingest finds the addresses of cameras while the registry is away, and forgets removed ones."""

from pathlib import Path

import pytest

from runtime.errors import Retry, Stop
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

    def sealed(self, identity: str) -> bytes | None:
        if self.away:
            raise Retry("the database is out of reach")
        return self.kept.get(identity)

    def opened(self, identity: str, sealed: bytes) -> str:
        return self.sealer.open(sealed, identity)


@pytest.fixture
def addresses() -> Addresses:
    return Addresses()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "addresses.json"


def test_an_address_is_found_while_the_registry_is_away(addresses: Addresses, cache: Path) -> None:
    addresses.put("c1", ADDRESS)
    assert AddressBook(addresses, cache).address("c1") == ADDRESS

    addresses.away = True

    assert AddressBook(addresses, cache).address("c1") == ADDRESS
    assert "hunter2" not in cache.read_text()
    assert cache.stat().st_mode & 0o777 == 0o600


def test_an_address_that_was_never_asked_for_must_wait_for_the_registry(
    addresses: Addresses, cache: Path
) -> None:
    addresses.put("c1", ADDRESS)
    AddressBook(addresses, cache).address("c1")
    addresses.away = True

    with pytest.raises(Retry, match="out of reach"):
        AddressBook(addresses, cache).address("c2")


def test_a_camera_that_was_removed_and_made_again_has_no_address(
    addresses: Addresses, cache: Path
) -> None:
    addresses.put("c1", ADDRESS)
    AddressBook(addresses, cache).address("c1")
    del addresses.kept["c1"]  # as its removal does

    with pytest.raises(Stop, match="camera c1 has no stream address"):
        AddressBook(addresses, cache).address("c1")
    addresses.away = True
    with pytest.raises(Retry):
        AddressBook(addresses, cache).address("c1")


def test_a_damaged_cache_is_as_none(addresses: Addresses, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text('{"c1": 7}')
    addresses.put("c1", ADDRESS)

    assert AddressBook(addresses, cache).address("c1") == ADDRESS
