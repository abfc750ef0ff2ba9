"""The daily report of the audit: its newest anchor as text, for paper or mail. Pure."""

from collections.abc import Iterable, Sequence

from schemas.records.alerts import AuditEntry
from workers.audit.anchor import Anchor


def as_report(
    entries: Sequence[AuditEntry], anchors: Sequence[Anchor], faults: Iterable[str]
) -> list[str]:
    """Lines of the report.

    Args:
        entries: Entries of the log.
        anchors: All anchors, by number.
        faults: What is wrong with the audit.
    """
    lines = ["Audit of Wardstream", ""]
    if not anchors:
        lines.append("There is no anchor yet: `wardstream audit anchor` writes the first.")
    else:
        newest = anchors[-1]
        since = len(entries) - newest.entries
        lines += [
            f"anchor      {newest.number} of {newest.day}",
            f"SHA-256     {newest.sha256}",
            f"entries     {newest.entries} in the log then, {max(since, 0)} more since",
            f"heads       of {len(newest.heads)} chains that had grown since the anchor before",
            *(f"  {head.chain_id} entry {head.seq} {head.sha256}" for head in newest.heads),
            "",
            "Keep this page. `wardstream audit verify --printed SHA256` checks the log against it.",
        ]
    found = list(faults)
    return [*lines, "", *(found or ["Nothing is wrong: every entry is as it was written."])]
