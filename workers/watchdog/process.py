"""The watchdog: it watches the pipeline from outside.

It needs neither Redis nor TimescaleDB, and tells what it finds on standard error, by a webhook and
by its own /healthz, all of which work while Kafka is away; and in `alerts.raised.v1`, which the
board shows, as soon as Kafka takes it.

Several may run for a line: one has the watch, and the others look on in silence until he gives no
sign of life any more.
"""

import sys
from datetime import UTC, datetime

import structlog

from runtime.kafka.cluster import Cluster
from runtime.process.metrics import ALERTS_STANDING, DEADMAN_ON_DUTY
from runtime.process.service import Service
from schemas.records import Alert
from workers.observation.alerts import AlertBook
from workers.observation.findings import judge
from workers.watchdog.lease import Duty
from workers.watchdog.observer import Observer
from workers.watchdog.reporting import Telling
from workers.watchdog.webhook import Webhook

log = structlog.get_logger(__name__)

STAGE = "deadman"
_TIERS = ("NOTICE", "WARNING", "PAGE")


def run_deadman(service: Service) -> None:
    """Watch until asked to stop.

    Raises:
        Stop: The webhook or a health endpoint is no URL.
    """
    settings = service.settings.deadman
    clock = service.clock
    started_us = clock.now_us()
    cluster = Cluster.of(service.settings, clock)
    observer = Observer(cluster, settings)
    duty = Duty(cluster, settings)
    webhook = None
    if settings.webhook_url is not None:
        webhook = Webhook(settings.webhook_url.get_secret_value(), clock)
    book = AlertBook(settings.owner)
    telling = Telling(settings.takeover_s / 2)
    relieved, adopted = 0, False

    def tell(alerts: list[Alert], *, to_topic: bool = True) -> None:
        for alert in alerts:
            say(alert)
            if to_topic:
                duty.tell(alert)
            if webhook is not None:
                webhook.tell(alert)

    for part in (observer, duty, webhook):
        if part is not None:
            part.start()
    service.health.ready()
    try:
        while not service.stop.is_set():
            service.health.beat()
            signs = observer.look()
            if duty.relieved != relieved:
                relieved, adopted = duty.relieved, False
                tell(book.hand_over(duty.take_unwritten(), signs.now_us), to_topic=False)
            if duty.role == "on duty" and not adopted and duty.found is not None:
                adopted = True
                book.adopt(duty.found)
            if telling.may(
                clock.monotonic_s(),
                duty.role,
                duty.heard_s,
                adopted=adopted,
                log_away=bool(signs.kafka_said),
            ):
                young = signs.now_us - started_us < settings.after_s * 1e6
                blind = bool(signs.kafka_said) or signs.cameras is None or young
                found = judge(signs, settings, started_us)
                tell(book.update(found, signs.now_us, blind=blind, unseen=signs.unseen))
            show(service, book.standing)
            show_watch(service, duty)
            service.stop.wait(settings.look_s)
    finally:
        observer.close()
        duty.close()
        if webhook is not None:
            webhook.close()


def say(alert: Alert) -> None:
    """Tell an alert on standard error, whatever the log's level."""
    since = datetime.fromtimestamp(alert["since_us"] / 1e6, UTC).isoformat(timespec="seconds")
    text = f"{alert['state']} {alert['tier']} {alert['alert_id']}: {alert['what']} since {since}"
    if alert["state"] == "RAISED":
        text += f". {alert['next_action']}"
    sys.stderr.write(f"ALERT {text}\n")
    sys.stderr.flush()


def show(service: Service, standing: list[Alert]) -> None:
    """Show the alerts that stand on /healthz, which says 503 then, and in the metrics."""
    for tier in _TIERS:
        ALERTS_STANDING.labels(tier).set(sum(alert["tier"] == tier for alert in standing))
    service.health.fault = "; ".join(alert["what"] for alert in standing)
    service.health.detail["alerts"] = [
        {name: alert[name] for name in ("alert_id", "tier", "what", "since_us", "next_action")}
        for alert in standing
    ]


def show_watch(service: Service, duty: Duty) -> None:
    """Show on /healthz and in the metrics who has the watch."""
    DEADMAN_ON_DUTY.set(duty.role == "on duty")
    other = f" for {duty.holder}" if duty.role == "standing by" else ""
    service.health.detail["watch"] = duty.role + other
