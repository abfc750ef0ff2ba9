"""Keep the board's view of the side inputs up to date, in a thread of its own."""

import threading

import structlog

from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.facts.log import FactLog
from runtime.kafka.registry import guarded_registry
from runtime.process.settings import Settings
from schemas.registry import RegistryUnavailable
from schemas.topics import CAMERAS, FLOORS, SHIFTS, STAFF, ZONES
from workers.registry.view import RegistryView

log = structlog.get_logger(__name__)

SYNC_EVERY_S = 2.0
"""Pause between two looks at the side inputs, seconds; a new fact counts only after five."""


AGAIN_S = 10.0
"""Pause before side inputs that a person must mend are read anew from their beginning, seconds."""


class RegistryFollower:
    """Reads the side inputs again and again until `close`.

    While Kafka or the schema registry is away, or a side input is not as it must be, the board goes
    on with the names that it has, and `view.error` says so.

    Args:
        settings: Where Kafka and the registry are.
        view: Where facts go.
        clock: Tells the time.
    """

    def __init__(self, settings: Settings, view: RegistryView, clock: Clock) -> None:
        self._settings = settings
        self._view = view
        self._clock = clock
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="registry", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """Stop following; a read in progress is given a moment, then left behind."""
        self._closing.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        registry = guarded_registry(self._settings, self._clock)
        topics = (CAMERAS, FLOORS, ZONES, STAFF, SHIFTS)
        while not self._closing.is_set():
            self._follow(FactLog(self._settings, registry, self._clock, topics))
            self._closing.wait(AGAIN_S)

    def _follow(self, facts: FactLog) -> None:
        """Read on until closed, or until a person must mend a topic: old names beat no board."""
        try:
            while not self._closing.is_set():
                try:
                    new = facts.sync()
                except (Retry, RegistryUnavailable) as exc:
                    self._fail(str(exc))
                except Stop as exc:
                    self._fail(str(exc))
                    return
                else:
                    if self._view.add(new, facts.synced_us):
                        log.info("serving.names_read", facts=len(new))
                self._closing.wait(SYNC_EVERY_S)
        finally:
            facts.close()

    def _fail(self, error: str) -> None:
        if self._view.error != error:
            log.warning("serving.names_out_of_reach", error=error)
        self._view.failed(error)
