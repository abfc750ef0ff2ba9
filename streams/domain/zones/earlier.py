"""What a zone remembers under settings of releases that did not follow crossings.

A checkpoint of such a release lacks these values. So the fold keeps them empty as long as its
settings hold: whoever continues from the checkpoint and whoever folds everything again has
the same state when other settings come.
"""

from collections.abc import Iterable

from streams.domain.zones.membership import ZoneState


def forget_crossings(zones: Iterable[ZoneState]) -> None:
    """Forget who crossed edges and who was lost: state version 11 did not hold it."""
    for zone in zones:
        zone.lost.clear()
        for stays in (zone.stays, zone.ended):
            for stay in stays.values():
                stay.crossed = stay.outside = stay.again = False


def forget_unseen(zones: Iterable[ZoneState]) -> None:
    """Forget who appeared and was lost since the flow began: state version 12 did not hold it."""
    for zone in zones:
        if zone.flow.appeared or zone.flow.lost:
            zone.flow = zone.flow._replace(appeared=0, lost=0)
        for stays in (zone.stays, zone.ended):
            for stay in stays.values():
                stay.again = False
