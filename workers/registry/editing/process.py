"""The relay process: the relay with its settings, health and pauses."""

import random
from typing import Final

import structlog

from runtime.errors import Retry
from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from runtime.kafka.rights import rights_of
from runtime.kafka.topics import check_topics
from runtime.process.service import Service
from runtime.retry import RetryPolicy
from schemas.registry import RegistryUnavailable
from schemas.topics import REFERENCE_TOPICS
from workers.registry.editing.database import Database
from workers.registry.editing.relay import Relay
from workers.registry.editing.takeover import ensure_taken_over
from workers.registry.vault.erasing import refuse_the_erased, warn_without_list
from workers.registry.vault.erasures import erasure_list

log = structlog.get_logger(__name__)

STAGE: Final = "relay"

_ASK_S: Final = 0.5
"""The outbox is looked at this often where nobody says that somebody edited, s."""

_STANDBY_S: Final = 1.0
_LATE_S: Final = 30.0
"""/healthz reports an edit that has waited for so long, s."""

_AGAIN: Final = RetryPolicy(first_s=0.2, limit_s=5.0, jitter=0.5)


def run_relay(service: Service) -> None:
    """Append edits to the topics until asked to stop.

    Raises:
        Stop: A topic or the database is not as it must be, or the brokers refuse this process.
    """
    settings, health = service.settings, service.health
    cluster = Cluster.of(settings, service.clock)
    check_access(cluster, rights_of(STAGE))
    check_topics(cluster, list(REFERENCE_TOPICS))
    erasures = erasure_list(settings.vault.erasures)
    warn_without_list(erasures)
    failures, ready = 0, False
    with (
        Database(settings.database_address, "wardstream-relay") as database,
        Relay(cluster, settings.database_address) as relay,
    ):
        while not service.stop.is_set():
            health.beat()
            try:
                leads = relay.lead()
                if leads and not ready:
                    taken = ensure_taken_over(cluster, database)
                    if taken is not None:
                        log.info("relay.took_over", facts=taken)
                    with database.transaction() as transaction:
                        refuse_the_erased(transaction, erasures)
                if not ready:
                    health.ready()
                    log.info("relay.ready", leads=leads)
                ready = ready or leads
                if not leads:
                    service.stop.wait(_STANDBY_S)
                elif relay.step() is None:
                    relay.wait(_ASK_S)
                failures = 0
            except (Retry, RegistryUnavailable) as error:
                failures += 1
                log.warning("relay.waits", error=str(error))
                service.stop.wait(_AGAIN.pause_s(failures, random.Random()))
            late_s = relay.waited_s()
            health.detail["oldest_edit_s"] = round(late_s, 1)
            health.fault = (
                f"an edit has waited for {late_s:.0f} s to be appended" if late_s > _LATE_S else ""
            )
