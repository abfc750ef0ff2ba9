"""Take in feedback: somebody says that what the board showed is wrong.

It is judged for what its giver may reach, audited, and then appended; it changes no figure. The
same request again, under the same key, is answered as before, and has the same id.

Blocking: the route calls it in threads.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from runtime.audit import Act
from runtime.clock import Clock
from runtime.errors import Retry
from schemas.records.feedback import Feedback
from schemas.topics import FEEDBACK
from workers.access.principal import Principal
from workers.access.reach import reaches_all, reaches_part
from workers.access.rights import Right
from workers.audit.recorder import Recorder
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
from workers.serving.evidence.writer import FeedbackWriter

GIVEN: Final = "feedback.given"
"""Action in the audit."""

KIND: Final = "feedback"
"""Kind of record, in what is said of faults."""

UNREADABLE: Final = "the feedback cannot be taken"

MAX_TEXT: Final = 500
"""Longest text, characters."""

_MAX_NAME: Final = 200
_KINDS: Final = ("NOT_THIS_ROLE", "TWO_PEOPLE", "NOBODY_HERE", "GAP_WRONG", "OTHER")
_SKEW_US: Final = 60_000_000
"""What was shown may be ahead of this machine's clock by this much, microseconds."""

_OLDEST_US: Final = 30 * 24 * 3_600_000_000
"""What was shown is at most this old, microseconds: evidence is gone later."""


Id = Annotated[str, up_to(_MAX_NAME)]


class FeedbackRow(Row):
    """Feedback as it is sent."""

    topic = FEEDBACK
    zone_id: Identity
    kind: Annotated[str, BeforeValidator(text.one_of("a kind of feedback", *_KINDS))]
    as_of_us: Count
    seq: Count
    person_id: Id | None = None
    role: Identity | None = None
    camera_id: Identity | None = None
    captured_us: Count | None = None
    text: Annotated[str, up_to(MAX_TEXT)] = ""
    model_name: Id | None = None
    model_version: Id | None = None

    @classmethod
    def kind_of_fact(cls) -> str:
        """Kind of record, for messages."""
        return KIND

    @model_validator(mode="after")
    def _names_what_it_is_about(self) -> "FeedbackRow":
        if (self.camera_id is None) != (self.captured_us is None):
            raise ValueError("captured_us: camera_id and captured_us go together")
        if self.role is not None and self.person_id is None:
            raise ValueError("role: is that of a person: give person_id too")
        if self.kind == "OTHER" and not self.text:
            raise ValueError("text: is missing: say what is wrong")
        return self


class TakenFeedback(BaseModel):
    """What was taken."""

    feedback_id: str = Field(description="Its id in feedback.given.v1.")
    zone_id: str = Field(description="Zone that it is about.")
    kind: str = Field(description="What is wrong.")
    given_at_us: int = Field(description="When it was written, UTC microseconds.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving:
    """Feedback as it is given.

    Attributes:
        author: Who gives it.
        entry: Its fields.
        repeat: The request, where its client may send it again.
    """

    author: Principal
    entry: Entry
    repeat: Repeat | None = None


def entry_of(body: str) -> Entry:
    """The fields of a request's body.

    Raises:
        BadRequest: It is no object.
    """
    try:
        return read_object(body, list(FeedbackRow.model_fields))
    except BadTable as error:
        raise BadRequest(f"the body: {error}") from error


class FeedbackDesk:
    """Judges, audits and appends feedback.

    Args:
        registry: What is registered.
        writer: Appends it.
        recorder: Writes into the audit.
        clock: Gives the time.
        database: Keeps answers under their keys; None where there is none.
    """

    def __init__(
        self,
        registry: RegistryView,
        writer: FeedbackWriter,
        recorder: Recorder,
        clock: Clock,
        database: Database | None = None,
    ) -> None:
        self._registry = registry
        self._writer = writer
        self._recorder = recorder
        self._clock = clock
        self._database = database

    def take(self, giving: Giving) -> Answer:
        """Take feedback in.

        Raises:
            Refusal: A field is wrong, or another request was sent with this key; it was not taken.
            Retry: The brokers, the database or the audit is out of reach, or what is registered is
                not known yet. The message says whether it was taken.
        """
        if giving.repeat is None:
            return self._taken(giving)
        return once(self._database, giving.repeat, self._clock, lambda: self._taken(giving))

    def _taken(self, giving: Giving) -> Answer:
        if self._registry.synced_us is None:
            raise Retry("what is registered is not known yet, so no feedback was taken")
        now_us = self._clock.now_us()
        row, faults = checked_row(giving.entry, FeedbackRow)
        if row is None or faults:
            raise Unfit(UNREADABLE, faults)
        floor_id, partition = self._floor_of(giving.author, row, now_us)
        record = Feedback(
            feedback_id=id_of(giving.repeat),
            zone_id=row.zone_id,
            floor_id=floor_id,
            given_at_us=now_us,
            kind=row.kind,  # type: ignore[typeddict-item]
            person_id=row.person_id,
            role=row.role,
            as_of_us=row.as_of_us,
            seq=row.seq,
            camera_id=row.camera_id,
            captured_us=row.captured_us,
            text=row.text,
            given_by=giving.author.subject,
            model_name=row.model_name,
            model_version=row.model_version,
        )
        act = Act(GIVEN, f"zone/{row.zone_id}", f"{row.kind} of seq {row.seq}")
        self._recorder.record_now(act, actor=giving.author.subject)
        at_us = self._writer.append([record], lambda _: partition)
        taken = TakenFeedback(
            feedback_id=record["feedback_id"], zone_id=row.zone_id, kind=row.kind, given_at_us=at_us
        )
        return Answer(200, taken.model_dump_json().encode())

    def _floor_of(self, author: Principal, row: FeedbackRow, now_us: int) -> tuple[str, int]:
        """Floor and partition of what feedback is about.

        Raises:
            Unfit: It is about something that is not registered, or that its giver does not reach:
                the answers are equal.
        """
        known, units = floors_in_force(self._registry, now_us), self._registry.unit_index(now_us)

        def fault(field: str, reason: str) -> Unfit:
            return Unfit(UNREADABLE, [FieldFault(KIND, row.zone_id, field, reason)])

        own = units.units_of("zone", row.zone_id) or ()
        floor_id = known.zones.get(row.zone_id, "")
        if floor_id not in known.partitions or not reaches_all(
            author.units(Right.GIVE_FEEDBACK), own
        ):
            raise fault("zone_id", f"{row.zone_id!r} is not registered")
        if row.person_id is not None and not reaches_all(author.units(Right.PRESENCE), own):
            raise fault("person_id", f"this needs the right {Right.PRESENCE} in the zone")
        if row.camera_id is not None:
            camera = self._registry.cameras(now_us).get(row.camera_id)
            held = author.units(Right.GIVE_FEEDBACK)
            seen = units.units_of("camera", row.camera_id) or ()
            if camera is None or camera["floor_id"] != floor_id or not reaches_part(held, seen):
                raise fault("camera_id", f"{row.camera_id!r} is not a camera of the zone's floor")
        for field, at_us in (("as_of_us", row.as_of_us), ("captured_us", row.captured_us)):
            if at_us is not None and at_us > now_us + _SKEW_US:
                raise fault(field, "is in the future")
            if at_us is not None and at_us < now_us - _OLDEST_US:
                raise fault(field, "is more than 30 days ago: what was seen then is gone")
        return floor_id, known.partitions[floor_id]
