"""Who is told of an alert, when, and of what."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders.alert_actions import acted, zone_alert
from workers.notifier.grouping import groups_of
from workers.notifier.memory import AlertKey, AlertMemory, Notification
from workers.notifier.notifying import Step, advance

S = 1_000_000


class Owner:
    """An alert, and what its owner and others are told of it."""

    def __init__(self, *, late: bool = False, in_pilot: bool = False, **fields: Any) -> None:
        self._fields = fields
        self._in_pilot = in_pilot
        self.memory = AlertMemory.of("floor", zone_alert(**fields), late=late)
        self.next_us: int | None = None

    def at(self, at_s: float) -> list[tuple[str, str]]:
        """Occasions and owners that come up at a time."""
        step = self.step(at_s)
        return [(one.occasion, one.owner) for one in step.notified]

    def step(self, at_s: float) -> Step:
        found = advance(
            self.memory, round(at_s * S), operators="operators", is_in_pilot=self._in_pilot
        )
        self.memory, self.next_us = found.memory, found.next_us
        return found

    def decide(self, at_s: float, action: str = "CHANGED", **fields: Any) -> None:
        alert = zone_alert(at_s, action, **{**self._fields, **fields})
        self.memory = self.memory.decided(alert, late=False)

    def act(self, action: str, at_s: float, **fields: Any) -> None:
        self.memory = self.memory.acted(acted(action, at_s, **fields))


TO_OWNER = ("OPENED", "charge nurse")
ESCALATES: dict[str, Any] = {"escalate_after_s": 300, "escalate_to": "house supervisor"}


def test_an_owner_is_notified_once_that_an_alert_is_opened_changes_and_is_over() -> None:
    alert = Owner()

    assert alert.at(1) == [TO_OWNER]
    assert alert.at(2) == []
    alert.decide(60)
    assert alert.at(61) == [("CHANGED", "charge nurse")]
    alert.decide(90, cause="OTHER_DOUBTS", held_back_by=["NOT_SURE"], pages=False)
    assert alert.at(91) == []
    alert.decide(120, "CLOSED")
    assert alert.at(121) == [("CLOSED", "charge nurse")]
    assert alert.at(10_000) == []


@pytest.mark.parametrize(
    "fields", [{"pages": False, "held_back_by": ["SILENT_RULE"]}, {"pages": False}]
)
def test_what_pages_nobody_is_notified_to_nobody(fields: dict[str, Any]) -> None:
    alert = Owner(**fields, **ESCALATES)

    assert alert.at(1) == []
    assert alert.at(10_000) == []
    alert.decide(10_001, "CLOSED", **fields)
    assert alert.at(10_002) == []


def test_an_alert_that_pages_later_is_notified_then() -> None:
    alert = Owner(pages=False, held_back_by=["NOT_SURE"])
    assert alert.at(1) == []

    alert.decide(60, cause="OTHER_DOUBTS", pages=True, held_back_by=[])

    assert alert.at(61) == [TO_OWNER]


def test_nobody_who_acknowledges_is_asked_again_and_nobody_else_is() -> None:
    alert = Owner(**ESCALATES)
    assert alert.at(1) == [TO_OWNER]
    assert alert.next_us == 301 * S

    alert.act("ACKNOWLEDGED", 100)

    assert alert.at(301) == alert.at(100_000) == []
    assert alert.next_us is None


def test_an_alert_that_nobody_acknowledges_is_escalated_once() -> None:
    alert = Owner(**ESCALATES)
    alert.at(1)

    assert alert.at(300.9) == []
    assert alert.at(301) == [("ESCALATED", "house supervisor")]
    assert alert.at(10_000) == []
    alert.decide(10_001, "CLOSED")
    assert sorted(alert.at(10_002)) == [("CLOSED", "charge nurse"), ("CLOSED", "house supervisor")]


def test_a_snooze_ends_at_its_time_and_escalation_starts_anew() -> None:
    alert = Owner(**ESCALATES)
    alert.at(1)
    alert.act("SNOOZED", 100, until_us=900 * S)

    assert alert.at(101) == alert.at(899) == []
    assert alert.next_us == 900 * S
    assert alert.at(900) == [("AGAIN", "charge nurse")]
    assert alert.next_us == 1200 * S
    assert alert.at(1200) == [("ESCALATED", "house supervisor")]


def test_a_higher_tier_ends_a_snooze_at_once() -> None:
    alert = Owner()
    alert.at(1)
    alert.act("SNOOZED", 100, until_us=900 * S)
    alert.at(101)

    alert.decide(200, cause="RULE_EDITED", tier="PAGE")

    assert alert.at(201) == [("AGAIN", "charge nurse")]


def test_a_higher_tier_after_a_change_that_was_acknowledged_asks_again() -> None:
    alert = Owner(**ESCALATES)
    alert.at(1)
    alert.act("ACKNOWLEDGED", 10)
    alert.decide(20)
    assert alert.at(21) == [("CHANGED", "charge nurse")]

    alert.decide(5_000, cause="RULE_EDITED", tier="PAGE")

    assert alert.at(5_001) == [("AGAIN", "charge nurse")]
    assert alert.next_us == 5_301 * S


def test_a_resolved_alert_is_quiet_until_it_changes_in_what_matters() -> None:
    alert = Owner(**ESCALATES)
    alert.at(1)
    alert.act("RESOLVED", 10, reason="DONE")

    alert.decide(20, cause="OTHER_DOUBTS")
    assert alert.at(21) == alert.at(1_000) == []
    alert.decide(2_000, cause="WORSE")
    assert alert.at(2_001) == [("AGAIN", "charge nurse")]


def test_a_pilot_is_notified_in_its_units_alone() -> None:
    inside, outside = Owner(stage="PILOT", in_pilot=True), Owner(stage="PILOT")

    assert inside.at(1) == [TO_OWNER]
    first, second = outside.step(1), outside.step(2)
    assert (first.notified, first.withheld) == ((), ("PILOT_ELSEWHERE",))
    assert (second.notified, second.withheld) == ((), ())


def test_what_is_found_too_late_is_notified_to_nobody_and_what_follows_is() -> None:
    alert = Owner(late=True, **ESCALATES)

    step = alert.step(5_000)
    assert (step.notified, step.withheld, step.next_us) == ((), ("OLD",), None)
    alert.decide(5_100)
    assert alert.at(5_101) == [TO_OWNER]


def test_a_machines_failure_reaches_the_ward_and_who_runs_the_machine() -> None:
    alert = Owner(kind="CAMERA_MISSING", zone_id="", camera_ids=["cam"])

    assert alert.at(1) == [TO_OWNER, ("OPENED", "operators")]
    assert [one.route for one in alert.memory.notified] == ["WARD", "OPERATIONS"]
    alert.act("ACKNOWLEDGED", 10)
    alert.decide(20, "CLOSED")
    assert alert.at(21) == [("CLOSED", "charge nurse"), ("CLOSED", "operators")]


def test_a_number_that_nobody_knows_any_more_pages_who_runs_the_machine_alone() -> None:
    alert = Owner()
    alert.at(1)

    stale: dict[str, Any] = {"pages": False, "is_stale": True, "held_back_by": ["STALE"]}
    alert.decide(60, cause="OTHER_DOUBTS", **stale)
    assert alert.at(61) == [("OPENED", "operators")]
    alert.decide(90, cause="OTHER_DOUBTS")
    assert alert.at(91) == [("CLOSED", "operators")]


def test_a_silent_rule_of_the_machine_is_notified_to_nobody() -> None:
    silent: dict[str, Any] = {"pages": False, "held_back_by": ["SILENT_RULE"], "stage": "SILENT"}
    assert Owner(kind="CAMERA_MISSING", **silent).at(1) == []


def test_what_is_remembered_is_read_back_as_it_was() -> None:
    alert = Owner(late=True)
    alert.decide(10)
    alert.act("ACKNOWLEDGED", 11)
    alert.at(12)

    assert AlertMemory.load(alert.memory.dump()) == alert.memory


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["WORSE", "OTHER_DOUBTS", "RULE_EDITED", "ACKNOWLEDGED", "SNOOZED", "RESOLVED"]
        ),
        st.integers(1, 600),
        st.booleans(),
        st.sampled_from(["NOTICE", "WARNING", "PAGE"]),
    ),
    max_size=8,
)


def happen(alert: Owner, event: Any, now_s: int) -> None:
    """Something is decided about an alert, or somebody acts on it."""
    name, _, pages, tier = event
    if name in {"WORSE", "OTHER_DOUBTS", "RULE_EDITED"}:
        alert.decide(now_s, cause=name, tier=tier, pages=pages)
    else:
        tier = alert.memory.alert["tier"]
        alert.act(name, now_s, tier=tier, until_us=(now_s + 250) * S, reason="DONE")


@given(EVENTS, st.booleans())
def test_whatever_happens_nobody_is_notified_the_same_twice_or_of_what_pages_nobody(
    events: list[Any], pages: bool
) -> None:
    alert, now_s = Owner(pages=pages, **ESCALATES), 0
    for event in [*events, None]:
        for _ in range(4):  # what comes up by itself until the next event
            step = alert.step(now_s)
            assert alert.step(now_s).notified == (), "asking twice at one time tells nothing twice"
            for one in step.notified:
                if one.route == "WARD":
                    assert alert.memory.alert["pages"]
            if event is None or alert.next_us is None or alert.next_us > (now_s + event[1]) * S:
                break
            assert alert.step((alert.next_us - 1) / S).notified == (), "nothing comes up before"
            now_s = -(-(alert.next_us or 0) // S)
        if event is not None:
            now_s += event[1]
            happen(alert, event, now_s)
    notified = [
        (one.occasion, one.owner, one.decided_us, one.act_id) for one in alert.memory.notified
    ]
    assert len(notified) == len(set(notified))


@given(EVENTS)
def test_an_escalation_follows_a_notification_that_nobody_answered(events: list[Any]) -> None:
    alert, now_s, acts = Owner(**ESCALATES), 0, []
    for event in events:
        alert.step(now_s)
        now_s += event[1]
        alert.step(now_s)
        happen(alert, event, now_s)
        if event[0] in {"ACKNOWLEDGED", "SNOOZED", "RESOLVED"}:
            acts.append(now_s * S)
    notified = [one for one in alert.memory.notified if one.route == "WARD"]
    for number, one in enumerate(notified):
        if one.occasion == "ESCALATED":
            asked = [e for e in notified[:number] if e.occasion in {"OPENED", "AGAIN"}][-1]
            assert one.at_us - asked.at_us >= 300 * S
            assert not any(asked.at_us < act <= asked.at_us + 300 * S for act in acts)


def floors(*alerts: tuple[str, Owner]) -> dict[AlertKey, AlertMemory]:
    return {AlertKey(floor, "rule/zone/zone", 0): one.memory for floor, one in alerts}


def test_one_owner_gets_one_message_of_alerts_on_several_floors() -> None:
    first, second, other = Owner(), Owner(tier="PAGE"), Owner(owner="porter")
    first.at(1)
    second.at(4)
    other.at(4)
    world = floors(("f", first), ("g", second), ("h", other))

    assert groups_of(world, round(5.9 * S), 5 * S) == ([], 6 * S)
    [group], next_us = groups_of(world, 6 * S, 5 * S)

    assert (group.owner, next_us) == ("charge nurse", 9 * S)
    assert [key.floor_id for key, _ in group.members] == ["g", "f"], "the most urgent is first"


def test_an_alert_that_is_over_before_its_owner_was_notified_is_notified_to_nobody() -> None:
    alert = Owner()
    alert.at(1)
    alert.decide(3, "CLOSED")
    alert.at(3)

    [group], _ = groups_of(floors(("f", alert)), 6 * S, 5 * S)

    assert group.members == ()
    assert [one.occasion for _, one in group.settled] == ["OPENED", "CLOSED"]


def test_of_several_changes_that_wait_an_owner_hears_once() -> None:
    alert = Owner()
    alert.at(1)
    alert.decide(2)
    alert.at(3)
    key, memory = next(iter(floors(("f", alert)).items()))

    [group], _ = groups_of({key: memory}, 6 * S, 5 * S)
    assert [one.occasion for _, one in group.members] == ["OPENED"]

    settled = memory.sent([one for _, one in group.settled])
    assert groups_of({key: settled}, 10**12, 5 * S) == ([], None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["f", "g"]),
            st.sampled_from(["OPENED", "CHANGED", "ESCALATED", "CLOSED"]),
            st.sampled_from(["nurse", "porter"]),
            st.integers(0, 30),
        ),
        max_size=12,
    ),
    st.integers(0, 40),
)
def test_all_that_waits_is_settled_once_and_in_time(entries: list[Any], now_s: int) -> None:
    world: dict[AlertKey, AlertMemory] = {}
    for number, (floor, occasion, owner, at_s) in enumerate(
        sorted(entries, key=lambda one: one[3])
    ):
        key = AlertKey(floor, "rule/zone/zone", 0)
        memory = world.get(key) or AlertMemory.of(floor, zone_alert(), late=False)
        one = Notification(occasion, "WARD", owner, number, "", at_s * S)
        world[key] = AlertMemory.load({**memory.dump(), "notified": [*memory.notified, one]})

    groups, next_us = groups_of(world, now_s * S, 5 * S)

    settled = [(key, one) for group in groups for key, one in group.settled]
    assert len(settled) == len(set(settled))
    owners = {group.owner for group in groups}
    for key, memory in world.items():
        for one in memory.notified:
            if one.owner in owners:
                assert (key, one) in settled
            else:
                assert one.at_us + 5 * S > now_s * S
                assert next_us is not None
    for group in groups:
        assert len({key for key, _ in group.members}) == len(group.members)
        assert set(group.members) <= set(group.settled)
