"""The notifier process: one works, others stand by; whenever it is killed it goes on.

Everything that it remembers is in PostgreSQL, in one transaction with how far it has read. A
message is kept until a receiver has it, so one that was sent just before a kill is sent again with
the same receipt key. A record is kept until it is on the topic, so it may be there twice.
"""

import os
import random
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Final

import structlog

from runtime.errors import Retry
from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from runtime.kafka.rights import rights_of
from runtime.kafka.topics import check_topics
from runtime.kafka.transactional import FencedProducer, Messages, Outgoing
from runtime.process.delivery import DeliverySettings
from runtime.process.metrics import NOTIFICATIONS, NOTIFIER_LEADER, NOTIFIER_WAITING
from runtime.process.service import Service
from runtime.retry import RetryPolicy
from schemas.codec import Codec
from schemas.registry import RegistryUnavailable
from schemas.topics import ALERT_ACTIONS, ZONE_ALERTS
from workers.notifier.book import Book, Policy
from workers.notifier.delivery.destinations import Destinations, read_destinations
from workers.notifier.delivery.outcome import Outcome, Refused
from workers.notifier.delivery.proxy import proxy_of
from workers.notifier.delivery.send import retries_of, send
from workers.notifier.inbox import FACTS, TOPICS, Inbox, actions_before
from workers.notifier.store import Changes, Delivery, Store
from workers.notifier.world import RegisteredWorld
from workers.registry.follower import RegistryFollower
from workers.registry.view import RegistryView

log = structlog.get_logger(__name__)

STAGE: Final = "notifier"
CLAIM: Final = "notifier"
"""Transactional id of whoever appends what the notifier did."""

_POLL_S: Final = 0.2
_STANDBY_S: Final = 1.0
_LATE_S: Final = 120.0
"""/healthz reports a message that has waited for so long, s."""

_SENDERS: Final = 4
_MOST: Final = 500
_AGAIN: Final = RetryPolicy(first_s=0.2, limit_s=5.0, jitter=0.5)
_MESSAGES: Final = Messages(
    refused="the brokers take no actions now: {error}",
    nothing="the brokers took no action: {error}",
    rival="another notifier appends now ({error})",
    late="the brokers do not take actions",
    unknown="actions may be appended or not ({error}); they are appended again",
)


def run_notifier(service: Service) -> None:
    """Say to people what they are to know of alerts, until asked to stop.

    Raises:
        Stop: A topic, the database or the file of destinations is not as it must be.
    """
    settings, health, clock = service.settings, service.health, service.clock
    cluster = Cluster.of(settings, clock)
    check_access(cluster, rights_of(STAGE))
    check_topics(cluster, [*TOPICS, *FACTS])
    path = settings.delivery.destinations
    found = Destinations([]) if path is None else read_destinations(path, os.environ)
    view = RegistryView()
    follower = RegistryFollower(cluster, view, FACTS)
    world = RegisteredWorld(view, clock, settings.link_url)
    policy = Policy(
        group_us=round(settings.notifier.group_s * 1e6),
        oldest_us=round(settings.notifier.oldest_s * 1e6),
        operators=settings.watchdog.owner,
        retries=retries_of(settings.delivery),
    )
    failures = 0
    follower.start()
    with closing(follower), closing(Store(settings.database_address)) as store:
        while not service.stop.is_set():
            health.beat()
            try:
                leads = view.synced_us is not None and store.lead()
                NOTIFIER_LEADER.set(leads)
                if view.synced_us is not None:
                    health.ready()
                if leads:
                    log.info("notifier.leads")
                    book = Book(store.load(), policy, world, found)
                    _work(service, cluster, store, book, found)
                else:
                    service.stop.wait(_STANDBY_S)
                failures = 0
            except (Retry, RegistryUnavailable) as error:
                failures += 1
                store.close()
                log.warning("notifier.waits", error=str(error))
                service.stop.wait(_AGAIN.pause_s(failures, random.Random()))


def _work(
    service: Service, cluster: Cluster, store: Store, book: Book, destinations: Destinations
) -> None:
    """Work as the notifier that leads, until asked to stop.

    Raises:
        Retry: A store is out of reach; what was not committed is taken in again.
    """
    if not any(topic == ALERT_ACTIONS.name for topic, _ in book.state.positions):
        store.commit(_before(cluster, book, service.clock.now_us()))
    with ExitStack() as stack:
        inbox = stack.enter_context(closing(Inbox(cluster, book.state.positions)))
        sender = stack.enter_context(closing(_Sender(service, destinations)))
        codec = cluster.registry.writer(ALERT_ACTIONS)
        producer = stack.enter_context(FencedProducer(cluster, CLAIM, _MESSAGES))
        may_wait = True
        while not service.stop.is_set():
            service.health.beat()
            changes = _taken(inbox, book, service.clock.now_us())
            if changes:
                store.commit(changes)
                may_wait = may_wait or bool(changes.records)
            for key, outcome in sender.outcomes():
                changes = book.delivered(key, outcome, service.clock.now_us())
                store.commit(changes)
                may_wait = may_wait or bool(changes.records)
            sender.send(book.state.deliveries, service.clock.now_us())
            if may_wait:
                may_wait = _append(cluster, producer, codec, store)
            _show(service, book)


def _before(cluster: Cluster, book: Book, now_us: int) -> Changes:
    """What was done before, where nothing is remembered, as after a restore of the database."""
    actions = []
    for one in actions_before(cluster):
        book.state.positions[one.topic.name, one.partition] = one.next_offset
        if one.record is not None:
            actions.append(one.record)
    book.recall(actions)
    changes = book.advance(now_us)
    changes.positions.update(book.state.positions)
    log.info("notifier.recalled", actions=len(actions), alerts=len(book.state.actions))
    return changes


def _taken(inbox: Inbox, book: Book, now_us: int) -> Changes:
    """What follows from the next records, and from the time."""
    positions = {}
    for one in inbox.read(_POLL_S):
        positions[one.topic.name, one.partition] = one.next_offset
        if one.record is None:
            continue
        if one.topic is ZONE_ALERTS:
            book.take_alerts(one.partition, one.record, now_us)
        elif one.topic is ALERT_ACTIONS:
            book.take_action(one.record)
        else:
            book.take_pipeline_alert(one.record, now_us)
    changes = book.advance(now_us)
    changes.positions.update(positions)
    for _, record in changes.records:
        NOTIFICATIONS.labels(record["action"].lower()).inc()
    return changes


def _append(cluster: Cluster, producer: FencedProducer, codec: Codec, store: Store) -> bool:
    """Append the oldest records that wait; returns whether more may wait."""
    waiting = store.waiting(_MOST)
    if not waiting:
        return False
    name = cluster.name(ALERT_ACTIONS)
    producer.write(
        [
            Outgoing(name, one.partition, one.record["floor_id"].encode(), codec.encode(one.record))
            for one in waiting
        ]
    )
    store.commit(Changes(appended=[one.number for one in waiting]))
    return len(waiting) == _MOST


def _show(service: Service, book: Book) -> None:
    waiting = book.state.deliveries.values()
    NOTIFIER_WAITING.set(len(waiting))
    oldest_us = min((one.made_us for one in waiting), default=service.clock.now_us())
    late_s = (service.clock.now_us() - oldest_us) / 1e6
    service.health.detail["messages_waiting"] = len(waiting)
    service.health.detail["alerts"] = len(book.state.alerts)
    service.health.fault = (
        f"a message has waited for {late_s:.0f} s to be delivered" if late_s > _LATE_S else ""
    )


class _Sender:
    """Tries to deliver messages in a few threads, one try of each at a time."""

    def __init__(self, service: Service, destinations: Destinations) -> None:
        self._clock = service.clock
        self._settings: DeliverySettings = service.settings.delivery
        self._destinations = destinations
        self._proxy = proxy_of(self._settings.proxy)
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="deliver")
        self._tries: dict[str, Future[Outcome]] = {}

    def send(self, deliveries: dict[str, Delivery], now_us: int) -> None:
        """Start a try of each delivery that is due, the oldest first."""
        for key, one in deliveries.items():
            if one.due_us <= now_us and key not in self._tries:
                self._tries[key] = self._pool.submit(self._tried, one)

    def outcomes(self) -> list[tuple[str, Outcome]]:
        """Tries that have ended, with what became of them."""
        ended = [(key, one) for key, one in self._tries.items() if one.done()]
        for key, _ in ended:
            del self._tries[key]
        return [(key, one.result()) for key, one in ended]

    def close(self) -> None:
        """End; a try that is under way is made again by the next notifier."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _tried(self, delivery: Delivery) -> Outcome:
        found = self._destinations.named(delivery.destination)
        if found is None:
            return Refused(f"no destination is called {delivery.destination!r} any more")
        return send(
            delivery.message, found, self._clock, self._settings.answer_s, proxy=self._proxy
        )
