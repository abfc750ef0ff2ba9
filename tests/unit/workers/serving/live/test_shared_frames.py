"""Events are cut once for all who see the same, and never for those who see less."""

from typing import Any

from tests.support.callers import person
from workers.access.principal import Principal
from workers.access.rights import AccessRole
from workers.serving.live.event import Event, StreamId, frame
from workers.serving.live.shared_frames import SharedFrames
from workers.serving.live.visibility import Visibility


class Units:
    """Every id is in the unit that it begins with; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def units_of(self, kind: str, identity: str) -> frozenset[str]:
        self.asked += 1
        return frozenset({identity.partition("-")[0]})


def zone(number: int, zone_id: str = "east-1") -> Event:
    data: dict[str, Any] = {"zone_id": zone_id, "people": number, "person_ids": ["left:1"]}
    body = {"kind": "zone", "id": zone_id, "data": data}
    return Event("zone", StreamId(number, 0), frame("zone", body, StreamId(number, 0)), body)


def sees(role: AccessRole, unit: str, units: Units) -> Visibility:
    principal: Principal = person("anna", role, units=(unit,))
    return Visibility(principal, lambda: units)


def test_a_second_caller_of_the_same_rights_costs_no_second_cut() -> None:
    frames, units, event = SharedFrames(), Units(), zone(1)
    first = frames.frame(event, sees(AccessRole.VIEWER, "east", units))
    asked = units.asked

    assert frames.frame(event, sees(AccessRole.VIEWER, "east", units)) == first
    assert units.asked == asked > 0


def test_callers_of_other_rights_and_units_get_their_own() -> None:
    frames, units, event = SharedFrames(), Units(), zone(1)
    viewer = frames.frame(event, sees(AccessRole.VIEWER, "east", units))
    coordinator = frames.frame(event, sees(AccessRole.COORDINATOR, "east", units))

    assert viewer is not None
    assert coordinator is not None
    assert b"left:1" not in viewer
    assert b"left:1" in coordinator
    assert frames.frame(event, sees(AccessRole.COORDINATOR, "west", units)) is None


def test_an_edit_of_units_counts_for_the_event_that_is_sent_next() -> None:
    frames, event = SharedFrames(), zone(1)
    before = frames.frame(event, sees(AccessRole.VIEWER, "east", Units()))

    class Moved(Units):
        def units_of(self, kind: str, identity: str) -> frozenset[str]:
            return frozenset({"west"})

    assert before is not None
    assert frames.frame(event, sees(AccessRole.VIEWER, "east", Moved())) is None


def test_only_the_latest_frames_are_kept() -> None:
    frames, units = SharedFrames(kept=3), Units()
    visible = sees(AccessRole.VIEWER, "east", units)
    for number in range(10):
        frames.frame(zone(number), visible)
    asked = units.asked

    frames.frame(zone(9), visible)
    assert units.asked == asked
    frames.frame(zone(0), visible)
    assert units.asked > asked
