"""The chain of audit.v1 shows every later change to it."""

from typing import Any

import pytest

from runtime.audit import Act, broken_link, next_entry
from schemas.records.alerts import AuditEntry


def chain(length: int) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number in range(length):
        last = entries[-1] if entries else None
        act = Act("dead_letter.discarded", f"staff.v1/0/{number}")
        entries.append(next_entry(last, "c", act, actor="ada", why="tidy", at_us=number))
    return entries


def test_a_whole_chain_stays_whole_after_retention_cut_its_start() -> None:
    entries = chain(5)

    assert broken_link(entries) is None
    assert broken_link(entries[2:]) is None
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("field", ["actor", "why", "subject", "action", "detail", "at_us"])
def test_an_altered_entry_shows(field: str) -> None:
    entries = chain(3)
    altered: Any = {**entries[1], field: 7 if field == "at_us" else "x"}
    entries[1] = altered

    assert broken_link(entries) == "chain c, entry 2: its contents are not what was sealed"


def test_a_removed_or_resealed_audit_entry_is_detected() -> None:
    entries = chain(3)
    act = Act("dead_letter.discarded", "staff.v1/0/other")
    sealed_anew = next_entry(entries[0], "c", act, actor="eve", why="tidy", at_us=1)

    assert broken_link([entries[0], entries[2]]) == "chain c, entry 3: follows entry 1"
    assert broken_link([entries[0], sealed_anew, entries[2]]) == (
        "chain c, entry 3: the entry before it is not the one that it sealed"
    )
