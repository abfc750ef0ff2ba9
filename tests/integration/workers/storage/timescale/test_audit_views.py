"""Who has seen a person, and what has somebody seen: two views over what the sink wrote.

Ann and Bob are on floor 1 before camera 1; Cid is on floor 2 before camera 2.
"""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from runtime.audit import Act, next_entry
from schemas.records.alerts import AuditEntry
from schemas.topics import AUDIT, PRESENCE
from tests.support.builders.outputs import at_us, item, items, person, presence
from workers.sinks.timescale.sink import TimescaleSink

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]


def people(second: int) -> list[Any]:
    first = presence(second + 1, second, [person("ann", staff_id="s-7"), person("bob")])
    cid = person("cid", camera_ids=["cam-2"])
    return [first, presence(second + 1, second, [cid], "floor-2")]


def recorded(*acts: tuple[float, str, Act]) -> list[AuditEntry]:
    """Entries of one chain: second, actor, act."""
    entries: list[AuditEntry] = []
    for second, actor, act in acts:
        last = entries[-1] if entries else None
        at = at_us(second)
        entries.append(next_entry(last, "serving-1", act, actor=actor, why="a fall", at_us=at))
    return entries


def stream(action: str, floor: str, from_us: int, until_us: int | None = None) -> Act:
    return Act(action, "changes", floors=(floor,), from_us=from_us, until_us=until_us)


@pytest.fixture
def ask(timescale_sink: TimescaleSink, database_url: str) -> Ask:
    everybody = [record for second in range(60) for record in people(second)]
    timescale_sink.write(items(PRESENCE, everybody))
    timescale_sink.write(
        items(
            AUDIT,
            [
                dict(entry)
                for entry in recorded(
                    (5, "eve", Act("presence.viewed", "floor/floor-1", floors=("floor-1",))),
                    (6, "joe", Act("frame.viewed", "camera/cam-2", cameras=("cam-2",))),
                    (
                        7,
                        "kim",
                        Act(
                            "history.viewed",
                            "person/bob",
                            persons=("bob",),
                            from_us=at_us(1),
                            until_us=at_us(2),
                        ),
                    ),
                    (8, "joe", stream("stream.opened", "floor-2", from_us=at_us(8))),
                    (
                        20,
                        "joe",
                        stream("stream.closed", "floor-2", from_us=at_us(8), until_us=at_us(20)),
                    ),
                    (30, "lea", stream("stream.opened", "floor-1", from_us=at_us(30))),
                    (31, "lea", Act("login.done", "lea")),
                )
            ],
        )
    )

    def run(statement: str, **values: Any) -> Rows:
        with psycopg.connect(database_url, options="-c timezone=UTC") as connection:
            return connection.execute(statement.encode(), values).fetchall()

    return run


def test_who_has_seen_a_person(ask: Ask) -> None:
    asked = (
        "SELECT actor, action, how, purpose FROM who_has_seen WHERE person_id = %(id)s ORDER BY at"
    )

    assert ask(asked, id="bob") == [
        ("eve", "presence.viewed", "on the floor", "a fall"),
        ("kim", "history.viewed", "named", "a fall"),
        ("lea", "stream.opened", "on the floor", "a fall"),
    ]
    assert ask(asked, id="cid") == [
        ("joe", "frame.viewed", "before the camera", "a fall"),
        ("joe", "stream.opened", "on the floor", "a fall"),
    ]
    assert [row[0] for row in ask(asked, id="s-7")] == ["eve", "lea"]
    assert ask(asked, id="nobody") == []


def test_what_somebody_has_seen(ask: Ask) -> None:
    asked = (
        "SELECT action, persons, cameras, floors, may_go_on FROM what_has_seen WHERE actor = %(id)s"
    )

    assert ask(f"{asked} ORDER BY at", id="joe") == [
        ("frame.viewed", ["cid"], ["cam-2"], [], False),
        ("stream.opened", ["cid"], [], ["floor-2"], False),
    ]
    assert ask(asked, id="kim") == [("history.viewed", ["bob"], [], [], False)]
    assert ask(asked, id="lea") == [("stream.opened", ["ann", "bob"], [], ["floor-1"], True)]


def test_an_entry_that_comes_twice_is_one_row_and_a_forged_one_stops_nothing(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    [entry] = recorded((1, "eve", Act("frame.viewed", "camera/cam-1", cameras=("cam-1",))))
    forged = {**entry, "subject": "camera/cam-9", "sha256": "0" * 64}
    for number, record in enumerate([dict(entry), dict(entry), forged]):
        timescale_sink.write([item(AUDIT, record, number)])

    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT subject FROM audit_entries ORDER BY subject").fetchall()
    assert rows == [("camera/cam-1",), ("camera/cam-9",)]
