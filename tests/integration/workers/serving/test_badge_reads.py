"""Reads of badges that a program sends: judged whole, audited, and in the log in time or not."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from runtime.clock import Clock, SystemClock
from runtime.facts.log import APPEND_WITHIN_US, Fact
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic
from runtime.process.sections import ServingSettings
from runtime.process.settings import Settings
from runtime.process.vault import Ids
from schemas.registry import SchemaRegistry
from schemas.topics import BADGE_READS, BADGES, FLOORS, READERS, STAFF, UNITS, ZONES
from tests.integration.log_loss.logs import make
from tests.support.ahead_clock import AheadClock
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.clusters import cluster_of
from tests.support.kept_audit import KeptAudit
from tests.support.live_writer import floor_fact, now_us, zone_fact
from tests.support.services import Services, empty_database, new_prefix
from workers.access.rights import AccessRole
from workers.registry.editing.database import Database
from workers.registry.vault.door import AS_THEY_ARE, Doors
from workers.registry.vault.external import is_of_the_vault
from workers.registry.vault.vault import Vault
from workers.registry.view import RegistryView
from workers.serving.app import create_app
from workers.serving.evidence.desk import SENT, ReadDesk
from workers.serving.evidence.writer import ReadWriter

CALLERS = (
    person("badges", AccessRole.BADGE_SYSTEM),
    person("east-badges", AccessRole.BADGE_SYSTEM, units=("east",)),
    person("coordinator", AccessRole.COORDINATOR),
    person("admin", AccessRole.ADMIN),
)
MOST, PER_S = 10, 5.0
SETTINGS = ServingSettings(max_reads=MOST, max_reads_per_s=PER_S)


def read(**fields: Any) -> dict[str, Any]:
    """A read of a reader with a position, a second ago."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
    row = {"reader_id": "door", "badge_id": "b1", "staff_ids": ["n1"], "read_at": at}
    return {**row, "floor_id": "f", "x_m": 4.2, "y_m": 1.0, **fields}


def in_zone(zone_id: str, **fields: Any) -> dict[str, Any]:
    """A read of a reader that covers a zone."""
    return {**read(zone_id=zone_id, **fields), "x_m": None, "y_m": None}


class SlowClock(SystemClock):
    """A clock on which every question takes as long as a test says."""

    def __init__(self) -> None:
        self.pause_s = 0.0
        self._ahead_us = 0

    def now_us(self) -> int:
        self._ahead_us += round(self.pause_s * 1e6)
        return super().now_us() + self._ahead_us


class Sender:
    """Sends reads to a board, and reads the log.

    Attributes:
        audit: What was audited.
        clock: The board's clock.
    """

    def __init__(self, client: httpx.Client, cluster: Cluster, audit: KeptAudit) -> None:
        self._client = client
        self._cluster = cluster
        self.audit = audit

    def send(self, body: Any, *, by: str = "badges", query: str = "", **headers: str) -> Any:
        """Send a body; bytes are sent as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.post(
            f"/api/v1/badge-reads{query}",
            content=content,
            headers={HEADER: by, "content-type": "application/json", **sent},
        )

    def log(self) -> list[tuple[int, int, dict[str, Any]]]:
        """Partition, time of the append (UTC microseconds) and record of every read."""
        codec = self._cluster.registry.reader(BADGE_READS)
        return [
            (message.partition() or 0, message.timestamp()[1] * 1000, codec.decode(value))
            for message in read_topic(self._cluster, BADGE_READS)
            for value in (message.value(),)
            if isinstance(value, bytes)
        ]


@pytest.fixture(scope="module")
def database(services: Services, database_template: str) -> Iterator[Database]:
    with empty_database(services, database_template) as url, Database(url) as found:
        yield found


@pytest.fixture(scope="module")
def settings(services: Services) -> Settings:
    """A run with the topic of reads."""
    found = Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=new_prefix(),
    )
    SchemaRegistry(found.registry_url).register(BADGE_READS)
    make(found, BADGE_READS)
    return found


HELD: dict[str, dict[str, Any]] = {
    "always": {"staff_ids": ["n7"], "from_us": None, "until_us": None},
    "until-2020": {"staff_ids": ["n7"], "from_us": None, "until_us": 1_577_836_800_000_000},
}


def reader(reader_id: str, stamps: dict[str, Any]) -> dict[str, Any]:
    """The lobby's reader has a position on floor g; the others cover a zone of floor f."""
    placed = {"floor_id": "g", "x_m": 1.0, "y_m": 2.0, "range_m": 3.0, "zone_id": ""}
    covers = {"floor_id": "f", "x_m": None, "y_m": None, "range_m": None, "zone_id": reader_id}
    where = placed if reader_id == "lobby" else covers
    return {"reader_id": reader_id, "name": "", **where, **stamps}


def ward() -> RegistryView:
    """Floor f is in two units, g in east alone; on f there is a zone of each."""
    view = RegistryView()
    stamps = {"version": 1, "valid_from_us": 1, "recorded_at_us": 1, "removed": False}
    units = [("east", ["g"], ["east-1"]), ("west", [], ["west-1"])]
    view.add(
        [
            Fact(FLOORS, floor_fact("f", partition=5)),
            Fact(FLOORS, floor_fact("g", partition=9)),
            *(Fact(ZONES, zone_fact(one, floor_id="f")) for one in ("east-1", "west-1")),
            *(Fact(READERS, reader(one, stamps)) for one in ("lobby", "east-1", "west-1")),
            Fact(STAFF, {"staff_id": "n7", "role": "nurse", **stamps}),
            *(Fact(BADGES, {"badge_id": one, **held, **stamps}) for one, held in HELD.items()),
            *(
                Fact(UNITS, {"unit_id": one, **stamps, "floor_ids": floors, "zone_ids": zones})
                for one, floors, zones in units
            ),
        ],
        now_us(),
    )
    return view


Board = Callable[..., Sender]


@pytest.fixture
def board(settings: Settings, database: Database) -> Iterator[Board]:
    """Starts a board; by default of the ward, on the brokers of the test, with a database."""
    clients = []

    def start(
        view: RegistryView | None = None,
        clock: Clock | None = None,
        cluster: Cluster | None = None,
        *,
        kept: Database | None = database,
        doors: Doors = AS_THEY_ARE,
    ) -> Sender:
        clock = clock or AheadClock()
        own = cluster_of(settings, clock)
        audit = KeptAudit()
        view = ward() if view is None else view
        app = create_app(
            "redis://127.0.0.1:1",
            "none",
            SETTINGS,
            clock,
            view,
            authenticator=NamedCallers(*CALLERS),
            recorder=audit,
            reads=ReadDesk(view, ReadWriter(cluster or own), audit, clock, kept, doors),
        )
        client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
        clients.append(client)
        client.__enter__()
        return Sender(client, own, audit)

    yield start
    for client in clients:
        client.__exit__(None, None, None)


def test_a_batch_is_in_the_partitions_of_its_floors_and_stamped_within_the_time_for_an_append(
    board: Board,
) -> None:
    sender = board()

    answer = sender.send([read(), read(badge_id="b2"), read(floor_id="g", reader_id="lift")])

    assert answer.status_code == 200, answer.text
    taken = answer.json()
    assert (taken["reads"], taken["readers"], taken["badges"]) == (3, 2, 2)
    at_us = taken["recorded_at_us"]
    written = [one for one in sender.log() if one[2]["recorded_at_us"] == at_us]
    assert sorted((part, one["reader_id"], one["badge_id"]) for part, _, one in written) == [
        (5, "door", "b1"),
        (5, "door", "b2"),
        (9, "lift", "b1"),
    ]
    for _, appended_us, one in written:
        assert one["recorded_by"] == "badges"
        assert -1_000 <= appended_us - at_us <= APPEND_WITHIN_US
    [kept] = sender.audit.kept
    assert (kept.act.action, kept.actor) == (SENT, "badges")
    assert kept.act.detail == "3 reads by 2 readers on f, g"
    assert not kept.act.persons, "the audit of a read shows nobody, and names nobody"


def test_a_read_by_the_number_of_a_badge_is_in_the_log_by_its_pseudonym_alone(
    board: Board, database: Database
) -> None:
    vault = Vault(database, [b"k" * 32])
    sender = board(doors=Doors(Ids.EXTERNAL, vault, SystemClock()))
    numbered = read(badge_id="04:A2:B3:C4", staff_ids=["PN 90817"])
    before = sender.log()

    first = sender.send([numbered], idempotency_key="by-number")
    assert first.status_code == 200, first.text
    assert sender.send([numbered], idempotency_key="by-number").content == first.content
    assert sender.send([{**numbered, "reader_id": "lift"}]).status_code == 200

    one, other = [each[2] for each in sender.log() if each not in before]
    assert (one["badge_id"], one["staff_ids"]) == (other["badge_id"], other["staff_ids"])
    assert all(map(is_of_the_vault, [one["badge_id"], *one["staff_ids"]]))
    refused = sender.send([read(badge_id=one["badge_id"]), read(badge_id="always")])
    assert [fault["id"] for fault in refused.json()["errors"]] == ["entry 1", "entry 2"]
    assert "is a pseudonym of the vault" in refused.text
    assert "is registered as a pseudonym" in refused.text
    with database.transaction() as transaction:
        answers = str(transaction.execute("SELECT * FROM registry.idempotency").fetchall())
    for text in (str(sender.log()), repr(sender.audit.kept), refused.text, answers):
        assert not [number for number in ("04:A2", "90817", "always'") if number in text]


def test_one_read_may_be_sent_alone_and_by_a_reader_of_a_zone(board: Board) -> None:
    sender = board()

    assert sender.send(read(badge_id="alone")).status_code == 200
    assert sender.send(in_zone("west-1", badge_id="zoned")).status_code == 200

    found = {one["badge_id"]: one for _, _, one in sender.log()}
    assert found["alone"]["x_m"] == 4.2
    assert (found["zoned"]["zone_id"], found["zoned"]["x_m"]) == ("west-1", None)


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        pytest.param(read(floor_id="no"), "floor_id", "is not registered", id="floor"),
        pytest.param(in_zone("no-1"), "zone_id", "is not a zone of floor", id="zone"),
        pytest.param(in_zone("east-1", floor_id="g"), "zone_id", "is not a zone", id="elsewhere"),
        pytest.param(read(x_m=None), "x_m", "give x_m and y_m, or zone_id", id="half-a-position"),
        pytest.param(read(zone_id="east-1"), "zone_id", "not both", id="two-positions"),
        pytest.param(read(x_m="far"), "x_m", "is not a number", id="no-number"),
        pytest.param(read(range_m=0), "range_m", "greater than 0", id="no-range"),
        pytest.param(read(badge_id="b 1"), "badge_id", "holds a space", id="odd-badge"),
        pytest.param(read(badge_id=None), "badge_id", "is missing", id="no-badge"),
        pytest.param(read(read_at="2036-01-01T00:00Z"), "read_at", "in the future", id="future"),
        pytest.param(read(read_at="soon"), "read_at", "'soon'", id="no-time"),
        pytest.param(read(reader="door"), "reader", "did you mean reader_id", id="unknown-field"),
        pytest.param(read(staff_ids=["s"] * 2), "staff_ids", "twice", id="staff-twice"),
        pytest.param(
            read(staff_ids=[f"s{n}" for n in range(101)]), "staff_ids", "100", id="many-staff"
        ),
        pytest.param({}, "reader_id", "is missing", id="empty"),
    ],
)
def test_a_mistake_names_the_read_and_the_field_and_nothing_of_the_batch_is_taken(
    board: Board, wrong: Any, field: str, reason: str
) -> None:
    sender = board()
    before = len(sender.log())

    answer = sender.send([read(), wrong])

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    faults = answer.json()["errors"]
    assert {(one["kind"], one["id"]) for one in faults} == {("badge_read", "entry 2")}
    assert any(one["field"] == field and reason in one["reason"] for one in faults), faults
    assert len(sender.log()) == before
    assert sender.audit.kept == []


def test_a_sender_learns_of_wrong_clocks_and_of_reads_that_come_too_late(board: Board) -> None:
    def at(seconds: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))

    sender = board()
    sent = [
        read(),
        read(reader_id="fast", read_at=at(20)),
        read(reader_id="slow", read_at=at(-40)),
        read(reader_id="slow", read_at=at(-50)),
    ]

    answer = sender.send(sent, query="?dry_run=true")
    refused = sender.send(read(reader_id="fast", read_at=at(90)))

    assert (answer.status_code, answer.json()["ahead"], answer.json()["late"]) == (200, ["fast"], 2)
    assert refused.status_code == 422


def test_a_read_twice_in_a_batch_is_a_mistake(board: Board) -> None:
    one = read()

    [fault] = board().send([one, one]).json()["errors"]

    assert (fault["id"], fault["field"]) == ("entry 2", "read_at")
    assert fault["reason"] == "this read is in entry 1 already"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"no json", {}, 400, id="no-json"),
        pytest.param(b"[]", {}, 400, id="nothing"),
        pytest.param(b"[1]", {}, 400, id="no-object"),
        pytest.param(b"\xff", {}, 400, id="no-utf-8"),
        pytest.param(b"[" * 5_000, {}, 400, id="deep"),
        pytest.param([read()], {"content_type": "text/csv"}, 415, id="form"),
        pytest.param([read()], {"idempotency_key": "k y"}, 400, id="key"),
        pytest.param([{}] * (MOST + 1), {}, 413, id="too-many"),
        pytest.param(b" " * (6 * 2**20), {}, 413, id="too-large"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused(
    board: Board, body: Any, headers: dict[str, str], status: int
) -> None:
    sender = board()

    answer = sender.send(body, **headers)

    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    assert sender.audit.kept == []


@pytest.mark.parametrize("by", ["coordinator", "admin"])
def test_who_is_no_badge_system_may_send_none(board: Board, by: str) -> None:
    assert board().send(read(), by=by).status_code == 403


def test_a_badge_system_sees_nothing_of_the_ward(board: Board) -> None:
    sender = board()

    for path in ("zones", "floors/f/presence", "registry/staff", "line"):
        answer = sender._client.get(f"/api/v1/{path}", headers={HEADER: "badges"})
        assert answer.status_code == 403, path


def test_a_sender_of_one_unit_sends_for_its_floors_and_zones_alone(board: Board) -> None:
    sender = board()

    def faults(one: dict[str, Any]) -> list[tuple[str, str]]:
        answer = sender.send(one, by="east-badges")
        return [(each["field"], each["reason"]) for each in answer.json().get("errors", ())]

    assert faults(read(floor_id="g")) == []
    assert faults(in_zone("east-1")) == []
    assert faults(in_zone("west-1")) == [("zone_id", "'west-1' is not a zone of floor 'f'")]
    assert faults(read()) == [
        ("floor_id", "'f' is of other units too: send zone_id, a zone of yours")
    ]


def short(reader_id: str, badge_id: str) -> dict[str, Any]:
    """A read of which no more is sent than must be."""
    return {"reader_id": reader_id, "badge_id": badge_id, "read_at": read()["read_at"]}


def test_what_a_read_leaves_out_is_filled_in_from_what_is_registered(board: Board) -> None:
    sender = board()

    answer = sender.send(
        [short("lobby", "always"), short("east-1", "until-2020"), short("lobby", "unknown")]
    )

    assert answer.status_code == 200, answer.text
    at_us = answer.json()["recorded_at_us"]
    found = {b["badge_id"]: (p, b) for p, _, b in sender.log() if b["recorded_at_us"] == at_us}
    partition, always = found["always"]
    assert (partition, always["floor_id"], always["staff_ids"]) == (9, "g", ["n7"])
    assert (always["x_m"], always["y_m"], always["range_m"]) == (1.0, 2.0, 3.0)
    partition, over = found["until-2020"]
    assert (partition, over["zone_id"], over["x_m"], over["staff_ids"]) == (5, "east-1", None, [])
    assert found["unknown"][1]["staff_ids"] == []


def test_what_a_read_says_itself_counts_before_what_is_registered(board: Board) -> None:
    sender = board()

    answer = sender.send(read(reader_id="lobby", badge_id="always", staff_ids=[]))

    at_us = answer.json()["recorded_at_us"]
    [written] = [one for _, _, one in sender.log() if one["recorded_at_us"] == at_us]
    assert (written["floor_id"], written["x_m"], written["staff_ids"]) == ("f", 4.2, [])


@pytest.mark.parametrize(
    ("by", "reader_id", "status"),
    [("badges", "no-such", 422), ("east-badges", "lobby", 200), ("east-badges", "west-1", 422)],
)
def test_a_reader_out_of_reach_is_as_one_that_nobody_registered(
    board: Board, by: str, reader_id: str, status: int
) -> None:
    answer = board().send(short(reader_id, "always"), by=by)

    assert answer.status_code == status, answer.text
    for fault in answer.json().get("errors", ()):
        assert fault["field"] == "reader_id"
        reason = f"{reader_id!r} is not registered: register it, or write where it is"
        assert fault["reason"] == reason


def test_the_same_request_under_one_key_is_taken_once(board: Board) -> None:
    sender = board()
    body = [read(badge_id="once")]

    first = sender.send(body, idempotency_key="k-1")
    again = sender.send(body, idempotency_key="k-1")
    other = sender.send([read(badge_id="twice")], idempotency_key="k-1")

    assert first.status_code == 200, first.text
    assert (again.status_code, again.json()) == (200, first.json())
    assert other.status_code == 422
    assert "another request was sent with this key" in other.json()["detail"]
    badges = [one["badge_id"] for _, _, one in sender.log()]
    assert (badges.count("once"), badges.count("twice")) == (1, 0)
    assert sender.audit.actions() == [SENT]


def test_requests_with_one_key_at_the_same_time_are_taken_once(board: Board) -> None:
    sender = board()
    body = [read(badge_id="at-once")]
    answers: list[Any] = []

    def send() -> None:
        answers.append(sender.send(body, idempotency_key="k-2"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {one.status_code for one in answers} == {200}
    assert len({one.text for one in answers}) == 1
    assert [one["badge_id"] for _, _, one in sender.log()].count("at-once") == 1


def test_a_dry_run_takes_nothing(board: Board) -> None:
    sender = board()

    answer = sender.send(read(badge_id="dry"), query="?dry_run=true", idempotency_key="k-3")

    assert (answer.status_code, answer.json()["recorded_at_us"]) == (200, None)
    assert "dry" not in {one["badge_id"] for _, _, one in sender.log()}
    assert sender.audit.kept == []


def test_a_sender_that_sends_too_much_learns_when_to_send_more(board: Board) -> None:
    clock = AheadClock()
    sender = board(clock=clock)
    batch = [read(badge_id=f"rate-{number}") for number in range(MOST)]
    assert sender.send(batch).status_code == 200

    refused = sender.send(batch)
    other = sender.send(in_zone("east-1"), by="east-badges")
    clock.ahead_s = float(refused.headers["retry-after"])

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert other.status_code == 200, "each sender has its own rate"
    batch = [{**one, "reader_id": "other-door"} for one in batch]
    assert sender.send(batch).status_code == 200


def test_reads_that_brokers_take_too_late_are_not_in_the_log(board: Board) -> None:
    clock = SlowClock()
    sender = board(clock=clock)
    assert sender.send(read(badge_id="in-time")).status_code == 200
    clock.pause_s = APPEND_WITHIN_US / 1e6 + 1

    late = sender.send([read(badge_id="late"), read(badge_id="late-too", floor_id="g")])
    clock.pause_s = 0.0
    after = sender.send(read(badge_id="after"))

    assert (late.status_code, late.headers["retry-after"]) == (503, "2")
    assert "none was taken" in late.json()["detail"]
    assert after.status_code == 200, "it goes on by itself"
    badges = {one["badge_id"] for _, _, one in sender.log()}
    assert badges >= {"in-time", "after"}
    assert not badges & {"late", "late-too"}


def test_while_the_brokers_are_away_a_sender_learns_it_within_seconds(
    board: Board, settings: Settings
) -> None:
    away = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    sender = board(cluster=cluster_of(away))
    began = time.monotonic()

    answer = sender.send(read())

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "taken" in answer.json()["detail"]
    assert time.monotonic() - began < 15


def test_without_the_audit_nothing_is_taken(board: Board) -> None:
    sender = board()
    sender.audit.away = True

    assert sender.send(read(badge_id="unseen")).status_code == 503
    assert "unseen" not in {one["badge_id"] for _, _, one in sender.log()}


def test_a_key_cannot_be_kept_without_a_database_and_is_not_needed(board: Board) -> None:
    sender = board(kept=None)

    assert sender.send(read(), idempotency_key="k-4").status_code == 503
    assert sender.send(read()).status_code == 200


def test_until_what_is_registered_is_known_no_read_is_judged(board: Board) -> None:
    answer = board(view=RegistryView()).send(read())

    assert answer.status_code == 503
    assert "not known yet" in answer.json()["detail"]


def test_two_boards_write_beside_each_other(board: Board) -> None:
    one, two = board(), board()

    codes = [
        sender.send(read(badge_id=f"{name}-{turn}")).status_code
        for turn in range(3)
        for name, sender in (("one", one), ("two", two))
    ]

    assert codes == [200] * 6
    assert len([b for _, _, b in one.log() if b["badge_id"].startswith(("one-", "two-"))]) == 6
