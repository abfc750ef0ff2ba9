"""An anchor: the heads of all chains at one moment, kept where nobody can delete it.

A chain shows each change inside it, but whoever can write the topic could rewrite a chain whole, or
cut its end. Anchors show that too: each holds the newest entry of every chain that has grown, and
the digest of the anchor before it, so that they are a chain of their own.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from schemas.records.alerts import AuditEntry

ANCHORED: Final = "audit.anchored"
"""Action of the entry that names an anchor, by its path and digest."""

FOLDER: Final = "anchors"


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The newest entry of a chain.

    Attributes:
        chain_id: Id of the chain.
        seq: Number of the entry.
        sha256: Its seal.
        at_us: Its time, UTC microseconds.
    """

    chain_id: str
    seq: int
    sha256: str
    at_us: int


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """One anchor.

    Attributes:
        number: Rises by one from 1.
        at_us: When it was made, UTC microseconds.
        previous_sha256: Digest of the anchor before it; empty in the first.
        entries: Entries that the log held.
        first_at_us: Time of the oldest of them, UTC microseconds; 0 for an empty log.
        heads: Heads of the chains that have grown since the anchor before, by chain id.
    """

    number: int
    at_us: int
    previous_sha256: str
    entries: int
    first_at_us: int
    heads: tuple[Head, ...]

    @property
    def path(self) -> str:
        """Path in the store: one for each number, so that two anchors never share one."""
        return f"{FOLDER}/{self.number:08d}.json"

    def encode(self) -> bytes:
        """The bytes that are kept."""
        return msgspec.json.encode(self) + b"\n"

    @property
    def sha256(self) -> str:
        """Hex digest of those bytes."""
        return hashlib.sha256(self.encode()).hexdigest()

    @property
    def day(self) -> str:
        """Day and time in UTC, for people."""
        return datetime.fromtimestamp(self.at_us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decode(data: bytes) -> Anchor:
    """Read an anchor.

    Raises:
        ValueError: It is none, or its bytes are not those that an anchor has.
    """
    try:
        found = msgspec.json.decode(data, type=Anchor)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    if found.encode() != data:
        raise ValueError("its bytes are not those that were written")
    return found


def heads_of(entries: Iterable[AuditEntry]) -> dict[str, Head]:
    """The head of each chain, by chain id.

    Args:
        entries: Entries of all chains, each chain in order.
    """
    return {
        entry["chain_id"]: Head(
            chain_id=entry["chain_id"],
            seq=entry["seq"],
            sha256=entry["sha256"],
            at_us=entry["at_us"],
        )
        for entry in entries
    }


def known_heads(anchors: Iterable[Anchor]) -> dict[str, Head]:
    """The newest anchored head of each chain, by chain id."""
    return {head.chain_id: head for anchor in anchors for head in anchor.heads}


def next_anchor(anchors: Sequence[Anchor], entries: Sequence[AuditEntry], at_us: int) -> Anchor:
    """The anchor after those that there are.

    Args:
        anchors: All anchors, by number.
        entries: All entries of the log, each chain in order.
        at_us: Now, UTC microseconds.
    """
    known = known_heads(anchors)
    grown = [head for chain_id, head in heads_of(entries).items() if known.get(chain_id) != head]
    last = anchors[-1] if anchors else None
    return Anchor(
        number=1 if last is None else last.number + 1,
        at_us=at_us,
        previous_sha256="" if last is None else last.sha256,
        entries=len(entries),
        first_at_us=min((entry["at_us"] for entry in entries), default=0),
        heads=tuple(sorted(grown, key=lambda head: head.chain_id)),
    )
