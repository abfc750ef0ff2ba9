"""Alerts on the board: how they stand, and what people do about them, from request to row."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from runtime.clock import SystemClock
from runtime.facts.log import APPEND_WITHIN_US, Fact
from runtime.kafka.reader import read_topic
from runtime.process.sections import ServingSettings
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import ALERT_ACTIONS, CAMERAS, FLOORS, UNITS, ZONE_ALERTS, ZONES
from tests.integration.log_loss.logs import make
from tests.support.ahead_clock import AheadClock
from tests.support.builders.outputs import item
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.clusters import cluster_of, make_timescale_sink
from tests.support.kept_audit import KeptAudit
from tests.support.live_log import LiveLog
from tests.support.live_writer import (
    LiveWriter,
    camera_fact,
    floor_fact,
    now_us,
    unit_fact,
    zone_fact,
)
from tests.support.services import Services, empty_database, new_prefix
from workers.access.rights import AccessRole
from workers.registry.editing.database import Database
from workers.registry.view import RegistryView
from workers.serving.api.people import Sources
from workers.serving.app import create_app
from workers.serving.evidence.alert_actions import ActionDesk
from workers.serving.evidence.writer import ActionWriter
from workers.serving.recorded.zone_alerts import ZoneAlertHistory
from workers.sinks.timescale.sink import TimescaleSink

CALLERS = (
    person("ann", AccessRole.COORDINATOR),
    person("east", AccessRole.COORDINATOR, units=("east",)),
    person("viewer", AccessRole.VIEWER),
    person("wall", AccessRole.WALL),
    person("auditor", AccessRole.AUDITOR),
)
S = 1_000_000


class SlowClock(SystemClock):
    """A clock on which every question takes as long as a test says."""

    pause_s = 0.0
    _ahead_us = 0

    def now_us(self) -> int:
        self._ahead_us += round(self.pause_s * 1e6)
        return super().now_us() + self._ahead_us


def ward() -> RegistryView:
    """Floor f with a zone of each unit and a camera; floor g with a camera."""
    view = RegistryView()
    view.add(
        [
            *(Fact(FLOORS, floor_fact(one, partition=at)) for one, at in (("f", 5), ("g", 9))),
            *(Fact(ZONES, zone_fact(one, floor_id="f")) for one in ("east-1", "west-1")),
            *(Fact(CAMERAS, camera_fact(f"cam-{one}", floor_id=one)) for one in ("f", "g")),
            *(
                Fact(UNITS, unit_fact(one, zone_ids=[f"{one}-1"], floor_ids=[]))
                for one in ("east", "west")
            ),
        ],
        now_us(),
    )
    return view


def alert(alert_id: str, opened_us: int, **fields: Any) -> dict[str, Any]:
    """An alert that was just opened, of the zone that its id names."""
    parts = alert_id.split("/")
    return {
        "alert_id": alert_id,
        "opened_us": opened_us,
        "action": "OPENED",
        "cause": "BREACH",
        "decided_us": opened_us,
        "since_us": opened_us - 90 * S,
        "rule_id": parts[0],
        "rule_version": 1,
        "rule_name": parts[0].title(),
        "kind": "COVERAGE_GAP",
        "tier": "WARNING",
        "owner": "charge nurse",
        "next_action": "move a float",
        "stage": "EVERYWHERE",
        "zone_id": parts[2] if parts[1] == "zone" else "",
        "figure_min": 2,
        "figure_max": 3,
        "threshold": 1,
        "confidence": 1.0,
        "is_stale": False,
        "pages": True,
        **fields,
    }


class Ward:
    """What the fold decides about the ward's alerts, written by the sinks, and its board."""

    def __init__(
        self,
        client: httpx.Client,
        settings: Settings,
        sink: TimescaleSink,
        audit: KeptAudit,
    ) -> None:
        self._client = client
        self._cluster = cluster_of(settings)
        self._sink = sink
        self._seqs: dict[str, int] = {}
        self.audit = audit

    def decide(self, floor_id: str, *decided: dict[str, Any]) -> None:
        """Write what was decided at one tick."""
        self._seqs[floor_id] = self._seqs.get(floor_id, now_us()) + 1
        times = [one["decided_us"] for one in decided]
        record = {
            "floor_id": floor_id,
            "seq": self._seqs[floor_id],
            "as_of_us": max(times),
            "inputs_through_us": max(times),
            "reason": "CHANGE",
            "decided": list(decided),
            "open": [one for one in decided if one["action"] != "CLOSED"],
        }
        self._sink.write([item(ZONE_ALERTS, record)])

    def sink(self) -> None:
        """Write what is on the topic of actions as rows; what was written before comes again."""
        self._sink.write([item(ALERT_ACTIONS, record) for _, _, record in self.log()])

    def post(self, verb: str, body: Any, *, by: str = "ann", key: str = "", why: str = "") -> Any:
        headers = {HEADER: by} | ({"Idempotency-Key": key} if key else {})
        params = {"reason": why} if why else {}
        path = f"/api/v1/zone-alerts/{verb}"
        return self._client.post(path, json=body, headers=headers, params=params)

    def alerts(self, *, by: str = "ann", **params: Any) -> list[dict[str, Any]]:
        answer = self._client.get("/api/v1/zone-alerts", params=params, headers={HEADER: by})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["alerts"]
        return found

    def per_rule(self, *, by: str = "ann", **params: Any) -> dict[str, Any]:
        """What each rule asked of people, by its id."""
        answer = self._client.get("/api/v1/alerts-per-rule", params=params, headers={HEADER: by})
        assert answer.status_code == 200, answer.text
        return {one["rule_id"]: one for one in answer.json()["rules"]}

    def status(self, by: str) -> int:
        return self._client.get("/api/v1/zone-alerts", headers={HEADER: by}).status_code

    def states(self, *, by: str = "ann", **params: Any) -> dict[str, str]:
        return {one["alert"]["alert_id"]: one["state"] for one in self.alerts(by=by, **params)}

    def log(self) -> list[tuple[int, bytes, dict[str, Any]]]:
        """Partition, key and record of all actions."""
        codec = self._cluster.registry.reader(ALERT_ACTIONS)
        return [
            (message.partition() or 0, message.key() or b"", codec.decode(value))
            for message in read_topic(self._cluster, ALERT_ACTIONS)
            for value in (message.value(),)
            if isinstance(value, bytes)
        ]


@pytest.fixture(scope="module")
def settings(services: Services) -> Settings:
    """A run with the topic of actions."""
    found = Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=new_prefix(),
    )
    SchemaRegistry(found.registry_url).register(ALERT_ACTIONS)
    make(found, ALERT_ACTIONS)
    return found


@pytest.fixture(scope="module")
def database_url(services: Services, database_template: str) -> Iterator[str]:
    with empty_database(services, database_template) as url:
        yield url


Start = Callable[..., Ward]


@pytest.fixture
def start(settings: Settings, database_url: str) -> Iterator[Start]:
    """Starts boards of the ward, on the brokers and the database of the test."""
    clients: list[TestClient] = []
    url = database_url
    sink = make_timescale_sink(Settings(database_url=SecretStr(url)))

    with Database(url) as database, ZoneAlertHistory(url) as history:

        def started(live: tuple[str, str] | None = None, clock: Any = None) -> Ward:
            clock, audit, view = clock or AheadClock(), KeptAudit(), ward()
            writer = ActionWriter(cluster_of(settings, clock))
            redis_url, prefix = live or ("redis://127.0.0.1:1", "none")
            app = create_app(
                redis_url,
                prefix,
                ServingSettings(),
                clock,
                view,
                authenticator=NamedCallers(*CALLERS),
                recorder=audit,
                sources=Sources(alerts=history),
                actions=ActionDesk(view, history, writer, audit, clock, database),
            )
            client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
            client.__enter__()
            clients.append(client)
            return Ward(client, settings, sink, audit)

        yield started
        for client in clients:
            client.__exit__(None, None, None)
    sink.close()


def named(one: dict[str, Any], floor_id: str = "f", **fields: Any) -> dict[str, Any]:
    return {
        "floor_id": floor_id,
        "alert_id": one["alert_id"],
        "opened_us": one["opened_us"],
        **fields,
    }


def test_what_was_done_is_a_row_and_is_shown_with_its_alert(start: Start) -> None:
    board = start()
    gap = alert("gap/zone/east-1", now_us() - 60 * S)
    board.decide("f", gap)

    assert board.states() == {"gap/zone/east-1": "open"}
    answer = board.post("acknowledge", named(gap), why="on my way")

    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "acknowledged"
    [(partition, key, record)] = board.log()
    assert (partition, key) == (5, b"f")
    assert (record["action"], record["taken_by"]) == ("ACKNOWLEDGED", "ann")
    assert (record["rule_id"], record["zone_id"], record["tier"]) == ("gap", "east-1", "WARNING")
    assert record["decided_us"] == gap["decided_us"]
    [kept] = board.audit.kept
    assert (kept.act.action, kept.act.subject) == ("alert.acknowledged", "zone/east-1")
    assert (kept.actor, kept.why) == ("ann", "on my way")
    before = board.alerts()
    assert before[0]["state"] == "acknowledged", "this board knows it before the tables do"
    board.sink()
    board.sink()
    [after] = start().alerts()
    assert after == before[0]
    assert after["state_by"]["taken_by"] == "ann"
    assert [one["action"] for one in after["actions"]] == ["ACKNOWLEDGED"]
    assert after["state_by"]["taken_by_name"] == "Ann"
    [to_viewer] = start().alerts(by="viewer")
    assert (to_viewer["state_by"]["taken_by"], to_viewer["state_by"]["taken_by_name"]) == ("", "")
    assert [(one["decided_us"], one["cause"]) for one in after["decisions"]] == [
        (gap["decided_us"], "BREACH")
    ]


def test_an_alert_is_snoozed_resolved_and_open_again(start: Start) -> None:
    clock = AheadClock()
    board = start(clock=clock)
    opened_us = now_us() - 60 * S
    gap = alert("again/zone/east-1", opened_us)
    board.decide("f", gap)

    def state() -> str:
        return board.states()["again/zone/east-1"]

    until_us = now_us() + 600 * S
    assert board.post("snooze", named(gap, until_us=until_us)).json()["state"] == "snoozed"
    [shown] = [one for one in board.alerts(state="snoozed") if one["alert"]["rule_id"] == "again"]
    assert shown["state_until_us"] == until_us
    clock.ahead_s = 601.0
    assert state() == "open"
    assert board.post("resolve", named(gap, reason="DONE")).json()["state"] == "resolved"
    worse = gap | {"action": "CHANGED", "cause": "WORSE", "decided_us": opened_us + 30 * S}
    board.decide("f", worse)
    assert state() == "open", "it changed in what matters"
    stale = board.post("resolve", named(gap, reason="DONE", decided_us=opened_us))
    assert stale.json()["state"] == "open", "what was shown was older"
    assert board.post("resolve", named(gap, reason="NOT_TRUE")).json()["state"] == "resolved"
    board.decide(
        "f", worse | {"action": "CLOSED", "cause": "CLEARED", "decided_us": opened_us + 40 * S}
    )
    assert "again/zone/east-1" not in board.states()
    [closed] = [one for one in board.alerts(state="closed") if one["alert"]["rule_id"] == "again"]
    assert (closed["state"], closed["state_by"]["reason"]) == ("closed", "NOT_TRUE")


def test_who_sees_which_alerts_and_who_may_act(start: Start) -> None:
    board = start()
    at_us = now_us() - 50 * S
    of_person, of_other = (
        alert(f"dwell/zone/east-1/person/{one}", at_us, person_ids=[one], kind="DWELL")
        for one in ("f:7", "f:8")
    )
    west = alert("seen/zone/west-1", at_us)
    floor = alert("camera/floor/f", at_us, kind="CAMERA_MISSING", camera_ids=["cam-f"])
    board.decide("f", of_person, of_other, west, floor)
    mine = {"dwell", "seen", "camera"}

    def seen(by: str) -> dict[str, dict[str, Any]]:
        return {
            one["alert"]["alert_id"]: one
            for one in board.alerts(by=by)
            if one["alert"]["rule_id"] in mine
        }

    people = {one["alert_id"] for one in (of_person, of_other)}
    assert set(seen("ann")) == people | {west["alert_id"], floor["alert_id"]}
    assert [kept.act.persons for kept in board.audit.kept] == [("f:7", "f:8")], (
        "who sees people is audited"
    )
    assert set(seen("east")) == people | {floor["alert_id"]}
    viewer = seen("viewer")
    without = {one for one in viewer if one.startswith("dwell/zone/east-1/person/")}
    assert set(viewer) - without == {west["alert_id"], floor["alert_id"]}
    assert len(without) == 2, "two people's alerts are told apart"
    assert not without & people
    assert all(viewer[one]["alert"]["person_ids"] == [] for one in without)
    assert not any(one["may_act"] for one in viewer.values())
    assert board.status("auditor") == 403
    assert board.post("acknowledge", named(floor), by="east").status_code == 200
    assert board.post("acknowledge", named(floor), by="viewer").status_code == 403
    [fault] = board.post("acknowledge", named(west), by="east").json()["errors"]
    unknown = board.post("acknowledge", named(west) | {"alert_id": "no"}, by="east").json()
    assert (fault["field"], fault["reason"]) == ("alert_id", unknown["errors"][0]["reason"])
    assert board.alerts(by="viewer")[0]["actions"] is not None
    board.audit.away = True
    assert all(one["alert"]["person_ids"] == [] for one in board.alerts())


MISTAKES: list[tuple[str, dict[str, Any], str, str]] = [
    ("acknowledge", {"floor_id": None}, "floor_id", "is missing"),
    ("acknowledge", {"floor_id": "no"}, "alert_id", "is no alert of this floor"),
    ("acknowledge", {"floor_id": "g"}, "alert_id", "is no alert of this floor"),
    ("acknowledge", {"alert_id": "x" * 401}, "alert_id", "400 are the most"),
    ("acknowledge", {"opened_us": 1}, "opened_us", "90 days ago"),
    ("acknowledge", {"opened_us": 4 * 10**15}, "opened_us", "in the future"),
    ("acknowledge", {"opened_us": "soon"}, "opened_us", "'soon' is not"),
    ("acknowledge", {"reason": "DONE"}, "reason", "alert_id"),
    ("snooze", {}, "until_us", "is missing"),
    ("snooze", {"until_us": 1}, "until_us", "next 24 hours"),
    ("snooze", {"until_us": 4 * 10**15}, "until_us", "next 24 hours"),
    ("resolve", {}, "reason", "is missing"),
    ("resolve", {"reason": "OLD"}, "reason", "is not a reason to resolve"),
]
"""Request, fields that are wrong, the field that the answer names, and a part of the reason."""


def test_a_mistake_names_its_field_and_nothing_is_done(start: Start) -> None:
    board = start()
    gap = alert("wrong/zone/east-1", now_us() - 60 * S)
    board.decide("f", gap)

    for verb, fields, field, reason in MISTAKES:
        answer = board.post(verb, named(gap) | fields)

        assert answer.status_code == 422, answer.text
        faults = answer.json()["errors"]
        assert any(one["field"] == field and reason in one["reason"] for one in faults), faults
    assert board.post("acknowledge", [named(gap)]).status_code == 400
    assert board.audit.kept == []


def test_the_same_request_under_one_key_is_one_action(start: Start) -> None:
    board = start()
    gap = alert("once/zone/east-1", now_us() - 60 * S)
    board.decide("f", gap)

    first = board.post("acknowledge", named(gap), key="k-1")
    again = board.post("acknowledge", named(gap), key="k-1")
    other = board.post("resolve", named(gap, reason="DONE"), key="k-1")

    assert first.status_code == 200, first.text
    assert (again.status_code, again.content) == (200, first.content)
    assert other.status_code == 422
    of_alert = [one for _, _, one in board.log() if one["alert_id"] == gap["alert_id"]]
    assert [one["action_id"] for one in of_alert] == [first.json()["action_id"]]


def test_without_the_audit_or_with_brokers_that_are_late_nothing_is_done(start: Start) -> None:
    clock = SlowClock()
    board = start(clock=clock)
    gap = alert("lost/zone/east-1", now_us() - 60 * S)
    board.decide("f", gap)
    board.audit.away = True
    unseen = board.post("acknowledge", named(gap))
    board.audit.away = False
    clock.pause_s = APPEND_WITHIN_US / 1e6 + 1
    late = board.post("acknowledge", named(gap))
    clock.pause_s = 0.0

    assert (unseen.status_code, late.status_code) == (503, 503)
    assert "none was taken" in late.json()["detail"]
    assert board.states()["lost/zone/east-1"] == "open"
    assert not any(one["alert_id"] == gap["alert_id"] for _, _, one in board.log())


def test_what_a_rule_asks_of_people_is_counted_for_whom_sees_its_zones(start: Start) -> None:
    board = start()
    at_us = now_us() - 120 * S
    zones = [alert(f"much/zone/{one}-1", at_us) for one in ("east", "west")]
    many = [alert(f"much/zone/east-1/person/f:{n}", at_us + n * S) for n in range(4)]
    floor = alert("few/floor/f", at_us, kind="CAMERA_MISSING", zone_id="")
    silent = alert("quiet/zone/east-1", at_us, pages=False, stage="SILENT")
    old = alert("former/zone/east-1", now_us() - 40 * 24 * 3600 * S)
    board.decide("f", *zones, *many, floor, silent, old)
    for one in (zones[0], floor):
        assert board.post("acknowledge", named(one)).status_code == 200
    assert board.post("resolve", named(many[0], reason="NOT_TRUE")).status_code == 200
    board.sink()

    found = board.per_rule()
    much, few = found["much"], found["few"]
    [shift] = much["shifts"]

    assert (much["alerts"], much["paging"], much["accepted"], much["overridden"]) == (6, 6, 1, 1)
    assert 110 < much["acknowledged_after_s"] < 200
    assert {name: shift[name] for name in ("alerts", "accepted")} == {"alerts": 6, "accepted": 1}
    assert (much["asks_too_much"], few["asks_too_much"]) == (True, False)
    assert (few["paging"], few["accepted"]) == (1, 1)
    assert (found["quiet"]["alerts"], found["quiet"]["paging"]) == (1, 0)
    assert "former" not in found
    assert "former" in board.per_rule(days=60)
    east = board.per_rule(by="east")
    assert (east["much"]["alerts"], east["few"]["alerts"]) == (5, 1)


def test_an_alert_is_shown_and_acknowledged_before_the_tables_have_it(
    start: Start, live_log: LiveLog, live_url: str, redis_prefix: str
) -> None:
    live = LiveWriter(live_log, live_url, redis_prefix)
    board = start(live=(live_url, live.prefix))
    long_ago_us = now_us() - 20 * 24 * 3600 * S
    old, new = alert("old/zone/east-1", long_ago_us), alert("new/zone/east-1", now_us() - S)
    board.decide("f", old)
    live.alerts("f", open=[new, old])

    states = board.states()

    assert (states["old/zone/east-1"], states["new/zone/east-1"]) == ("open", "open")
    assert board.post("acknowledge", named(new)).json()["state"] == "acknowledged"
    assert board.states()["new/zone/east-1"] == "acknowledged"
    times = [one["alert"]["opened_us"] for one in board.alerts()]
    assert times == sorted(times, reverse=True)
    assert [one["alert"]["alert_id"] for one in board.alerts(limit=1)] == ["new/zone/east-1"]
    assert "new/zone/east-1" not in board.states(before_us=new["opened_us"])
    assert board.states(floor_id="g") == {}
