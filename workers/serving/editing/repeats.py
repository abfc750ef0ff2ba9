"""The same request twice is one edit: answers are kept under the client's idempotency key.

An answer is written in the transaction of its edit, and edits follow one another, so two requests
with one key at the same time are one edit too. Refused requests changed nothing, and are judged
again. Answers are kept for a day.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg

from workers.serving.editing.refusals import Unfit

KEPT: Final = timedelta(days=1)
"""How long an answer is kept."""

_FIND: Final = """
    SELECT request_sha256, status, headers, body FROM registry.idempotency
    WHERE subject = %s AND key = %s AND at > %s
"""
_FORGET: Final = "DELETE FROM registry.idempotency WHERE at <= %s"
_KEEP: Final = """
    INSERT INTO registry.idempotency (subject, key, request_sha256, status, headers, body, at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to an edit.

    Attributes:
        status: HTTP status.
        body: JSON.
        headers: Headers beside those that every answer has.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Repeated(Exception):
    """The request was answered before.

    Attributes:
        answer: What it was answered.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__("the request was answered before")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Repeat:
    """A request that its client may send again.

    Attributes:
        subject: Who sends it.
        key: The client's key for it.
        sha256: Digest of the request.
    """

    subject: str
    key: str
    sha256: str

    def find(self, transaction: psycopg.Connection, now_us: int) -> None:
        """End the edit if it was made before.

        Raises:
            Repeated: It was.
            Unfit: Another request was sent with this key.
        """
        oldest = _moment(now_us) - KEPT
        row = transaction.execute(_FIND, [self.subject, self.key, oldest]).fetchone()
        if row is None:
            return
        sha256, status, headers, body = row
        if sha256 != self.sha256:
            raise Unfit("Idempotency-Key: another request was sent with this key; take a new one")
        raise Repeated(Answer(status, bytes(body), headers))

    def keep(self, transaction: psycopg.Connection, answer: Answer, now_us: int) -> None:
        """Keep the answer, and drop those that are too old."""
        now = _moment(now_us)
        transaction.execute(_FORGET, [now - KEPT])
        headers = json.dumps(dict(answer.headers))
        transaction.execute(
            _KEEP, [self.subject, self.key, self.sha256, answer.status, headers, answer.body, now]
        )


def digest(parts: Iterable[str | bytes]) -> str:
    """Hex SHA-256 over the parts of a request, each with its length before it."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        found.update(len(data).to_bytes(8, "big") + data)
    return found.hexdigest()


def _moment(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1e6, UTC)
