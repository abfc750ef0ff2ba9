"""Read anchors, and add the next one: once a day, by a process that may not delete it."""

from collections.abc import Callable
from typing import Final, NamedTuple
from uuid import uuid4

import structlog

from runtime.audit import Act
from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic, spans
from runtime.process.service import Service
from runtime.storage.objects import ObjectStore
from schemas.codec import UndecodableValue
from schemas.records.alerts import AuditEntry
from schemas.registry import RegistryError
from schemas.topics import AUDIT
from workers.audit.anchor import ANCHORED, FOLDER, Anchor, decode, next_anchor
from workers.audit.chain_producer import ChainProducer, Recorded
from workers.audit.verification import faults

log = structlog.get_logger(__name__)

DAY_S: Final = 86_400.0
_POLL_S: Final = 1.0
_AGAIN_S: Final = 60.0
_WITHIN_S: Final = 30.0


class AuditAltered(Stop):
    """The audit is not what was written; each fault is a sentence.

    Attributes:
        faults: The faults.
    """

    def __init__(self, found: list[str]) -> None:
        super().__init__("; ".join(found))
        self.faults = found


class Log(NamedTuple):
    """What the log of the audit holds now.

    Attributes:
        entries: Every entry, in log order.
        whole: Whether it still begins with its first record.
        unreadable: A sentence for each record that is no entry.
    """

    entries: list[AuditEntry]
    whole: bool
    unreadable: list[str]


def read_log(cluster: Cluster) -> Log:
    """Read all of audit.v1.

    Raises:
        Retry: The broker is out of reach.
        RegistryUnavailable: The registry is out of reach.
    """
    codec = cluster.registry.reader(AUDIT)
    starts = spans(cluster, AUDIT)
    found = Log([], all(start == 0 for start, _ in starts.values()), [])
    for message in read_topic(cluster, AUDIT):
        where = f"{AUDIT.name} at offset {message.offset()}"
        try:
            entry: AuditEntry = codec.decode(message.value())
        except UndecodableValue as error:
            found.unreadable.append(f"{where} holds no entry: {error}")
            continue
        if message.key() != entry["chain_id"].encode():
            found.unreadable.append(f"{where}: its key is not its chain's id")
        found.entries.append(entry)
    return found


def read_anchors(store: ObjectStore) -> tuple[list[Anchor], list[str]]:
    """All anchors of a store by number, and a sentence for each object that is none.

    Raises:
        Retry: The store is out of reach.
        Stop: It refuses us, or the bucket does not exist.
    """
    anchors: list[Anchor] = []
    found: list[str] = []
    for path in store.paths(FOLDER):
        try:
            anchor = decode(store.read(path) or b"")
        except ValueError as error:
            found.append(f"{path} is no anchor: {error}")
            continue
        if anchor.path == path:
            anchors.append(anchor)
        else:
            found.append(f"{path} holds anchor {anchor.number}")
    return sorted(anchors, key=lambda anchor: anchor.number), found


def verify(cluster: Cluster, store: ObjectStore | None) -> tuple[Log, list[Anchor], list[str]]:
    """Compare the log with itself and with its anchors; the last part is what is wrong.

    Raises:
        Retry: The broker or the store is out of reach.
        RegistryUnavailable: The registry is out of reach.
        Stop: The store refuses us.
    """
    anchors, wrong = ([], []) if store is None else read_anchors(store)
    held = read_log(cluster)  # after the anchors: whatever they hold is there by now
    wrong = [*held.unreadable, *wrong]
    wrong += faults(held.entries, anchors, cluster.clock.now_us(), whole=held.whole)
    return held, anchors, wrong


def add_anchor(cluster: Cluster, store: ObjectStore, actor: str) -> Anchor:
    """Verify the audit, write the next anchor, and record in the audit that it was written.

    Raises:
        AuditAltered: The audit is not what was written; nothing was anchored.
        Retry: The broker or the store is out of reach, or another process anchored meanwhile.
        RegistryUnavailable: The registry is out of reach.
        Stop: The store refuses us.
    """
    held, anchors, wrong = verify(cluster, store)
    if wrong:
        raise AuditAltered(wrong)
    anchor = next_anchor(anchors, held.entries, cluster.clock.now_us())
    if not store.create(anchor.path, anchor.encode()):
        raise Retry(f"{anchor.path} is there already: another process anchored; run it again")
    act = Act(ANCHORED, anchor.path, anchor.sha256)
    recorded = Recorded(act, actor, "", cluster.clock.now_us())
    codec = cluster.registry.writer(AUDIT)
    chain = ChainProducer(cluster, codec, f"anchor-{uuid4()}", _WITHIN_S)
    try:
        chain.append([recorded])
    finally:
        chain.close()
    log.info("audit.anchored", number=anchor.number, sha256=anchor.sha256, chains=len(anchor.heads))
    return anchor


def due_in_s(newest: Anchor | None, clock: Clock, every_s: float) -> float:
    """Seconds until the next anchor is due; 0 when it is."""
    if newest is None:
        return 0.0
    return max(0.0, newest.at_us / 1e6 + every_s - clock.now_us() / 1e6)


def run_anchoring(
    service: Service,
    cluster: Cluster,
    store: ObjectStore,
    actor: str,
    *,
    every_s: float = DAY_S,
    done: Callable[[Anchor], None] = lambda _anchor: None,
) -> None:
    """Add an anchor whenever one is due, until asked to stop.

    What is out of reach is tried again every minute. An altered audit is logged, and no anchor
    hides it: the watchdog reports that anchors are late.

    Args:
        service: Clock, health and stop.
        cluster: Where the topics are.
        store: Where anchors are kept.
        actor: Who anchors, for the audit.
        every_s: From one anchor to the next, s.
        done: Called with each anchor.

    Raises:
        Stop: The store refuses us.
    """
    newest = _newest(service, store)
    service.health.ready()
    again_us = 0
    while not service.stop.is_set():
        service.health.beat()
        now_us = service.clock.now_us()
        if now_us >= again_us and due_in_s(newest, service.clock, every_s) == 0.0:
            try:
                newest = add_anchor(cluster, store, actor)
            except AuditAltered as error:
                service.health.detail["anchor"] = str(error)
                log.error("audit.altered", faults=error.faults)
                again_us = now_us + round(_AGAIN_S * 1e6)
            except (Retry, RegistryError) as error:
                service.health.detail["anchor"] = str(error)
                log.warning("audit.not_anchored", error=str(error))
                again_us = now_us + round(_AGAIN_S * 1e6)
            else:
                service.health.detail["anchor"] = f"{newest.number} of {newest.day}"
                done(newest)
        service.stop.wait(_POLL_S)


def _newest(service: Service, store: ObjectStore) -> Anchor | None:
    while not service.stop.is_set():
        try:
            anchors, _ = read_anchors(store)
        except Retry as error:
            log.warning("audit.anchors_out_of_reach", error=str(error))
            service.health.beat()
            service.stop.wait(_POLL_S)
        else:
            return anchors[-1] if anchors else None
    return None
