"""Asks again and again for the addresses of cameras, in a thread that may wait for them."""

import threading
from typing import Self

import structlog

from runtime.errors import Retry
from runtime.process.service import Service
from workers.ingest.address_book import AddressBook, Addresses

log = structlog.get_logger(__name__)


class AddressWatch:
    """Holds the newest addresses; for a `with` block.

    Args:
        service: Settings and stop signal.
        book: Where the addresses are.
    """

    def __init__(self, service: Service, book: AddressBook) -> None:
        self._service = service
        self._book = book
        self._ending = threading.Event()
        self._newest: Addresses | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._body, name="address-watch", daemon=True)

    def newest(self) -> Addresses | None:
        """The addresses that were read last; None before the first time.

        Raises:
            Stop: The registry refuses this user.
        """
        if self._error is not None:
            raise self._error
        return self._newest

    def _body(self) -> None:
        every_s = self._service.settings.ingest.address_check_s
        waiting = False
        try:
            while not self._ending.is_set():
                try:
                    self._newest = self._book.read()
                    waiting = False
                except Retry as error:
                    if not waiting:
                        waiting = True
                        log.warning("ingest.waiting_for_addresses", error=str(error))
                self._ending.wait(every_s)
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            self._error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ending.set()
        self._thread.join(1.0)
