"""One revision: a rebuild under way, in force or taken back."""

from datetime import datetime
from typing import NamedTuple

FOLDING, IN_FORCE, TAKEN_BACK = "FOLDING", "IN_FORCE", "TAKEN_BACK"


class Revision(NamedTuple):
    """One row of `revisions`.

    Attributes:
        revision: Its number.
        state: FOLDING, IN_FORCE or TAKEN_BACK.
        request: What was asked for.
        run_prefix: Prefix of its topics.
        plan: What is folded, as JSON.
        summary: Rows that differ, by table.
        begun_at: When it was begun.
        begun_by: Who began it.
        changed_at: When it was swapped in or taken back.
        changed_by: Who swapped it in or took it back.
        why: Their reason.
    """

    revision: int
    state: str
    request: str
    run_prefix: str
    plan: str
    summary: dict[str, int] | None
    begun_at: datetime
    begun_by: str
    changed_at: datetime
    changed_by: str
    why: str
