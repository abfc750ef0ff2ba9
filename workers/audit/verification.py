"""Whether the audit is as it was written: each change to it is one sentence. Pure.

What follows the newest anchor can still be cut off or rewritten without a trace, and a chain that
began after it can be dropped: anchor as often as that matters.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from runtime.audit import broken_link
from schemas.records.alerts import AuditEntry
from schemas.topics import AUDIT
from workers.audit.anchor import ANCHORED, Anchor

KEPT_US: Final = AUDIT.retention_ms * 1_000
"""How long the log keeps an entry at least, microseconds."""

OPENED: Final = "chain.opened"
"""Action of the first entry of a process's chain; it names the chain that it follows."""

SLACK_US: Final = 3_600_000_000
"""An entry is appended at most this long after its own time, microseconds."""

_AFTER: Final = re.compile(r"after (\S+), entry (\d+)")

Chains = dict[str, list[AuditEntry]]


def chains_of(entries: Iterable[AuditEntry]) -> Chains:
    """Entries by chain, in log order."""
    found: Chains = {}
    for entry in entries:
        found.setdefault(entry["chain_id"], []).append(entry)
    return found


def faults(
    entries: Iterable[AuditEntry], anchors: Sequence[Anchor], now_us: int, *, whole: bool
) -> list[str]:
    """Everything that is wrong with the audit; empty when it is as it was written.

    Args:
        entries: Entries of the log, in log order.
        anchors: All anchors, by number; empty to check without.
        now_us: Now, UTC microseconds.
        whole: Whether the log still begins with its first record, so that no chain may have lost
            its beginning to retention.
    """
    chains = chains_of(entries)
    found = [fault for chain in chains.values() if (fault := broken_link(chain)) is not None]
    expired_us = now_us - KEPT_US
    found += _without_beginning(chains, anchors, expired_us, whole=whole)
    found += _without_end(chains, whole=whole)
    found += _anchor_faults(anchors)
    found += _against_anchors(chains, anchors, expired_us)
    found += _unknown_anchors(chains, anchors) if anchors else []
    return list(dict.fromkeys(found))


def _without_beginning(
    chains: Chains, anchors: Sequence[Anchor], expired_us: int, *, whole: bool
) -> list[str]:
    """Chains that lack entries which retention cannot have taken."""
    return [
        f"chain {chain_id}: it begins with entry {chain[0]['seq']}, those before it are gone"
        for chain_id, chain in chains.items()
        if chain[0]["seq"] != 1
        and (whole or _written_after_us(chain[0], anchors) >= expired_us + SLACK_US)
    ]


def _written_after_us(first: AuditEntry, anchors: Sequence[Anchor]) -> int:
    """A time after which the entry before this one was written, as anchors prove; 0 for none.

    The first anchor that holds it, or one after it, was made after it was written, and the anchor
    before that one was made earlier.
    """
    after_us = anchors[0].first_at_us if anchors else 0
    for anchor in anchors:
        heads = (head for head in anchor.heads if head.chain_id == first["chain_id"])
        if any(head.seq >= first["seq"] - 1 for head in heads):
            break
        after_us = anchor.at_us
    return after_us


def _without_end(chains: Chains, *, whole: bool) -> list[str]:
    """Chains that are shorter than the chain after them says, or gone."""
    found = []
    for chain_id, chain in chains.items():
        first = chain[0]
        after = _AFTER.fullmatch(first["detail"]) if first["action"] == OPENED else None
        if after is None:
            continue
        before = chains.get(after[1])
        if before is None and whole:
            found.append(
                f"chain {after[1]}: all of it is gone: chain {chain_id} follows entry {after[2]}"
            )
        elif before is not None and before[-1]["seq"] < int(after[2]):
            found.append(
                f"chain {after[1]}: it was cut at its end: it ends with entry "
                f"{before[-1]['seq']}, and chain {chain_id} follows entry {after[2]}"
            )
    return found


def _anchor_faults(anchors: Sequence[Anchor]) -> list[str]:
    """Gaps and changes among the anchors themselves."""
    found = []
    last: Anchor | None = None
    for anchor in anchors:
        expected = 1 if last is None else last.number + 1
        if anchor.number != expected:
            found.append(f"anchor {expected} is gone: anchor {anchor.number} follows")
        elif last is not None and anchor.previous_sha256 != last.sha256:
            found.append(
                f"anchor {last.number} of {last.day} is not the one that anchor {anchor.number} "
                "follows: it was replaced"
            )
        last = anchor
    return found


def _against_anchors(chains: Chains, anchors: Sequence[Anchor], expired_us: int) -> list[str]:
    """Heads that anchors hold and the log does not."""
    seals = {
        (chain_id, entry["seq"]): entry["sha256"]
        for chain_id, chain in chains.items()
        for entry in chain
    }
    found: dict[str, str] = {}
    for anchor in anchors:
        for head in anchor.heads:
            if head.at_us < expired_us or seals.get((head.chain_id, head.seq)) == head.sha256:
                continue
            chain = chains.get(head.chain_id)
            where = f"anchor {anchor.number} of {anchor.day} holds its entry {head.seq}"
            if chain is None:
                what = f"all of it is gone: {where}"
            elif (head.chain_id, head.seq) in seals:
                what = f"it was rewritten: entry {head.seq} is not the one of anchor "
                what += f"{anchor.number} of {anchor.day}"
            elif chain[-1]["seq"] < head.seq:
                what = f"it was cut at its end: it ends with entry {chain[-1]['seq']}, {where}"
            else:
                what = f"entry {head.seq} is gone: {where}"
            found.setdefault(head.chain_id, f"chain {head.chain_id}: {what}")
    return list(found.values())


def _unknown_anchors(chains: Chains, anchors: Sequence[Anchor]) -> list[str]:
    """Anchors that the log names and the store does not hold, such as the newest."""
    there = {anchor.path: anchor.sha256 for anchor in anchors}
    return [
        f"{entry['subject']}: it is gone or another one, entry {entry['seq']} of chain "
        f"{entry['chain_id']} says that it was written"
        for chain in chains.values()
        for entry in chain
        if entry["action"] == ANCHORED and there.get(entry["subject"]) != entry["detail"]
    ]
