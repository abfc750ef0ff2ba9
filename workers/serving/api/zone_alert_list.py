"""Put alerts, their standing and what was done about them together, as one caller may see them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from schemas.records.alert_actions import ActionTaken
from schemas.records.rules import ZoneAlert
from workers.access.principal import Principal
from workers.access.reach import UnitsOf, reaches_all, reaches_part
from workers.access.rights import Right
from workers.notifier.memory import AlertKey
from workers.notifier.standing import State, decision_of, standing_of
from workers.serving.api.zone_alert_answers import ActionView, AlertView, ZoneAlertView
from workers.serving.live.visibility import Visibility
from workers.serving.recorded.zone_alerts import Kept

_OF_PERSON: Final = "/person/"
"""Before the person in the id of an alert that is about one."""


def key_of_view(floor_id: str, alert: AlertView) -> AlertKey:
    """The identity of an alert of a floor."""
    return AlertKey(floor_id, alert.alert_id, alert.opened_us)


@dataclass(frozen=True, slots=True)
class Listing:
    """How one caller sees alerts.

    Attributes:
        caller: Who asks.
        visible: What they see.
        units: In which units things are.
        now_us: The time, UTC microseconds.
    """

    caller: Principal
    visible: Visibility
    units: UnitsOf
    now_us: int

    def sees(self, key: AlertKey, alert: AlertView) -> bool:
        """Whether an alert is shown: that of a zone in all of its units, of a floor in one."""
        if alert.zone_id:
            return self.visible.sees("zone", alert.zone_id)
        return self.visible.sees("floor", key.floor_id)

    def view(
        self, key: AlertKey, alert: AlertView, decisions: Any, actions: Iterable[ActionTaken]
    ) -> ZoneAlertView:
        """An alert as the caller sees it."""
        actions = sorted(actions, key=lambda one: (one["taken_at_us"], one["action_id"]))
        standing = standing_of(decisions, actions, self.now_us)
        may_act = self._may_act(key, alert)
        cameras = [one for one in alert.camera_ids if self.visible.sees("camera", one)]
        act = standing.act
        found = ZoneAlertView(
            floor_id=key.floor_id,
            state=standing.state,
            state_by=None if act is None else _action(act, named=may_act),
            state_until_us=standing.changes_us,
            may_act=may_act,
            alert=alert.model_copy(update={"camera_ids": cameras}),
            actions=[_action(one, named=may_act) for one in actions],
        )
        whose = ("zone", alert.zone_id) if alert.zone_id else ("floor", key.floor_id)
        if standing.state is State.CLOSED or not self.visible.sees_people(*whose):
            return self.without_people(found)
        return found

    @staticmethod
    def without_people(view: ZoneAlertView) -> ZoneAlertView:
        """The same without the people whom it names."""
        alert_id = view.alert.alert_id.partition(_OF_PERSON)[0]
        alert = view.alert.model_copy(update={"alert_id": alert_id, "person_ids": []})
        may_act = view.may_act and alert_id == view.alert.alert_id
        return view.model_copy(update={"alert": alert, "may_act": may_act})

    def _may_act(self, key: AlertKey, alert: AlertView) -> bool:
        held = self.caller.units(Right.ACT_ON_ALERTS)
        if alert.zone_id:
            return reaches_all(held, self.units.units_of("zone", alert.zone_id) or ())
        return reaches_part(held, self.units.units_of("floor", key.floor_id) or ())


def listed(
    kept: Kept,
    open_now: Mapping[AlertKey, AlertView],
    recent: Iterable[ActionTaken],
    wanted: Collection[State],
    before_us: int,
    listing: Listing,
) -> list[ZoneAlertView]:
    """Alerts that a caller sees and asks for, newest first.

    Args:
        kept: What the tables hold.
        open_now: Alerts that are open in the live state, which is ahead of the tables.
        recent: Actions that the tables may not hold yet.
        wanted: How they are to stand.
        before_us: Only those opened before this, UTC microseconds.
        listing: How the caller sees them.
    """
    alerts = {key: AlertView.model_validate(one) for key, one in kept.alerts.items()}
    for key, alert in open_now.items():
        known = alerts.get(key)
        if key.opened_us < before_us and (known is None or known.decided_us < alert.decided_us):
            alerts[key] = alert
    actions: dict[AlertKey, dict[str, ActionTaken]] = {}
    for one in recent:
        key = AlertKey(one["floor_id"], one["alert_id"], one["opened_us"])
        actions.setdefault(key, {})[one["action_id"]] = one
    for key, taken in kept.actions.items():
        actions.setdefault(key, {}).update({one["action_id"]: one for one in taken})
    views = []
    for key in sorted(alerts, key=lambda key: (-key.opened_us, key)):
        alert = alerts[key]
        if listing.sees(key, alert):
            newest = decision_of(cast("ZoneAlert", alert.model_dump()))
            decisions = {*kept.decisions.get(key, ()), newest}
            views.append(listing.view(key, alert, decisions, actions.get(key, {}).values()))
    return [view for view in views if view.state in wanted]


def _action(action: ActionTaken, *, named: bool) -> ActionView:
    shown = {name: value for name, value in action.items() if name in ActionView.model_fields}
    if not named:
        shown["taken_by"] = ""
    return ActionView.model_validate(shown)
