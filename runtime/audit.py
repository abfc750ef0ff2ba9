"""Audit log as a hash chain: each entry holds the digest of the one before it.

Altering, removing or inserting an entry breaks the chain from there on (Haber and Stornetta, "How
to Time-Stamp a Digital Document", 1991). The end of a chain can still be cut off; a copy of its
last digest, kept elsewhere, reveals that too. Pure.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.records.alerts import AuditEntry

_SEALED: Final = (
    "chain_id",
    "seq",
    "at_us",
    "actor",
    "action",
    "subject",
    "why",
    "detail",
    "previous_sha256",
)
"""Fields that the seal covers, in order; fields added later are not covered."""


class Act(NamedTuple):
    """An action to audit.

    Attributes:
        action: Noun and participle, such as `dead_letter.replayed`.
        subject: Object of the action.
        detail: Outcome.
    """

    action: str
    subject: str
    detail: str = ""


def seal(entry: AuditEntry) -> str:
    """Hex SHA-256 over an entry's sealed fields, as the schema says."""
    fields = [entry[name] for name in _SEALED]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def next_entry(
    last: AuditEntry | None, chain_id: str, act: Act, *, actor: str, why: str, at_us: int
) -> AuditEntry:
    """Build the next entry of a chain.

    Args:
        last: Newest entry of the chain; None when the chain is empty.
        chain_id: Id of the chain.
        act: Action to record.
        actor: Who did it.
        why: Reason that the actor gave.
        at_us: Time of the action, UTC microseconds.
    """
    entry = AuditEntry(
        chain_id=chain_id,
        seq=1 if last is None else last["seq"] + 1,
        at_us=at_us,
        actor=actor,
        action=act.action,
        subject=act.subject,
        why=why,
        detail=act.detail,
        previous_sha256="" if last is None else last["sha256"],
        sha256="",
    )
    entry["sha256"] = seal(entry)
    return entry


def broken_link(entries: Iterable[AuditEntry]) -> str | None:
    """Describe the first broken link of a chain; None when it is intact.

    Args:
        entries: Entries of one chain, in log order; may start mid-chain where retention has
            cut it.
    """
    last: AuditEntry | None = None
    for entry in entries:
        position = f"chain {entry['chain_id']}, entry {entry['seq']}"
        if seal(entry) != entry["sha256"]:
            return f"{position}: its contents are not what was sealed"
        if last is not None and entry["seq"] != last["seq"] + 1:
            return f"{position}: follows entry {last['seq']}"
        if last is not None and entry["previous_sha256"] != last["sha256"]:
            return f"{position}: the entry before it is not the one that it sealed"
        last = entry
    return None
