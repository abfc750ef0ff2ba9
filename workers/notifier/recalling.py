"""What the notifier did, as the records that it wrote of it say: for one that remembers nothing.

After a restore its tables are empty, and the topic of actions is there. Who was notified of an
alert by then is not notified again, and an escalation that was under way goes on.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from schemas.records.alert_actions import ActionTaken
from workers.notifier.memory import AlertMemory, Notification, Route
from workers.notifier.standing import BY_PEOPLE, last_act

OF_NOTIFIER: Final = frozenset({"DELIVERED", "NOT_DELIVERED", "ESCALATED"})
"""Actions of the notifier."""


def notifications_of(
    records: Iterable[ActionTaken], route_of: Callable[[ActionTaken], Route]
) -> tuple[Notification, ...]:
    """Who was notified of one alert, in order.

    A message that went to several destinations is one notification. An escalation of which no
    message was received or given up has still to be sent.

    Args:
        records: What was done about the alert, in any order, repeats too.
        route_of: By which route a record's message goes.
    """
    ordered = sorted(records, key=lambda one: (one["taken_at_us"], one["action_id"]))
    groups: dict[Notification, list[ActionTaken]] = defaultdict(list)
    for one in ordered:
        if one["action"] in OF_NOTIFIER and one["occasion"] is not None:
            groups[
                Notification(one["occasion"], route_of(one), one["owner"], one["decided_us"], "", 0)
            ].append(one)
    return tuple(
        notified._replace(
            act_id=_act_before(ordered, found[0]["taken_at_us"]),
            at_us=found[0]["taken_at_us"],
            is_sent=any(one["action"] != "ESCALATED" for one in found),
        )
        for notified, found in groups.items()
    )


def recalled(
    memory: AlertMemory, records: Sequence[ActionTaken], notified: Sequence[Notification]
) -> AlertMemory:
    """The memory of an alert with what was done about it before."""
    reasons = {
        one["reason"]
        for one in records
        if one["action"] == "NOT_DELIVERED" and one["occasion"] is None and one["reason"]
    }
    return memory.after(last_act(records), notified, reasons)


def is_over(records: Iterable[ActionTaken]) -> bool:
    """Whether somebody was notified that the alert is over."""
    return any(one["action"] in OF_NOTIFIER and one["occasion"] == "CLOSED" for one in records)


def _act_before(ordered: Iterable[ActionTaken], at_us: int) -> str:
    acts = [one for one in ordered if one["action"] in BY_PEOPLE and one["taken_at_us"] < at_us]
    return acts[-1]["action_id"] if acts else ""
