"""A reader whose next record is gone reports which records are gone."""

import pytest
from structlog.testing import capture_logs

from runtime.errors import Stop
from runtime.kafka.continuity import GONE, SHORTENED, Break
from runtime.process.settings import Settings
from tests.integration.log_loss.logs import (
    KEPT,
    STAGE,
    Reader,
    alter,
    append,
    append_in_transaction,
    delete,
    expire,
    forget_group,
    make,
)
from tests.support.clusters import cluster_of


def broken(settings: Settings, reason: str, first: int, until: int) -> list[Break]:
    return [Break(cluster_of(settings).name(KEPT), 0, reason, first, until)]  # type: ignore[arg-type]


def test_records_that_expired_before_a_stopped_reader_came_back_are_reported_by_offset(
    settings: Settings,
) -> None:
    make(settings, KEPT)
    append(settings, KEPT, 10)
    with Reader(settings) as reader:
        reader.read_to(9)
        assert reader.breaks == []
        reader.commit(3)
    expire(settings, KEPT, 0, before=7)

    with Reader(settings) as reader:
        assert reader.read_to(9) == [7, 8, 9]

    assert reader.breaks == broken(settings, GONE, 3, 7)
    assert "[0]: offsets 3 to 6 (4 records) expired before they were read" in reader.breaks[0].text


def test_a_reader_that_retention_overtakes_while_it_runs_says_so(settings: Settings) -> None:
    make(settings, KEPT)
    append(settings, KEPT, 5)
    with Reader(settings) as reader:
        reader.read_to(4)
        reader.pause()
        append(settings, KEPT, 10)
        expire(settings, KEPT, 0, before=12)
        reader.resume()

        assert reader.read_to(14)[5:] == [12, 13, 14]
        assert reader.breaks == broken(settings, GONE, 5, 12)


def test_a_log_that_ends_before_the_offset_read_is_read_from_its_beginning_and_reported(
    settings: Settings,
) -> None:
    make(settings, KEPT)
    append(settings, KEPT, 5)
    with Reader(settings) as reader:
        reader.read_to(4)
        reader.commit(40)

    with Reader(settings) as reader:
        assert reader.read_to(4) == [0, 1, 2, 3, 4]

    assert reader.breaks == broken(settings, SHORTENED, 5, 40)


def test_a_topic_made_again_under_a_running_reader_is_reported_and_read_from_its_beginning(
    settings: Settings,
) -> None:
    make(settings, KEPT)
    append(settings, KEPT, 8)
    with Reader(settings) as reader:
        reader.read_to(7)
        reader.commit(8)
        delete(settings, KEPT)
        make(settings, KEPT)
        append(settings, KEPT, 3)
        assert reader.read_to(2)[8:] == [0, 1, 2]
        [found] = reader.breaks

    assert (found.reason, found.until) == (SHORTENED, 8)
    assert "cut short or made again" in found.text


def test_a_group_whose_offsets_are_gone_starts_with_the_first_record(settings: Settings) -> None:
    make(settings, KEPT)
    append(settings, KEPT, 5)
    with Reader(settings) as reader:
        reader.read_to(4)
        reader.commit(5)
    forget_group(settings, settings.topic_prefix + STAGE)

    with Reader(settings) as reader:
        assert reader.read_to(4) == [0, 1, 2, 3, 4]
    assert reader.breaks == []


def test_the_marker_of_a_transaction_is_no_loss_and_logged_once(settings: Settings) -> None:
    make(settings, KEPT)
    append_in_transaction(settings, KEPT, 3)
    append(settings, KEPT, 2)

    with capture_logs() as logs, Reader(settings) as reader:
        assert reader.read_to(5) == [0, 1, 2, 4, 5]
    assert reader.breaks == []
    [reported] = [entry for entry in logs if entry["log_level"] == "warning"]
    assert (reported["topic"], reported["partition"]) == (cluster_of(settings).name(KEPT), 0)
    assert (reported["first"], reported["until"]) == (3, 4)


def test_a_hole_in_a_topic_that_somebody_has_compacted_stops_the_reader(
    settings: Settings,
) -> None:
    make(settings, KEPT)
    append_in_transaction(settings, KEPT, 3)
    append(settings, KEPT, 2)
    alter(settings, KEPT, "cleanup.policy", "compact")

    with (
        Reader(settings) as reader,
        pytest.raises(Stop, match=r"offsets 3 to 3 are gone, because its cleanup\.policy"),
    ):
        reader.read_to(5)
