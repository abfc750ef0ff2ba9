"""How an alert stands: what was decided about it, and what people have done since.

Pure. Decisions and actions come from two topics, in any order, so an alert's standing is a function
of both as sets. An action names the decision that it rests on: what is decided later was not known
to whoever acted.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from schemas.records.alert_actions import ActionTaken
from schemas.records.rules import ZoneAlert

TIERS: Final = ("UNKNOWN", "NOTICE", "WARNING", "PAGE")
"""Tiers of alerts, from the least urgent up."""

BY_PEOPLE: Final = frozenset({"ACKNOWLEDGED", "SNOOZED", "RESOLVED"})
"""Actions of people; the others are the notifier's."""

_MATERIAL: Final = frozenset({"WORSE", "OTHER_ROLE", "OTHER_RULE"})
"""Causes of a change after which an alert that was resolved is open again."""


class State(StrEnum):
    """How an alert stands."""

    OPEN = "open"
    """Nobody has seen to it."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody sees to it."""
    SNOOZED = "snoozed"
    """Somebody wants to hear nothing of it for a time."""
    RESOLVED = "resolved"
    """Somebody says that it is over, while the breach goes on."""
    CLOSED = "closed"
    """The breach is over."""


class Decision(NamedTuple):
    """One decision about an alert, as far as its standing depends on it.

    Attributes:
        decided_us: Its time, the end of a tick, UTC microseconds.
        action: What was decided.
        cause: Why.
        tier: How urgent the alert is by it.
        pages: Whether it may be delivered.
    """

    decided_us: int
    action: str
    cause: str
    tier: str
    pages: bool


class Standing(NamedTuple):
    """How an alert stands.

    Attributes:
        state: Its state.
        act: What somebody did last, where it still counts; None where nothing does.
        changes_us: When it changes by itself, UTC microseconds; None: it does not.
    """

    state: State
    act: ActionTaken | None
    changes_us: int | None = None


def decision_of(alert: ZoneAlert) -> Decision:
    """The part of a decision that a standing depends on."""
    return Decision(
        alert["decided_us"], alert["action"], alert["cause"], alert["tier"], alert["pages"]
    )


def standing_of(
    decisions: Iterable[Decision], actions: Iterable[ActionTaken], now_us: int
) -> Standing:
    """How an alert stands.

    What somebody did last is what counts, unless something was decided since that they did not
    know: a higher tier undoes all of it, and what matters of a resolved alert undoes that.

    Args:
        decisions: Decisions about the alert, in any order, repeats too; at least one.
        actions: Actions about it, in any order, repeats and those of the notifier too.
        now_us: The time, UTC microseconds.

    Raises:
        ValueError: There is no decision.
    """
    ordered = sorted(set(decisions))
    if not ordered:
        raise ValueError("an alert that nothing was decided about has no standing")
    act = last_act(actions)
    if ordered[-1].action == "CLOSED":
        return Standing(State.CLOSED, act)
    if act is None or _is_undone(act, ordered):
        return Standing(State.OPEN, None)
    if act["action"] == "SNOOZED":
        until_us = act["until_us"] or 0
        if until_us <= now_us:
            return Standing(State.OPEN, None)
        return Standing(State.SNOOZED, act, until_us)
    if act["action"] == "RESOLVED":
        return Standing(State.RESOLVED, act)
    return Standing(State.ACKNOWLEDGED, act)


def last_act(actions: Iterable[ActionTaken]) -> ActionTaken | None:
    """What somebody did last; None where nobody did anything.

    Of two at one time the greater id counts, so that every reader takes the same.
    """
    acts = [one for one in actions if one["action"] in BY_PEOPLE]
    return max(acts, key=lambda one: (one["taken_at_us"], one["action_id"]), default=None)


def _is_undone(act: ActionTaken, decisions: Sequence[Decision]) -> bool:
    """Whether something was decided since that whoever acted did not know, and that matters."""
    known = [one for one in decisions if one.decided_us <= act["decided_us"]]
    since = [one for one in decisions if one.decided_us > act["decided_us"]]
    if any(_rank(one.tier) > _rank(act["tier"]) for one in since):
        return True
    if act["action"] != "RESOLVED":
        return False
    paged = bool(known) and known[-1].pages
    return any(is_material(one) or (one.pages and not paged) for one in since)


def is_material(decision: Decision) -> bool:
    """Whether those who were notified must know: its figure, its role or its rule changed."""
    return decision.cause in _MATERIAL


def _rank(tier: str) -> int:
    return TIERS.index(tier) if tier in TIERS else 0
