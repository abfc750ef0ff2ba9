"""The vault in a real database: numbers go in, pseudonyms come out, and nothing else holds one."""

import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from runtime.errors import Retry, Stop
from runtime.process.vault import Ids
from tests.integration.workers.registry.editing.conftest import NOW_US
from tests.support.set_clock import SetClock
from workers.registry.badge_reads import BadgeReadRow
from workers.registry.editing.database import Database
from workers.registry.editing.store import RegistryStore
from workers.registry.editing.wanted import Origin, Put
from workers.registry.files import ImportRefused, read_content
from workers.registry.row import Row
from workers.registry.rows import ROWS, CameraRow, StaffRow, ZoneRow
from workers.registry.vault.adopting import adopt
from workers.registry.vault.door import VaultDoor, known_ids
from workers.registry.vault.external import External, Kind, is_of_the_vault
from workers.registry.vault.rotation import Rotation
from workers.registry.vault.vault import Vault

CLOCK = SetClock(NOW_US / 1e6)
ANNA = Origin(author="anna")
OLD, NEW = b"o" * 32, b"n" * 32
WARD = [
    Put(CameraRow(camera_id="c1", width=640, height=480)),
    Put(ZoneRow(zone_id="bay", camera_id="c1", polygon=[(0, 0), (9, 0), (9, 9)])),
]
FILES = {
    "staff": ("staff.csv", "staff_id;role\nPN-90817;nurse\nPN-90818;doctor\n"),
    "shift": (
        "shift.ics",
        (
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:early-1\r\n"
            "DTSTART:20260601T070000Z\r\nDTEND:20260601T150000Z\r\n"
            "X-WARDSTREAM-STAFF-ID:PN-90817\r\nX-WARDSTREAM-ZONE-ID:bay\r\n"
            "END:VEVENT\r\nEND:VCALENDAR\r\n"
        ),
    ),
    "badge": ("badge.csv", "badge_id,staff_ids\n04:A2:B3:C4,PN-90817 PN-90818\n"),
}
NUMBERS = ("90817", "90818", "04:A2:B3:C4")


@pytest.fixture
def vault(database: Database) -> Vault:
    with database.transaction() as transaction:
        transaction.execute("TRUNCATE vault.keys, vault.entries, registry.erased")
    return Vault(database, [OLD])


@pytest.fixture
def numbers(database: Database, vault: Vault) -> RegistryStore:
    """The store of an installation that imports numbers, with a zone."""
    store = RegistryStore(database, CLOCK, Ids.EXTERNAL)
    store.apply(WARD, ANNA)
    return store


def door(vault: Vault, store: RegistryStore) -> VaultDoor:
    return VaultDoor(vault, known_ids(store.registered()), CLOCK)


def rows_of(through: VaultDoor, kind: type[Row], name: str, text: str) -> list[Any]:
    return list(read_content(name, text.encode(), kind, NOW_US, through.enter).rows)


def imported(vault: Vault, store: RegistryStore, **files: tuple[str, str]) -> int:
    """Import files; returns the number of new versions."""
    through = door(vault, store)
    rows = [Put(row) for kind, file in files.items() for row in rows_of(through, ROWS[kind], *file)]
    applied = store.apply(rows, ANNA, also=lambda *_: through.keep(), given=through.given)
    return len(applied.facts)


def everything(database: Database) -> str:
    """Every row of every table of the database, as text."""
    with database.transaction() as transaction:
        tables = transaction.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname IN ('public', 'live', 'registry', 'vault', 'notifier')"
        ).fetchall()
        return "\n".join(
            str(row)
            for table in tables
            for row in transaction.execute(
                sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(*table))
            )
        )


def test_files_with_numbers_leave_pseudonyms_alone_in_every_table(
    vault: Vault, numbers: RegistryStore, database: Database
) -> None:
    assert imported(vault, numbers, **FILES) == 4
    assert imported(vault, numbers, **FILES) == 0, "the same numbers have the same pseudonyms"

    ward = numbers.registered()
    shift, badge = ward.newest["shifts.v1", "early-1"], ward.current(Kind.BADGE.topic)
    [(badge_id, held)] = badge.items()
    nurse = vault.find([External(Kind.STAFF, "PN-90817")])[External(Kind.STAFF, "PN-90817")]
    assert shift["staff_id"] == nurse
    assert nurse in held["staff_ids"]
    assert len(held["staff_ids"]) == 2
    assert all(map(is_of_the_vault, [badge_id, nurse, *held["staff_ids"]]))
    opened = vault.open(badge_id)
    assert opened is not None
    assert opened.external == External(Kind.BADGE, "04:A2:B3:C4")
    written = everything(database)
    hexed = [number.encode().hex() for number in NUMBERS]
    assert not [one for one in (*NUMBERS, *hexed) if one in written]


def test_a_read_with_numbers_has_the_pseudonyms_of_the_import(
    vault: Vault, numbers: RegistryStore
) -> None:
    imported(vault, numbers, **FILES)
    text = "reader_id,badge_id,read_at\ndoor,04:A2:B3:C4,2026-06-01T07:00Z\n"

    [read] = rows_of(door(vault, numbers), BadgeReadRow, "reads.csv", text)

    assert read.badge_id in numbers.registered().current(Kind.BADGE.topic)


def test_an_import_that_is_refused_or_a_preview_leaves_nothing_in_the_vault(
    vault: Vault, numbers: RegistryStore, database: Database
) -> None:
    with pytest.raises(ImportRefused) as refused:
        imported(vault, numbers, shift=FILES["shift"])
    through = door(vault, numbers)
    rows_of(through, ROWS["staff"], *FILES["staff"])

    assert "90817" not in str(refused.value)
    assert through.fresh == 2
    with database.transaction() as transaction:
        assert transaction.execute("SELECT FROM vault.entries").fetchone() is None


@pytest.mark.parametrize(
    ("staff", "field"),
    [
        ("staff_id,role\nPN-1,nurse\nvs-abcdefghij234567,nurse\n", "line 3: staff_id: is a pseud"),
        ("staff_id,role\nn-07,nurse\n", "line 2: staff_id: is registered as a pseudonym"),
        ("staff_id,role\n\u200bhidden-17,nurse\n", "line 2: staff_id: cannot be taken as an exte"),
    ],
)
def test_a_mixture_is_refused_by_line_and_field_without_the_number(
    vault: Vault, database: Database, staff: str, field: str
) -> None:
    RegistryStore(database, CLOCK).apply([Put(StaffRow(staff_id="n-07", role="nurse"))], ANNA)
    store = RegistryStore(database, CLOCK, Ids.EXTERNAL)

    with pytest.raises(ImportRefused) as refused:
        imported(vault, store, staff=("staff.csv", staff))

    assert str(refused.value).startswith(f"staff.csv {field}")
    assert not [one for one in ("n-07", "abcdefgh", "hidden-17") if one in str(refused.value)]


def test_a_shift_is_not_named_after_the_number_of_a_person(
    vault: Vault, numbers: RegistryStore
) -> None:
    shift = (
        "shift_id,staff_id,zone_id,starts,ends\nPN-90817-1,PN-90817,bay,2026-06-01 07:00,15:00\n"
    )

    with pytest.raises(ImportRefused, match=r"line 2: shift_id: holds the external id") as refused:
        imported(vault, numbers, shift=("s.csv", shift))

    assert "90817" not in str(refused.value)


def test_an_edit_that_passes_no_door_registers_nobody_by_a_number(
    vault: Vault, numbers: RegistryStore, database: Database
) -> None:
    wanted = [Put(StaffRow(staff_id="PN-90817", role="nurse"))]
    with pytest.raises(ImportRefused, match="staff_id: is no pseudonym of the vault") as refused:
        numbers.apply(wanted, ANNA)
    assert "90817" not in str(refused.value)

    imported(vault, numbers, **FILES)
    with pytest.raises(ImportRefused, match="as others here are"):
        RegistryStore(database, CLOCK).apply(wanted, ANNA)


def test_pseudonyms_of_before_are_taken_over_and_nobody_gets_a_second_one(
    vault: Vault, database: Database, tmp_path: Path
) -> None:
    RegistryStore(database, CLOCK).apply([Put(StaffRow(staff_id="n-17", role="nurse"))], ANNA)
    table = tmp_path / "table.csv"
    table.write_text("kind,number,pseudonym\nstaff,PN-90817,n-17\nstaff,PN-90818,n-18\n")
    recorded: list[int] = []

    assert adopt(table, vault, NOW_US, None) == 2, "a preview"
    assert adopt(table, vault, NOW_US, recorded.append) == 2
    assert adopt(table, vault, NOW_US, recorded.append) == 0
    numbers = RegistryStore(database, CLOCK, Ids.EXTERNAL)
    assert imported(vault, numbers, staff=FILES["staff"]) == 1, "only the doctor is new"

    assert recorded == [2]
    assert set(numbers.registered().current(Kind.STAFF.topic)) == {"n-17", "n-18"}
    for row, reason in (
        ("staff,PN-90817,n-9", "line 2: number: has another pseudonym"),
        ("staff,PN-9,n-17", "line 2: pseudonym: stands for another number"),
        ("staff,PN-9,n-9\nstaff,PN-9,n-8", "line 3: number: is in table.csv line 2 too"),
        ("guest,PN-9,n-9", "line 2: kind: write staff or badge"),
    ):
        table.write_text(f"kind,number,pseudonym\n{row}\n")
        with pytest.raises(ImportRefused, match=reason) as refused:
            adopt(table, vault, NOW_US, recorded.append)
        assert "PN-9" not in str(refused.value)


def test_two_who_import_one_number_at_once_give_it_one_pseudonym(
    vault: Vault, numbers: RegistryStore
) -> None:
    one = External(Kind.STAFF, "4711")
    outcomes: list[str] = []

    def give(pseudonym: str) -> None:
        try:
            vault.give({one: pseudonym}, NOW_US)
            outcomes.append("given")
        except Retry:
            outcomes.append("again")

    threads = [threading.Thread(target=give, args=(f"vs-{char * 16}",)) for char in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["again", "again", "again", "given"]
    assert len(vault.find([one])) == 1


@pytest.mark.parametrize("killed_after", range(5))
def test_a_rotation_that_is_killed_anywhere_goes_on_and_ends_the_old_key(
    vault: Vault, database: Database, killed_after: int
) -> None:
    given = {External(Kind.STAFF, str(n)): f"vs-{n:016}".replace("0", "a") for n in range(2, 8)}
    vault.give(given, NOW_US)
    both, new = Vault(database, [NEW, OLD]), Vault(database, [NEW])
    assert both.find(given) == given, "the new key waits for its rotation"

    def run(steps: int) -> bool:
        rotation = Rotation(database, both)
        rotation.start(NOW_US)
        for _ in range(steps):
            if rotation.step(most=2) == 0:
                return rotation.end(NOW_US)
        return False

    run(killed_after)  # killed after so many steps
    later = External(Kind.BADGE, "while it is under way")
    both.give({later: "vb-while"}, NOW_US)
    assert both.find([*given, later]) == {**given, later: "vb-while"}
    for one in (Vault(database, [OLD]), *([new] if killed_after < 4 else [])):
        with pytest.raises(Stop, match=r"does not hold|was retired"):
            one.find(given)

    assert run(10)

    assert new.find([*given, later]) == {**given, later: "vb-while"}
    assert both.find(given) == given, "an old key beside the new one is not used"
    opened = new.open("vs-aaaaaaaaaaaaaaa2")
    assert opened is not None
    assert opened.external.text == "2"
    for refused in ([OLD], [OLD, NEW]):
        with pytest.raises(Stop, match="was retired by a rotation"):
            Vault(database, refused).find(given)
        with pytest.raises(Stop, match="was retired by a rotation"):
            Rotation(database, Vault(database, refused)).start(NOW_US)


def test_an_entry_that_was_altered_opens_for_nobody(vault: Vault, database: Database) -> None:
    first, second = External(Kind.STAFF, "1"), External(Kind.STAFF, "2")
    vault.give({first: "vs-first", second: "vs-second"}, NOW_US)
    with database.transaction() as transaction:
        transaction.execute(
            "UPDATE vault.entries SET sealed = (SELECT sealed FROM vault.entries"
            " WHERE pseudonym = 'vs-first') WHERE pseudonym = 'vs-second'"
        )

    with pytest.raises(Stop, match="was altered"):
        vault.open("vs-second")


def test_a_key_that_the_vault_does_not_have_finds_nothing(vault: Vault, database: Database) -> None:
    vault.give({External(Kind.STAFF, "1"): "vs-first"}, NOW_US)

    for keys, message in (([NEW], "does not hold"), ([], "has no key")):
        with pytest.raises(Stop, match=message):
            Vault(database, keys).find([External(Kind.STAFF, "1")])


def test_an_account_of_another_process_reads_no_entry(
    registry_url_of_file: str, vault: Vault
) -> None:
    vault.give({External(Kind.STAFF, "1"): "vs-first"}, NOW_US)
    with psycopg.connect(registry_url_of_file) as connection:
        connection.execute("CREATE ROLE nobody_of_the_vault")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA registry TO nobody_of_the_vault")
        connection.execute("SET ROLE nobody_of_the_vault")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pseudonym FROM vault.entries")
        connection.rollback()
