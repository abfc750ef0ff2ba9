"""What the notifier makes of what it reads: who is sent what, and what is recorded.

No I/O: records and the time come in, changes come out, and the state is what the store will hold
once they are committed.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from runtime.retry import RetryPolicy
from schemas.records.alert_actions import ActionReason, ActionTaken, Occasion, TakenAction
from schemas.records.alerts import Alert
from schemas.records.rules import FloorAlerts, ZoneAlert
from workers.notifier.delivery.destinations import Destinations
from workers.notifier.delivery.message import receipt_key_of
from workers.notifier.delivery.outcome import Outcome, Receipt, Refused
from workers.notifier.delivery.send import retry_after
from workers.notifier.delivery.wording import (
    Part,
    Scene,
    group_message,
    pipeline_message,
    route_of,
)
from workers.notifier.grouping import Group, groups_of
from workers.notifier.memory import AlertKey, AlertMemory, Notification, Route
from workers.notifier.notifying import advance
from workers.notifier.recalling import is_over, notifications_of, recalled
from workers.notifier.standing import BY_PEOPLE, last_act
from workers.notifier.store import Changes, Delivery, State

KEEP_US: Final = 3_600_000_000
"""An alert that is over is remembered for so long, microseconds."""

KEEP_ACTIONS_US: Final = 7 * 86_400_000_000
"""What was done about an alert that is not known is remembered for so long, microseconds."""


class World(Protocol):
    """What is registered, as the notifier needs it."""

    def is_in_pilot(self, floor_id: str, alert: ZoneAlert) -> bool:
        """Whether an alert is in a unit of its rule's pilot."""
        ...

    def scene(self, floor_id: str, alert: ZoneAlert) -> Scene:
        """What people call the parts of an alert."""
        ...

    @property
    def board_url(self) -> str:
        """Where messages lead to; empty for nowhere."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the notifier works.

    Attributes:
        group_us: How long the first of an owner's notifications waits for others, microseconds.
        oldest_us: What was decided longer ago than this, when it is read, is sent to nobody,
            microseconds.
        operators: Who runs the machine.
        retries: Pauses between tries, and when to give up.
    """

    group_us: int
    oldest_us: int
    operators: str
    retries: RetryPolicy


class Book:
    """Takes records in, and says what follows.

    Args:
        state: What is remembered; changed as the changes say.
        policy: How it works.
        world: What is registered.
        destinations: Where messages go.
    """

    def __init__(
        self, state: State, policy: Policy, world: World, destinations: Destinations
    ) -> None:
        self.state = state
        self._policy = policy
        self._world = world
        self._destinations = destinations
        self._due_us: dict[AlertKey, int] = dict.fromkeys(state.alerts, 0)
        self._changes = Changes()

    def take_alerts(self, partition: int, record: FloorAlerts, now_us: int) -> None:
        """Take what was decided about the alerts of a floor, and those that are open.

        An alert that is open here and that the record does not name is forgotten: the fold went
        back to before it, as after a restore.
        """
        named: set[AlertKey] = set()
        for alert in (*record["open"], *record["decided"]):
            key = AlertKey(record["floor_id"], alert["alert_id"], alert["opened_us"])
            named.add(key)
            known = self.state.alerts.get(key)
            before = known or self._recalled(key, alert, partition)
            if before is None:
                continue  # it is over, and nobody was notified
            is_old = now_us - alert["decided_us"] > self._policy.oldest_us
            late = is_old and alert["decided_us"] > before.handled_us
            memory = before.decided(alert, late=late)
            if memory is not known:
                self._keep(memory)
        for key, memory in list(self.state.alerts.items()):
            last = memory.decisions[-1]
            if key.floor_id != record["floor_id"] or key in named or last.action == "CLOSED":
                continue
            if last.decided_us < record["as_of_us"]:
                self._drop(key)

    def take_action(self, action: ActionTaken) -> None:
        """Take what somebody did about an alert; what the notifier did itself it knows."""
        if action["action"] not in BY_PEOPLE:
            return
        key = AlertKey(action["floor_id"], action["alert_id"], action["opened_us"])
        memory = self.state.alerts.get(key)
        if memory is not None:
            self._keep(memory.acted(action))
            return
        known = self.state.actions.get(key, ())
        newest = last_act([*known, action])
        if newest is not None:
            own = [one for one in known if one["action"] not in BY_PEOPLE]
            self.state.actions[key] = self._changes.actions[key] = (*own, newest)

    def recall(self, actions: Iterable[ActionTaken]) -> None:
        """Take what was done before, by people and by the notifier, where nothing is remembered.

        Args:
            actions: Everything, in the order of the topic.
        """
        found: dict[AlertKey, list[ActionTaken]] = defaultdict(list)
        for one in actions:
            key = AlertKey(one["floor_id"], one["alert_id"], one["opened_us"])
            if key not in self.state.alerts:
                found[key].append(one)
            elif one["action"] in BY_PEOPLE:
                self._keep(self.state.alerts[key].acted(one))
        for key, several in found.items():
            if not is_over(several):
                self.state.actions[key] = self._changes.actions[key] = tuple(several)

    def _recalled(self, key: AlertKey, alert: ZoneAlert, partition: int) -> AlertMemory | None:
        """An alert that was not known, with what was done about it; None for nothing to remember.

        Without that nobody is notified that it is over.
        """
        records = self.state.actions.get(key, ())
        notified = notifications_of(records, self._route_of)
        if alert["action"] == "CLOSED" and not notified:
            return None
        if records:
            del self.state.actions[key]
            self._changes.actions[key] = None
        memory = AlertMemory.unknown(key.floor_id, alert, partition=partition)
        return recalled(memory, records, notified)

    def _route_of(self, record: ActionTaken) -> Route:
        """By which route a message went, or would have gone."""
        destination = self._destinations.named(record["destination"])
        if destination is not None:
            return destination.route
        return "OPERATIONS" if record["owner"] == self._policy.operators else "WARD"

    def take_pipeline_alert(self, alert: Alert, now_us: int) -> None:
        """Take an alert of the watchdog: it goes to its owner at once.

        That is who runs the machine; of badges on two floors it is who the rule names.
        """
        if now_us - alert["at_us"] > self._policy.oldest_us:
            return
        owner = alert["owner"] or self._policy.operators
        found = self._destinations.of(owner, route_of(alert))
        for one in found:
            others = [other.name for other in found if other is not one]
            key = receipt_key_of(alert["alert_id"], alert["at_us"], alert["state"], one.name)
            message = pipeline_message(alert, "UTC", self._world.board_url, others, key)
            self._deliver(
                Delivery(
                    message=message,
                    destination=one.name,
                    members=(),
                    tries=0,
                    made_us=now_us,
                    due_us=now_us,
                )
            )

    def advance(self, now_us: int) -> Changes:
        """What follows by now from all that was taken in; what is left is for the next call."""
        for key in [key for key, due_us in self._due_us.items() if due_us <= now_us]:
            self._advance(self.state.alerts[key], now_us)
        groups, _ = groups_of(self.state.alerts, now_us, self._policy.group_us)
        for group in groups:
            self._send(group, now_us)
        self._forget(now_us)
        changes, self._changes = self._changes, Changes()
        return changes

    def delivered(self, receipt_key: str, outcome: Outcome, now_us: int) -> Changes:
        """What follows from a try to deliver."""
        found, changes = self.state.deliveries[receipt_key], Changes()
        if isinstance(outcome, Receipt):
            made = [_as(one, "DELIVERED", None, outcome.at_us) for one in found.members]
        elif isinstance(outcome, Refused):
            made = [_as(one, "NOT_DELIVERED", "REFUSED", now_us) for one in found.members]
        else:
            tries = found.tries + 1
            waited_s = (now_us - found.made_us) / 1e6
            pause_s = retry_after(outcome, tries, waited_s, self._policy.retries)
            if pause_s is not None:
                later = replace(found, tries=tries, due_us=now_us + round(pause_s * 1e6))
                self.state.deliveries[receipt_key] = changes.deliveries[receipt_key] = later
                return changes
            made = [_as(one, "NOT_DELIVERED", "GIVEN_UP", now_us) for one in found.members]
        del self.state.deliveries[receipt_key]
        changes.deliveries[receipt_key] = None
        changes.records += made
        return changes

    def _advance(self, memory: AlertMemory, now_us: int) -> None:
        step = advance(
            memory,
            now_us,
            operators=self._policy.operators,
            is_in_pilot=self._world.is_in_pilot(memory.floor_id, memory.alert),
        )
        for reason in step.withheld:
            record = _record(memory, "NOT_DELIVERED", now_us, owner=memory.alert["owner"])
            self._record(memory, {**record, "reason": reason})
        for one in step.notified:
            if one.occasion == "ESCALATED":
                self._record(memory, _of(memory, one, "ESCALATED", now_us))
        if step.memory is not memory:
            self._keep(step.memory)
        if step.next_us is None:
            self._due_us.pop(memory.key, None)
        else:
            self._due_us[memory.key] = step.next_us

    def _send(self, group: Group, now_us: int) -> None:
        """Put a group into messages, one for each destination of its owner."""
        found = self._destinations.of(group.owner, group.route) if group.members else ()
        for one in found:
            named = json.dumps([[*key, *notification[:6]] for key, notification in group.members])
            receipt_key = receipt_key_of(named, 0, "GROUP", one.name)
            others = [other.name for other in found if other is not one]
            parts = []
            for key, notification in group.members:
                alert = self.state.alerts[key].alert
                scene = replace(self._world.scene(key.floor_id, alert), others=others)
                parts.append(Part(alert, notification.occasion, scene))
            message = group_message(parts, group.route, group.owner, receipt_key)
            members = tuple(
                (
                    self.state.alerts[key].partition,
                    _of(self.state.alerts[key], each, "DELIVERED", now_us, one.name, receipt_key),
                )
                for key, each in group.members
            )
            self._deliver(
                Delivery(
                    message=message,
                    destination=one.name,
                    members=members,
                    tries=0,
                    made_us=now_us,
                    due_us=now_us,
                )
            )
        if not found:
            for key, one_of in group.members:
                memory = self.state.alerts[key]
                record = _of(memory, one_of, "NOT_DELIVERED", now_us)
                self._record(memory, {**record, "reason": "NO_DESTINATION"})
        settled: dict[AlertKey, list[Notification]] = {}
        for key, one_of in group.settled:
            settled.setdefault(key, []).append(one_of)
        for key, several in settled.items():
            due_us = self._due_us.get(key)
            self._keep(self.state.alerts[key].sent(several))
            if due_us is None:
                self._due_us.pop(key)
            else:
                self._due_us[key] = due_us

    def _forget(self, now_us: int) -> None:
        for key, memory in list(self.state.alerts.items()):
            last = memory.decisions[-1]
            is_over = last.action == "CLOSED" and now_us - last.decided_us > KEEP_US
            if is_over and all(one.is_sent for one in memory.notified):
                self._drop(key)
        for key, actions in list(self.state.actions.items()):
            if now_us - max(one["taken_at_us"] for one in actions) > KEEP_ACTIONS_US:
                del self.state.actions[key]
                self._changes.actions[key] = None

    def _keep(self, memory: AlertMemory) -> None:
        self.state.alerts[memory.key] = self._changes.alerts[memory.key] = memory
        self._due_us[memory.key] = 0

    def _drop(self, key: AlertKey) -> None:
        del self.state.alerts[key]
        self._due_us.pop(key, None)
        self._changes.alerts[key] = None

    def _deliver(self, delivery: Delivery) -> None:
        key = delivery.message.receipt_key
        self.state.deliveries[key] = self._changes.deliveries[key] = delivery

    def _record(self, memory: AlertMemory, record: ActionTaken) -> None:
        self._changes.records.append((memory.partition, record))


def _of(
    memory: AlertMemory,
    notification: Notification,
    action: TakenAction,
    now_us: int,
    destination: str = "",
    receipt_key: str = "",
) -> ActionTaken:
    """The record of a notification, as far as it is known when it is made."""
    return _record(
        memory,
        action,
        now_us,
        occasion=notification.occasion,
        owner=notification.owner,
        decided_us=notification.decided_us,
        destination=destination,
        receipt_key=receipt_key,
    )


def _record(
    memory: AlertMemory,
    action: TakenAction,
    now_us: int,
    *,
    owner: str,
    occasion: Occasion | None = None,
    decided_us: int | None = None,
    destination: str = "",
    receipt_key: str = "",
) -> ActionTaken:
    alert = memory.alert
    decided_us = alert["decided_us"] if decided_us is None else decided_us
    named = [*memory.key, action, occasion, decided_us, owner, destination, receipt_key, now_us]
    return ActionTaken(
        floor_id=memory.floor_id,
        action_id=hashlib.sha256(json.dumps(named).encode()).hexdigest()[:32],
        alert_id=alert["alert_id"],
        opened_us=alert["opened_us"],
        taken_at_us=now_us,
        action=action,
        decided_us=decided_us,
        tier=alert["tier"],
        rule_id=alert["rule_id"],
        zone_id=alert["zone_id"],
        taken_by="",
        reason=None,
        until_us=None,
        occasion=occasion,
        owner=owner,
        destination=destination,
        receipt_key=receipt_key,
    )


def _as(
    member: tuple[int, ActionTaken], action: TakenAction, reason: ActionReason | None, at_us: int
) -> tuple[int, ActionTaken]:
    """A member's record as it became."""
    partition, record = member
    return partition, {**record, "action": action, "reason": reason, "taken_at_us": at_us}
