"""An edit judged by what it touches gets the verdict that everything registered would give."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.topics import CAMERAS, CENSUS, REFERENCE_TOPICS, REQUIREMENTS, SHIFTS, STAFF, ZONES
from workers.registry.change import Change, OnResize, Options, Stamp
from workers.registry.coverage_rows import CensusRow, RequirementRow, RoleRow
from workers.registry.editing.neighbourhood import Index
from workers.registry.editing.store import change_for
from workers.registry.editing.wanted import Put, Remove, Restore, Wanted
from workers.registry.files import ImportRefused
from workers.registry.preview import effects_of, notes_of
from workers.registry.registered import Key, Registered
from workers.registry.rows import CameraRow, FloorRow, ShiftRow, StaffRow, ZoneRow

START = datetime(2026, 11, 30, 6, tzinfo=UTC)
NOW_US = int(START.timestamp() * 1e6)
STAMP = Stamp(valid_from_us=NOW_US, recorded_at_us=NOW_US, recorded_by="anna")
ROLES = ("nurse", "Nurse", "doctor", "porter", "guest", None)
REGISTERED = (RoleRow(role="Doctor", covers=["nurse"]), RoleRow(role="guest", is_staff=False))
HOMOGRAPHY = [0.01, 0, 0, 0, 0.01, 0, 0, 0, 1]


def judged(changes: list[Wanted], registered: Registered, options: Options) -> Change | None:
    """The verdict; None for a refusal."""
    try:
        return change_for(changes, registered, STAMP, options)
    except ImportRefused:
        return None


class Ward:
    """Random edits of a ward with few ids, so that they meet."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.index = Index()
        self.history: list[Restore] = []

    def pick(self, prefix: str, most: int = 4) -> str:
        name = f"{prefix}{self.chance.randrange(most)}"
        return name.upper() if self.chance.random() < 0.03 else name

    def polygon(self) -> list[tuple[float, float]]:
        x, y = self.chance.uniform(0, 400), self.chance.uniform(0, 300)
        size = self.chance.choice([30, 150, 400])
        return [(x, y), (x + size, y), (x + size, y + size)]

    def camera(self) -> Any:
        calibrated = self.chance.random() < 0.5
        masks = [self.polygon()] if self.chance.random() < 0.2 else []
        return CameraRow(
            camera_id=self.pick("f" if self.chance.random() < 0.15 else "c"),
            floor_id=self.pick("f") if calibrated or self.chance.random() < 0.1 else None,
            width=self.chance.choice([640, 640, 640, 320]),
            height=480,
            homography=HOMOGRAPHY if calibrated else None,
            privacy_masks=masks,
            mount="FIXED",
        )

    def floor(self) -> Any:
        zone = self.chance.choice(["UTC", "CET"])
        if self.chance.random() < 0.5:
            return FloorRow(floor_id=self.pick("f"), time_zone=zone)
        ends = dict.fromkeys(("from_x_m", "from_y_m", "to_x_m", "to_y_m", "min_s"), 0)
        cameras = {name: self.pick("c") for name in ("from_camera_id", "to_camera_id")}
        passage = {**ends, **cameras, "radius_m": 1, "max_s": 9}
        passages = [passage] if self.chance.random() < 0.7 else []
        return FloorRow.model_validate(
            {"floor_id": self.pick("f"), "time_zone": zone, "passages": passages}
        )

    def zone(self) -> Any:
        of_camera = self.chance.random() < 0.7
        points = self.polygon()
        return ZoneRow(
            zone_id=self.pick("z", 6),
            camera_id=self.pick("c") if of_camera else None,
            floor_id=None if of_camera else self.pick("f"),
            polygon=points if of_camera else [(x / 100, y / 100) for x, y in points],
        )

    def shift(self) -> Any:
        starts = START + timedelta(hours=self.chance.randrange(-8, 40))
        shift_id, replaced = self.pick("h", 8), self.pick("h", 8)
        known = self.index.all.newest.get((SHIFTS.name, replaced))
        kind = self.chance.choice(["WORK", "WORK", "WORK", "ON_CALL", "BREAK"])
        takes_over = kind != "BREAK" and replaced != shift_id and self.chance.random() < 0.4
        if takes_over and known is not None and self.chance.random() < 0.9:
            starts = datetime.fromtimestamp(known["starts_us"] / 1e6, UTC) + timedelta(hours=3)
        of_agency = kind != "BREAK" and self.chance.random() < 0.1
        return ShiftRow(
            shift_id=shift_id,
            staff_id=None if of_agency else self.pick("s"),
            zone_id=known["zone_id"] if takes_over and known is not None else self.pick("z", 6),
            role=self.chance.choice(ROLES[:-1] if of_agency else ROLES),
            starts=starts,
            ends=starts + timedelta(hours=6),
            kind=kind,
            status=self.chance.choice(["PLANNED", "PLANNED", "PLANNED", "CANCELLED"]),
            replaces=replaced if takes_over else None,
            agency="flex" if of_agency else "",
        )

    def census(self) -> Any:
        return CensusRow(
            census_id=self.pick("n", 6),
            zone_id=self.pick("z", 6),
            people=self.chance.randrange(9),
            starts=START + timedelta(hours=self.chance.randrange(-8, 8)),
        )

    def change(self) -> Wanted:
        kinds: list[Callable[[], Any]] = [
            self.camera,
            self.zone,
            self.zone,
            self.shift,
            self.shift,
            lambda: StaffRow(staff_id=self.pick("s"), role=self.chance.choice(ROLES[:-1]) or ""),
            lambda: RequirementRow(
                requirement_id=self.pick("r", 8),
                zone_id=self.pick("z", 6),
                role=self.chance.choice(ROLES[:-1]) or "",
                count=self.chance.randrange(3),
            ),
            self.census,
            self.floor,
        ]
        if self.chance.random() < 0.15 and self.history:
            return self.chance.choice(self.history)
        if self.chance.random() < 0.15:
            topic, prefix = self.chance.choice(
                [
                    *[(CAMERAS, "c"), (ZONES, "z"), (STAFF, "s"), (SHIFTS, "h")],
                    *[(REQUIREMENTS, "r"), (CENSUS, "n")],
                ]
            )
            return Remove(Key(topic, self.pick(prefix)))
        return Put(self.chance.choice(kinds)())

    def changes(self) -> list[Wanted]:
        order = {topic.name: rank for rank, topic in enumerate(REFERENCE_TOPICS)}
        found = [self.change() for _ in range(self.chance.choice([1, 1, 1, 3]))]
        rows = [change for change in found if isinstance(change, Put)]
        rows.sort(key=lambda put: order[put.row.topic.name])
        return [*rows, *(change for change in found if not isinstance(change, Put))]

    def take(self, change: Change) -> None:
        self.index.add(change.facts)
        self.history += [
            Restore(Key(topic, record[topic.key.removesuffix("@version")]), record)
            for topic, record in change.facts
            if not record["removed"]
        ]


@pytest.mark.parametrize("seed", range(6))
def test_the_verdict_is_that_of_everything_registered(seed: int) -> None:
    ward = Ward(seed)
    if seed % 2:
        with_roles = judged([Put(row) for row in REGISTERED], Registered(), Options())
        assert with_roles is not None
        ward.take(with_roles)
        ward.history.clear()  # an edit of a role is judged with everything
    taken = 0
    for _ in range(250):
        changes = ward.changes()
        options = Options(
            cascade=ward.chance.random() < 0.5,
            on_resize=ward.chance.choice(list(OnResize)),
            now_us=NOW_US,
        )
        around = ward.index.around(changes, NOW_US)
        assert around is not None
        expected = judged(changes, ward.index.all, options)
        found = judged(changes, around, options)

        assert (found is None) == (expected is None), changes
        if expected is None or found is None:
            continue
        assert found.facts == expected.facts
        assert effects_of(found) == effects_of(expected)
        assert notes_of(found) == notes_of(expected)
        ward.take(expected)
        taken += 1
    assert taken > 60


def test_an_edit_touches_few_of_many_facts() -> None:
    ward = Ward(0)
    facts = judged(
        [
            Put(CameraRow(camera_id="c1", width=640, height=480)),
            Put(ZoneRow(zone_id="z1", camera_id="c1", polygon=[(0, 0), (99, 0), (99, 99)])),
            Put(ZoneRow(zone_id="z2", camera_id="c1", polygon=[(0, 0), (99, 0), (99, 99)])),
            *(
                Put(RequirementRow(requirement_id=f"r{n}", zone_id="z1", role="nurse", count=1))
                for n in range(1_000)
            ),
        ],
        Registered(),
        Options(),
    )
    assert facts is not None
    ward.take(facts)

    row = RequirementRow(requirement_id="r7", zone_id="z1", role="nurse", count=2)
    around = ward.index.around([Put(row)], NOW_US)

    assert around is not None
    assert {identity for _, identity in around.newest} == {"c1", "z1", "r7", "r999"}
