"""The watchdog process: watches the pipeline from outside.

It needs neither Redis nor TimescaleDB. It reports on standard error, by a webhook and on its own
/healthz, which all work while Kafka is away. It also writes `alerts.raised.v1`, which the board
shows, as soon as Kafka accepts it.

Several may run for one pipeline: the leader reports, and the others stand by until it falls
silent.
"""

import sys
from datetime import UTC, datetime

import structlog

from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from runtime.kafka.rights import rights_of
from runtime.process.metrics import ALERTS_STANDING, WATCHDOG_LEADER
from runtime.process.service import Service
from schemas.records.alerts import Alert
from workers.notifier.delivery.proxy import proxy_of
from workers.observation.alerts import AlertBook
from workers.observation.findings import judge
from workers.watchdog.lease import LeaderLease
from workers.watchdog.observer import Observer
from workers.watchdog.reporting import ReportingRule
from workers.watchdog.webhook import Webhook

log = structlog.get_logger(__name__)

STAGE = "watchdog"
_TIERS = ("NOTICE", "WARNING", "PAGE")


def run_watchdog(service: Service) -> None:
    """Watch until asked to stop.

    Raises:
        Stop: The webhook or a health endpoint is not a URL.
    """
    settings = service.settings.watchdog
    clock = service.clock
    started_us = clock.now_us()
    cluster = Cluster.of(service.settings, clock)
    check_access(cluster, rights_of("watchdog"))
    observer = Observer(cluster, settings)
    lease = LeaderLease(cluster, settings)
    webhook = None
    if settings.webhook_url is not None:
        webhook = Webhook(
            settings.webhook_url.get_secret_value(),
            clock,
            settings.webhook_allow,
            proxy_of(service.settings.delivery.proxy),
        )
    book = AlertBook(settings.owner)
    rule = ReportingRule(settings.takeover_s / 2)
    displaced, adopted = 0, False

    def report(alerts: list[Alert], *, to_topic: bool = True) -> None:
        for alert in alerts:
            print_alert(alert)
            if to_topic:
                lease.report(alert)
            if webhook is not None:
                webhook.report(alert)

    for part in (observer, lease, webhook):
        if part is not None:
            part.start()
    service.health.ready()
    try:
        while not service.stop.is_set():
            service.health.beat()
            signs = observer.observe()
            if lease.displaced != displaced:
                displaced, adopted = lease.displaced, False
                report(book.hand_over(lease.take_unwritten(), signs.now_us), to_topic=False)
            if lease.role == "leader" and not adopted and lease.found is not None:
                adopted = True
                book.adopt(lease.found)
            if rule.may(
                clock.monotonic_s(),
                lease.role,
                lease.confirmed_s,
                adopted=adopted,
                log_away=bool(signs.kafka_error),
            ):
                young = signs.now_us - started_us < settings.after_s * 1e6
                blind = bool(signs.kafka_error) or signs.cameras is None or young
                found = judge(signs, settings, started_us)
                report(book.update(found, signs.now_us, blind=blind, unseen=signs.unseen))
            show_alerts(service, book.standing)
            show_lease(service, lease)
            service.stop.wait(settings.poll_s)
    finally:
        observer.close()
        lease.close()
        if webhook is not None:
            webhook.close()


def print_alert(alert: Alert) -> None:
    """Write an alert to standard error, whatever the log level."""
    since = datetime.fromtimestamp(alert["since_us"] / 1e6, UTC).isoformat(timespec="seconds")
    text = f"{alert['state']} {alert['tier']} {alert['alert_id']}: {alert['what']} since {since}"
    if alert["state"] == "RAISED":
        text += f". {alert['next_action']}"
    sys.stderr.write(f"ALERT {text}\n")
    sys.stderr.flush()


def show_alerts(service: Service, standing: list[Alert]) -> None:
    """Show standing alerts on /healthz, which then answers 503, and in the metrics."""
    for tier in _TIERS:
        ALERTS_STANDING.labels(tier).set(sum(alert["tier"] == tier for alert in standing))
    service.health.fault = "; ".join(alert["what"] for alert in standing)
    service.health.detail["alerts"] = [
        {name: alert[name] for name in ("alert_id", "tier", "what", "since_us", "next_action")}
        for alert in standing
    ]


def show_lease(service: Service, lease: LeaderLease) -> None:
    """Show on /healthz and in the metrics which watchdog is the leader."""
    WATCHDOG_LEADER.set(lease.role == "leader")
    leader = f", {lease.holder} leads" if lease.role == "standby" else ""
    service.health.detail["lease"] = lease.role + leader
