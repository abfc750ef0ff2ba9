"""Stream addresses of cameras: from the registry, and from a sealed file while that is away."""

import json
import os
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple, Protocol

import structlog

from runtime.errors import Retry, Stop

log = structlog.get_logger(__name__)


class SealedAddresses(Protocol):
    """Addresses as the registry keeps them."""

    def every(self) -> dict[str, bytes]:
        """The sealed address of each camera that has one."""
        ...

    def opened(self, identity: str, sealed: bytes) -> str:
        """An address in the clear."""
        ...


class Addresses(NamedTuple):
    """The addresses at one moment.

    Attributes:
        opened: Address of each camera, with its credentials.
        faults: Why the address of a camera cannot be opened.
    """

    opened: dict[str, str]
    faults: dict[str, str]


class AddressBook:
    """Finds the addresses of cameras; what it found last is in a file, sealed as in the registry.

    Args:
        addresses: The registry's table.
        cache: The file; only this user may read it.
        cameras: The cameras that are wanted; None for all that have an address.
    """

    def __init__(
        self, addresses: SealedAddresses, cache: Path, cameras: Collection[str] | None = None
    ) -> None:
        self._addresses = addresses
        self._cache = cache
        self._cameras = cameras
        self._kept: dict[str, bytes] = self._read()
        self._away = False

    def read(self) -> Addresses:
        """The addresses now; while the registry is away, those that it had last.

        Raises:
            Retry: The registry is away, and was never asked before.
            Stop: The registry refuses this user.
        """
        try:
            found = self._addresses.every()
        except Retry as error:
            return self._opened(self._last(error))
        if self._away:
            self._away = False
            log.info("ingest.registry_answers_again")
        wanted = {name: text for name, text in found.items() if self._wanted(name)}
        others = {name: text for name, text in self._kept.items() if not self._wanted(name)}
        self._keep({**others, **wanted})
        return self._opened(wanted)

    def _last(self, error: Retry) -> dict[str, bytes]:
        kept = {name: text for name, text in self._kept.items() if self._wanted(name)}
        if not kept:
            raise error
        if not self._away:
            self._away = True
            log.warning("ingest.addresses_from_cache", cameras=sorted(kept), error=str(error))
        return kept

    def _wanted(self, camera_id: str) -> bool:
        return self._cameras is None or camera_id in self._cameras

    def _opened(self, sealed: dict[str, bytes]) -> Addresses:
        found = Addresses({}, {})
        for camera_id, text in sealed.items():
            try:
                found.opened[camera_id] = self._addresses.opened(camera_id, text)
            except Stop as error:
                found.faults[camera_id] = str(error)
        return found

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

    def _keep(self, now: dict[str, bytes]) -> None:
        if self._kept == now:
            return
        self._kept = now
        text = {name: b64encode(value).decode() for name, value in now.items()}
        written = self._cache.with_suffix(f".{os.getpid()}")
        try:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            written.touch(mode=0o600)
            written.write_text(json.dumps(text))
            written.replace(self._cache)
        except OSError as error:  # the next start needs the registry then
            log.warning("ingest.address_cache_not_written", error=str(error))
