"""Why a zone's figure is what it is, over the real database and the real log."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from runtime.clock import SystemClock
from runtime.facts.log import Fact
from runtime.process.sections import ServingSettings
from schemas.topics import FRAMES, OCCUPANCY, PRESENCE, TRACKS, UNITS
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.clusters import cluster_of
from tests.support.database_roles import database_roles
from tests.support.explained_ward import HOUR_US, PEOPLE, facts, fill
from tests.support.inference_ward import Ward, frame
from tests.support.kept_audit import KeptAudit
from tests.support.services import Services, empty_database, new_prefix
from tests.support.set_clock import SetClock
from workers.access.rights import AccessRole
from workers.local.pipeline import settings_of
from workers.registry.view import RegistryView
from workers.serving.api.people import Sources
from workers.serving.app import create_app
from workers.serving.recorded import pool
from workers.serving.recorded.explanations import ZoneExplanations
from workers.storage.timescale.rows import at as to_moment

NOW_US = SystemClock().now_us()
FRESH_US = NOW_US - 2_000_000
OLD_US = NOW_US - 8 * HOUR_US
PURPOSE = "a complaint about bay A"

CALLERS = (
    person("viewer", AccessRole.VIEWER, units=("east",)),
    person("other", AccessRole.VIEWER, units=("other",)),
    person("coordinator", AccessRole.COORDINATOR, units=("east",)),
    person("analyst", AccessRole.ANALYST),
    person("auditor", AccessRole.AUDITOR),
)


class Client:
    """Asks a board why zone `a` had its figure."""

    def __init__(self, explanations: ZoneExplanations) -> None:
        stamps = {"version": 1, "valid_from_us": 0, "recorded_at_us": 0, "removed": False}
        view = RegistryView()
        units = (("east", ["a"]), ("other", ["b"]))
        view.add(
            [
                *(Fact(topic, record) for topic, record in facts(NOW_US)),
                *(
                    Fact(
                        UNITS,
                        {"unit_id": unit, "zone_ids": zones, "floor_ids": [], "neighbour_ids": []}
                        | stamps,
                    )
                    for unit, zones in units
                ),
            ],
            0,
        )
        self.audit = KeptAudit()
        app = create_app(
            "redis://127.0.0.1:1",
            "none",
            ServingSettings(),
            SetClock(NOW_US / 1e6),  # the figure of now stays one, however long other tests take
            view,
            authenticator=NamedCallers(*CALLERS),
            recorder=self.audit,
            sources=Sources(explanations=explanations),
        )
        self._client = TestClient(app, base_url="http://localhost")

    def ask(
        self, by: str, at: str | int | None = FRESH_US, purpose: str = "", zone: str = "a"
    ) -> Response:
        headers = {HEADER: by} | ({"X-Purpose": purpose} if purpose else {})
        text = to_moment(at + 1_000_000).isoformat() if isinstance(at, int) else at
        answer: Response = self._client.get(
            f"/api/v1/zones/{zone}/why",
            headers=headers,
            params={} if text is None else {"at": text},
        )
        return answer


@pytest.fixture(scope="module")
def explanations(services: Services, database_template: str) -> Iterator[ZoneExplanations]:
    """A database with a figure of now and one of eight hours ago, asked as the board's role."""
    prefix = new_prefix()
    settings = settings_of({**services.environment, "WARDSTREAM_TOPIC_PREFIX": prefix})
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(services, database_template))
        fill(services, url, NOW_US, OLD_US, FRESH_US)
        roles = stack.enter_context(database_roles(url))
        ward = Ward(settings, further=(OCCUPANCY, PRESENCE, TRACKS))
        stack.callback(ward.close)
        ward.send(frame("bed-1", 1, captured_us=FRESH_US))
        found = ZoneExplanations(roles.address("serving"), cluster_of(settings))
        yield stack.enter_context(found)


@pytest.fixture(scope="module")
def shared(explanations: ZoneExplanations) -> Client:
    return Client(explanations)


@pytest.fixture
def client(shared: Client) -> Client:
    """The client of the module, with an empty audit."""
    shared.audit.kept.clear()
    shared.audit.away = False
    return shared


def left_out(answer: dict[str, Any]) -> dict[str, str]:
    return {one["what"]: one["right"] for one in answer["left_out"]}


def test_a_coordinator_learns_who_was_counted_and_what_that_rests_on(client: Client) -> None:
    answer = client.ask("coordinator").json()

    shown = answer["shown"]
    assert (shown["people"], shown["gap"]["max"], shown["coverage"]["state"]) == (2, 1, "unclear")
    assert [one["role"] for one in shown["roles"]] == ["nurse"]
    ann, other = shown["persons"]
    assert [ann["person_id"], other["person_id"]] == PEOPLE
    assert (ann["staff_id"], ann["role_evidence"], ann["x_m"]) == ("s-7f3a", ["BADGE"], 1.25)
    assert [one["staff_id"] for one in answer["shifts"]] == ["s-7f3a"]
    assert [one["requirement_id"] for one in answer["requirements"]] == ["nurses"]
    assert answer["zone"]["recorded_by"] == "Eve Author"
    assert (answer["known"], answer["revision"], answer["time_zone"]) == (
        None,
        None,
        "Europe/Vienna",
    )
    [kept] = client.audit.kept
    assert (kept.act.action, kept.act.subject, kept.why) == ("zone.explained", "zone/a", "")
    assert kept.act.persons == ("s-7f3a", *PEOPLE)
    assert (kept.act.from_us, kept.act.until_us) == (FRESH_US, FRESH_US)


def test_cameras_of_other_units_are_left_out_wherever_they_are_named(client: Client) -> None:
    answer = client.ask("coordinator")

    assert left_out(answer.json()) == {"cameras": "board.read"}
    assert [one["camera_id"] for one in answer.json()["cameras"]] == ["bed-1"]
    assert "bed-2" not in answer.text
    whole = client.ask("analyst", OLD_US, PURPOSE).json()
    assert left_out(whole) == {}
    assert [one["camera_id"] for one in whole["cameras"]] == ["bed-1", "bed-2"]
    assert whole["shown"]["cameras_missing"] == ["bed-2"]


def test_a_viewer_sees_figures_and_learns_which_right_shows_the_rest(client: Client) -> None:
    answer = client.ask("viewer")

    shown = answer.json()["shown"]
    assert (shown["people"], shown["persons"]) == (2, None)
    assert left_out(answer.json()) == {
        "people": "presence.read",
        "staff": "registry.read",
        "authors": "registry.read",
        "cameras": "board.read",
    }
    assert [one["role"] for one in answer.json()["shifts"]] == ["nurse"]
    for hidden in ("7f3a", "west:", "Eve Author"):
        assert hidden not in answer.text
    assert client.audit.kept == []


def test_people_of_an_older_figure_need_the_right_to_the_past_and_a_purpose(
    client: Client,
) -> None:
    coordinator = client.ask("coordinator", OLD_US, PURPOSE).json()
    idle, stated = (
        client.ask("analyst", OLD_US).json(),
        client.ask("analyst", OLD_US, PURPOSE).json(),
    )
    fresh = client.ask("analyst", FRESH_US, PURPOSE).json()

    assert coordinator["shown"]["persons"] is None
    assert left_out(coordinator)["people"] == "history.read"
    assert idle["shown"]["persons"] is None
    assert "X-Purpose" in idle["left_out"][0]["why"]
    assert [one["person_id"] for one in stated["shown"]["persons"]] == PEOPLE
    assert left_out(fresh)["people"] == "presence.read", "an analyst has no right to the present"
    shown = [(kept.why, kept.act.from_us) for kept in client.audit.kept if kept.act.persons[1:]]
    assert shown == [(PURPOSE, OLD_US)]


def test_without_the_audit_the_figure_is_shown_without_people_and_says_so(client: Client) -> None:
    client.audit.away = True

    answer = client.ask("coordinator")

    assert answer.status_code == 200
    assert answer.json()["shown"]["people"] == 2
    assert answer.json()["shown"]["persons"] is None
    assert left_out(answer.json()) == {
        "people": "",
        "staff": "",
        "authors": "",
        "cameras": "board.read",
    }
    assert "7f3a" not in answer.text


def test_a_picture_is_where_the_answer_says_until_it_has_expired(client: Client) -> None:
    def picture(answer: Response) -> tuple[str, int | None, int | None]:
        links = {link["store"]: link for link in answer.json()["links"]}
        one = links[FRAMES.name]
        return one["state"], one["offset"], one["since_us"]

    assert picture(client.ask("coordinator")) == ("there", 0, None)
    kept_us = FRAMES.retention_ms * 1_000
    assert picture(client.ask("analyst", OLD_US, PURPOSE)) == ("expired", None, OLD_US + kept_us)


@pytest.mark.parametrize(
    ("by", "at", "zone", "status", "named"),
    [
        pytest.param("coordinator", None, "x", 404, "there is no zone 'x'", id="unknown-zone"),
        pytest.param("other", None, "a", 404, "there is no zone 'a'", id="of-another-unit"),
        pytest.param("analyst", NOW_US - 13 * HOUR_US, "a", 404, "'a' at that moment", id="before"),
        pytest.param("analyst", None, "a%00", 422, "none can hold", id="a-zero-byte"),
        pytest.param("coordinator", "noon", "a", 422, "at: 'noon' is no time", id="no-time"),
        pytest.param("coordinator", "0001-01-01T00:00", "a", 422, "too long ago", id="year-1"),
        pytest.param("coordinator", NOW_US + HOUR_US, "a", 422, "in the future", id="future"),
        pytest.param("coordinator", "1" * 41, "a", 422, "at", id="too-long"),
        pytest.param("auditor", None, "a", 403, "board.read", id="no-right"),
    ],
)
def test_a_question_that_has_no_answer_is_refused_with_the_reason(
    client: Client, by: str, at: str | int | None, zone: str, status: int, named: str
) -> None:
    answer = client.ask(by, at, zone=zone)

    assert (answer.status_code, named in answer.json()["detail"]) == (status, True), answer.text
    assert "zone.explained" not in client.audit.actions()


def test_a_moment_of_which_nothing_was_known_says_so(client: Client) -> None:
    answer = client.ask("coordinator", "1h").json()

    assert (answer["shown"], answer["known"]) == (None, None)
    assert answer["requirements"][0]["count"] == 2


def test_while_the_database_is_away_the_answer_is_503_with_a_time_to_ask_again(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_WAIT_S", 0.3)
    settings = settings_of(services.environment)
    dsn = "postgresql://nobody@127.0.0.1:1/none"
    with ZoneExplanations(dsn, cluster_of(settings)) as away:
        answer = Client(away).ask("coordinator")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
