"""Put alerts, their standing and what was done about them together, as one caller may see them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from schemas.records.alert_actions import ActionTaken
from schemas.records.rules import ZoneAlert as Decided
from workers.access.principal import Principal
from workers.access.reach import UnitsOf, reaches_all, reaches_part
from workers.access.rights import Right
from workers.notifier.memory import AlertKey
from workers.notifier.standing import Decision, State, decision_of, standing_of
from workers.serving.api.login_names import LoginNames
from workers.serving.api.zone_alert_answers import ActionView, DecisionView, ZoneAlertView
from workers.serving.live.alert_records import ZoneAlert
from workers.serving.live.alert_visibility import of_nobody, shown_alert, subject_of
from workers.serving.live.visibility import Visibility
from workers.serving.recorded.zone_alerts import Kept


def key_of_view(floor_id: str, alert: ZoneAlert) -> AlertKey:
    """The identity of an alert of a floor."""
    return AlertKey(floor_id, alert.alert_id, alert.opened_us)


@dataclass(frozen=True, slots=True)
class Listing:
    """How one caller sees alerts.

    Attributes:
        caller: Who asks.
        visible: What they see.
        units: In which units things are.
        names: What those who act are called.
        now_us: The time, UTC microseconds.
    """

    caller: Principal
    visible: Visibility
    units: UnitsOf
    names: LoginNames
    now_us: int

    def view(
        self,
        key: AlertKey,
        alert: ZoneAlert,
        decisions: Collection[Decision],
        actions: Iterable[ActionTaken],
    ) -> ZoneAlertView | None:
        """An alert as the caller sees it; None where it does not."""
        whole = alert.model_dump()
        shown = shown_alert(whole, key.floor_id, self.visible.sees, self.visible.sees_people)
        if shown is None:
            return None
        actions = sorted(actions, key=lambda one: (one["taken_at_us"], one["action_id"]))
        standing = standing_of(decisions, actions, self.now_us)
        reaches = self._reaches(*subject_of(whole, key.floor_id))
        act = standing.act
        return ZoneAlertView(
            floor_id=key.floor_id,
            state=standing.state,
            state_by=None if act is None else self._action(act, named=reaches),
            state_until_us=standing.changes_us,
            may_act=reaches and shown["alert_id"] == alert.alert_id,
            alert=ZoneAlert.model_validate(shown),
            decisions=[_decision(one) for one in sorted(decisions)],
            actions=[self._action(one, named=reaches) for one in actions],
        )

    def _reaches(self, kind: str, identity: str) -> bool:
        """Whether the caller may act there: in all units of a zone, or in one of a floor's."""
        held = self.caller.units(Right.ACT_ON_ALERTS)
        reaches = reaches_all if kind == "zone" else reaches_part
        return reaches(held, self.units.units_of(kind, identity) or ())

    def _action(self, action: ActionTaken, *, named: bool) -> ActionView:
        shown = {name: value for name, value in action.items() if name in ActionView.model_fields}
        by = action["taken_by"] if named else ""
        return ActionView.model_validate(
            {**shown, "taken_by": by, "taken_by_name": self.names.of(by)}
        )


def without_people(view: ZoneAlertView) -> ZoneAlertView:
    """An alert without the people whom it names; nobody acts on what they are not shown."""
    alert = ZoneAlert.model_validate(of_nobody(view.alert.model_dump(), view.floor_id))
    may_act = view.may_act and alert.alert_id == view.alert.alert_id
    return view.model_copy(update={"alert": alert, "may_act": may_act})


def listed(
    kept: Kept,
    open_now: Mapping[AlertKey, ZoneAlert],
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
    alerts = {key: ZoneAlert.model_validate(one) for key, one in kept.alerts.items()}
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
        newest = decision_of(cast("Decided", alert.model_dump()))
        decisions = {*kept.decisions.get(key, ()), newest}
        views.append(listing.view(key, alert, decisions, actions.get(key, {}).values()))
    return [view for view in views if view is not None and view.state in wanted]


def _decision(decision: Decision) -> DecisionView:
    return DecisionView.model_validate(decision._asdict())
