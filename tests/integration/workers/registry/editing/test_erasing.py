"""Erase somebody in a real database: killed anywhere, the same again does the rest."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from runtime.audit import Act
from runtime.errors import Retry, Stop
from tests.integration.workers.registry.editing.conftest import NOW_US
from tests.support.kept_audit import KeptAudit
from tests.support.set_clock import SetClock
from workers.registry.editing.database import Database
from workers.registry.editing.sealed import NAMES, SealedTexts
from workers.registry.editing.store import RegistryStore
from workers.registry.editing.wanted import Origin, Put
from workers.registry.files import ImportRefused
from workers.registry.rows import BadgeRow, CameraRow, ShiftRow, StaffRow, ZoneRow
from workers.registry.vault.erasing import ACTION, Eraser, NobodyKnown
from workers.registry.vault.erasures import Erased, ErasureList
from workers.registry.vault.external import External, Kind
from workers.registry.vault.vault import Vault

CLOCK = SetClock(NOW_US / 1e6)
DPO = Origin(author="dpo", via="command", note="asked on 3 May")
ANN, BADGE = External(Kind.STAFF, "PN 4711"), External(Kind.BADGE, "04:A2")
KEY = b"k" * 32


class Fallible:
    """Raises where a test says that the process is killed."""

    def __init__(self) -> None:
        self.at = ""

    def reach(self, step: str) -> None:
        if self.at == step:
            raise Retry(f"killed {step}")


class FallibleAudit(KeptAudit):
    def __init__(self, kill: Fallible) -> None:
        super().__init__()
        self._kill = kill

    def record_now(self, act: Act, *, actor: str, why: str = "") -> None:
        self._kill.reach("before the audit")
        super().record_now(act, actor=actor, why=why)


class FallibleList(ErasureList):
    def __init__(self, path: Path, kill: Fallible) -> None:
        super().__init__(path)
        self._kill = kill

    def append(self, erased: Sequence[Erased]) -> None:
        self._kill.reach("before the list")
        super().append(erased)
        self._kill.reach("after the list")


class FallibleVault(Vault):
    def __init__(self, database: Database, kill: Fallible) -> None:
        super().__init__(database, [KEY])
        self._kill = kill

    def destroy(self, pseudonyms: Sequence[str]) -> int:  # type: ignore[override]
        self._kill.reach("before the vault")
        found = super().destroy(pseudonyms)
        self._kill.reach("before the edit is kept")
        return found


@pytest.fixture
def kill() -> Fallible:
    return Fallible()


@pytest.fixture
def erasures(tmp_path: Path, kill: Fallible) -> FallibleList:
    found = FallibleList(tmp_path / "erasures", kill)
    found.create()
    return found


@pytest.fixture
def vault(database: Database, kill: Fallible) -> Vault:
    """Ann and her badge by number."""
    with database.transaction() as transaction:
        transaction.execute("TRUNCATE vault.keys, vault.entries, registry.erased")
    found = FallibleVault(database, kill)
    found.give({ANN: "ann", BADGE: "b-ann"}, NOW_US)
    return found


@pytest.fixture
def ward(store: RegistryStore, database: Database, vault: Vault) -> RegistryStore:
    """A ward with Ann, who has a number, a name, badges and shifts, and Ben."""
    assert vault.held(["ann"])
    shift = {"zone_id": "bay", "starts": "2026-05-29T07:00Z", "ends": "2026-05-29T15:00Z"}
    rows = [
        CameraRow(camera_id="c1", width=640, height=480),
        ZoneRow(zone_id="bay", camera_id="c1", polygon=[(0, 0), (9, 0), (9, 9)]),
        StaffRow(staff_id="ann", role="nurse"),
        StaffRow(staff_id="ben", role="nurse"),
        ShiftRow(shift_id="next", staff_id="ann", **shift),
        ShiftRow(shift_id="swap", staff_id="ben", replaces="next", **shift),
        BadgeRow(badge_id="b-ann", staff_ids=["ann"]),
        BadgeRow(badge_id="b-two", staff_ids=["ann", "ben"]),
    ]
    store.apply([Put(row) for row in rows], DPO)
    SealedTexts(database, NAMES, [KEY]).put("ann", "Ann Example", by="anna", now_us=NOW_US)
    return store


@pytest.fixture
def eraser(
    ward: RegistryStore, vault: Vault, erasures: ErasureList, kill: Fallible
) -> Callable[[], Eraser]:
    return lambda: Eraser(ward, vault, erasures, FallibleAudit(kill), CLOCK)


def left_of_ann(store: RegistryStore, database: Database, vault: Vault) -> list[str]:
    """Whatever still names Ann, or is hers."""
    ward = store.registered()
    found = [
        f"{name} {identity}"
        for (name, identity), record in ward.newest.items()
        if not record["removed"] and "ann" in (record.get("staff_id"), *record.get("staff_ids", ()))
    ]
    if SealedTexts(database, NAMES, [KEY]).held("ann") is not None:
        found.append("name")
    return sorted([*found, *vault.find([ANN, BADGE]).values()])


def test_a_preview_shows_what_would_go_and_destroys_nothing(
    eraser: Callable[[], Eraser], ward: RegistryStore, database: Database, vault: Vault
) -> None:
    before = left_of_ann(ward, database, vault)

    would = eraser().erase("ann", DPO, dry_run=True)

    assert (would.badges, would.shifts, would.edit_id) == (["b-ann"], ["next"], None)
    assert left_of_ann(ward, database, vault) == before
    assert len(before) == 7


@pytest.mark.parametrize(
    "step",
    [
        *("before the audit", "before the list", "after the list"),
        *("before the vault", "before the edit is kept"),
    ],
)
def test_an_erasure_that_is_killed_anywhere_is_done_by_the_same_again(
    eraser: Callable[[], Eraser],
    ward: RegistryStore,
    database: Database,
    vault: Vault,
    erasures: ErasureList,
    kill: Fallible,
    step: str,
) -> None:
    kill.at = step
    with pytest.raises(Retry, match=step):
        eraser().erase("ann", DPO)
    assert "staff.v1 ann" in left_of_ann(ward, database, vault)
    listed = {one.pseudonym for one in erasures.read().erased}
    assert listed == (
        set() if step in ("before the audit", "before the list") else {"ann", "b-ann"}
    )
    kill.at = ""

    if listed:
        assert eraser().complete("dpo")[0] == 2
    else:
        eraser().erase("ann", DPO)

    assert left_of_ann(ward, database, vault) == []
    assert {one.pseudonym for one in erasures.read().erased} == {"ann", "b-ann"}
    after = ward.registered()
    assert after.newest["shifts.v1", "swap"]["staff_id"] == "ben"
    assert after.newest["badges.v1", "b-two"]["staff_ids"] == ["ben"]
    assert eraser().complete("dpo") == (2, None), "nothing is left to do"


def test_an_erasure_is_in_the_audit_with_its_reason_and_no_number(
    ward: RegistryStore, vault: Vault, erasures: ErasureList, kill: Fallible
) -> None:
    audit = FallibleAudit(kill)

    Eraser(ward, vault, erasures, audit, CLOCK).erase("ann", DPO)

    [kept] = audit.kept
    assert (kept.act.action, kept.act.subject, kept.actor) == (ACTION, "staff.v1/ann", "dpo")
    assert kept.why == "asked on 3 May"
    assert "4711" not in repr(kept)


def test_who_was_never_registered_is_erased_by_the_same_again_too(
    eraser: Callable[[], Eraser], vault: Vault, erasures: ErasureList, kill: Fallible
) -> None:
    number = External(Kind.STAFF, "PN 4712")
    vault.give({number: "unregistered"}, NOW_US)
    kill.at = "before the edit is kept"
    with pytest.raises(Retry):
        eraser().erase("unregistered", DPO)
    kill.at = ""
    assert vault.find([number]) == {}

    eraser().erase("unregistered", DPO)

    assert [one.pseudonym for one in erasures.read().erased] == ["unregistered"]
    with pytest.raises(NobodyKnown):
        eraser().erase("nobody", DPO)


def test_who_was_erased_is_not_registered_again_by_any_edit(
    eraser: Callable[[], Eraser], ward: RegistryStore
) -> None:
    edit_id = eraser().erase("ann", DPO).edit_id
    assert edit_id is not None

    with pytest.raises(ImportRefused, match="staff_id ann: was erased, and is not registered"):
        ward.apply([Put(StaffRow(staff_id="ann", role="nurse"))], DPO)
    with pytest.raises(ImportRefused, match="was erased"):
        ward.undo(edit_id, DPO)


def test_a_number_that_comes_again_is_somebody_else(
    eraser: Callable[[], Eraser], vault: Vault
) -> None:
    eraser().erase("ann", DPO)

    assert vault.find([ANN]) == {}
    assert vault.open("ann") is None
    vault.give({ANN: "vs-another"}, NOW_US)
    assert vault.find([ANN]) == {ANN: "vs-another"}


def test_nobody_is_erased_whom_nobody_knows_or_without_a_list(
    eraser: Callable[[], Eraser],
    ward: RegistryStore,
    vault: Vault,
    erasures: ErasureList,
    kill: Fallible,
) -> None:
    with pytest.raises(NobodyKnown):
        eraser().erase("nobody", DPO)
    with pytest.raises(Stop, match="WARDSTREAM_VAULT__ERASURES"):
        Eraser(ward, vault, None, FallibleAudit(kill), CLOCK).erase("ann", DPO)
    Path(str(erasures)).unlink()
    with pytest.raises(Stop, match="cannot be read"):
        eraser().erase("ann", DPO)

    assert vault.find([ANN]) == {ANN: "ann"}
