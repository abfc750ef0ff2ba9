"""Take in what people do about alerts: acknowledge, snooze, resolve.

It is judged against the alert as it was decided last, audited, and then appended; it changes no
decision. The same request again, under the same key, is answered as before, and has the same id.

Blocking: the route calls it in threads.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Protocol, cast

from pydantic import BaseModel, BeforeValidator, Field

from runtime.audit import Act
from runtime.clock import Clock
from runtime.errors import Retry
from schemas.records.alert_actions import ActionTaken, TakenAction
from schemas.records.alerts import AlertTier
from schemas.records.rules import ZoneAlert
from schemas.topics import ALERT_ACTIONS
from workers.access.principal import Principal
from workers.access.reach import reaches_all, reaches_part
from workers.access.rights import Right
from workers.audit.recorder import Recorder
from workers.notifier.memory import AlertKey
from workers.notifier.standing import Decision, State, decision_of, standing_of
from workers.registry import text
from workers.registry.badge_reads import floors_in_force
from workers.registry.editing.database import Database
from workers.registry.files import FieldFault, checked_row
from workers.registry.mappings import read_object
from workers.registry.row import Identity, Row
from workers.registry.tables import BadTable, Entry
from workers.registry.view import RegistryView
from workers.serving.editing.refusals import BadRequest, Unfit
from workers.serving.editing.repeats import Answer, Repeat
from workers.serving.evidence.fields import Count, id_of, up_to
from workers.serving.evidence.once import once
from workers.serving.evidence.writer import ActionWriter
from workers.serving.recorded.zone_alerts import Kept

KIND: Final = "alert"
"""Kind of record, in what is said of faults."""

UNREADABLE: Final = "nothing was done about the alert"

REASONS: Final = ("DONE", "NOT_TRUE", "NOTHING_TO_DO", "DUPLICATE")
"""Why somebody resolves an alert."""

LONGEST_SNOOZE_US: Final = 24 * 3_600_000_000
"""An alert is snoozed for at most this long, microseconds."""

MAX_ALERT_ID: Final = 400
"""Longest id of an alert, characters: a deduplication key, a zone and a person."""

REMEMBERED: Final = 1_000
"""Actions that a board shows before the database has them."""

_OLDEST_US: Final = 90 * 24 * 3_600_000_000
"""An alert was opened at most this long ago, microseconds: so long decisions are on the topic."""

_SKEW_US: Final = 60_000_000
"""An alert may be opened ahead of this machine's clock by this much, microseconds."""

Verb = Literal["acknowledge", "snooze", "resolve"]
_ACTION: Final[dict[Verb, TakenAction]] = {
    "acknowledge": "ACKNOWLEDGED",
    "snooze": "SNOOZED",
    "resolve": "RESOLVED",
}


class AcknowledgeRow(Row):
    """What is sent to acknowledge an alert."""

    topic = ALERT_ACTIONS
    floor_id: Identity
    alert_id: Annotated[str, up_to(MAX_ALERT_ID)]
    opened_us: Count
    decided_us: Count | None = None

    @classmethod
    def kind_of_fact(cls) -> str:
        """Kind of record, for messages."""
        return KIND


class SnoozeRow(AcknowledgeRow):
    """What is sent to snooze an alert."""

    until_us: Count


class ResolveRow(AcknowledgeRow):
    """What is sent to resolve an alert."""

    reason: Annotated[str, BeforeValidator(text.one_of("a reason to resolve an alert", *REASONS))]


_ROWS: Final[dict[Verb, type[AcknowledgeRow]]] = {
    "acknowledge": AcknowledgeRow,
    "snooze": SnoozeRow,
    "resolve": ResolveRow,
}


class Taken(BaseModel):
    """What was done, and how the alert stands after it."""

    action_id: str = Field(description="Its id in alert-actions.taken.v1.")
    action: str = Field(description="ACKNOWLEDGED, SNOOZED or RESOLVED.")
    floor_id: str = Field(description="Floor of the alert.")
    alert_id: str = Field(description="The alert.")
    opened_us: int = Field(description="When the alert was opened, UTC microseconds.")
    taken_at_us: int = Field(description="When the action was written, UTC microseconds.")
    state: State = Field(description="How the alert stands now.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """What somebody does about an alert.

    Attributes:
        author: Who does it.
        verb: What is done.
        entry: Its fields.
        shown: The alert as the live state has it; None where that does not know it.
        why: Why, in the author's words, for the audit; may be empty.
        repeat: The request, where its client may send it again.
    """

    author: Principal
    verb: Verb
    entry: Entry
    shown: ZoneAlert | None = None
    why: str = ""
    repeat: Repeat | None = None


class History(Protocol):
    """Where alerts are kept."""

    def one(self, key: AlertKey) -> tuple[ZoneAlert | None, Kept]:
        """One alert as it was decided last, with decisions and actions.

        Raises:
            Retry: It is out of reach.
        """
        ...


def entry_of(body: str, verb: Verb) -> Entry:
    """The fields of a request's body.

    Raises:
        BadRequest: It is no object.
    """
    try:
        return read_object(body, list(_ROWS[verb].model_fields))
    except BadTable as error:
        raise BadRequest(f"the body: {error}") from error


class ActionDesk:
    """Judges, audits and appends what people do about alerts.

    Args:
        registry: What is registered.
        history: Where alerts are kept.
        writer: Appends actions.
        recorder: Writes into the audit.
        clock: Gives the time.
        database: Keeps answers under their keys; None where there is none.
    """

    def __init__(
        self,
        registry: RegistryView,
        history: History,
        writer: ActionWriter,
        recorder: Recorder,
        clock: Clock,
        database: Database | None = None,
    ) -> None:
        self._registry = registry
        self._history = history
        self._writer = writer
        self._recorder = recorder
        self._clock = clock
        self._database = database
        self._recent: deque[ActionTaken] = deque(maxlen=REMEMBERED)

    @property
    def recent(self) -> Sequence[ActionTaken]:
        """What was done on this board lately, which the database may not have yet."""
        return list(self._recent)

    def take(self, acting: Acting) -> Answer:
        """Do something about an alert.

        Raises:
            Refusal: A field is wrong, or another request was sent with this key; nothing was done.
            Retry: The brokers, the database or the audit is out of reach, or what is registered is
                not known yet. The message says whether it was done.
        """
        if acting.repeat is None:
            return self._taken(acting)
        return once(self._database, acting.repeat, self._clock, lambda: self._taken(acting))

    def _taken(self, acting: Acting) -> Answer:
        if self._registry.synced_us is None:
            raise Retry("what is registered is not known yet, so nothing was done")
        now_us = self._clock.now_us()
        row, faults = checked_row(acting.entry, _ROWS[acting.verb])
        if row is None or faults:
            raise Unfit(UNREADABLE, faults)
        _check_times(row, now_us)
        partition = self._partition_of(row, now_us)
        key = AlertKey(row.floor_id, row.alert_id, row.opened_us)
        kept_alert, kept = self._history.one(key)
        alert = _newest(kept_alert, acting.shown)
        if alert is None or not self._reaches(acting.author, row.floor_id, alert, now_us):
            raise _fault(row, "alert_id", "is no alert of this floor that was opened then")
        decisions = {*kept.decisions.get(key, ()), decision_of(alert)}
        record = _record(acting, row, alert, _seen(row, decisions))
        subject = f"zone/{alert['zone_id']}" if alert["zone_id"] else f"floor/{row.floor_id}"
        detail = " ".join(str(part) for part in (alert["rule_id"], record["reason"]) if part)
        act = Act(f"alert.{record['action'].lower()}", subject, detail)
        self._recorder.record_now(act, actor=acting.author.subject, why=acting.why)
        record["taken_at_us"] = self._writer.append([record], lambda _: partition)
        self._recent.append(record)
        actions = [*kept.actions.get(key, ()), record]
        taken = Taken(
            action_id=record["action_id"],
            action=record["action"],
            floor_id=row.floor_id,
            alert_id=row.alert_id,
            opened_us=row.opened_us,
            taken_at_us=record["taken_at_us"],
            state=standing_of(decisions, actions, record["taken_at_us"]).state,
        )
        return Answer(200, taken.model_dump_json().encode())

    def _partition_of(self, row: AcknowledgeRow, now_us: int) -> int:
        partition = floors_in_force(self._registry, now_us).partitions.get(row.floor_id)
        if partition is None:
            raise _fault(row, "alert_id", "is no alert of this floor that was opened then")
        return partition

    def _reaches(self, author: Principal, floor_id: str, alert: ZoneAlert, now_us: int) -> bool:
        """Whether somebody may act on an alert: in all units of its zone, or one of its floor's."""
        units, held = self._registry.unit_index(now_us), author.units(Right.ACT_ON_ALERTS)
        if not alert["zone_id"]:
            return reaches_part(held, units.units_of("floor", floor_id) or ())
        return reaches_all(held, units.units_of("zone", alert["zone_id"]) or ())


def _seen(row: AcknowledgeRow, decisions: Iterable[Decision]) -> Decision:
    """The decision that somebody saw: the newest, or the one that the request names."""
    ordered = sorted(decisions)
    if row.decided_us is None:
        return ordered[-1]
    return max((one for one in ordered if one.decided_us <= row.decided_us), default=ordered[0])


def _record(acting: Acting, row: AcknowledgeRow, alert: ZoneAlert, seen: Decision) -> ActionTaken:
    return ActionTaken(
        floor_id=row.floor_id,
        action_id=id_of(acting.repeat),
        alert_id=row.alert_id,
        opened_us=row.opened_us,
        taken_at_us=0,  # the writer knows it
        action=_ACTION[acting.verb],
        decided_us=seen.decided_us,
        tier=cast("AlertTier", seen.tier),
        rule_id=alert["rule_id"],
        zone_id=alert["zone_id"],
        taken_by=acting.author.subject,
        reason=getattr(row, "reason", None),
        until_us=getattr(row, "until_us", None),
        occasion=None,
        owner="",
        destination="",
        receipt_key="",
    )


def _check_times(row: AcknowledgeRow, now_us: int) -> None:
    """Check that times are such as an alert may have.

    Raises:
        Unfit: One is not.
    """
    if row.opened_us > now_us + _SKEW_US:
        raise _fault(row, "opened_us", "is in the future")
    if row.opened_us < now_us - _OLDEST_US:
        raise _fault(row, "opened_us", "is more than 90 days ago")
    if isinstance(row, SnoozeRow) and not now_us < row.until_us <= now_us + LONGEST_SNOOZE_US:
        raise _fault(row, "until_us", "is not within the next 24 hours")


def _fault(row: AcknowledgeRow, field: str, reason: str) -> Unfit:
    return Unfit(UNREADABLE, [FieldFault(KIND, row.alert_id, field, reason)])


def _newest(kept: ZoneAlert | None, shown: ZoneAlert | None) -> ZoneAlert | None:
    """The later of two decisions about one alert."""
    known = [one for one in (kept, shown) if one is not None]
    return max(known, key=lambda one: one["decided_us"], default=None)
