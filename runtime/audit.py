"""Audit log as a hash chain: each entry holds the digest of the one before it.

Altering, removing or inserting an entry breaks the chain from there on (Haber and Stornetta, "How
to Time-Stamp a Digital Document", 1991). The end of a chain can still be cut off; a copy of its
last digest, kept elsewhere, reveals that too. Pure.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from schemas.records.alerts import AuditEntry

SEAL: Final = 2
"""Seal of new entries."""

_FIRST: Final = (
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

_SEALED: Final[Mapping[int, tuple[str, ...]]] = {
    1: _FIRST,
    2: (*_FIRST, "seal", "client", "persons", "cameras", "floors", "from_us", "until_us"),
}
"""Fields that each seal covers, in order; a seal never changes, so old entries stay verifiable."""


class Act(NamedTuple):
    """An action to audit.

    Attributes:
        action: Noun and participle, such as `dead_letter.replayed`.
        subject: Object of the action.
        detail: Outcome.
        persons: Ids of people and of members of staff whom it showed one by one.
        cameras: Ids of cameras whose people it showed.
        floors: Ids of floors whose people it showed.
        from_us: Start of the time that it showed, UTC microseconds; None for the moment of the act.
        until_us: End of that time; None for the moment of the act, or while it goes on.
        client: How the actor came, such as the session.
    """

    action: str
    subject: str
    detail: str = ""
    persons: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    floors: tuple[str, ...] = ()
    from_us: int | None = None
    until_us: int | None = None
    client: str = ""


def seal(entry: AuditEntry) -> str:
    """Hex SHA-256 over an entry's sealed fields, as the schema says.

    Raises:
        KeyError: This release does not know the entry's seal.
    """
    values: Mapping[str, object] = {**entry}
    fields = [values[name] for name in _SEALED[entry["seal"]]]
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
        seal=SEAL,
        client=act.client,
        persons=list(act.persons),
        cameras=list(act.cameras),
        floors=list(act.floors),
        from_us=act.from_us,
        until_us=act.until_us,
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
        if entry["seal"] not in _SEALED:
            return f"{position}: its seal {entry['seal']} is none that this release knows"
        if seal(entry) != entry["sha256"]:
            return f"{position}: its contents are not what was sealed"
        if last is not None and entry["seq"] != last["seq"] + 1:
            return f"{position}: follows entry {last['seq']}"
        if last is not None and entry["previous_sha256"] != last["sha256"]:
            return f"{position}: the entry before it is not the one that it sealed"
        last = entry
    return None
