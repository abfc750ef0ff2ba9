"""Each way to change the audit afterwards is found, and named in a sentence."""

from dataclasses import dataclass, field

from runtime.audit import Act, next_entry
from schemas.records.alerts import AuditEntry
from workers.audit.anchor import ANCHORED, Anchor, decode, next_anchor
from workers.audit.verification import KEPT_US, faults

NOW_US = 1_700_000_000_000_000


@dataclass
class Book:
    """An audit in memory, and its anchors."""

    entries: list[AuditEntry] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)

    def write(self, chain_id: str, *subjects: str, action: str = "frame.viewed") -> None:
        for subject in subjects:
            chain = [entry for entry in self.entries if entry["chain_id"] == chain_id]
            last = chain[-1] if chain else None
            act = Act(action, subject)
            self.entries.append(
                next_entry(last, chain_id, act, actor="ada", why="care", at_us=NOW_US)
            )

    def anchor(self) -> None:
        self.anchors.append(next_anchor(self.anchors, self.entries, NOW_US + 1))

    def drop(self, chain_id: str, *seqs: int) -> None:
        self.entries = [
            entry
            for entry in self.entries
            if entry["chain_id"] != chain_id or (seqs and entry["seq"] not in seqs)
        ]

    def faults(self, *, whole: bool = True, now_us: int = NOW_US + 2) -> list[str]:
        return faults(self.entries, self.anchors, now_us, whole=whole)


def book() -> Book:
    made = Book()
    made.write("serving-1", "camera/a", "camera/b", "camera/c")
    made.write("serving-2", "camera/d")
    made.anchor()
    made.write("serving-1", "camera/e")
    made.anchor()
    made.write("serving-1", "camera/f")
    return made


def test_an_audit_that_nobody_changed_has_no_fault() -> None:
    assert book().faults() == []


def test_a_tampered_entry_is_found() -> None:
    made = book()
    made.entries[1]["subject"] = "camera/other"

    assert made.faults() == [
        "chain serving-1, entry 2: its contents are not what was sealed",
    ]


def test_what_the_newer_seal_covers_is_found_too() -> None:
    made = book()
    made.entries[1]["persons"] = ["ward-1:7"]

    assert made.faults() == ["chain serving-1, entry 2: its contents are not what was sealed"]


def test_a_removed_entry_is_found() -> None:
    made = book()
    made.drop("serving-1", 2)

    assert made.faults() == ["chain serving-1, entry 3: follows entry 1"]


def test_a_chain_that_was_cut_at_its_end_is_found_by_an_anchor() -> None:
    made = book()
    made.drop("serving-1", 4, 5)

    [fault] = made.faults()

    assert fault.startswith(
        "chain serving-1: it was cut at its end: it ends with entry 3, anchor 2"
    )


def test_a_chain_that_was_cut_before_its_successor_is_found_without_an_anchor() -> None:
    made = Book()
    made.write("serving-1", "camera/a", "camera/b")
    opened = Act("chain.opened", "serving", "after serving-1, entry 2")
    made.entries.append(next_entry(None, "serving-2", opened, actor="w", why="", at_us=NOW_US))
    assert made.faults() == []

    made.drop("serving-1", 2)

    assert made.faults() == [
        (
            "chain serving-1: it was cut at its end: it ends with entry 1, and chain serving-2 "
            "follows entry 2"
        )
    ]


def test_a_chain_that_was_rewritten_whole_is_found_by_an_anchor() -> None:
    made = book()
    rewritten = Book(anchors=made.anchors)
    rewritten.write("serving-2", "camera/d")
    rewritten.write("serving-1", "camera/x", "camera/b", "camera/c", "camera/e", "camera/f")

    [fault] = rewritten.faults()

    assert fault.startswith("chain serving-1: it was rewritten: entry 3 is not the one of anchor 1")


def test_a_chain_that_was_dropped_whole_is_found_by_an_anchor() -> None:
    made = book()
    made.drop("serving-2")

    [fault] = made.faults()

    assert fault.startswith("chain serving-2: all of it is gone: anchor 1")


def test_a_beginning_that_is_gone_is_found_unless_retention_may_have_taken_it() -> None:
    made = book()
    made.drop("serving-1", 1)

    assert made.faults() == ["chain serving-1: it begins with entry 2, those before it are gone"]
    assert made.faults(whole=False, now_us=NOW_US + KEPT_US + 1) == []


def test_a_beginning_that_is_too_new_for_retention_is_found_by_anchors() -> None:
    made = Book()
    made.write("serving-1", "camera/a", "camera/b")
    made.anchor()
    made.write("serving-1", "camera/c")
    made.drop("serving-1", 1)
    gone = ["chain serving-1: it begins with entry 2, those before it are gone"]

    assert made.faults(whole=False) == gone
    assert made.faults(whole=False, now_us=NOW_US + KEPT_US + 1) == []

    made.drop("serving-1", 2)
    later = Book(made.entries, [])
    later.anchors = [made.anchors[0], next_anchor(made.anchors, made.entries, NOW_US + 1)]

    assert later.faults(whole=False)[0].startswith("chain serving-1: it begins with entry 3")


def test_a_chain_that_its_successor_follows_is_not_dropped_without_a_trace() -> None:
    made = Book()
    made.write("serving-1", "camera/a", "camera/b")
    opened = Act("chain.opened", "serving", "after serving-1, entry 2")
    made.entries.append(next_entry(None, "serving-2", opened, actor="w", why="", at_us=NOW_US))
    made.drop("serving-1")

    assert made.faults() == [
        "chain serving-1: all of it is gone: chain serving-2 follows entry 2",
    ]
    assert made.faults(whole=False) == []  # retention may have taken it


def test_what_retention_has_taken_is_no_fault() -> None:
    made = book()
    made.entries = []

    assert made.faults(whole=False, now_us=NOW_US + KEPT_US + 1) == []


def test_an_anchor_that_is_gone_or_replaced_is_found() -> None:
    made = book()
    made.anchor()
    without = Book(made.entries, [made.anchors[0], made.anchors[2]])
    other = next_anchor([made.anchors[0]], made.entries[:2], NOW_US)
    replaced = Book(made.entries, [made.anchors[0], other, made.anchors[2]])

    assert without.faults() == ["anchor 2 is gone: anchor 3 follows"]
    assert (
        "anchor 2 of 2023-11-14T22:13:20Z is not the one that anchor 3 follows: it was replaced"
        in (replaced.faults())
    )


def test_the_newest_anchor_that_is_gone_is_found_by_the_entry_that_names_it() -> None:
    made = book()
    newest = made.anchors[-1]
    act = Act(ANCHORED, newest.path, newest.sha256)
    made.entries.append(next_entry(None, "anchor-1", act, actor="w", why="", at_us=NOW_US))
    assert made.faults() == []

    made.anchors.pop()

    assert made.faults() == [
        (
            "anchors/00000002.json: it is gone or another one, entry 1 of chain anchor-1 says that "
            "it was written"
        )
    ]


def test_an_anchor_holds_only_what_has_grown_and_reads_back_as_written() -> None:
    made = book()

    assert [head.chain_id for head in made.anchors[0].heads] == ["serving-1", "serving-2"]
    assert [(head.chain_id, head.seq) for head in made.anchors[1].heads] == [("serving-1", 4)]
    assert decode(made.anchors[1].encode()) == made.anchors[1]
