"""Put what one owner is notified of, on any floor, into one message; pure, time is an argument."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from workers.notifier.memory import AlertKey, AlertMemory, Notification, Route
from workers.notifier.standing import TIERS


class Group(NamedTuple):
    """What goes into one message.

    Attributes:
        route: By which route.
        owner: To whom.
        members: Alerts and the occasion of each, the most urgent first.
        settled: Everything that needs no other message once this one is sent.
    """

    route: Route
    owner: str
    members: tuple[tuple[AlertKey, Notification], ...]
    settled: tuple[tuple[AlertKey, Notification], ...]


def groups_of(
    memories: Mapping[AlertKey, AlertMemory], now_us: int, group_us: int
) -> tuple[list[Group], int | None]:
    """What is to be sent now, and when to ask again.

    What an owner is notified of waits for `group_us` for more of the same owner and route. Of one
    alert an owner gets the first of what waits, or only that it is over; if it is over before the
    owner was notified, nothing.

    Args:
        memories: What is remembered of each alert.
        now_us: The time, UTC microseconds.
        group_us: How long the first waits for others, microseconds.

    Returns:
        Groups, some with nothing to send and something settled; and the time at which the next
        one is complete, UTC microseconds, or None.
    """
    waiting: dict[tuple[Route, str], list[tuple[AlertKey, Notification]]] = defaultdict(list)
    for key, memory in memories.items():
        for one in memory.notified:
            if not one.is_sent:
                waiting[one.route, one.owner].append((key, one))
    found, next_us = [], None
    for (route, owner), entries in sorted(waiting.items()):
        due_us = min(one.at_us for _, one in entries) + group_us
        if due_us > now_us:
            next_us = due_us if next_us is None else min(next_us, due_us)
            continue
        members = _members(memories, route, owner, entries)
        found.append(Group(route, owner, tuple(members), tuple(entries)))
    return found, next_us


def _members(
    memories: Mapping[AlertKey, AlertMemory],
    route: Route,
    owner: str,
    entries: Iterable[tuple[AlertKey, Notification]],
) -> list[tuple[AlertKey, Notification]]:
    by_alert: dict[AlertKey, list[Notification]] = defaultdict(list)
    for key, one in entries:
        by_alert[key].append(one)
    members = []
    for key, notifications in by_alert.items():
        is_known = any(
            one.is_sent and (one.route, one.owner) == (route, owner)
            for one in memories[key].notified
        )
        if notifications[-1].occasion != "CLOSED":
            members.append((key, notifications[0]))
        elif is_known:
            members.append((key, notifications[-1]))
    return sorted(members, key=lambda one: (-TIERS.index(memories[one[0]].alert["tier"]), one[0]))
