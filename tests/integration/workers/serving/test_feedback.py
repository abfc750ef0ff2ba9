"""Feedback on a figure: judged, audited, and in the log or not accepted."""

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
from schemas.registry import SchemaRegistry
from schemas.topics import CAMERAS, FEEDBACK, FLOORS, UNITS, ZONES
from tests.integration.log_loss.logs import make
from tests.support.ahead_clock import AheadClock
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.clusters import cluster_of
from tests.support.kept_audit import KeptAudit
from tests.support.live_writer import camera_fact, floor_fact, now_us, unit_fact, zone_fact
from tests.support.services import Services, empty_database, new_prefix
from workers.access.rights import AccessRole
from workers.registry.editing.database import Database
from workers.registry.view import RegistryView
from workers.serving.app import create_app
from workers.serving.evidence.feedback import GIVEN, MAX_TEXT, FeedbackDesk
from workers.serving.evidence.writer import FeedbackWriter

CALLERS = (
    person("coordinator", AccessRole.COORDINATOR),
    person("east", AccessRole.COORDINATOR, units=("east",)),
    person("viewer", AccessRole.VIEWER),
    person("engineer", AccessRole.ENGINEER),
    person("wall", AccessRole.WALL),
    person("analyst", AccessRole.ANALYST),
)


class SlowClock(SystemClock):
    """A clock on which every question takes as long as a test says."""

    pause_s = 0.0
    _ahead_us = 0

    def now_us(self) -> int:
        self._ahead_us += round(self.pause_s * 1e6)
        return super().now_us() + self._ahead_us


def wrong(**fields: Any) -> dict[str, Any]:
    """Somebody says that nobody is in a zone of east, as shown a second ago."""
    shown = {"as_of_us": now_us() - 1_000_000, "seq": 4711}
    return {"zone_id": "east-1", "kind": "NOBODY_HERE", **shown, **fields}


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


class Giver:
    """Gives feedback to a board, and reads the log."""

    def __init__(self, client: httpx.Client, cluster: Cluster, audit: KeptAudit) -> None:
        self._client = client
        self._cluster = cluster
        self.audit = audit

    def give(self, body: Any, *, by: str = "coordinator", key: str = "") -> Any:
        headers = {HEADER: by} | ({"Idempotency-Key": key} if key else {})
        return self._client.post("/api/v1/feedback", json=body, headers=headers)

    def log(self) -> list[tuple[int, bytes, dict[str, Any]]]:
        """Partition, key and record of all feedback."""
        codec = self._cluster.registry.reader(FEEDBACK)
        return [
            (message.partition() or 0, message.key() or b"", codec.decode(value))
            for message in read_topic(self._cluster, FEEDBACK)
            for value in (message.value(),)
            if isinstance(value, bytes)
        ]

    def texts(self) -> list[str]:
        return [record["text"] for _, _, record in self.log()]


@pytest.fixture(scope="module")
def database(services: Services, database_template: str) -> Iterator[Database]:
    with empty_database(services, database_template) as url, Database(url) as found:
        yield found


@pytest.fixture(scope="module")
def settings(services: Services) -> Settings:
    """A run with the topic of feedback."""
    found = Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=new_prefix(),
    )
    SchemaRegistry(found.registry_url).register(FEEDBACK)
    make(found, FEEDBACK)
    return found


Board = Callable[..., Giver]


@pytest.fixture
def board(settings: Settings, database: Database) -> Iterator[Board]:
    """Starts a board of the ward on the brokers of the test, with a database."""
    clients = []

    def start(clock: Clock | None = None, cluster: Cluster | None = None) -> Giver:
        clock = clock or AheadClock()
        own, audit, view = cluster_of(settings, clock), KeptAudit(), ward()
        app = create_app(
            "redis://127.0.0.1:1",
            "none",
            ServingSettings(),
            clock,
            view,
            authenticator=NamedCallers(*CALLERS),
            recorder=audit,
            feedback=FeedbackDesk(view, FeedbackWriter(cluster or own), audit, clock, database),
        )
        client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
        clients.append(client)
        client.__enter__()
        return Giver(client, own, audit)

    yield start
    for client in clients:
        client.__exit__(None, None, None)


def test_feedback_on_a_person_is_in_its_floors_partition_with_figure_and_frame(
    board: Board,
) -> None:
    giver = board()
    of_person = {"person_id": "f:12", "role": "nurse", "text": "the porter"}
    frame = {"camera_id": "cam-f", "captured_us": now_us() - 1_100_000}
    model = {"model_name": "yolox", "model_version": "2"}
    body = wrong(kind="NOT_THIS_ROLE", **of_person, **frame, **model)

    answer = giver.give(body)

    assert answer.status_code == 200, answer.text
    partition, key, record = next(one for one in giver.log() if one[2]["text"] == "the porter")
    assert (partition, key, record["floor_id"]) == (5, b"east-1", "f")
    assert {name: record[name] for name in body} == body
    assert record["given_by"] == "coordinator"
    assert record["feedback_id"] == answer.json()["feedback_id"]
    assert record["given_at_us"] == answer.json()["given_at_us"]
    [kept] = giver.audit.kept
    assert (kept.act.action, kept.act.subject) == (GIVEN, "zone/east-1")
    assert "porter" not in repr(kept), "a text may name somebody"


def test_who_may_give_feedback_and_on_what(board: Board) -> None:
    giver = board()

    def status(by: str, **fields: Any) -> int:
        code: int = giver.give(wrong(**fields), by=by).status_code
        return code

    assert [status(by) for by in ("viewer", "engineer", "east")] == [200] * 3
    assert [status(by) for by in ("wall", "analyst")] == [403] * 2
    assert status("viewer", person_id="f:12") == 422, "who sees no people says nothing of one"
    [fault] = giver.give(wrong(zone_id="west-1"), by="east").json()["errors"]
    assert (fault["field"], fault["reason"]) == ("zone_id", "'west-1' is not registered")


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"zone_id": "no"}, "zone_id", "'no' is not registered"),
    ({"zone_id": None}, "zone_id", "is missing"),
    ({"kind": "LAZY"}, "kind", "is not a kind of feedback"),
    ({"kind": "OTHER"}, "text", "say what is wrong"),
    ({"text": "x" * (MAX_TEXT + 1)}, "text", "500 are the most"),
    ({"text": "a\nb"}, "text", "remove it"),
    ({"seq": "many"}, "seq", "'many' is not"),
    ({"seq": 2**63}, "seq", "up to 18 digits"),
    ({"as_of_us": None}, "as_of_us", "is missing"),
    ({"as_of_us": 4 * 10**15}, "as_of_us", "is in the future"),
    ({"as_of_us": 10**15}, "as_of_us", "30 days ago"),
    ({"role": "nurse"}, "role", "give person_id too"),
    ({"camera_id": "cam-f"}, "captured_us", "go together"),
    ({"camera_id": "cam-g", "captured_us": 1}, "camera_id", "is not a camera of the zone"),
    ({"camera_id": "cam-f", "captured_us": 1}, "captured_us", "30 days ago"),
    ({"person": "f:12"}, "person", "person_id"),
]
"""Fields that are wrong, the field that the answer names, and a part of the reason."""


def test_a_mistake_names_its_field_and_nothing_is_taken(board: Board) -> None:
    clock = AheadClock()
    giver = board(clock=clock)

    for fields, field, reason in MISTAKES:
        clock.ahead_s += 60.0  # one may be given each minute
        answer = giver.give(wrong(**fields))

        assert answer.status_code == 422, answer.text
        faults = answer.json()["errors"]
        assert any(one["field"] == field and reason in one["reason"] for one in faults), faults
    assert giver.audit.kept == []


def test_a_body_that_is_no_object_is_refused(board: Board) -> None:
    giver = board()

    bodies: list[Any] = [[{}], 4, "text"]
    assert [giver.give(body).status_code for body in bodies] == [400] * 3


def test_the_same_feedback_under_one_key_is_given_once(board: Board) -> None:
    giver = board()
    body = wrong(text="once")

    first, again = giver.give(body, key="f-1"), giver.give(body, key="f-1")
    other = giver.give(wrong(text="twice"), key="f-1")

    assert first.status_code == 200, first.text
    assert (again.status_code, again.content) == (200, first.content)
    assert other.status_code == 422
    assert (giver.texts().count("once"), giver.texts().count("twice")) == (1, 0)
    assert giver.audit.actions() == [GIVEN]


def test_feedback_that_brokers_take_too_late_or_not_at_all_is_not_accepted(
    board: Board, settings: Settings
) -> None:
    clock = SlowClock()
    giver = board(clock=clock)
    clock.pause_s = APPEND_WITHIN_US / 1e6 + 1
    late = giver.give(wrong(text="late"))
    clock.pause_s = 0.0
    away = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    lost = board(cluster=cluster_of(away)).give(wrong(text="lost"))

    assert (late.status_code, lost.status_code) == (503, 503)
    assert "none was taken" in late.json()["detail"]
    assert not {"late", "lost"} & set(giver.texts())
    assert giver.give(wrong(text="after")).status_code == 200, "it goes on by itself"


def test_without_the_audit_nothing_is_taken(board: Board) -> None:
    giver = board()
    giver.audit.away = True

    assert giver.give(wrong(text="unseen")).status_code == 503
    assert "unseen" not in giver.texts()


def test_who_gives_too_much_learns_when_to_give_more(board: Board) -> None:
    clock = AheadClock()
    giver = board(clock=clock)
    assert {giver.give({}).status_code for _ in range(10)} == {422}

    refused = giver.give(wrong())

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert giver.give(wrong(), by="viewer").status_code == 200, "each has a rate of their own"
    clock.ahead_s = 61.0
    assert giver.give(wrong()).status_code == 200
