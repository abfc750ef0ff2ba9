"""Stream addresses of cameras: from the registry, and from a sealed file while that is away."""

import json
import os
from base64 import b64decode, b64encode
from binascii import Error
from pathlib import Path
from typing import Protocol

import structlog

from runtime.errors import Retry, Stop

log = structlog.get_logger(__name__)


class SealedAddresses(Protocol):
    """Addresses as the registry keeps them."""

    def sealed(self, identity: str) -> bytes | None:
        """The sealed address of a camera; None where it has none."""
        ...

    def opened(self, identity: str, sealed: bytes) -> str:
        """An address in the clear."""
        ...


class AddressBook:
    """Finds the addresses of cameras; what it found last is in a file, sealed as in the registry.

    Args:
        addresses: The registry's table.
        cache: The file; only this user may read it.
    """

    def __init__(self, addresses: SealedAddresses, cache: Path) -> None:
        self._addresses = addresses
        self._cache = cache

    def address(self, camera_id: str) -> str:
        """The address of a camera, with its credentials.

        While the registry is away, that which it had last.

        Raises:
            Stop: The camera has none, or it cannot be opened with the keys given.
            Retry: The registry is away, and had not been asked before.
        """
        kept = self._read()
        try:
            sealed = self._addresses.sealed(camera_id)
        except Retry as error:
            if camera_id not in kept:
                raise
            log.warning("ingest.address_from_cache", camera_id=camera_id, error=str(error))
            sealed = kept[camera_id]
        else:
            self._keep(kept, camera_id, sealed)
        if sealed is None:
            raise Stop(
                f"camera {camera_id} has no stream address: `wardstream camera address {camera_id}`"
                " keeps one, or give --video"
            )
        return self._addresses.opened(camera_id, sealed)

    def _read(self) -> dict[str, bytes]:
        """The file; empty where there is none, or it is damaged."""
        try:
            found = json.loads(self._cache.read_text())
            return {camera_id: b64decode(text) for camera_id, text in found.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError, Error) as error:
            log.warning("ingest.address_cache_unreadable", error=type(error).__name__)
            return {}

    def _keep(self, kept: dict[str, bytes], camera_id: str, sealed: bytes | None) -> None:
        if kept.get(camera_id) == sealed:
            return
        now = {**kept, camera_id: sealed}
        text = {name: b64encode(value).decode() for name, value in now.items() if value is not None}
        written = self._cache.with_suffix(f".{os.getpid()}")
        try:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            written.touch(mode=0o600)
            written.write_text(json.dumps(text))
            written.replace(self._cache)
        except OSError as error:  # the next start needs the registry then
            log.warning("ingest.address_cache_not_written", error=str(error))
