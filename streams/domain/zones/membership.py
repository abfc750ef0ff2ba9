"""Who is in a zone: membership with hysteresis, in event time.

A person counts after standing inside for the zone's enter time, and the stay then begins when
they first stood there. The stay ends when they have been outside or unseen for the zone's leave
time; its end is when they were last seen inside. Unseen means that the camera looked: a camera that
sends two frames a second does not lose its people in between. A silent camera loses its people
too, but only after `hold_us`.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.records.zones import ZoneEventKind, ZoneOccupancy
from streams.domain.camera.view import View
from streams.domain.seqs import Seqs, seqs_of
from streams.domain.staffing.open_gaps import OpenGap, next_over_us
from streams.domain.zones.area import ZoneArea
from streams.domain.zones.counting import Flow, crossed, next_start_us, unseen
from streams.domain.zones.standing import INSIDE, OUTSIDE, UNSEEN

REMEMBERED_US: Final = 10_000_000
"""A stay that ended this long ago is not corrected any more, microseconds of event time."""


@dataclass(slots=True)
class Stay:
    """One person in or entering a zone.

    Attributes:
        camera_id: Camera that sees the person.
        entered_us: Event time when they first stood inside, microseconds.
        inside_us: Event time when they were last seen inside, microseconds.
        counted: True once they stood inside for long enough.
        dwell_reported: True once the stay was reported as too long.
        role: Role by evidence independent of the roster; empty when unknown.
        entered_seq: Seq of the event that said so; 0 before it.
        dwell_seq: Seq of the event that reported the stay as too long; 0 before it.
        dwell_at_us: Event time of that event, microseconds.
        left_seq: Seq of the event that ended it; 0 before it.
        crossed: Whether they were seen outside before.
        outside: Whether they were seen outside last.
        again: Whether they were lost inside since the flow began, and not seen outside since then.
    """

    camera_id: str
    entered_us: int
    inside_us: int
    counted: bool = False
    dwell_reported: bool = False
    role: str = ""
    entered_seq: int = 0
    dwell_seq: int = 0
    dwell_at_us: int = 0
    left_seq: int = 0
    crossed: bool = False
    outside: bool = False
    again: bool = False


@dataclass(slots=True)
class ZoneState:
    """Everything that the fold remembers about one zone.

    Attributes:
        stays: Stays by person id.
        ended: The last stay of each fused person, while a link may still prove its end wrong.
        seqs: Last seq by topic.
        shown: Last occupancy record; None before the first and after the zone was removed.
        gaps: Gaps that are open or were until a moment ago, by role; `IN_ALL` for the zone.
        flow: Entries and exits since the number of people was known.
        lost: Who was lost inside while their ids go on, and whether the flow counts them as lost.
    """

    stays: dict[str, Stay] = field(default_factory=dict)
    ended: dict[str, Stay] = field(default_factory=dict)
    seqs: Seqs = field(default_factory=dict)
    shown: ZoneOccupancy | None = None
    gaps: dict[str, OpenGap] = field(default_factory=dict)
    flow: Flow = field(default_factory=Flow)
    lost: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seqs = seqs_of("zone", self.seqs)


class Happening(NamedTuple):
    """A zone event before it has a seq.

    Attributes:
        kind: Kind of event.
        at_us: Event time, microseconds.
        person_id: Id of the person.
        camera_id: Camera that saw the person.
        entered_us: Event time when the stay began, microseconds.
        corrects: Seq of the event that this one stands for; None for a new one.
        entered_seq: Seq of the event that said so before this one; 0 where none was sent yet.
        flow: 1 if somebody was seen to enter, -1 if somebody was seen to leave, 0 for neither; the
            reverse where that was not so.
        appeared: 1 if somebody was first seen inside, -1 where that was not so.
        lost: 1 if somebody was lost inside, -1 if they were seen there again or it was not so.
    """

    kind: ZoneEventKind
    at_us: int
    person_id: str
    camera_id: str
    entered_us: int
    corrects: int | None = None
    entered_seq: int = 0
    flow: int = 0
    appeared: int = 0
    lost: int = 0


def observe_standing(
    zone: ZoneState,
    area: ZoneArea,
    view: View,
    person_ids: Sequence[str],
    standing: Sequence[int],
    looked_us: int,
    hold_us: int,
    known: Container[str] = (),
) -> list[Happening]:
    """Fold one look of a camera whose people the zone counts.

    Args:
        zone: State of the zone, changed in place.
        area: Area of the zone.
        view: View of the look; people who only coast in it were not seen.
        person_ids: Ids of the people in the view.
        standing: Position of each of them: `INSIDE`, `OUTSIDE` or `UNSEEN`.
        looked_us: Event time of the camera's previous look, microseconds; 0 for none.
        hold_us: A silent camera's people are unseen after this long, microseconds.
        known: Ids of the people who were on the floor before.

    Returns:
        Zone events, in order.
    """
    happenings: list[Happening] = []
    stays = zone.stays
    now_us, limit_us = view.captured_us, area.dwell_limit_us
    for person_id, position in zip(person_ids, standing, strict=True):
        stay = stays.get(person_id)
        if stay is None and position == OUTSIDE and zone.lost.pop(person_id, False):
            zone.flow = unseen(crossed(zone.flow, -1), 0, -1)
        if position == UNSEEN or (stay is None and position != INSIDE):
            continue
        if stay is not None and leaves_us(stay, area, looked_us, hold_us) <= now_us:
            stay.outside = stay.outside or position != INSIDE
            _end(zone, person_id, happenings)
            stay = None
        if position != INSIDE:
            if stay is not None:
                _step_out(zone, area, person_id, stay, now_us, happenings)
            continue
        if stay is None:
            stay = Stay(camera_id=view.camera_id, entered_us=now_us, inside_us=now_us)
            stay.crossed = person_id in known and person_id not in zone.lost
            stay.again = zone.lost.get(person_id, False)
            stays[person_id] = stay
        stay.inside_us, stay.outside = now_us, False
        if not stay.counted and now_us - stay.entered_us >= area.enter_after_us:
            stay.counted = True
            entered = _happening("ENTERED", stay.entered_us, person_id, stay)
            happenings.append(_with_flow(entered, *_entry_of(stay), 1))
        if (
            limit_us is not None
            and now_us - stay.entered_us > limit_us
            and stay.counted
            and not stay.dwell_reported
        ):
            stay.dwell_reported = True
            passed_us = stay.entered_us + limit_us
            happenings.append(_happening("DWELL_EXCEEDED", passed_us, person_id, stay))
    return happenings


def _step_out(
    zone: ZoneState,
    area: ZoneArea,
    person_id: str,
    stay: Stay,
    now_us: int,
    happenings: list[Happening],
) -> None:
    """Handle a person seen outside: an uncounted stay ends now, a counted one after a while."""
    stay.outside = True
    if not stay.counted:
        del zone.stays[person_id]
    elif now_us - stay.inside_us >= area.leave_after_us:
        _end(zone, person_id, happenings)


def leaves_us(stay: Stay, area: ZoneArea, looked_us: int, hold_us: int) -> int:
    """Event time at which a stay ends unless the person is seen inside again, microseconds."""
    patience_us = area.leave_after_us
    if looked_us <= stay.inside_us:  # the camera has not looked since
        patience_us = max(patience_us, hold_us)
    return stay.inside_us + patience_us


def expire(
    zone: ZoneState, area: ZoneArea, end_us: int, looked: dict[str, int], hold_us: int
) -> list[Happening]:
    """End the stays that are over at the end of a tick, or whose camera has left the floor.

    Args:
        zone: State of the zone, changed in place.
        area: Area of the zone.
        end_us: End of the tick, microseconds.
        looked: Event time of the last look of each camera on the floor, microseconds.
        hold_us: A silent camera's people are unseen after this long, microseconds.
    """
    if not zone.stays:
        return []
    over = []
    for person_id, stay in zone.stays.items():
        looked_us = looked.get(stay.camera_id)
        if looked_us is None or leaves_us(stay, area, looked_us, hold_us) <= end_us:
            over.append(person_id)
    happenings: list[Happening] = []
    for person_id in sorted(over):
        _end(zone, person_id, happenings)
    return happenings


def note_seq(zone: ZoneState, happening: Happening, seq: int) -> None:
    """Remember under which seq an event of a stay was sent."""
    for stays in (zone.stays, zone.ended):
        stay = stays.get(happening.person_id)
        if stay is not None and stay.entered_us == happening.entered_us:
            break
    else:
        return
    if happening.kind == "LEFT":
        stay.left_seq = seq
    elif happening.kind == "ENTERED":
        stay.entered_seq = seq
    elif happening.kind == "DWELL_EXCEEDED":
        stay.dwell_seq, stay.dwell_at_us = seq, happening.at_us


def merge(zone: ZoneState, earlier: str, later: str) -> list[Happening]:
    """Correct the stays of two people who turned out to be one.

    Args:
        zone: State of the zone, changed in place.
        earlier: Id that is kept.
        later: Id that is given up.

    Returns:
        Corrections of the events of the later one that were wrong: sent again for the earlier one,
        or withdrawn where the earlier one has an event of that kind for the stay.
    """
    zone.lost.pop(later, None)
    dropped, over = zone.stays.pop(later, None), zone.ended.pop(later, None)
    kept, ended = zone.stays.get(earlier), zone.ended.get(earlier)
    corrections: list[Happening] = []
    if dropped is not None and ended is not None and dropped.entered_us <= ended.inside_us:
        # The earlier one had not left. A stay that began since then was the same one.
        corrections.append(_not_left(ended, earlier))
        del zone.ended[earlier]
        zone.stays[earlier] = ended
        if kept is not None:
            ended.inside_us = max(ended.inside_us, kept.inside_us)
            corrections += _withdrawn(kept, earlier)
        kept = ended
    if dropped is None and over is not None and kept is not None:
        if over.inside_us >= kept.entered_us:
            corrections.append(_not_left(over, later))
            dropped = over
    elif (
        dropped is None
        and over is not None
        and ended is not None
        and ended.entered_us <= over.entered_us
        and over.inside_us <= ended.inside_us
    ):
        return _withdrawn(over, later)
    if dropped is None:
        return corrections
    return corrections + _merged(zone, kept, dropped, earlier, later)


def _merged(
    zone: ZoneState, kept: Stay | None, dropped: Stay, earlier: str, later: str
) -> list[Happening]:
    """One stay of two that go on at the same time."""
    if kept is None or (dropped.counted and not kept.counted):
        if kept is not None:
            dropped.inside_us = max(dropped.inside_us, kept.inside_us)
        zone.stays[earlier] = dropped
        return _sent_again(dropped, dropped, earlier)
    kept.inside_us = max(kept.inside_us, dropped.inside_us)
    if not dropped.counted:
        return []
    if dropped.entered_us >= kept.entered_us:
        return _withdrawn(dropped, later)
    # The stay began with the later id: both events of its beginning were wrong.
    corrections = _withdrawn(kept, earlier)
    kept.entered_us, kept.dwell_reported = dropped.entered_us, dropped.dwell_reported
    kept.crossed, kept.again = dropped.crossed, dropped.again
    kept.entered_seq = kept.dwell_seq = 0  # the events that are sent again set them
    return [*corrections, *_sent_again(kept, dropped, earlier)]


def _sent_again(stay: Stay, sent: Stay, person_id: str) -> list[Happening]:
    """The events that were sent for a stay, for another person."""
    happenings = []
    if sent.entered_seq:
        entered = _happening("ENTERED", stay.entered_us, person_id, stay)
        happenings.append(entered._replace(corrects=sent.entered_seq))
    if sent.dwell_seq:
        dwell = _happening("DWELL_EXCEEDED", sent.dwell_at_us, person_id, stay)
        happenings.append(dwell._replace(corrects=sent.dwell_seq))
    return happenings


def _withdrawn(sent: Stay, person_id: str) -> list[Happening]:
    """The events that were sent for a stay never happened."""
    changes = _entry_of(sent), (0, 0, 0), _exit_of(sent)
    seqs = sent.entered_seq, sent.dwell_seq, sent.left_seq
    withdrawn = _happening("WITHDRAWN", sent.entered_us, person_id, sent)
    return [
        _with_flow(withdrawn, *change, -1)._replace(corrects=seq)
        for seq, change in zip(seqs, changes, strict=True)
        if seq
    ]


def _entry_of(stay: Stay) -> tuple[int, int, int]:
    """How a stay began: the change of the flow, who appeared and who was lost."""
    return int(stay.crossed), int(not stay.crossed and not stay.again), -int(stay.again)


def _exit_of(stay: Stay) -> tuple[int, int, int]:
    """How a stay ended: the same."""
    return -int(stay.outside), 0, int(not stay.outside)


def _with_flow(one: Happening, flow: int, appeared: int, lost: int, times: int) -> Happening:
    return one._replace(flow=flow * times, appeared=appeared * times, lost=lost * times)


def _not_left(stay: Stay, person_id: str) -> Happening:
    """The end of a stay never happened."""
    withdrawn = _happening("WITHDRAWN", stay.entered_us, person_id, stay)
    withdrawn = _with_flow(withdrawn, *_exit_of(stay), -1)._replace(corrects=stay.left_seq)
    stay.left_seq, stay.outside = 0, False
    return withdrawn


def forget(zone: ZoneState, before_us: int) -> None:
    """Forget the stays that ended before an event time; they are not corrected any more."""
    if not zone.ended:
        return
    over = [person_id for person_id, stay in zone.ended.items() if stay.inside_us <= before_us]
    for person_id in over:
        del zone.ended[person_id]


def clear(zone: ZoneState) -> list[Happening]:
    """End every stay of a removed zone."""
    happenings: list[Happening] = []
    for person_id in sorted(zone.stays):
        _end(zone, person_id, happenings)
    zone.ended.clear()
    zone.lost.clear()
    zone.gaps, zone.flow = {}, Flow()
    return happenings


def forget_lost(zone: ZoneState, people: Container[str]) -> None:
    """Forget those who were lost inside once their ids end, or they are inside again."""
    if not zone.lost:
        return
    zone.lost = {
        one: counted
        for one, counted in zone.lost.items()
        if one in people and one not in zone.stays
    }


def next_change_us(zone: ZoneState, area: ZoneArea, looked: dict[str, int], hold_us: int) -> int:
    """Event time at which a zone changes if nothing happens, microseconds.

    A stay ends by itself or is forgotten, a gap is over, or the flow starts again.
    """
    due_us = min(next_over_us(zone.gaps), next_start_us(zone.flow))
    if not zone.stays and not zone.ended:
        return due_us
    leaving = (
        leaves_us(stay, area, looked.get(stay.camera_id, 0), hold_us)
        for stay in zone.stays.values()
    )
    forgotten = (stay.inside_us + REMEMBERED_US for stay in zone.ended.values())
    return min((due_us, *leaving, *forgotten))


def _end(zone: ZoneState, person_id: str, happenings: list[Happening]) -> None:
    stay = zone.stays.pop(person_id)
    if not stay.outside:
        zone.lost[person_id] = stay.counted
    if stay.counted:
        zone.ended[person_id] = stay
        left = _happening("LEFT", stay.inside_us, person_id, stay)
        happenings.append(_with_flow(left, *_exit_of(stay), 1))


def _happening(kind: ZoneEventKind, at_us: int, person_id: str, stay: Stay) -> Happening:
    return Happening(
        kind, at_us, person_id, stay.camera_id, stay.entered_us, entered_seq=stay.entered_seq
    )
