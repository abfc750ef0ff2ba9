"""The example files for operators can be imported, in the order of the page."""

from tests.support.paths import ROOT
from workers.registry.edit import Registered, Stamp, edits
from workers.registry.files import read_rows
from workers.registry.rows import ROWS

WARD = ROOT / "examples" / "ward"
FILES = {
    "camera": "cameras.yaml",
    "zone": "zones.yaml",
    "staff": "staff.csv",
    "shift": "shifts.csv",
    "requirement": "requirements.csv",
    "unit": "units.yaml",
    "reader": "readers.csv",
    "badge": "badges.csv",
    "role": "roles.csv",
    "census": "census.csv",
    "rule": "rules.yaml",
}


def test_the_example_ward_can_be_imported() -> None:
    registered = Registered()
    stamp = Stamp(valid_from_us=1, recorded_at_us=1, recorded_by="test")
    for kind, name in FILES.items():
        rows = read_rows(WARD / name, ROWS[kind])
        facts = edits(rows, registered, stamp)
        registered.add(facts)

        assert len([fact for fact in facts if fact.topic is ROWS[kind].topic]) == len(rows) > 0
