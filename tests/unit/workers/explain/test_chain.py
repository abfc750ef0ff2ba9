"""Which links of the chain from the picture to the figure are there after a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from workers.explain.chain import of_tables, remains_after

NOON = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)


def there(after: timedelta) -> set[str]:
    return {store for _, store, remains in remains_after(after) if remains}


def test_the_picture_goes_first_and_the_figure_last() -> None:
    whole = there(timedelta(hours=6))
    assert whole - there(timedelta(hours=7)) == {"frames.captured.v1"}
    assert whole - there(timedelta(days=8)) == {
        "frames.captured.v1",
        "tracks.updated.v1",
        "presence.updated.v1",
    }
    assert there(timedelta(days=90)) == {"zone-occupancy.measured.v1"}


def test_a_table_that_was_cleaned_since_says_since_when_its_row_is_gone() -> None:
    month = timedelta(days=30)
    retention: dict[str, dict[str, Any]] = {
        "positions": {"keep": month, "dropped_before": NOON + timedelta(hours=1)},
        "zone_occupancy": {"keep": 3 * month, "dropped_before": NOON - timedelta(hours=1)},
        "tracks": {"keep": None, "dropped_before": NOON - timedelta(days=9)},
    }

    links = {link.store: link for link in of_tables(retention, {"positions": "ward"}, NOON)}

    gone = links["table positions"]
    assert (gone.state, gone.since, gone.key) == ("expired", NOON + month, "ward")
    assert (links["table zone_occupancy"].state, links["table zone_occupancy"].since) == (
        "there",
        None,
    )
    assert links["table tracks"].kept == "for ever"
