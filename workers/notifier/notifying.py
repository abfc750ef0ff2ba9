"""Decide who is notified of an alert, and when; pure, time is an argument.

The ward's owner is notified when an alert is opened, changes in what matters, is open again and is
over. The next person is notified when nobody acknowledges it in time. Operators are notified of
its failures alone: cameras that do not report or whose view is in doubt, and zones of which
therefore nobody knows.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from schemas.records.alert_actions import ActionReason, Occasion
from workers.notifier.memory import AlertMemory, Notification, Route
from workers.notifier.standing import Standing, State, is_material, standing_of

OF_MACHINE: Final = frozenset({"CAMERA_MISSING", "CAMERA_SUSPECT"})
"""Kinds of rules that watch the machine."""


class Step(NamedTuple):
    """What follows for an alert at one moment.

    Attributes:
        memory: What is remembered from then on.
        notified: What was added to `memory.notified`.
        withheld: Why somebody is not notified, where that is new.
        next_us: When to ask again though nothing comes in, UTC microseconds; None: never.
    """

    memory: AlertMemory
    notified: tuple[Notification, ...]
    withheld: tuple[ActionReason, ...]
    next_us: int | None


def advance(memory: AlertMemory, now_us: int, *, operators: str, is_in_pilot: bool) -> Step:
    """Who is notified of an alert now.

    Args:
        memory: What is remembered of it.
        now_us: The time, UTC microseconds.
        operators: Who runs the machine; empty: nobody is notified.
        is_in_pilot: Whether its zone, or a zone of its floor, is in a unit of its rule's pilot.
    """
    standing = standing_of(memory.decisions, memory.actions, now_us)
    why_not = _why_not(memory, is_in_pilot=is_in_pilot)
    notified: list[Notification] = []
    next_us = standing.changes_us
    if standing.state is State.CLOSED:
        if memory.decisions[-1].decided_us not in memory.late:
            notified += _over(memory, now_us)
        return Step(_with(memory, notified), tuple(notified), (), None)
    if memory.alert["pages"] and why_not is None:
        occasion = _occasion(memory, standing)
        if occasion is not None:
            notified.append(_notification(memory, occasion, "WARD", memory.alert["owner"], now_us))
        due_us = _escalation_us(memory, standing, notified)
        if due_us is not None and due_us <= now_us:
            next_one = memory.alert["escalate_to"]
            notified.append(_notification(memory, "ESCALATED", "WARD", next_one, now_us))
        elif due_us is not None:
            next_us = due_us if next_us is None else min(next_us, due_us)
    if operators and why_not is None:
        notified += _of_machine(memory, operators, now_us)
    withheld = tuple(
        reason
        for reason in (why_not,)
        if reason is not None and memory.alert["pages"] and reason not in memory.withheld
    )
    known = replace(memory, withheld=memory.withheld | set(withheld))
    return Step(_with(known, notified), tuple(notified), withheld, next_us)


def _why_not(memory: AlertMemory, *, is_in_pilot: bool) -> ActionReason | None:
    """Why nobody is notified, whatever the alert says; None: nothing speaks against it."""
    alert = memory.alert
    if alert["stage"] == "PILOT" and not is_in_pilot:
        return "PILOT_ELSEWHERE"
    if memory.decisions[-1].decided_us in memory.late:
        return "OLD"
    return None


def _occasion(memory: AlertMemory, standing: Standing) -> Occasion | None:
    """What the ward's owner is notified of; None: nothing new."""
    before = [one for one in memory.notified if one.route == "WARD" and one.occasion != "ESCALATED"]
    if not before:
        return "OPENED" if standing.state is State.OPEN else None
    last = before[-1]
    opened = ([one for one in before if one.occasion in {"OPENED", "AGAIN"}] or before)[-1]
    is_again = memory.act is not None and memory.act["action_id"] != opened.act_id
    if standing.state is State.OPEN and is_again:
        return "AGAIN"
    if standing.state not in {State.OPEN, State.ACKNOWLEDGED}:
        return None
    if any(is_material(one) for one in memory.decisions if one.decided_us > last.decided_us):
        return "CHANGED"
    return None


def _escalation_us(memory: AlertMemory, standing: Standing, new: list[Notification]) -> int | None:
    """When an alert is to be escalated, UTC microseconds; None: it is not, or was.

    Once for each time that it is open: the time runs from when the owner is notified.
    """
    after_s = memory.alert["escalate_after_s"]
    if standing.state is not State.OPEN or after_s is None or not memory.alert["escalate_to"]:
        return None
    from_us = None
    for one in (*memory.notified, *new):
        if one.route == "WARD" and one.occasion in {"OPENED", "AGAIN"}:
            from_us = one.at_us
        elif one.occasion == "ESCALATED":
            from_us = None
    return None if from_us is None else from_us + after_s * 1_000_000


def _of_machine(memory: AlertMemory, operators: str, now_us: int) -> Iterator[Notification]:
    """What who runs the machine is to be notified: that it fails, and that it works again."""
    alert = memory.alert
    fails = alert["kind"] in OF_MACHINE or "STALE" in alert["held_back_by"]
    if "SILENT_RULE" in alert["held_back_by"]:
        fails = False
    before = [one for one in memory.notified if one.route == "OPERATIONS"]
    last = before[-1] if before else None
    is_notified = last is not None and last.occasion != "CLOSED"
    if fails and not is_notified:
        yield _notification(memory, "OPENED", "OPERATIONS", operators, now_us)
    elif is_notified and not fails:
        yield _notification(memory, "CLOSED", "OPERATIONS", operators, now_us)
    elif (
        fails
        and last is not None
        and alert["kind"] in OF_MACHINE
        and any(is_material(one) for one in memory.decisions if one.decided_us > last.decided_us)
    ):
        yield _notification(memory, "CHANGED", "OPERATIONS", operators, now_us)


def _over(memory: AlertMemory, now_us: int) -> Iterator[Notification]:
    """That an alert is over, to everybody who was notified of it and not yet of its end."""
    last: dict[tuple[Route, str], Occasion] = {}
    for one in memory.notified:
        last[one.route, one.owner] = one.occasion
    for (route, owner), occasion in last.items():
        if occasion != "CLOSED":
            yield _notification(memory, "CLOSED", route, owner, now_us)


def _notification(
    memory: AlertMemory, occasion: Occasion, route: Route, owner: str, now_us: int
) -> Notification:
    decided_us = memory.decisions[-1].decided_us
    act_id = "" if memory.act is None else memory.act["action_id"]
    return Notification(occasion, route, owner, decided_us, act_id, now_us)


def _with(memory: AlertMemory, notified: list[Notification]) -> AlertMemory:
    return replace(memory, notified=(*memory.notified, *notified)) if notified else memory
