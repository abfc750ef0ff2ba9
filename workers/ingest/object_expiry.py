"""Stored frames go when no record on the log can name them any more.

Every ingest process looks through the frames of all cameras, also those of cameras that are there
no more, whose frames nobody else would delete. Two that do so at once delete the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from runtime.clock import Clock
from runtime.process.periodic import Periodic
from runtime.process.sections import IngestSettings
from runtime.storage.objects import FRAMES_AREA, ObjectStore

log = structlog.get_logger(__name__)

EVERY_S: Final = 3600.0


def expire_objects(store: ObjectStore, keep_s: float, now_us: int) -> int:
    """Delete the frames that were written longer ago than they are kept; returns how many.

    Args:
        store: Where frames are stored.
        keep_s: How long they are kept, s.
        now_us: Current time, UTC microseconds.

    Raises:
        Retry: The store is out of reach; what is left is deleted the next time.
        Stop: The store refuses us.
    """
    gone = store.written_before(FRAMES_AREA, now_us - round(keep_s * 1e6))
    for path in gone:
        store.delete(path)
    return len(gone)


@contextmanager
def expiring_objects(settings: IngestSettings, clock: Clock) -> Iterator[None]:
    """Delete old frames now and every hour, while the block runs.

    A store that refuses it, as where the user of ingest may not delete, is a warning: frames go on,
    and a rule of the bucket has to delete them.
    """
    if not settings.object_keep_s:
        yield
        return

    def sweep() -> None:
        store = ObjectStore(settings.object_store_url)
        count = expire_objects(store, settings.object_keep_s, clock.now_us())
        if count:
            log.info("ingest.objects_expired", objects=count)

    def failed(error: Exception) -> None:
        log.warning("ingest.objects_not_expired", error=str(error))

    periodic = Periodic("object-expiry", sweep, failed, every_s=EVERY_S)
    periodic.start()
    try:
        yield
    finally:
        periodic.close(within_s=5.0)
