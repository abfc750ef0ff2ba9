"""What has been written of one key, and whether the next record is new; pure."""

import hashlib
from dataclasses import dataclass
from enum import Enum

from workers.storage.item import DIGEST_BYTES

WINDOW = 128
"""Digests of the last consecutive records that are kept to tell a duplicate from a conflict."""

CHAIN_BYTES = 16


class Verdict(Enum):
    """What a record is, judged by its seq and digest."""

    NEW = "new"
    DUPLICATE = "duplicate"
    """Same seq, same bytes."""
    OLD = "old"
    """A seq so old that its digest is not kept; only the tables can show what it is."""
    CONFLICT = "conflict"
    """Same seq, other bytes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one key of one topic is written.

    Attributes:
        seq: Last seq written.
        records: Records written.
        missing: Seqs that never came.
        recent: Digests of the last consecutive seqs, 8 bytes each, the newest last.
        chain: Digest over all `(seq, digest)` written, in order.
    """

    seq: int
    records: int
    missing: int
    recent: bytes
    chain: bytes

    def judge(self, seq: int, digest: bytes) -> Verdict:
        """Decide what the record with this seq and digest is."""
        if seq > self.seq:
            return Verdict.NEW
        end = len(self.recent) - (self.seq - seq) * DIGEST_BYTES
        if end < DIGEST_BYTES:
            return Verdict.OLD
        known = self.recent[end - DIGEST_BYTES : end]
        return Verdict.DUPLICATE if known == digest else Verdict.CONFLICT


def advance(progress: Progress | None, seq: int, digest: bytes) -> Progress:
    """Progress after a new record.

    Args:
        progress: Progress before it; None for the key's first record.
        seq: Seq of the record, above `progress.seq`; a jump is legal (the topic expired what lay
            between) and counts as missing.
        digest: Digest of the record.
    """
    if progress is None:
        return Progress(seq, 1, 0, digest, link(b"", seq, digest))
    gap = seq - progress.seq - 1
    recent = progress.recent[-(WINDOW - 1) * DIGEST_BYTES :] if gap == 0 else b""
    return Progress(
        seq,
        progress.records + 1,
        progress.missing + gap,
        recent + digest,
        link(progress.chain, seq, digest),
    )


def link(chain: bytes, seq: int, digest: bytes) -> bytes:
    """Chain digest after one more record: BLAKE2b of the chain so far, the seq, the digest."""
    state = hashlib.blake2b(chain, digest_size=CHAIN_BYTES)
    state.update(seq.to_bytes(8, "big", signed=True))
    state.update(digest)
    return state.digest()
