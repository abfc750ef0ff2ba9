"""Single people over the real database and the real log: each view has a right and a purpose."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from fastapi.testclient import TestClient
from httpx import Response

from runtime.clock import SystemClock
from runtime.facts.log import Fact
from runtime.process.sections import ServingSettings
from runtime.process.settings import Settings
from schemas.topics import CAMERAS, FLOORS, SHIFTS, STAFF, UNITS, ZONES
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.clusters import cluster_of
from tests.support.inference_ward import FRAME_US, START_US, Ward, frame, heartbeat, jpeg
from tests.support.kept_audit import KeptAudit
from tests.support.live_writer import camera_fact, floor_fact, zone_fact
from tests.support.services import Services
from workers.access.rights import AccessRole
from workers.local.pipeline import settings_of
from workers.registry.editing.sealed import Opened
from workers.registry.view import RegistryView
from workers.serving.api.people import Sources
from workers.serving.app import create_app
from workers.serving.recorded import history as recorded
from workers.serving.recorded.frames import LatestFrames
from workers.serving.recorded.history import PositionHistory

T0 = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
PURPOSE = "a fall in bay 2"

CALLERS = (
    person("analyst", AccessRole.ANALYST),
    person("east", AccessRole.ANALYST, units=("east",)),
    person("engineer", AccessRole.ENGINEER),
    person("east-engineer", AccessRole.ENGINEER, units=("east",)),
    person("viewer", AccessRole.VIEWER),
    person("east-coordinator", AccessRole.COORDINATOR, units=("east",)),
)


class Client:
    """Asks a board as somebody."""

    def __init__(self, client: TestClient, audit: KeptAudit) -> None:
        self._client = client
        self.audit = audit

    def get(self, by: str, path: str, purpose: str | None = PURPOSE, **query: str) -> Response:
        headers = {HEADER: by} | ({} if purpose is None else {"X-Purpose": purpose})
        answer: Response = self._client.get(f"/api/v1/{path}", headers=headers, params=query)
        return answer


def ward() -> RegistryView:
    """Floor `west` has a zone of each unit; camera `bed-1` shows that of east alone."""
    stamps = {"version": 1, "valid_from_us": 0, "recorded_at_us": 0, "removed": False}
    view = RegistryView()
    shift = {"ends_us": SystemClock().now_us(), "starts_us": 0, "role": "", "replaces": ""}
    shift |= {"kind": "WORK", "status": "PLANNED", "agency": ""}
    view.add(
        [
            *(Fact(STAFF, {"staff_id": one, "role": "nurse"} | stamps) for one in ("ann", "bob")),
            Fact(SHIFTS, {"shift_id": "s", "staff_id": "ann", "zone_id": "a"} | shift | stamps),
            Fact(FLOORS, floor_fact("west")),
            *(Fact(CAMERAS, camera_fact(one, floor_id="west")) for one in ("bed-1", "bed-2")),
            Fact(ZONES, zone_fact("a", floor_id="west", camera_id="bed-1")),
            Fact(ZONES, zone_fact("b", floor_id="west", camera_id="bed-2")),
            *(
                Fact(
                    UNITS,
                    {"unit_id": unit, "zone_ids": [zone], "floor_ids": [], "neighbour_ids": []}
                    | stamps,
                )
                for unit, zone in (("east", "a"), ("other", "b"))
            ),
        ],
        0,
    )
    return view


def client_of(sources: Sources) -> Client:
    audit = KeptAudit()
    app = create_app(
        "redis://127.0.0.1:1",
        "none",
        ServingSettings(),
        SystemClock(),
        ward(),
        authenticator=NamedCallers(*CALLERS),
        recorder=audit,
        sources=sources,
    )
    return Client(TestClient(app, base_url="http://localhost"), audit)


@pytest.fixture
def history(database_url: str) -> Iterator[Client]:
    """A board over a database in which one person walks from zone a to b, and another stands."""
    walk = [("p", ["a"], 0), ("p", ["a", "b"], 1), ("p", ["b"], 2), ("p", [], 3), ("q", ["a"], 0)]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.cursor().executemany(
            "INSERT INTO live.positions (at, person_id, floor_id, as_of, camera_ids, zone_ids,"
            " observed, role, role_confidence, calibration_suspect, seq, digest)"
            " VALUES (%s, %s, 'west', %s, '{}', %s, true, '', 0, false, 1, '')",
            [
                (T0 + timedelta(seconds=s), who, T0 + timedelta(seconds=s), zones)
                for who, zones, s in walk
            ],
        )
    with PositionHistory(database_url) as found:
        yield client_of(Sources(history=found))


@pytest.fixture
def settings(services: Services, run_prefix: str) -> Settings:
    return settings_of({**services.environment, "WARDSTREAM_TOPIC_PREFIX": run_prefix})


@pytest.fixture
def frames(settings: Settings) -> Iterator[tuple[Client, Ward]]:
    """A board over the log of frames."""
    with ExitStack() as stack:
        ward = Ward(settings)
        stack.callback(ward.close)

        def fetch(uri: str, _sha256: str) -> bytes:
            return uri.encode()

        yield client_of(Sources(frames=LatestFrames(cluster_of(settings), fetch))), ward


def hour(since: datetime = T0) -> dict[str, str]:
    return {"from": since.isoformat(), "to": (since + timedelta(hours=1)).isoformat()}


def test_where_a_person_was_is_answered_second_by_second(history: Client) -> None:
    answer = history.get("analyst", "floors/west/history", person="p", **hour())

    assert [point["zone_ids"] for point in answer.json()["points"]] == [
        ["a"],
        ["a", "b"],
        ["b"],
        [],
    ]
    assert answer.json()["points"][0]["at_us"] == T0.timestamp() * 1_000_000
    [kept] = history.audit.kept
    assert (kept.act.action, kept.why, kept.actor) == ("history.viewed", PURPOSE, "analyst")
    assert (kept.act.persons, kept.act.floors) == (("p",), ("west",))
    assert kept.act.from_us == T0.timestamp() * 1_000_000


def test_an_analyst_of_one_unit_sees_the_points_in_its_zones(history: Client) -> None:
    answer = history.get("east", "floors/west/history", person="p", **hour())

    assert [point["zone_ids"] for point in answer.json()["points"]] == [["a"], ["a"]]


def test_an_unknown_person_was_nowhere(history: Client) -> None:
    answer = history.get("east", "floors/west/history", person="nobody", **hour())

    assert answer.json()["points"] == []


def test_the_end_of_time_and_ids_that_no_table_holds_are_no_mistake_of_the_board(
    history: Client,
) -> None:
    last_day = {"from": "9999-12-31T12:00:00Z", "to": "9999-12-31T13:00:00Z"}

    late = history.get("analyst", "floors/west/history", person="p", **last_day)
    odd = history.get("analyst", "floors/west/history", person="p\0", **hour())

    assert (late.status_code, late.json()["points"]) == (200, [])
    assert odd.status_code == 422


def test_more_points_than_one_answer_holds_are_asked_for_again(
    history: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.serving.api.people.MOST_POINTS", 3)
    monkeypatch.setattr(recorded, "MOST_POINTS", 3)

    first = history.get("analyst", "floors/west/history", person="p", **hour()).json()

    assert (len(first["points"]), first["more"]) == (3, True)


@pytest.mark.parametrize(
    ("by", "purpose", "query", "status", "named"),
    [
        pytest.param("viewer", PURPOSE, hour(), 403, "history.read", id="no-right"),
        pytest.param("analyst", None, hour(), 400, "X-Purpose", id="no-purpose"),
        pytest.param("analyst", "  ", hour(), 400, "X-Purpose", id="a-blank-purpose"),
        pytest.param("analyst", PURPOSE, {"from": T0.isoformat()}, 422, "to", id="without-an-end"),
        pytest.param(
            "analyst",
            PURPOSE,
            {"from": "2026-11-29T08:00", "to": "2026-11-29T09:00"},
            422,
            "timezone",
            id="without-an-offset",
        ),
        pytest.param(
            "analyst",
            PURPOSE,
            {"from": T0.isoformat(), "to": (T0 + timedelta(days=2)).isoformat()},
            422,
            "by a day at most",
            id="too-long",
        ),
    ],
)
def test_a_question_that_may_not_be_asked_is_refused_and_shows_nobody(
    history: Client, by: str, purpose: str | None, query: dict[str, str], status: int, named: str
) -> None:
    answer = history.get(by, "floors/west/history", purpose, person="p", **query)

    assert answer.status_code == status
    assert named in answer.json()["detail"]
    assert "history.viewed" not in history.audit.actions()


def test_without_the_audit_nobody_learns_where_somebody_was(history: Client) -> None:
    history.audit.away = True

    answer = history.get("analyst", "floors/west/history", person="p", **hour())

    assert answer.status_code == 503
    assert "points" not in answer.text


def test_the_latest_picture_of_a_camera_is_the_one_that_was_captured_last(
    frames: tuple[Client, Ward],
) -> None:
    client, ward = frames
    ward.send(frame("bed-1", 1), *(frame("bed-2", seq) for seq in range(40)), heartbeat("bed-1", 2))

    answer = client.get("east-engineer", "cameras/bed-1/frame")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content == jpeg(1)
    assert answer.headers["x-captured-us"] == str(START_US + FRAME_US)
    assert answer.headers["cache-control"] == "no-store"
    [kept] = client.audit.kept
    assert (kept.act.action, kept.act.cameras, kept.why) == ("frame.viewed", ("bed-1",), PURPOSE)
    assert client.get("engineer", "cameras/bed-2/frame").content == jpeg(39)


def test_a_picture_in_the_object_store_is_fetched(frames: tuple[Client, Ward]) -> None:
    client, ward = frames
    ward.send({**frame("bed-1", 1), "data": None, "object_uri": "file:///the-picture"})

    assert client.get("engineer", "cameras/bed-1/frame").content == b"file:///the-picture"


def test_a_picture_of_another_unit_answers_as_that_of_no_camera(
    frames: tuple[Client, Ward],
) -> None:
    client, ward = frames
    ward.send(frame("bed-2", 1))

    foreign, none, missing = (
        client.get(by, f"cameras/{camera}/frame")
        for by, camera in (
            ("east-engineer", "bed-2"),
            ("east-engineer", "no-x"),
            ("engineer", "no-x"),
        )
    )

    assert foreign.status_code == none.status_code == missing.status_code == 404
    assert foreign.json()["detail"].replace("bed-2", "no-x") == none.json()["detail"]
    assert none.json() == missing.json()
    assert "frame.viewed" not in client.audit.actions()


class SetNames:
    """Names of a test."""

    def name_of(self, staff_id: str) -> Opened | None:
        return {"ann": Opened("Ann Example", 3)}.get(staff_id)


def test_a_coordinator_learns_the_names_of_those_who_work_in_its_unit() -> None:
    client = client_of(Sources(names=SetNames()))

    known, other, unknown = (
        client.get("east-coordinator", f"registry/staff/{one}/name")
        for one in ("ann", "bob", "eve")
    )

    assert known.json() == {"staff_id": "ann", "name": "Ann Example"}
    assert known.headers["etag"] == '"v3"'
    assert other.status_code == unknown.status_code == 404
    assert other.json()["detail"].replace("bob", "eve") == unknown.json()["detail"]
    [kept] = [kept for kept in client.audit.kept if kept.act.action == "name.viewed"]
    assert (kept.act.persons, kept.why) == (("ann",), PURPOSE)


def test_a_board_without_names_says_so() -> None:
    answer = client_of(Sources()).get("east-coordinator", "registry/staff/ann/name")

    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "this board keeps no names of staff",
    )
