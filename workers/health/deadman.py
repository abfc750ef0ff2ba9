"""`wardstream deadman`: the watcher that stands outside the line.

It needs neither Redis nor TimescaleDB, and tells what it finds on standard error, by a webhook and
by its own /healthz, all of which work while Kafka is away; and in `alerts.raised.v1`, which the
board shows, as soon as Kafka takes it.
"""

import sys
from datetime import UTC, datetime

import structlog
import typer

from runtime.metrics import ALERTS_STANDING
from runtime.service import Service, run_service
from runtime.settings import Settings
from schemas.records import Alert
from workers.health.alert_log import AlertLog
from workers.health.alerts import AlertBook
from workers.health.findings import judge
from workers.health.observer import Observer
from workers.health.webhook import Webhook

log = structlog.get_logger(__name__)

STAGE = "deadman"
LEARN_S = 30.0
"""Nothing is told before it is known what an earlier process told; for this long at most, s."""

_TIERS = ("NOTICE", "WARNING", "PAGE")


def run_deadman(service: Service) -> None:
    """Watch until asked to stop.

    Raises:
        Stop: The webhook or a health endpoint is no URL.
    """
    settings = service.settings.deadman
    clock = service.clock
    started_us = clock.now_us()
    observer = Observer(service.settings, clock)
    topic = AlertLog(service.settings, clock)
    webhook = None
    if settings.webhook_url is not None:
        webhook = Webhook(settings.webhook_url.get_secret_value(), clock)
    book = AlertBook(settings.owner)
    adopted = False
    for part in (observer, topic, webhook):
        if part is not None:
            part.start()
    service.health.ready()
    try:
        while not service.stop.is_set():
            service.health.beat()
            if not adopted and topic.found is not None:
                adopted = True
                book.adopt(topic.found)
            signs = observer.look()
            if not adopted and signs.now_us - started_us < LEARN_S * 1e6:
                service.stop.wait(settings.look_s)
                continue
            young = signs.now_us - started_us < settings.after_s * 1e6
            blind = bool(signs.kafka_said) or signs.cameras is None or young
            for alert in book.update(judge(signs, settings, started_us), signs.now_us, blind=blind):
                say(alert)
                topic.tell(alert)
                if webhook is not None:
                    webhook.tell(alert)
            show(service, book.standing)
            service.stop.wait(settings.look_s)
    finally:
        observer.close()
        topic.close()
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


def deadman() -> None:
    """Watch the line from outside: tell a camera, a stage or the whole line that falls silent."""
    raise typer.Exit(run_service(STAGE, run_deadman, Settings()))
