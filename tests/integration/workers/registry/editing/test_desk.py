"""Imports from the command line: kept first, appended next, by a relay or by the command itself."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from runtime.audit import Act
from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.facts.log import Fact, FactLog
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from runtime.process.user import user_name
from runtime.process.vault import Ids
from schemas.registry import SchemaRegistry
from schemas.topics import REFERENCE_TOPICS, STAFF
from tests.support.builders.domain import S, staff
from tests.support.clusters import cluster_of, desk_of
from tests.support.facts import publish_facts
from tests.support.kept_audit import KeptAudit
from workers.audit.recorder import AuditUnavailable
from workers.registry.editing.database import Database
from workers.registry.editing.desk import EditingDesk
from workers.registry.editing.outbox import Outbox
from workers.registry.editing.relay import Relay
from workers.registry.editing.wanted import Origin, Put
from workers.registry.importing import import_files
from workers.registry.registered import Key
from workers.registry.rows import StaffRow
from workers.registry.vault.door import Doors
from workers.registry.vault.external import External, Kind
from workers.registry.vault.vault import Vault

OLD = staff("old", role="doctor", version=3, recorded_at_us=7_000, valid_from_us=5_000)
_numbers = count()


@pytest.fixture
def desk(settings: Settings) -> Iterator[EditingDesk]:
    with desk_of(settings) as desk:
        yield desk


@pytest.fixture(scope="module", autouse=True)
def _topics_of_an_earlier_release(settings: Settings) -> None:
    publish_facts(cluster_of(settings), [Fact(STAFF, OLD)])


@pytest.fixture
def member() -> str:
    """Id of a member of staff of one test."""
    return f"s{next(_numbers)}"


@pytest.fixture
def staff_file(tmp_path: Path, member: str) -> Path:
    return file_of(tmp_path / "staff.csv", member, "nurse")


def file_of(path: Path, member: str, role: str) -> Path:
    path.write_text(f"staff_id,role\n{member},{role}\n")
    return path


def facts_of(settings: Settings, member: str) -> list[dict[str, Any]]:
    log = FactLog(cluster_of(settings), [STAFF])
    facts = [fact.record for fact in log.sync() if fact.record["staff_id"] == member]
    log.close()
    return facts


class SlowClock(SystemClock):
    """A clock that something slow puts forward."""

    passed_us = 0

    def now_us(self) -> int:
        return super().now_us() + self.passed_us


def test_what_the_topics_held_before_is_taken_over_as_it_was(
    settings: Settings, desk: EditingDesk, tmp_path: Path
) -> None:
    assert import_files({"staff": file_of(tmp_path / "a.csv", "old", "nurse")}, desk).versions == 1

    first, second = facts_of(settings, "old")
    assert first == OLD
    assert (second["version"], second["role"]) == (4, "nurse")
    newest, before = desk.store.versions(Key(STAFF, "old"))
    assert (newest.record, before.record) == (second, OLD)
    assert [edit.via for edit in desk.store.edits()][-2:] == ["command", "takeover"]


def test_two_imports_at_once_make_two_versions(
    settings: Settings, desk: EditingDesk, staff_file: Path, member: str, tmp_path: Path
) -> None:
    other = file_of(tmp_path / "other.csv", member, "doctor")
    import_files({"staff": file_of(tmp_path / "first.csv", member, "porter")}, desk)
    with desk_of(settings) as second, ThreadPoolExecutor(2) as pool:
        imports = [
            pool.submit(import_files, {"staff": staff_file}, desk),
            pool.submit(import_files, {"staff": other}, second),
        ]

        assert [done.result(60).versions for done in imports] == [1, 1]

    facts = facts_of(settings, member)
    assert [fact["version"] for fact in facts] == [1, 2, 3]
    assert {fact["role"] for fact in facts[1:]} == {"nurse", "doctor"}


def test_an_edit_that_takes_long_to_judge_does_not_age_its_facts(
    settings: Settings, staff_file: Path, member: str
) -> None:
    clock = SlowClock()

    class SlowRegistry(SchemaRegistry):
        def lookup(self, topic: Any) -> int:
            clock.passed_us = 60 * S
            return super().lookup(topic)

    before_us = SystemClock().now_us()
    cluster = cluster_of(settings, clock, SlowRegistry(settings.registry_url))
    with EditingDesk(cluster, settings.database_address) as desk:
        import_files({"staff": staff_file}, desk)

    [fact] = facts_of(settings, member)
    assert fact["recorded_at_us"] >= before_us + 60 * S
    assert fact["valid_from_us"] == fact["recorded_at_us"]


def test_an_edit_that_could_not_be_appended_in_time_gets_another_time(
    settings: Settings, staff_file: Path, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SlowClock()
    fixed = Outbox.fix
    times: list[int] = []

    def slow(outbox: Outbox, waiting: Any, recorded_at_us: int, *more: Any) -> bool:
        times.append(recorded_at_us)
        clock.passed_us += 3 * S if len(times) == 1 else 0
        return fixed(outbox, waiting, recorded_at_us, *more)

    monkeypatch.setattr(Outbox, "fix", slow)
    with desk_of(settings, clock) as desk:
        import_files({"staff": staff_file}, desk)

    [fact] = facts_of(settings, member)
    assert fact["recorded_at_us"] == times[-1]
    assert len(times) == 2


def test_a_given_time_is_the_time_of_the_facts(
    settings: Settings, desk: EditingDesk, staff_file: Path, member: str
) -> None:
    long_ago_us = 1_700_000_000 * S

    import_files(
        {"staff": staff_file}, desk, recorded_at_us=long_ago_us, valid_from_us=long_ago_us - 9
    )

    [fact] = facts_of(settings, member)
    assert (fact["recorded_at_us"], fact["valid_from_us"]) == (long_ago_us, long_ago_us - 9)


def test_an_import_waits_for_the_relay_where_one_runs(
    settings: Settings, staff_file: Path, member: str
) -> None:
    with (
        EditingDesk(cluster_of(settings), settings.database_address, patience_s=0.3) as desk,
        Relay(cluster_of(settings), settings.database_address) as relay,
    ):
        assert relay.lead()  # and does nothing yet
        with pytest.raises(Retry, match=r"edit \d+ is kept, and takes effect when it is appended"):
            import_files({"staff": staff_file}, desk)
        while relay.step() is not None:
            pass

        assert import_files({"staff": staff_file}, desk).versions == 0

    assert len(facts_of(settings, member)) == 1


def test_a_preview_writes_nothing(
    settings: Settings, desk: EditingDesk, staff_file: Path, member: str
) -> None:
    edits = desk.store.edits()

    preview = import_files({"staff": staff_file}, desk, dry_run=True)

    assert (preview.versions, preview.written) == (1, False)
    assert facts_of(settings, member) == []
    assert desk.store.edits() == edits


def test_an_edit_needs_no_kafka_once_the_topics_were_taken_over(
    settings: Settings, desk: EditingDesk, staff_file: Path, member: str
) -> None:
    import_files({"staff": staff_file}, desk)
    away = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    with desk_of(away) as without:
        started_s = SystemClock().monotonic_s()
        row = StaffRow(staff_id=member, role="porter")
        applied = without.store.apply([Put(row)], Origin(author="anna"))
        assert len(applied.facts) == 1
        assert without.store.newest(Key(STAFF, member)) is not None
        assert SystemClock().monotonic_s() - started_s < 2


class Audit:
    """An audit in memory, which may be away."""

    def __init__(self) -> None:
        self.acts: list[tuple[Act, str]] = []
        self.away = False

    async def record(self, act: Act, *, actor: str, why: str = "") -> None:
        self.record_now(act, actor=actor)

    def record_now(self, act: Act, *, actor: str, why: str = "") -> None:
        if self.away:
            raise AuditUnavailable("the audit cannot be written")
        self.acts.append((act, actor))


def test_an_edit_is_in_the_audit_or_not_kept(
    settings: Settings, staff_file: Path, member: str
) -> None:
    audit = Audit()
    cluster, dsn = cluster_of(settings), settings.database_address
    with EditingDesk(cluster, dsn, recorder=audit) as desk:
        audit.away = True
        with pytest.raises(AuditUnavailable):
            import_files({"staff": staff_file}, desk)
        assert desk.store.newest(Key(STAFF, member)) is None

        audit.away = False
        import_files({"staff": staff_file}, desk)

    [(act, actor)] = audit.acts
    assert (act.action, actor) == ("registry.edited", user_name())
    assert f"added staff {member}@1" in act.detail


def test_a_workbook_of_numbers_is_in_the_topics_and_the_audit_by_pseudonym_alone(
    settings: Settings, tmp_path: Path
) -> None:
    book = Workbook()
    for row in (["staff_id", "role"], [90817, "nurse"], ["PN 90818", "doctor"]):
        book.active.append(row)
    book.save(tmp_path / "staff.xlsx")
    audit, cluster = KeptAudit(), cluster_of(settings)
    with Database(settings.vault_address) as database:
        vault = Vault(database, [b"k" * 32])
        doors = Doors(Ids.EXTERNAL, vault, cluster.clock)
        with EditingDesk(cluster, settings.database_address, recorder=audit, doors=doors) as desk:
            done = import_files({"staff": tmp_path / "staff.xlsx"}, desk)
        given = vault.find([External(Kind.STAFF, one) for one in ("90817", "PN 90818")])

    assert len(given) == done.versions == 2
    assert all(facts_of(settings, one) for one in given.values())
    in_topics = b" ".join(
        bytes(message.key() or b"") + bytes(message.value() or b"")
        for topic in REFERENCE_TOPICS
        for message in read_topic(cluster, topic)
    )
    assert all(one.encode() in in_topics for one in given.values())
    for text in (in_topics, repr(audit.kept).encode(), repr(done).encode()):
        assert b"90817" not in text
        assert b"90818" not in text
