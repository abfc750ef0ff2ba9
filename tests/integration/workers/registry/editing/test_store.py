"""Edits of the registry in a real database: all of one or nothing, and never over another's."""

import psycopg
import pytest

from runtime.errors import Stop
from schemas.topics import CAMERAS, FLOORS, STAFF, ZONES
from tests.integration.workers.registry.editing.conftest import NOW_US
from tests.support.set_clock import SetClock
from workers.registry.change import Options
from workers.registry.editing.database import Database
from workers.registry.editing.store import RegistryStore
from workers.registry.editing.takeover import take_over
from workers.registry.editing.wanted import Conflict, NotTakenOver, Origin, Put, Remove
from workers.registry.files import ImportRefused
from workers.registry.registered import Key
from workers.registry.rows import CameraRow, StaffRow, ZoneRow

ANNA = Origin(author="https://issuer#anna")
CAMERA = CameraRow(camera_id="c1", name="Bay", width=640, height=480)
BAY = Key(ZONES, "bay")


def zone(name: str = "Bay", camera_id: str = "c1") -> ZoneRow:
    polygon = [[10, 10], [300, 10], [300, 300]]
    return ZoneRow.model_validate(
        {"zone_id": "bay", "camera_id": camera_id, "name": name, "polygon": polygon}
    )


def test_an_edit_keeps_all_versions_with_their_author(store: RegistryStore) -> None:
    applied = store.apply([Put(CAMERA), Put(zone())], ANNA)

    assert [fact.topic for fact in applied.facts] == [FLOORS, CAMERAS, ZONES]
    kept = store.newest(BAY)
    assert kept is not None
    assert (kept.version, kept.edited_by, kept.edited_at_us) == (1, ANNA.author, NOW_US)
    assert kept.record["polygon"] == [{"x": 10, "y": 10}, {"x": 300, "y": 10}, {"x": 300, "y": 300}]
    assert kept.appended_at_us is None
    [edit] = store.edits()
    assert edit.edit_id == applied.edit_id
    assert edit.keys == (Key(FLOORS, "c1"), Key(CAMERAS, "c1"), BAY)


def test_a_refused_edit_leaves_nothing(store: RegistryStore) -> None:
    with pytest.raises(ImportRefused, match="camera_id c2 is not registered"):
        store.apply([Put(CAMERA), Put(zone(camera_id="c2"))], ANNA)

    assert store.newest(Key(CAMERAS, "c1")) is None
    assert store.edits() == []


def test_a_dry_run_says_what_would_change_and_changes_nothing(store: RegistryStore) -> None:
    applied = store.apply([Put(CAMERA)], ANNA, dry_run=True)

    assert [str(effect)[:10] for effect in applied.effects] == ["+ floor c1", "+ camera c"]
    assert (applied.edit_id, store.edits()) == (None, [])


def test_an_edit_of_a_version_that_is_no_longer_the_newest_is_refused(
    store: RegistryStore, database: Database
) -> None:
    store.apply([Put(CAMERA), Put(zone())], ANNA)
    other = RegistryStore(database, SetClock(NOW_US / 1e6))
    other.apply([Put(zone("By the door"))], Origin(author="ben"), expect={BAY: 1})

    with pytest.raises(Conflict) as refused:
        store.apply([Put(zone("By the window"))], ANNA, expect={BAY: 1})

    current = refused.value.current[BAY]
    assert current is not None
    assert (current["version"], current["recorded_by"]) == (2, "ben")
    assert [(v.version, v.record["name"]) for v in store.versions(BAY)] == [
        (2, "By the door"),
        (1, "Bay"),
    ]


def test_what_must_be_new_is_refused_where_it_is_registered(store: RegistryStore) -> None:
    store.apply([Put(CAMERA), Put(zone())], ANNA, expect={BAY: None})

    with pytest.raises(Conflict):
        store.apply([Put(zone("Again"))], ANNA, expect={BAY: None})


def test_an_edit_that_changes_nothing_is_none(store: RegistryStore) -> None:
    store.apply([Put(CAMERA)], ANNA)

    assert store.apply([Put(CAMERA)], ANNA).edit_id is None
    assert len(store.edits()) == 1


def test_a_fact_that_something_rests_on_goes_only_with_it(store: RegistryStore) -> None:
    store.apply([Put(CAMERA), Put(zone())], ANNA)
    camera = Key(CAMERAS, "c1")

    with pytest.raises(ImportRefused, match="something rests on it: zone bay"):
        store.apply([Remove(camera)], ANNA)
    applied = store.apply([Remove(camera)], ANNA, options=Options(cascade=True))

    assert [str(effect) for effect in applied.effects] == [
        "- camera c1",
        "- zone bay (rests on camera c1)",
    ]
    assert store.page("camera") == []


def test_undoing_an_edit_brings_back_what_it_changed_and_removed(store: RegistryStore) -> None:
    store.apply([Put(CAMERA), Put(zone())], ANNA)
    gone = store.apply([Remove(Key(CAMERAS, "c1"))], ANNA, options=Options(cascade=True))
    assert gone.edit_id is not None

    undo = store.undo(gone.edit_id, Origin(author="ben"))

    zones = store.page("zone")
    assert [(z.version, z.edited_by, z.record["name"]) for z in zones] == [(3, "ben", "Bay")]
    assert undo.edit_id is not None
    assert store.edits()[0].reverses == gone.edit_id


def test_undoing_a_registration_removes_the_fact(store: RegistryStore) -> None:
    first = store.apply([Put(StaffRow(staff_id="s1", role="nurse"))], ANNA)
    assert first.edit_id is not None

    store.undo(first.edit_id, ANNA)

    kept = store.newest(Key(STAFF, "s1"))
    assert kept is not None
    assert kept.removed


def test_an_edit_under_a_later_one_is_not_undone(store: RegistryStore) -> None:
    first = store.apply([Put(StaffRow(staff_id="s1", role="nurse"))], ANNA)
    store.apply([Put(StaffRow(staff_id="s1", role="doctor"))], ANNA)
    assert first.edit_id is not None

    with pytest.raises(ImportRefused, match="undo what came after it first"):
        store.undo(first.edit_id, ANNA)


def test_what_is_written_with_an_edit_is_kept_with_it_or_not_at_all(
    store: RegistryStore,
) -> None:
    def fails(transaction: psycopg.Connection, _applied: object) -> None:
        transaction.execute("SELECT 1 / 0")

    with pytest.raises(Exception, match="division"):
        store.apply([Put(CAMERA)], ANNA, also=fails)

    assert store.edits() == []
    assert store.apply([Put(CAMERA)], ANNA).edit_id is not None


def test_pages_go_on_where_the_last_one_ended(store: RegistryStore) -> None:
    store.apply([Put(StaffRow(staff_id=f"s{n}", role="nurse")) for n in range(5)], ANNA)

    first = store.page("staff", limit=3)
    rest = store.page("staff", after=first[-1].key.identity, limit=3)

    assert [v.key.identity for v in (*first, *rest)] == ["s0", "s1", "s2", "s3", "s4"]


def test_nothing_is_edited_before_the_takeover(store: RegistryStore, database: Database) -> None:
    with database.transaction() as transaction:
        transaction.execute("TRUNCATE registry.taken_over")

    with pytest.raises(NotTakenOver):
        store.apply([Put(CAMERA)], ANNA)


def test_a_registry_of_another_run_is_refused(database: Database) -> None:
    with pytest.raises(Stop, match="prefix ''"):
        take_over(database, "other.", [], NOW_US)
