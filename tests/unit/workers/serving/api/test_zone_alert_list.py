"""How alerts are listed: how they stand, who may act, whom they name, what actors are called."""

from typing import Any

from schemas.records.rules import ZoneAlert as Decided
from tests.support.builders.alert_actions import acted, decided, zone_alert
from tests.support.callers import person
from workers.access.principal import Principal
from workers.access.rights import AccessRole
from workers.notifier.memory import AlertKey
from workers.notifier.standing import Decision, State
from workers.serving.api.login_names import REMEMBERED, LoginNames
from workers.serving.api.zone_alert_answers import ZoneAlertView
from workers.serving.api.zone_alert_list import Listing, listed, without_people
from workers.serving.live.alert_records import ZoneAlert
from workers.serving.live.visibility import Visibility
from workers.serving.recorded.zone_alerts import Kept

KEY = AlertKey("floor", "rule/zone/zone", 0)
OF_PERSON: dict[str, Any] = {"alert_id": "rule/zone/zone/person/floor:7", "person_ids": ["floor:7"]}
EVERY_STATE = set(State)


class OneUnit:
    """Everything is in the unit `east`."""

    def units_of(self, _kind: str, _identity: str) -> frozenset[str]:
        return frozenset({"east"})


def listing(caller: Principal, names: LoginNames | None = None) -> Listing:
    units = OneUnit()
    return Listing(caller, Visibility(caller, lambda: units), units, names or LoginNames(), 10**9)


def coordinator(*units: str) -> Principal:
    return person("ann", AccessRole.COORDINATOR, units=units or ("east",))


def shown(
    caller: Principal,
    alert: Decided,
    *actions: Any,
    decisions: tuple[Decision, ...] = (),
    open_now: Decided | None = None,
    names: LoginNames | None = None,
) -> list[ZoneAlertView]:
    """The list of one alert, with what the tables and the live state have of it."""
    key = KEY._replace(alert_id=alert["alert_id"])
    kept = Kept({key: alert}, {key: decisions}, {key: actions})
    live = {} if open_now is None else {key: ZoneAlert.model_validate(open_now)}
    return listed(kept, live, (), EVERY_STATE, 10**9, listing(caller, names))


def test_an_alert_has_its_decisions_and_who_acted_by_name_for_those_who_may_act() -> None:
    names = LoginNames()
    names.learn(person("ben", AccessRole.COORDINATOR))
    opened, worse = decided(0.0, "OPENED", "BREACH"), decided(5.0)
    alert = zone_alert(5.0, "CHANGED")
    acts = [acted("ACKNOWLEDGED", 2.0, taken_by="ben"), acted("DELIVERED", 1.0, taken_by="")]

    (seen,) = shown(coordinator(), alert, *acts, decisions=(worse, opened), names=names)
    (figures,) = shown(person("eve", AccessRole.VIEWER), alert, *acts, names=names)

    assert [one.cause for one in seen.decisions] == ["BREACH", "WORSE"]
    assert [one.action for one in seen.actions] == ["DELIVERED", "ACKNOWLEDGED"]
    assert seen.may_act
    assert seen.state_by is not None
    assert (seen.state_by.taken_by, seen.state_by.taken_by_name) == ("ben", "Ben")
    assert not figures.may_act
    assert {(one.taken_by, one.taken_by_name) for one in figures.actions} == {("", "")}


def test_of_two_stores_the_later_decision_counts() -> None:
    (seen,) = shown(
        coordinator(), zone_alert(5.0, "CHANGED"), open_now=zone_alert(9.0, "CHANGED", figure_max=4)
    )
    (closed,) = shown(coordinator(), zone_alert(9.0, "CLOSED"), open_now=zone_alert(5.0, "CHANGED"))

    assert (seen.alert.figure_max, seen.alert.decided_us) == (4, 9_000_000)
    assert closed.state is State.CLOSED


def test_nobody_acts_on_an_alert_of_whose_person_they_are_not_shown() -> None:
    (named,) = shown(coordinator(), zone_alert(**OF_PERSON))
    (over,) = shown(coordinator(), zone_alert(1.0, "CLOSED", **OF_PERSON))

    unnamed = without_people(named)

    assert (named.may_act, named.alert.person_ids) == (True, ["floor:7"])
    for view in (unnamed, over):
        assert not view.may_act
        assert view.alert.person_ids == []
        assert "floor:7" not in view.model_dump_json()
    assert shown(coordinator("west"), zone_alert()) == []


def test_as_many_names_as_are_remembered_and_the_latest_stay() -> None:
    names = LoginNames()
    for number in range(REMEMBERED + 1):
        names.learn(person(f"n{number}"))

    assert names.of("n0") == ""
    assert names.of(f"n{REMEMBERED}") == f"N{REMEMBERED}"
