"""What the notifier remembers of one alert."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Self, cast

from schemas.records.alert_actions import ActionTaken, Occasion
from schemas.records.rules import ZoneAlert
from workers.notifier.standing import Decision, decision_of, last_act

Route = Literal["WARD", "OPERATIONS"]
"""To whom: WARD, who acts on the floor; OPERATIONS, who runs the machine. They never mix."""


class AlertKey(NamedTuple):
    """Identity of one alert.

    Attributes:
        floor_id: Its floor.
        alert_id: What it is about.
        opened_us: When it was opened, UTC microseconds.
    """

    floor_id: str
    alert_id: str
    opened_us: int


class Notification(NamedTuple):
    """That somebody will be notified of an alert, or was.

    Attributes:
        occasion: What about.
        route: By which route.
        owner: Whom.
        decided_us: Decision that it rests on, UTC microseconds.
        act_id: What somebody had done last about the alert by then; empty: nothing.
        at_us: When this was decided here, UTC microseconds.
        is_sent: Whether it went into a message, or needs none any more.
    """

    occasion: Occasion
    route: Route
    owner: str
    decided_us: int
    act_id: str
    at_us: int
    is_sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMemory:
    """What is remembered of one alert.

    Attributes:
        floor_id: Its floor.
        partition: Partition of its floor.
        alert: As it was decided last.
        decisions: What was decided about it, in order of time.
        late: Decisions that were found too late to tell of, by time.
        act: What somebody did last; None: nothing.
        notified: Who was notified, or will be, in order.
        withheld: Reasons for which a message was not sent, each recorded once.
    """

    floor_id: str
    partition: int = 0
    alert: ZoneAlert
    decisions: tuple[Decision, ...]
    late: frozenset[int] = frozenset()
    act: ActionTaken | None = None
    notified: tuple[Notification, ...] = ()
    withheld: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, floor_id: str, alert: ZoneAlert, *, late: bool, partition: int = 0) -> Self:
        """The memory of an alert of which one decision is known."""
        return cls.unknown(floor_id, alert, partition=partition).decided(alert, late=late)

    @classmethod
    def unknown(cls, floor_id: str, alert: ZoneAlert, *, partition: int = 0) -> Self:
        """The memory of an alert of which no decision is taken in yet."""
        return cls(floor_id=floor_id, partition=partition, alert=alert, decisions=())

    @property
    def key(self) -> AlertKey:
        """Its identity."""
        return AlertKey(self.floor_id, self.alert["alert_id"], self.alert["opened_us"])

    def decided(self, alert: ZoneAlert, *, late: bool) -> Self:
        """With one decision more; a repeat changes nothing."""
        decision = decision_of(alert)
        if decision in self.decisions:
            return self
        decisions = tuple(sorted({*self.decisions, decision}))
        newest = max(self.alert, alert, key=lambda one: one["decided_us"])
        marked = self.late | {decision.decided_us} if late else self.late
        return replace(self, alert=newest, decisions=decisions, late=marked)

    def acted(self, action: ActionTaken) -> Self:
        """With one action of somebody more; a repeat, or an earlier one, changes nothing."""
        known = [] if self.act is None else [self.act]
        return replace(self, act=last_act([*known, action]))

    def after(
        self,
        act: ActionTaken | None,
        notified: Iterable[Notification],
        withheld: Iterable[str],
    ) -> Self:
        """With what was done about it before it was known here."""
        return replace(self, act=act, notified=tuple(notified), withheld=frozenset(withheld))

    @property
    def handled_us(self) -> int:
        """The newest decision of which somebody was notified, UTC microseconds; -1 for none."""
        return max((one.decided_us for one in self.notified), default=-1)

    def sent(self, notifications: Iterable[Notification]) -> Self:
        """With some notifications marked as sent."""
        done = set(notifications)
        notified = tuple(
            one._replace(is_sent=True) if one in done else one for one in self.notified
        )
        return replace(self, notified=notified)

    @property
    def actions(self) -> tuple[ActionTaken, ...]:
        """What is known of what people did."""
        return () if self.act is None else (self.act,)

    def dump(self) -> dict[str, Any]:
        """As values of JSON."""
        return {
            "floor_id": self.floor_id,
            "partition": self.partition,
            "alert": self.alert,
            "decisions": [list(one) for one in self.decisions],
            "late": sorted(self.late),
            "act": self.act,
            "notified": [list(one) for one in self.notified],
            "withheld": sorted(self.withheld),
        }

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Self:
        """What `dump` gave.

        Raises:
            KeyError: It was dumped by another release.
        """
        return cls(
            floor_id=dumped["floor_id"],
            partition=dumped["partition"],
            alert=cast("ZoneAlert", dumped["alert"]),
            decisions=tuple(Decision(*one) for one in dumped["decisions"]),
            late=frozenset(dumped["late"]),
            act=cast("ActionTaken | None", dumped["act"]),
            notified=tuple(Notification(*one) for one in dumped["notified"]),
            withheld=frozenset(dumped["withheld"]),
        )
