"""The past of all zones: each moment as its newest records had it, by unit and with audit."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from runtime.process.sections import ServingSettings
from schemas.topics import OCCUPANCY, PRESENCE, ZONE_ALERTS, Topic
from tests.support.builders.outputs import at_us
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.database_roles import database_roles
from tests.support.kept_audit import KeptAudit
from tests.support.past_ward import REVISED_S, SECONDS, Records, fill, newest, view
from tests.support.services import Services, empty_database
from tests.support.set_clock import SetClock
from workers.access.rights import AccessRole
from workers.serving.api.people import Sources
from workers.serving.api.zone_alert_answers import AlertView
from workers.serving.app import create_app
from workers.serving.live.records import Occupancy
from workers.serving.recorded.past import PastZones
from workers.storage.timescale.rows import at as to_moment

PURPOSE = "a complaint about room 0"
MOMENTS = (0.0, 9.9, 10.0, 10.1, 20.0, 33.3, 47.9, 60.0, 75.123456, 89.7)
CALLERS = (
    person("analyst", AccessRole.ANALYST),
    person("east", AccessRole.ANALYST, units=("east",)),
    person("viewer", AccessRole.VIEWER, units=("east",)),
    person("auditor", AccessRole.AUDITOR),
)


class Past:
    """Asks a board for moments of the past, and knows every record.

    Args:
        past: What the board reads.
        records: What the pipeline wrote.
    """

    def __init__(self, past: PastZones, records: Records) -> None:
        self.records = records
        self.audit = KeptAudit()
        app = create_app(
            "redis://127.0.0.1:1",
            "none",
            ServingSettings(),
            SetClock(at_us(SECONDS + 60) / 1e6),
            view(),
            authenticator=NamedCallers(*CALLERS),
            recorder=self.audit,
            sources=Sources(past=past),
        )
        self._client = TestClient(app, base_url="http://localhost")

    def get(self, by: str, path: str, seconds: float, purpose: str = "", **params: str) -> Response:
        headers = {HEADER: by} | ({"X-Purpose": purpose} if purpose else {})
        asked = {"at": to_moment(at_us(seconds)).isoformat(), **params}
        answer: Response = self._client.get(
            f"/api/v1/history/{path}", headers=headers, params=asked
        )
        return answer

    def newest(self, topic: Topic, key: str, identity: str, seconds: float) -> dict[str, Any]:
        """The newest record of a zone or floor that is of no later than a moment."""
        return newest(self.records, topic, key, identity, seconds)


@pytest.fixture(scope="module")
def shared(services: Services, database_template: str) -> Iterator[Past]:
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(services, database_template))
        records = fill(url)
        roles = stack.enter_context(database_roles(url))
        past = stack.enter_context(PastZones(roles.address("serving")))
        yield Past(past, records)


@pytest.fixture
def past(shared: Past) -> Past:
    """The board of the module, with an empty audit."""
    shared.audit.kept.clear()
    shared.audit.away = False
    return shared


def test_figures_and_alerts_of_any_moment_are_the_fields_of_their_newest_records(
    past: Past,
) -> None:
    for seconds in MOMENTS:
        answer = past.get("analyst", "zones", seconds, PURPOSE).json()

        assert [zone["zone_id"] for zone in answer["zones"]] == ["zone-r0", "zone-r1"]
        for zone in answer["zones"]:
            record = past.newest(OCCUPANCY, "zone_id", zone["zone_id"], seconds)
            assert zone["record"] == Occupancy.model_validate(record).model_dump(), seconds
            assert zone["record"] == record, "the record has no other field"
            assert zone["freshness"]["stale"] is False
            assert zone["revision"] is None
        for floor in answer["floors"]:
            open_then = past.newest(ZONE_ALERTS, "floor_id", floor["floor_id"], seconds)["open"]
            expected = [AlertView.model_validate(one).model_dump() for one in open_then]
            assert floor["alerts"] == expected == open_then, seconds
        assert answer["left_out"] == []


def test_what_is_known_now_names_its_revision_where_one_decides(past: Past) -> None:
    shown, known = (
        past.get("analyst", "zones", REVISED_S, PURPOSE, view=which).json()["zones"]
        for which in ("shown", "known")
    )
    figure = past.newest(OCCUPANCY, "zone_id", "zone-r0", REVISED_S)

    assert (shown[0]["record"], shown[0]["revision"]) == (figure, None)
    assert (known[0]["record"]["scheduled"], known[0]["revision"]) == (7, 1)
    assert known[0]["record"]["roles"][0]["scheduled"] == 7
    assert (known[1]["record"], known[1]["revision"]) == (shown[1]["record"], None)


def test_people_are_where_they_were_within_a_second(past: Past) -> None:
    for seconds in MOMENTS[1:]:
        answer = past.get("analyst", "floors/floor-r0/people", seconds, PURPOSE)
        first = [
            record
            for topic, record in past.records
            if topic is PRESENCE
            and record["floor_id"] == "floor-r0"
            and at_us(seconds) - 1_000_000 < record["as_of_us"] <= at_us(seconds)
        ]
        found = answer.json()["people"]
        seen = {one["person_id"] for record in first for one in record["people"]}
        assert {one["person_id"] for one in found} <= seen
        for one in found:
            assert 0 <= at_us(seconds) - one["as_of_us"] < 1_000_000
            assert one["zone_ids"] == ["zone-r0"]
        assert found or not first[0]["people"]
    assert {kept.act.action for kept in past.audit.kept} == {"history.viewed"}


def test_who_was_there_needs_the_right_and_a_purpose_and_is_in_the_audit(past: Past) -> None:
    moment = 89.7
    [stated] = past.get("east", "zones", moment, PURPOSE).json()["zones"]
    kept = list(past.audit.kept)
    idle, viewer = (past.get(by, "zones", moment) for by in ("east", "viewer"))

    assert stated["record"]["person_ids"]
    [entry] = kept
    assert (entry.act.action, entry.why, entry.act.from_us) == (
        "history.viewed",
        PURPOSE,
        at_us(moment),
    )
    assert entry.act.persons == tuple(stated["record"]["person_ids"])
    for answer in (idle.json(), viewer.json()):
        [zone] = answer["zones"]
        assert zone["record"] == {**stated["record"], "person_ids": []}
        assert [floor["floor_id"] for floor in answer["floors"]] == ["floor-r0"]
        assert answer["left_out"][0]["right"] == "history.read"
    assert past.audit.kept == kept

    past.audit.away = True
    away = past.get("east", "zones", moment, PURPOSE).json()
    assert away["zones"][0]["record"]["person_ids"] == []
    assert away["left_out"][0]["right"] == ""


def test_a_moment_after_which_nothing_came_is_stale_and_one_before_everything_is_empty(
    past: Past,
) -> None:
    [late] = past.get("east", "zones", SECONDS + 20).json()["zones"]
    assert (late["freshness"]["stale"], late["freshness"]["cause"]) == (True, "old")
    assert late["record"]["seq"] > 0
    [early] = past.get("east", "zones", -10).json()["zones"]
    assert (early["record"], early["coverage"]["state"]) == (None, "no_data")


@pytest.mark.parametrize(
    ("by", "path", "seconds", "purpose", "status"),
    [
        pytest.param("auditor", "zones", 1, "", 403, id="no-right"),
        pytest.param("analyst", "zones", SECONDS + 61, "", 422, id="future"),
        pytest.param("viewer", "floors/floor-r0/people", 1, PURPOSE, 403, id="no-past"),
        pytest.param("east", "floors/floor-r1/people", 1, PURPOSE, 404, id="another-unit"),
        pytest.param("east", "floors/floor-r0/people", 1, "", 400, id="no-purpose"),
    ],
)
def test_a_question_that_may_not_be_asked_is_refused(
    past: Past, by: str, path: str, seconds: float, purpose: str, status: int
) -> None:
    assert past.get(by, path, seconds, purpose).status_code == status


def test_a_floor_can_be_asked_for_alone(past: Past) -> None:
    answer = past.get("analyst", "zones", 20.0, floor_id="floor-r1").json()

    assert [zone["zone_id"] for zone in answer["zones"]] == ["zone-r1"]
    assert [floor["floor_id"] for floor in answer["floors"]] == ["floor-r1"]
