"""What an import says of itself."""

from schemas.topics import SHIFTS, ZONES
from workers.registry.importing import Imported
from workers.registry.preview import Effect
from workers.registry.registered import Key


def test_a_row_without_an_effect_is_unchanged_and_what_no_row_names_is_no_row() -> None:
    effects = [
        Effect("added", Key(SHIFTS, "a"), 1, [], ""),
        Effect("cancelled", Key(SHIFTS, "b"), 2, [], ""),
        Effect("removed", Key(SHIFTS, "c"), 2, [], ""),
        Effect("changed", Key(ZONES, "z"), 2, [], "scaled with camera x"),
    ]
    found = Imported({}, {"shift": 5}, effects, [], 4, written=False)

    assert found.counts == {
        "added": 1,
        "changed": 1,
        "cancelled": 1,
        "removed": 1,
        "unchanged": 3,
    }
