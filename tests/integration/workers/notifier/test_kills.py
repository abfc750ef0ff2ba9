"""A notifier that is killed at any instant loses nothing, and delivers twice only the same."""

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from pydantic import SecretStr

from runtime.process.settings import Settings
from tests.support.builders.alert_actions import acted
from tests.support.database_roles import database_roles
from tests.support.live_writer import now_us
from tests.support.notified_ward import NotifiedWard
from tests.support.servers.receiver import Receiver
from tests.support.services import Services, empty_database, new_prefix
from tests.support.waiting import eventually


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


@pytest.fixture
def ward(
    services: Services, database_template: str, receiver: Receiver, tmp_path: Path
) -> Iterator[NotifiedWard]:
    with (
        empty_database(services, database_template) as url,
        database_roles(url) as roles,
    ):
        settings = Settings(
            kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
            registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
            topic_prefix=new_prefix(),
            database_url=SecretStr(url),
        )
        found = NotifiedWard(settings, receiver, tmp_path, roles.environment("notifier"))
        yield found
        found.close()


Occasion = tuple[str, int, str]


def delivered(ward: NotifiedWard) -> dict[Occasion, set[str]]:
    """Receipt keys by alert, and occasion, of what the topic says was delivered."""
    found: dict[Occasion, set[str]] = defaultdict(set)
    for one in ward.log():
        if one["action"] == "DELIVERED":
            found[one["alert_id"], one["opened_us"], one["occasion"]].add(one["receipt_key"])
    return dict(found)


def attack(
    ward: NotifiedWard,
    receiver: Receiver,
    kills: int,
    alerts: int,
    seed: int,
    also: frozenset[Occasion] = frozenset(),
) -> None:
    """Open and close alerts while the notifier is killed; then compare what came of it."""
    random_ = random.Random(seed)
    opened: dict[str, Any] = {}
    for number in range(kills + 1):
        ward.start()
        started = len(receiver.received)
        for each in range(alerts):
            zone = f"z-{number}-{each}"
            opened[zone] = ward.decide(zone, "OPENED")
            sleep(random_.uniform(0, 0.15))
        if number < kills:
            # From before it leads to after it has delivered.
            if random_.random() < 0.7:
                eventually(
                    lambda started=started: len(receiver.received) > started,  # type: ignore[misc]
                    what="it delivers",
                )
            sleep(random_.uniform(0, 0.4))
            ward.kill()
    wanted = {(one["alert_id"], one["opened_us"], "OPENED") for one in opened.values()} | also
    eventually(
        lambda: delivered(ward).keys() >= wanted, what="all are told", deadline_s=90, pause_s=0.3
    )
    for zone in opened:
        ward.decide(zone, "CLOSED")
    wanted |= {(one["alert_id"], one["opened_us"], "CLOSED") for one in opened.values()}
    eventually(
        lambda: delivered(ward).keys() >= wanted,
        what="all ends are told",
        deadline_s=90,
        pause_s=0.3,
    )

    assert delivered(ward).keys() == wanted
    assert all(len(keys) == 1 for keys in delivered(ward).values()), "one message of each occasion"
    records: dict[str, list[Any]] = defaultdict(list)
    for record in ward.log():
        records[record["action_id"]].append(record)
    assert all(one == same[0] for same in records.values() for one in same)
    messages: dict[str, set[bytes]] = defaultdict(set)
    for one in receiver.received:
        messages[one.headers["webhook-id"]].add(one.body)
    assert messages.keys() == {key for keys in delivered(ward).values() for key in keys}
    assert all(len(bodies) == 1 for bodies in messages.values()), "a repeat is the same message"


def test_whatever_kills_a_notifier_nothing_is_lost_or_delivered_twice(
    ward: NotifiedWard, receiver: Receiver
) -> None:
    """What was acknowledged before is told to nobody; what nobody acknowledges is escalated."""
    escalates = {"escalate_after_s": 2, "escalate_to": "house supervisor"}
    seen, unseen = (ward.decide(zone, "OPENED", **escalates) for zone in ("seen", "unseen"))
    of_alert = {name: seen[name] for name in ("alert_id", "opened_us", "decided_us", "zone_id")}
    ward.act({**acted("ACKNOWLEDGED"), **of_alert, "taken_at_us": now_us()})
    old = ward.decide("old", "OPENED", decided_us=now_us() - 3_600_000_000)
    occasions = ("OPENED", "ESCALATED")
    also = frozenset((unseen["alert_id"], unseen["opened_us"], one) for one in occasions)

    attack(ward, receiver, kills=1, alerts=2, seed=15, also=also)

    escalated = {one["action_id"]: one for one in ward.log() if one["action"] == "ESCALATED"}
    assert [(one["owner"], one["zone_id"]) for one in escalated.values()] == [
        ("house supervisor", "unseen")
    ]
    withheld = {one["alert_id"]: one["reason"] for one in ward.log() if one["reason"]}
    assert withheld == {old["alert_id"]: "OLD"}


@pytest.mark.chaos_long
@pytest.mark.parametrize("seed", range(3))
def test_many_kills_lose_nothing(ward: NotifiedWard, receiver: Receiver, seed: int) -> None:
    attack(ward, receiver, kills=12, alerts=5, seed=seed)
