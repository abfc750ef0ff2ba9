"""What the API shows of a fact makes the same fact again."""

import json

import pytest

from schemas.topics import TOPICS
from tests.support.paths import ROOT
from workers.registry.change import Options, Stamp
from workers.registry.edit import change_of
from workers.registry.files import checked_row, read_rows
from workers.registry.forms import form_of, iso
from workers.registry.mappings import read_object
from workers.registry.registered import STAMPS, Registered
from workers.registry.row import Row
from workers.registry.rows import ROWS

WARD = ROOT / "examples" / "ward"
FILES = {
    "camera": "cameras.yaml",
    "zone": "zones.yaml",
    "staff": "staff.csv",
    "shift": "shifts.csv",
    "requirement": "requirements.csv",
    "role": "roles.csv",
    "census": "census.csv",
    "rule": "rules.yaml",
}


@pytest.fixture(scope="module")
def ward() -> Registered:
    """The example ward."""
    rows = [read_rows(WARD / name, ROWS[kind]) for kind, name in FILES.items()]
    return change_of(rows, Registered(), Stamp(1, 1, "test"), Options()).after


@pytest.mark.parametrize("kind", FILES)
def test_a_form_that_is_sent_back_changes_nothing(ward: Registered, kind: str) -> None:
    topic = ROWS[kind].topic
    facts = ward.current(topic)
    rows: list[Row] = []
    for record in facts.values():
        text = json.dumps(form_of(topic, record))
        row, faults = checked_row(read_object(text, list(ROWS[kind].model_fields)), ROWS[kind])
        assert row is not None, faults
        rows.append(row)

    change = change_of([rows], ward, Stamp(2, 2, "test"), Options())

    assert len(rows) == len(facts) > 0
    assert change.facts == []


def test_a_form_holds_nothing_that_the_editor_may_not_choose(ward: Registered) -> None:
    for (name, _), record in ward.newest.items():
        form = form_of(TOPICS[name], record)
        assert not set(form) & {*STAMPS, "partition"}


def test_a_time_keeps_its_microseconds() -> None:
    assert iso(1_764_486_000_000_001) == "2025-11-30T07:00:00.000001Z"
