"""Set and remove what the registry keeps sealed: judged, audited, and kept with its answer.

Blocking: the routes call it in threads.
"""

from dataclasses import dataclass
from typing import Final

import psycopg
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runtime.audit import Act
from runtime.clock import Clock
from runtime.errors import Retry
from workers.access.principal import Principal
from workers.access.rights import Right
from workers.audit.recorder import Recorder
from workers.registry.editing.sealed import Held, SealedTexts
from workers.registry.editing.store import RegistryStore
from workers.registry.files import FieldFault
from workers.registry.forms import iso
from workers.registry.registered import Key, Registered, kind_of
from workers.serving.editing.conditions import ABSENT, etag
from workers.serving.editing.judge import check_named, no_such
from workers.serving.editing.reach import Reach
from workers.serving.editing.refusals import BadRequest, Changed, Unfit
from workers.serving.editing.repeats import Answer, Repeat, Repeated
from workers.serving.editing.requests import UNREADABLE

_MALFORMED: Final = "json_invalid"


class SealedBody(BaseModel):
    """A text that is kept sealed."""

    # What is refused was a secret all the same: no message repeats it.
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class AddressBody(SealedBody):
    """The stream address of a camera."""

    address: str = Field(description="URL, with user and password where the camera asks for them.")


class NameBody(SealedBody):
    """The name of a member of staff."""

    name: str = Field(description="Name, as people of the ward know it.")


class SealedView(BaseModel):
    """Whether a text is kept sealed; never the text."""

    kind: str = Field(description="Kind of the fact.", examples=["camera"])
    id: str = Field(description="Its id.", examples=["left"])
    is_set: bool = Field(description="Whether there is one.")
    since: str | None = Field(description="When it was set, ISO 8601 UTC; null for none.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedWish:
    """A text to keep, or to remove, as it is asked for.

    Attributes:
        author: Who asks.
        right: The right that it needs, in every unit of the fact.
        key: The fact.
        text: The text; an empty one removes what there is.
        expect: Version of the text that there must be, `ABSENT` for none.
        location: Path of the text.
        reason: Why, in the author's words; may be empty.
        repeat: The request, where its client may send it again.
    """

    author: Principal
    right: Right
    key: Key
    text: str
    expect: int
    location: str
    reason: str = ""
    repeat: Repeat | None = None


def text_of(form: type[SealedBody], texts: SealedTexts, key: Key, body: str) -> str:
    """The text that a request gives.

    Args:
        form: Form of the body.
        texts: Where it will be kept.
        key: The fact.
        body: The body, JSON.

    Raises:
        BadRequest: The body is not JSON.
        Unfit: Fields of it cannot be taken; no message repeats what was sent.
    """
    table, kind = texts.table, kind_of(key.topic)
    try:
        text = str(getattr(form.model_validate_json(body), table.field))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        if any(fault["type"] == _MALFORMED for fault in faults):
            raise BadRequest("the body: not valid JSON") from None
        own = [fault for fault in faults if fault["loc"] == (table.field,)]
        found = [
            FieldFault(kind, key.identity, table.field, _reason(fault["type"])) for fault in own
        ]
        if len(own) < len(faults):
            reason = f'send an object with the field "{table.field}" alone'
            found.append(FieldFault(kind, key.identity, "", reason))
        raise Unfit(UNREADABLE, found) from None
    fault = table.fault(text) if text else "is empty; send DELETE to remove it"
    if fault:
        raise Unfit(UNREADABLE, [FieldFault(kind, key.identity, table.field, fault)])
    return text


def _reason(fault: str) -> str:
    return "is missing" if fault == "missing" else "must be a text"


def sealed_answer(key: Key, held: Held | None, status: int = 200, location: str = "") -> Answer:
    """What is answered of a text: that there is one, its ETag, and not a word of it."""
    since = None if held is None else iso(held.since_us)
    view = SealedView(
        kind=kind_of(key.topic), id=key.identity, is_set=held is not None, since=since
    )
    headers = {} if held is None else {"ETag": etag(held.version)}
    if location:
        headers["Location"] = location
    return Answer(status, view.model_dump_json().encode(), headers)


def check_registered(author: Principal, right: Right, key: Key, reach: Reach) -> None:
    """Refuse to touch what belongs to a fact that is not registered, or not wholly within reach.

    Raises:
        NotFound: There is no such fact, or it is hidden from the caller.
        NotAllowed: The right is not held in every unit of the fact.
    """
    known = reach.ward.newest.get((key.topic.name, key.identity))
    if known is None or known["removed"]:
        raise no_such(key)
    check_named(author, [key], reach, right)


class SealedEditor:
    """Keeps and removes sealed texts for the API.

    Args:
        store: What is registered.
        texts: Where the texts are kept.
        clock: Gives the time.
        recorder: Writes into the audit.
    """

    def __init__(
        self, store: RegistryStore, texts: SealedTexts, clock: Clock, recorder: Recorder
    ) -> None:
        self._store = store
        self._texts = texts
        self._clock = clock
        self._recorder = recorder

    def make(self, wish: SealedWish) -> Answer:
        """Keep or remove a text; the same request again is answered as before.

        Raises:
            Refusal: It is refused; nothing was written.
            Retry: The database or the audit is out of reach, or there is no key; nothing was
                written, unless the message says otherwise.
        """
        if wish.text and not self._texts.seals:
            table = self._texts.table
            raise Retry(f"this board has no key to keep a {table.field} under: {table.setting}")
        try:
            return self._store.alone(lambda *beside: self._made(wish, *beside))
        except Repeated as repeated:
            return repeated.answer

    def _made(self, wish: SealedWish, transaction: psycopg.Connection, known: Registered) -> Answer:
        now_us = self._clock.now_us()
        if wish.repeat is not None:
            wish.repeat.find(transaction, now_us)
        key, texts = wish.key, self._texts
        check_registered(wish.author, wish.right, key, Reach(wish.author, known, now_us))
        before = texts.find(transaction, key.identity)
        self._meet(wish, before)
        after = texts.write(
            transaction, key.identity, wish.text, by=wish.author.subject, now_us=now_us
        )
        made = wish.expect == ABSENT
        answer = sealed_answer(key, after, 201 if made else 200, wish.location if made else "")
        if wish.repeat is not None:
            wish.repeat.keep(transaction, answer, now_us)
        outcome = "set" if wish.text else "removed"
        act = Act(f"registry.{texts.table.field}_{outcome}", str(key))
        self._recorder.record_now(act, actor=wish.author.subject, why=wish.reason)
        return answer

    def _meet(self, wish: SealedWish, now: Held | None) -> None:
        """Refuse to replace or remove a text that the author has not seen.

        Raises:
            Changed: It is another one, there is none, or there is one already.
        """
        if wish.expect == (ABSENT if now is None else now.version):
            return
        what = f"{self._texts.table.field} of {wish.key}"
        if now is None:
            raise Changed(f"no {what} is kept; send If-None-Match: * to set one")
        headers = {"ETag": etag(now.version)}
        if wish.expect == ABSENT:
            raise Changed(f"the {what} is set already; to replace it, send If-Match", (), headers)
        raise Changed(f"somebody changed the {what} meanwhile; read its ETag again", (), headers)
