"""Rules tried over the past through the API: who may, how long, how many, and what is shown."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response

from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.facts.log import Fact
from runtime.process.sections import ServingSettings
from schemas.topics import FLOORS, UNITS, ZONES
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.kept_audit import KeptAudit
from tests.support.live_writer import floor_fact, now_us, unit_fact, zone_fact
from workers.access.rights import AccessRole
from workers.registry.editing.database import Database
from workers.registry.editing.store import RegistryStore
from workers.registry.view import RegistryView
from workers.serving.api.registry.parts import Registry
from workers.serving.app import create_app
from workers.serving.recorded.rule_trials import RuleTrials
from workers.simulation.command import Asked, Found, TooMuch
from workers.simulation.simulation import Decided

S = 1_000_000
DAY = "from=2026-11-29T00:00:00Z&to=2026-11-30T00:00:00Z"
RULE = {"kind": "over-capacity", "threshold": 3, "owner": "charge nurse", "next_action": "go"}
CALLERS = (
    person("ann", AccessRole.COORDINATOR),
    person("bo", AccessRole.COORDINATOR),
    person("cy", AccessRole.COORDINATOR),
    person("east", AccessRole.COORDINATOR, units=("east",)),
    person("viewer", AccessRole.VIEWER),
)
Ask = Callable[..., Response]


@contextmanager
def board(simulate: Callable[[Asked, Callable[[], bool]], Found]) -> Iterator[tuple[Ask, Any]]:
    """A board of two zones in two units, and its audit."""
    clock, audit, view = SystemClock(), KeptAudit(), RegistryView()
    view.add(
        [
            Fact(FLOORS, floor_fact("f")),
            *(Fact(ZONES, zone_fact(f"{one}-1", floor_id="f")) for one in ("east", "west")),
            *(
                Fact(UNITS, unit_fact(one, zone_ids=[f"{one}-1"], floor_ids=[]))
                for one in ("east", "west")
            ),
        ],
        now_us(),
    )
    with Database("postgresql://nobody@127.0.0.1:1/none") as database:
        app = create_app(
            "redis://127.0.0.1:1",
            "none",
            ServingSettings(),
            clock,
            view,
            authenticator=NamedCallers(*CALLERS),
            recorder=audit,
            editing=Registry(RegistryStore(database, clock), clock, audit),
            trials=RuleTrials(simulate),
        )
        with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:

            def ask(rule: Any = RULE, query: str = DAY, by: str = "ann") -> Response:
                path = f"/api/v1/registry/rules/crowd/simulate?{query}"
                answer: Response = client.post(path, json=rule, headers={HEADER: by})
                return answer

            yield ask, audit


def decided(zone_id: str, at_us: int, **fields: Any) -> Decided:
    alert: Any = {
        "alert_id": f"crowd/zone/{zone_id}",
        "opened_us": at_us,
        "decided_us": at_us,
        "since_us": at_us - 60 * S,
        "action": "OPENED",
        "rule_id": "crowd",
        "kind": "OVER_CAPACITY",
        "tier": "NOTICE",
        "zone_id": zone_id,
        "role": "",
        "figure_min": 4,
        "figure_max": 5,
        "threshold": 3,
        "pages": True,
        "held_back_by": [],
        "suppressed": 0,
        **fields,
    }
    return Decided("f", alert)


def found(*some: Decided) -> Found:
    return Found(
        decided=list(some),
        time_zones={"f": "Europe/Berlin"},
        records=7,
        not_read=0,
        followed_us=3600 * S,
    )


def test_alerts_are_counted_by_shift_for_whom_sees_their_zones_and_audited() -> None:
    asked: list[Asked] = []

    def simulate(one: Asked, _: Callable[[], bool]) -> Found:
        asked.append(one)
        start_us = one.from_us
        return found(
            decided("east-1", start_us + 3600 * S),
            decided("east-1", start_us + 3660 * S, action="CLOSED", opened_us=start_us + 3600 * S),
            decided("west-1", start_us + 40_000 * S, pages=False, held_back_by=["STALE"]),
        )

    with board(simulate) as (ask, audit):
        everything, east = ask().json(), ask(by="east").json()

    [rule, _] = [one.rule for one in asked]
    assert (rule["rule_id"], rule["threshold"], rule["valid_from_us"]) == ("crowd", 3, 0)
    assert asked[0].floor_ids == {"f"}
    assert asked[0].to_us - asked[0].from_us == 24 * 3600 * S
    by_shift = {one["shift"]: one for one in everything["shifts"]}
    assert by_shift["23:00-07:00"]["median_s"] == 60.0
    assert by_shift["07:00-15:00"]["held_back"] == {"STALE": 1}
    assert [one["zone_id"] for one in everything["examples"]] == ["east-1", "west-1"]
    assert everything["examples"][0]["at"] == "2026-11-29 02:00:00 CET"
    assert everything["floor_hours"] == 1.0
    assert [one["zone_id"] for one in east["examples"]] == ["east-1"]
    assert [(one.act.action, one.act.subject, one.actor) for one in audit.kept] == [
        ("alerts.simulated", "rule/crowd", "ann"),
        ("alerts.simulated", "rule/crowd", "east"),
    ]


def test_what_cannot_be_tried_is_refused_before_anything_runs() -> None:
    def simulate(_: Asked, __: Callable[[], bool]) -> Found:
        raise AssertionError

    with board(simulate) as (ask, audit):
        long = ask(query="from=2026-11-01T00:00:00Z&to=2026-11-30T00:00:00Z")
        backwards = ask(query="from=2026-11-30T00:00:00Z&to=2026-11-29T00:00:00Z")
        ahead = ask(query="from=2099-11-29T00:00:00Z&to=2099-11-30T00:00:00Z")
        without = ask(query="from=2026-11-29T00:00:00&to=2026-11-30T00:00:00Z")
        rule = ask({**RULE, "owner": ""})
        nobody = ask(by="viewer")
        audit.away = True
        unseen = ask()

    assert (long.status_code, long.json()["detail"]) == (422, "to: is more than a week after from")
    assert (backwards.status_code, ahead.status_code, without.status_code) == (422, 422, 422)
    assert [(one["field"], one["reason"]) for one in rule.json()["errors"]] == [
        ("owner", "is missing")
    ]
    assert (nobody.status_code, unseen.status_code) == (403, 503)


def test_one_login_tries_one_rule_at_a_time_and_a_few_logins_at_once() -> None:
    started, go_on = threading.Semaphore(0), threading.Event()

    def simulate(_: Asked, is_wanted: Callable[[], bool]) -> Found:
        started.release()
        assert go_on.wait(20)
        assert is_wanted()
        return found()

    answers: dict[str, int] = {}
    with board(simulate) as (ask, _):
        threads = [
            threading.Thread(target=lambda by=by: answers.update({by: ask(by=by).status_code}))
            for by in ("ann", "bo")
        ]
        for thread in threads:
            thread.start()
            assert started.acquire(timeout=20)
        again, third = ask(), ask(by="cy")
        go_on.set()
        for thread in threads:
            thread.join()
        after = ask()

    assert answers == {"ann": 200, "bo": 200}
    assert (again.status_code, again.headers["retry-after"]) == (429, "10")
    assert (third.status_code, after.status_code) == (503, 200)


def test_what_takes_too_long_and_a_log_that_is_away_are_explained() -> None:
    errors: list[Exception] = [TooMuch("it takes more than 120 s"), Retry("brokers are away")]

    def simulate(_: Asked, __: Callable[[], bool]) -> Found:
        raise errors.pop(0)

    with board(simulate) as (ask, _):
        long, away = ask(), ask()

    assert long.status_code == 422
    assert long.json()["detail"].startswith("it takes more than 120 s: choose a shorter time")
    assert away.status_code == 503
    assert "because the log is out of reach" in away.json()["detail"]
