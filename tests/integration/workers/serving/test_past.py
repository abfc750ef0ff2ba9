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
from tests.support.past_minutes import Minute, fill_minutes, hours_by_hand
from tests.support.past_ward import REVISED_S, SECONDS, Records, correct, fill, newest, view
from tests.support.services import Services, empty_database
from tests.support.set_clock import SetClock
from workers.access.rights import AccessRole
from workers.serving.api.people import Sources
from workers.serving.app import create_app
from workers.serving.live.alert_records import ZoneAlert
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
        minutes: Minutes of the nights on which clocks were changed.
    """

    def __init__(self, past: PastZones, records: Records, minutes: list[Minute]) -> None:
        self.records = records
        self.minutes = minutes
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

    def covered(self, by: str, since: str, until: str, **params: str) -> Response:
        answer: Response = self._client.get(
            "/api/v1/history/coverage",
            headers={HEADER: by},
            params={"from": since, "to": until, **params},
        )
        return answer

    def newest(self, topic: Topic, key: str, identity: str, seconds: float) -> dict[str, Any]:
        """The newest record of a zone or floor that is of no later than a moment."""
        return newest(self.records, topic, key, identity, seconds)


@pytest.fixture(scope="module")
def shared(services: Services, database_template: str) -> Iterator[Past]:
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(services, database_template))
        records = fill(services, url)
        correct(url, records)
        roles = stack.enter_context(database_roles(url))
        past = stack.enter_context(PastZones(roles.address("serving")))
        minutes = fill_minutes(url, ["zone-r0", "zone-r1"])
        yield Past(past, records, minutes)


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
            expected = [ZoneAlert.model_validate(one).model_dump() for one in open_then]
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


@pytest.mark.parametrize(
    ("since", "until", "two"),
    [
        pytest.param("2025-10-25T00:00+02:00", "2025-10-28T00:00+01:00", 120, id="put-back"),
        pytest.param("2026-03-28T00:00+01:00", "2026-03-30T00:00+02:00", None, id="put-on"),
        pytest.param("2025-10-26T00:07Z", "2025-10-26T02:52Z", 113, id="within-quarters"),
        pytest.param("2025-10-20T00:00+02:00", "2025-11-10T00:00+01:00", 240, id="weeks"),
    ],
)
def test_minutes_by_hour_and_weekday_are_those_that_counting_each_minute_gives(
    past: Past, since: str, until: str, two: int | None
) -> None:
    answer = past.covered("analyst", since, until)
    states = ("short_min", "possible_min", "covered_min", "not_watched_min")
    zones = answer.json()["zones"]

    assert [zone["zone_id"] for zone in zones] == ["zone-r0", "zone-r1"]
    for zone in zones:
        found = {
            (one["weekday"], one["hour"]): tuple(one[name] for name in states)
            for one in zone["hours"]
        }
        by_hand = hours_by_hand(past.minutes, zone["zone_id"], since, until, "Europe/Vienna")
        assert found == by_hand
        assert zone["time_zone"] == "Europe/Vienna"
        on_sunday = found.get((7, 2))
        expected = None if on_sunday is None else sum(on_sunday)
        assert expected == two
        for one in zone["hours"]:
            watched = one["short_min"] + one["possible_min"] + one["covered_min"]
            assert one["short_share"] == (one["short_min"] / watched if watched else None)


def test_roles_and_alerts_of_a_time_are_counted_for_whom_they_concern(past: Past) -> None:
    since, until = (to_moment(at_us(one)).isoformat() for one in (0, SECONDS + 59))
    whole, east = (past.covered(by, since, until).json() for by in ("analyst", "east"))
    opened = {
        (one["zone_id"], one["rule_id"], one["alert_id"], one["opened_us"])
        for topic, record in past.records
        if topic is ZONE_ALERTS
        for one in record["decided"]
        if one["action"] == "OPENED" and one["stage"] != "SILENT"
    }

    assert sum(one["alerts"] for one in whole["alerts"]) == len(opened) > 0
    assert {one["zone_id"] for one in east["alerts"]} == {"zone-r0"}
    [zone] = east["zones"]
    nurse = next(one for one in zone["roles"] if one["role"] == "nurse")
    assert 0 <= nurse["short_min"] <= nurse["maybe_short_min"] <= nurse["known_min"] <= 2
    assert zone == past.covered("analyst", since, until, unit_id="east").json()["zones"][0]
    for params in ({"zone_id": "zone-r1"}, {"floor_id": "floor-r1"}, {"unit_id": "west"}):
        assert past.covered("east", since, until, **params).json()["zones"] == []
    assert past.audit.kept == [], "these are figures of no person"


@pytest.mark.parametrize(
    ("by", "since", "until", "status"),
    [
        pytest.param("auditor", "2026-01-01T00:00Z", "2026-01-02T00:00Z", 403, id="no-right"),
        pytest.param("analyst", "2026-01-01T00:00Z", "2026-04-03T00:00Z", 422, id="too-long"),
        pytest.param("analyst", "2026-01-02T00:00Z", "2026-01-01T00:00Z", 422, id="backwards"),
        pytest.param("analyst", "2027-01-01T00:00Z", "2027-01-02T00:00Z", 422, id="future"),
        pytest.param("analyst", "2026-01-01T00:00", "2026-01-02T00:00", 422, id="no-offset"),
    ],
)
def test_a_time_that_may_not_be_asked_for_is_refused(
    past: Past, by: str, since: str, until: str, status: int
) -> None:
    assert past.covered(by, since, until).status_code == status
