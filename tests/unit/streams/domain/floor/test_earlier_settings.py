"""A fold under an earlier release's settings remembers no more than that release's state held.

So an upgrade gives the same records wherever a checkpoint was taken.
"""

from dataclasses import replace

import pytest

from streams.domain.pipeline import PartitionPipeline
from streams.domain.settings import PipelineSettings
from streams.domain.zones.counting import Flow
from streams.domain.zones.membership import Stay, ZoneState
from tests.support.builders.domain import fold
from tests.support.builders.scene import ward_facts, ward_log

NOW = PipelineSettings()
OF_11 = replace(NOW, floor=replace(NOW.floor, follows_gaps=False, widens_flow=False))
OF_12 = replace(NOW, floor=replace(NOW.floor, widens_flow=False))


def zones_of(pipeline: PartitionPipeline) -> list[ZoneState]:
    return [zone for floor in pipeline.floors.values() for zone in floor.zones.values()]


def stays_of(zone: ZoneState) -> list[Stay]:
    return [*zone.stays.values(), *zone.ended.values()]


@pytest.mark.parametrize("seed", range(3))
def test_what_state_11_did_not_hold_stays_empty_under_its_settings(seed: int) -> None:
    facts, pipeline = ward_facts(), PartitionPipeline(OF_11)

    for one in ward_log(seed):
        fold(pipeline, facts, [one])
        for zone in zones_of(pipeline):
            assert (zone.lost, zone.flow, zone.gaps) == ({}, Flow(), {})
            assert not any(stay.crossed or stay.outside or stay.again for stay in stays_of(zone))


@pytest.mark.parametrize("seed", range(3))
def test_what_state_12_did_not_hold_stays_empty_under_its_settings(seed: int) -> None:
    facts, pipeline = ward_facts(), PartitionPipeline(OF_12)

    for one in ward_log(seed):
        fold(pipeline, facts, [one])
        for zone in zones_of(pipeline):
            assert (zone.flow.appeared, zone.flow.lost) == (0, 0)
            assert not any(stay.again for stay in stays_of(zone))


def test_the_same_log_has_what_is_kept_empty_then() -> None:
    """Else the tests above could not fail."""
    facts, pipeline = ward_facts(), PartitionPipeline(NOW)
    seen: set[str] = set()

    for one in ward_log(0):
        fold(pipeline, facts, [one])
        for zone in zones_of(pipeline):
            seen |= {"lost"} if zone.lost or zone.flow.lost else set()
            seen |= {"appeared"} if zone.flow.appeared else set()
            for stay in stays_of(zone):
                seen |= {name for name in ("crossed", "outside") if getattr(stay, name)}

    assert {"lost", "crossed", "outside"} <= seen
