"""Which fields of a record show a person, and what a caller of one unit gets of an event."""

import json
from typing import Any

import pytest

from schemas.codec import schema_text
from schemas.topics import OCCUPANCY, ZONE_ALERTS, ZONE_EVENTS, Topic
from tests.support.callers import person
from tests.support.live_writer import alert
from workers.access.principal import EVERYWHERE, Principal
from workers.access.rights import AccessRole
from workers.serving.live import visibility
from workers.serving.live.alert_records import FloorAlerts, ZoneAlert
from workers.serving.live.alert_visibility import ALERT_FIGURES
from workers.serving.live.event import Event, frame
from workers.serving.live.visibility import Visibility


class SetUnits:
    """Every id is in the unit that it begins with; `both` is in two, `none` in none."""

    def units_of(self, kind: str, identity: str) -> frozenset[str] | None:
        unit = identity.partition("-")[0]
        return {"both": frozenset({"east", "west"}), "none": None}.get(unit, frozenset({unit}))


def event(name: str, identity: str, **data: Any) -> Event:
    body = {"kind": name, "id": identity, "data": data}
    return Event(name, None, frame(name, body), body)


def shown(principal: Principal, given: Event) -> bytes | None:
    return Visibility(principal, SetUnits).frame(given)


@pytest.mark.parametrize(
    ("topic", "figures", "of_persons"),
    [
        (OCCUPANCY, visibility._ZONE_FIGURES, {"person_ids", "cameras_missing"}),
        (
            ZONE_EVENTS,
            visibility._EVENT_FIGURES,
            {"person_id", "camera_id", "entered_us", "dwell_us"},
        ),
    ],
    ids=["occupancy", "zone-events"],
)
def test_every_field_is_a_figure_or_shows_a_person(
    topic: Topic, figures: frozenset[str], of_persons: set[str]
) -> None:
    fields = {field["name"] for field in json.loads(schema_text(topic))["fields"]}

    assert figures | of_persons == fields
    assert not figures & of_persons


def test_every_field_of_an_alert_is_a_figure_or_shows_a_person() -> None:
    fields = {field["name"]: field for field in json.loads(schema_text(ZONE_ALERTS))["fields"]}
    of_alert = {field["name"] for field in fields["decided"]["type"]["items"]["fields"]}

    assert set(fields) == set(FloorAlerts.model_fields)
    assert of_alert == set(ZoneAlert.model_fields) == ALERT_FIGURES | {"person_ids"}


def floor_alerts(floor_id: str, *alerts: dict[str, Any]) -> Event:
    return event("alerts", floor_id, floor_id=floor_id, seq=1, decided=[], open=list(alerts))


def alerts_shown(principal: Principal, given: Event) -> list[dict[str, Any]]:
    sent = shown(principal, given)
    assert sent is not None
    found: list[dict[str, Any]] = json.loads(sent.partition(b"data: ")[2])["data"]["open"]
    return found


def test_alerts_of_a_floor_that_units_share_are_shown_each_to_its_own_unit() -> None:
    of_floor = alert("", alert_id="camera/floor/both-f", camera_ids=["east-c", "west-c"])
    given = floor_alerts("both-f", alert("east-1"), alert("west-1"), alert("both-1"), of_floor)

    east = alerts_shown(person("ann", AccessRole.COORDINATOR, units=("east",)), given)

    assert [one["zone_id"] for one in east] == ["east-1", ""]
    assert [one["camera_ids"] for one in east] == [[], ["east-c"]]
    assert shown(person("ann", AccessRole.ADMIN, units=("north",)), given) is None


@pytest.mark.parametrize("role", [AccessRole.VIEWER, AccessRole.WALL, AccessRole.ANALYST])
def test_whom_an_alert_is_about_is_shown_to_none_who_sees_figures_alone(role: AccessRole) -> None:
    whom = {"alert_id": "long/person/zone/east-1/person/east-f:7", "person_ids": ["east-f:7"]}
    given = floor_alerts("east-f", alert("east-1", **whom, faces=["new"]))

    (figures,) = alerts_shown(person("ann", role, units=("east",)), given)
    of_nobody = floor_alerts("east-f", alert("east-1", alert_id="gap/zone/east-1"))
    assert alerts_shown(person("ann", role), of_nobody)[0]["alert_id"] == "gap/zone/east-1"
    (whole,) = alerts_shown(person("ann", AccessRole.COORDINATOR, units=("east",)), given)

    assert "east-f:7" not in json.dumps(figures)
    assert figures["alert_id"].startswith("long/person/zone/east-1/person/")
    assert not {"person_ids", "faces"} & figures.keys()
    assert whole["person_ids"] == ["east-f:7"]


def test_alerts_of_two_people_have_two_ids_and_those_of_one_person_no_common_one() -> None:
    def of(person_id: str, zone_id: str, opened_us: int) -> dict[str, Any]:
        alert_id = f"long/zone/{zone_id}/person/{person_id}"
        return alert(zone_id, alert_id=alert_id, opened_us=opened_us, person_ids=[person_id])

    given = floor_alerts(
        "east-f",
        *(of("f:7", "east-1", 1), of("f:8", "east-1", 1)),
        *(of("f:7", "east-1", 2), of("f:7", "east-2", 1)),
    )
    viewer = person("ann", AccessRole.VIEWER, units=("east",))

    shown_to, again = alerts_shown(viewer, given), alerts_shown(viewer, given)

    codes = [one["alert_id"].rpartition("/")[2] for one in shown_to]
    assert len({*codes}) == 4
    assert again == shown_to, "an alert has one id for as long as the board runs"


@pytest.mark.parametrize("units", [("east",), (EVERYWHERE,)])
def test_an_alert_that_is_over_names_nobody(units: tuple[str, ...]) -> None:
    whom = {"alert_id": "long/zone/east-1/person/f:7", "person_ids": ["f:7"]}
    given = floor_alerts("east-f", alert("east-1", **whom, action="CLOSED"))

    (over,) = alerts_shown(person("ann", AccessRole.COORDINATOR, units=units), given)

    assert "f:7" not in json.dumps(over)
    assert over["rule_id"]


def test_who_sees_all_people_of_a_floor_gets_the_very_bytes_of_its_alerts() -> None:
    given = floor_alerts("east-f", alert("east-1", person_ids=["east-f:7"]))

    sent = shown(person("ann", AccessRole.COORDINATOR, units=("east",)), given)

    assert sent is given.frame


@pytest.mark.parametrize("role", [AccessRole.COORDINATOR, AccessRole.VIEWER, AccessRole.WALL])
@pytest.mark.parametrize("name", ["zone", "zone-event", "camera", "floor", "alerts"])
@pytest.mark.parametrize("identity", ["west-1", "none-1"])
def test_nothing_of_another_unit_or_of_no_unit_is_sent(
    role: AccessRole, name: str, identity: str
) -> None:
    assert shown(person("ann", role, units=("east",)), event(name, identity)) is None


def test_a_camera_of_two_units_is_sent_without_its_tracks() -> None:
    given = event("camera", "both-1", seq=4, tracks=[{"track_id": 1}])

    sent = shown(person("ann", AccessRole.COORDINATOR, units=("east",)), given)

    assert sent is not None
    assert b'"tracks":[]' in sent
    assert b'"seq":4' in sent


def test_a_coordinator_of_the_unit_gets_the_very_bytes_that_were_written() -> None:
    given = event("zone", "east-1", people=1, person_ids=["c:1"], cameras_missing=[])

    assert shown(person("ann", AccessRole.COORDINATOR, units=("east",)), given) is given.frame


def test_a_field_that_nobody_has_named_yet_is_left_out_with_the_people() -> None:
    given = event("zone", "east-1", people=1, person_ids=["c:1"], faces=["new"])

    sent = shown(person("ann", AccessRole.VIEWER, units=("east",)), given)

    assert sent == frame("zone", {"kind": "zone", "id": "east-1", "data": {"people": 1}})


def test_rights_of_two_roles_are_held_each_in_its_own_units() -> None:
    both = Principal(
        subject="ann",
        roles={
            AccessRole.VIEWER: frozenset({"west"}),
            AccessRole.COORDINATOR: frozenset({"east"}),
        },
    )

    east, west = (
        shown(both, event("zone", f"{unit}-1", people=1, person_ids=["c:1"]))
        for unit in ("east", "west")
    )

    assert east is not None
    assert west is not None
    assert b"person_ids" in east
    assert b"person_ids" not in west


@pytest.mark.parametrize(
    ("subject", "sees"),
    [
        ("pipeline", True),
        ("stage/infer", True),
        ("camera/east-1", True),
        ("camera/both-1", True),
        ("camera/west-1", False),
        ("camera/none-1", False),
        ("floors/west-1+east-1", True),
        ("floors/west-1+west-2", False),
        ("bed/east-1", False),
    ],
)
def test_alerts_are_about_the_pipeline_or_the_callers_units(subject: str, sees: bool) -> None:
    body = {"alerts": [{"subject": subject}, {"subject": "log"}]}
    given = Event("line", None, frame("line", body), body)

    sent = shown(person("ann", AccessRole.VIEWER, units=("east",)), given)

    assert sent is not None
    assert b'"log"' in sent
    assert (subject.encode() in sent) == sees
