"""Digests show whether a topic and its table agree, and where they first differ."""

import pytest

from runtime.errors import Stop
from schemas.topics import OCCUPANCY
from tests.support.builders.outputs import items, occupancy
from workers.operations.verification.digests import (
    chain_digests,
    distinct,
    expected_rows,
    first_difference,
    row_digests,
)
from workers.sinks.timescale.admission import admit
from workers.storage.timescale.tables import OCCUPANCY_TABLE

LOG = items(OCCUPANCY, [occupancy(n, n, n % 3) for n in range(1, 6)])


def test_duplicates_and_order_of_arrival_do_not_matter() -> None:
    once = chain_digests(distinct(LOG))

    assert chain_digests(distinct([*LOG[2:], *LOG, LOG[0]])) == once
    assert chain_digests(distinct(LOG[1:])) != once


def test_the_digest_is_the_one_that_the_sink_keeps() -> None:
    progress = admit(LOG, {}).after[OCCUPANCY.name, "zone-1"]

    assert chain_digests(distinct(LOG)) == {"zone-1": progress.chain.hex()}


def test_a_seq_with_two_contents_is_an_error() -> None:
    with pytest.raises(Stop, match="seq 2"):
        distinct([*LOG, *items(OCCUPANCY, [occupancy(2, 2, 9)])])


def test_equal_rows_have_no_difference() -> None:
    rows = expected_rows(OCCUPANCY_TABLE, distinct(LOG), 1.0)

    assert first_difference(OCCUPANCY_TABLE, rows, rows) is None


def test_the_first_difference_names_the_row_and_the_column() -> None:
    expected = expected_rows(OCCUPANCY_TABLE, distinct(LOG), 1.0)
    index = OCCUPANCY_TABLE.index("people")
    altered = [list(row) for row in expected["zone-1"]]
    altered[3][index] = 17
    found = {"zone-1": [tuple(row) for row in altered]}

    difference = first_difference(OCCUPANCY_TABLE, expected, found)

    assert difference is not None
    assert "seq 4" in difference
    assert "people is 17, must be 1" in difference
    assert row_digests(expected) != row_digests(found)


def test_a_missing_row_is_named() -> None:
    expected = expected_rows(OCCUPANCY_TABLE, distinct(LOG), 1.0)
    found = {"zone-1": expected["zone-1"][:-1]}

    difference = first_difference(OCCUPANCY_TABLE, expected, found)

    assert difference is not None
    assert "seq 5" in difference
    assert difference.endswith("the table does not")
