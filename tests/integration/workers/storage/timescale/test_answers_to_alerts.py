"""How people answered alerts, by rule and shift: the views against Python on the same records."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from schemas.topics import ALERT_ACTIONS, FEEDBACK, FLOORS, ZONE_ALERTS
from tests.support.builders.alert_actions import acted, zone_alert
from tests.support.builders.outputs import item
from tests.support.paths import ROOT
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.timescale.rows import to_us

ZONE = ZoneInfo("Europe/Zurich")
START = datetime(2026, 10, 24, tzinfo=UTC)
"""A day before the clocks of the floor are set back."""

QUERY = ROOT / "deploy" / "timescale" / "queries" / "alerts_per_rule.sql"
RULES = ("gap", "dwell")
TIERS = ("WARNING", "PAGE")

World = list[dict[str, Any]]


def at_us(hours: float) -> int:
    return to_us(START + timedelta(hours=hours))


def world(random_: random.Random) -> World:
    """Alerts of three days, each with its decisions, actions and feedback."""
    found = []
    for number in range(60):
        opened_us = at_us(random_.uniform(0, 72)) // 200_000 * 200_000
        rule, zone = random_.choice(RULES), f"z-{number}"
        names = {"alert_id": f"{rule}/zone/{zone}", "opened_us": opened_us, "zone_id": zone}
        names |= {"rule_id": rule, "tier": random_.choice(TIERS)}
        pages = random_.random() < 0.7

        of_alert: dict[str, Any] = {one: names[one] for one in ("alert_id", "opened_us", "zone_id")}

        def decision(after_s: float, names: Any = names, **fields: Any) -> Any:
            at = names["opened_us"] + round(after_s * 1e6)
            return zone_alert(**{**names, **fields}) | {"decided_us": at}

        decisions = [decision(0, pages=pages)]
        if random_.random() < 0.4:
            more = {"pages": random_.random() < 0.5, "tier": random_.choice(TIERS)}
            decisions.append(decision(60, action="CHANGED", **more))
        if random_.random() < 0.7:
            tier = decisions[-1]["tier"]
            decisions.append(decision(600, action="CLOSED", pages=pages, tier=tier))
        actions = []
        for _ in range(random_.choice([0, 0, 1, 2, 3])):
            action = random_.choice(
                ["ACKNOWLEDGED", "SNOOZED", "RESOLVED", "ESCALATED", "DELIVERED"]
            )
            reason = random_.choice(["DONE", "NOT_TRUE"]) if action == "RESOLVED" else None
            actions.append(
                acted(
                    action,
                    floor_id="floor",
                    **of_alert,
                    taken_at_us=opened_us + round(random_.uniform(1, 500) * 1e6),
                    reason=reason,
                    receipt_key=f"r-{random_.randrange(2)}-{number}"
                    if action == "DELIVERED"
                    else "",
                )
            )
        given = []
        if random_.random() < 0.3:
            as_of_us = opened_us + round(random_.uniform(-300, 900) * 1e6)
            kind = random_.choice(["GAP_WRONG", "OTHER"])
            given.append({"zone_id": zone, "as_of_us": as_of_us, "kind": kind})
        found.append({**names, "decisions": decisions, "actions": actions, "given": given})
    return found


def write(sink: TimescaleSink, alerts: World) -> None:
    floor = {"version": 1, "valid_from_us": 0, "recorded_at_us": 0, "time_zone": ZONE.key}
    records: list[Any] = []
    for one in alerts:
        records += [(decision["decided_us"], decision) for decision in one["decisions"]]
    sink.write([item(FLOORS, {"floor_id": "floor", "name": "", "partition": 0, **floor})])
    for seq, (as_of_us, decision) in enumerate(sorted(records, key=lambda one: one[0]), start=1):
        record = {"floor_id": "floor", "seq": seq, "as_of_us": as_of_us, "inputs_through_us": 0}
        sink.write([item(ZONE_ALERTS, {**record, "decided": [decision], "open": []})])
    for twice in range(2):
        actions = [action for one in alerts for action in one["actions"]][:: twice + 1]
        sink.write([item(ALERT_ACTIONS, action) for action in actions])
    given = [one for alert in alerts for one in alert["given"]]
    sink.write(
        [
            item(
                FEEDBACK,
                {"feedback_id": f"f-{number}", "floor_id": "floor", "seq": 1, **one}
                | {"given_at_us": one["as_of_us"] + 1},
            )
            for number, one in enumerate(given)
        ]
    )


def answered(one: dict[str, Any]) -> dict[str, Any]:
    """What became of an alert, from its records alone."""
    last = one["decisions"][-1]
    closed_us = last["decided_us"] if last["action"] == "CLOSED" else None
    actions = sorted(one["actions"], key=lambda action: action["taken_at_us"])
    by_people = [a for a in actions if a["action"] in {"ACKNOWLEDGED", "SNOOZED", "RESOLVED"}]
    resolved = [a["reason"] for a in actions if a["action"] == "RESOLVED"]
    acknowledged = [a["taken_at_us"] for a in actions if a["action"] == "ACKNOWLEDGED"]
    disputed = any(
        given["kind"] != "OTHER" and one["opened_us"] <= given["as_of_us"] <= (closed_us or 10**18)
        for given in one["given"]
    )
    return {
        "key": (last["rule_id"], last["tier"]),
        "local": (
            datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=one["opened_us"])
        ).astimezone(ZONE),
        "pages": any(d["pages"] for d in one["decisions"] if d["action"] != "CLOSED"),
        "deliveries": len({a["receipt_key"] for a in actions if a["action"] == "DELIVERED"}),
        "after_s": (acknowledged[0] - one["opened_us"]) / 1e6 if acknowledged else None,
        "is_answered": bool(by_people),
        "is_overridden": resolved[-1:] == ["NOT_TRUE"] or disputed,
        "is_escalated": any(a["action"] == "ESCALATED" for a in actions),
    }


def sums(alerts: list[dict[str, Any]]) -> tuple[Any, ...]:
    """The figures of `alerts_per_rule`, in its order, of some alerts."""
    paging = [one for one in alerts if one["pages"]]
    after = [one["after_s"] for one in paging if one["after_s"] is not None]
    return (
        len(alerts),
        len(paging),
        sum(one["deliveries"] for one in alerts),
        len(after),
        sum(one["is_answered"] for one in paging),
        sum(one["is_answered"] and not one["is_overridden"] for one in paging),
        sum(one["is_overridden"] for one in paging),
        sum(one["is_escalated"] for one in paging),
        round(median(after), 3) if after else None,
    )


def rounded(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*row[:-1], None if row[-1] is None else round(row[-1], 3))


def test_burden_acceptance_override_and_time_to_acknowledge_are_those_of_the_records(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    alerts = world(random.Random(15))
    write(timescale_sink, alerts)
    by_shift: dict[Any, list[Any]] = defaultdict(list)
    by_start: dict[Any, list[Any]] = defaultdict(list)
    for one in map(answered, alerts):
        hour = one["local"].hour
        shift = "early" if 7 <= hour < 15 else "late" if 15 <= hour < 23 else "night"
        day = one["local"].date() - timedelta(days=hour < 7)
        by_shift[(*one["key"], shift, day)].append(one)
        by_start[(*one["key"], "06:00" if 6 <= hour < 18 else "18:00")].append(one)

    values = {"from": START, "to": START + timedelta(days=4), "shifts": "{06:00,18:00}"}
    text = QUERY.read_text()
    for name in values:
        text = text.replace(f":'{name}'", f"%({name})s")
    with psycopg.connect(database_url) as connection:
        shown = connection.execute("SELECT * FROM alerts_per_rule").fetchall()
        asked = connection.execute(text.encode(), values).fetchall()

    assert len(by_shift) > 12
    assert {row[:4]: rounded(row[4:]) for row in shown} == {
        key: sums(found) for key, found in by_shift.items()
    }
    wanted = (0, 1, 5, 6, 7, 8)
    assert {(*row[:2], f"{row[2]:%H:%M}"): rounded(row[3:]) for row in asked} == {
        key: tuple(sums(found)[index] for index in wanted) for key, found in by_start.items()
    }
