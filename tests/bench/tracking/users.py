"""What a user of the zones would see: the same clip, detector and zone logic, another tracker.

The people of the ground truth go through the same zone logic and say what is right. Each tracker's
results go through it too, a box of theirs in a frame being a person seen.
"""

import math
from dataclasses import dataclass, field, fields
from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.datasets.motchallenge import BoxTable
from streams.domain.facts.snapshot import ZoneArea
from streams.domain.floor.tick import TICK_US, tick_end
from streams.domain.settings import FloorSettings
from streams.domain.zones.membership import Happening, ZoneState, expire
from tests.bench.tracking.sequences import Sequence
from tests.support.reference.views import Sighting, observe, view_of

FIRST_FRAME_US = 1_000_000
SAME_S = 1.0
"""An entry or exit is the true one when it is no further off than this, s."""

ENTER_AFTER_MS, LEAVE_AFTER_MS = 500, 1500
"""Defaults of a zone."""

_CAMERA = "cam"
_PARTS = {
    "west hall": (0.02, 0.18, 0.49, 0.52),
    "east hall": (0.51, 0.18, 0.98, 0.52),
    "west bay": (0.02, 0.54, 0.49, 0.99),
    "east bay": (0.51, 0.54, 0.98, 0.99),
}
"""The demo's zones, for one camera: x and y, least and most, as shares of the picture."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One counted stay in one zone, seconds from the first frame."""

    zone_id: str
    entered_s: float
    left_s: float


@dataclass(frozen=True, slots=True)
class Visits:
    """What the zones said.

    Attributes:
        counts: People in each zone at each full second, shape `(Z, S)`.
        stays: Counted stays; one that the clip cuts off ends with it.
        entries: Times of entry by zone, s.
        exits: Times of exit by zone, s.
    """

    counts: np.ndarray
    stays: list[Stay]
    entries: dict[str, list[float]] = field(default_factory=dict)
    exits: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UserScores:
    """How wrong the zones were.

    Attributes:
        head_count_error: Mean absolute error of the people in a zone, over zones and seconds.
        dwell_error_s: Mean absolute error of the true stays' lengths, each with the stay of its
            zone that it shares most time with; one that shares none counts whole.
        true_entries: Of the ground truth.
        false_entries: Entries without a true one within `SAME_S`.
        missed_entries: True entries without one.
        true_exits: Of the ground truth.
        false_exits: Exits without a true one within `SAME_S`.
        missed_exits: True exits without one.
    """

    head_count_error: float
    dwell_error_s: float
    true_entries: float
    false_entries: float
    missed_entries: float
    true_exits: float
    false_exits: float
    missed_exits: float


def areas(size: tuple[int, int]) -> list[ZoneArea]:
    """The zones, in pixels of a picture of `size`."""
    width, height = size
    return [
        ZoneArea(
            zone_id=name,
            floor_id="floor",
            camera_id=_CAMERA,
            in_metres=False,
            polygon=(
                (x_min * width, y_min * height),
                (x_max * width, y_min * height),
                (x_max * width, y_max * height),
                (x_min * width, y_max * height),
            ),
            bounds=(x_min * width, y_min * height, x_max * width, y_max * height),
            enter_after_us=ENTER_AFTER_MS * 1000,
            leave_after_us=LEAVE_AFTER_MS * 1000,
            dwell_limit_us=None,
        )
        for name, (x_min, y_min, x_max, y_max) in _PARTS.items()
    ]


def visits(sequence: Sequence, tracks: BoxTable) -> Visits:
    """Put tracks through the zones, tick by tick as a floor does."""
    zones = [(area, ZoneState()) for area in areas(sequence.size)]
    hold_us = FloorSettings().hold_us
    by_frame = tracks.by_frame()
    seconds = int((sequence.frames - 1) / sequence.fps)
    counts = np.zeros((len(zones), seconds))
    happened: list[tuple[str, Happening]] = []
    looked_us = 0
    times = [
        (frame, FIRST_FRAME_US + round((frame - 1) * 1e6 / sequence.fps))
        for frame in sequence.frame_numbers
    ]
    end_us = times[-1][1]
    for (frame, at_us), (_, next_us) in pairwise([*times, (0, end_us + TICK_US)]):
        view = view_of(_CAMERA, at_us, True, _people(by_frame.get(frame)))
        for area, zone in zones:
            found = observe(zone, area, view, looked_us, hold_us)
            happened += [(area.zone_id, happening) for happening in found]
        looked_us = at_us
        for tick_us in range(tick_end(at_us), tick_end(next_us), TICK_US):
            for index, (area, zone) in enumerate(zones):
                left = expire(zone, area, tick_us, {_CAMERA: looked_us}, hold_us)
                happened += [(area.zone_id, happening) for happening in left]
                second, rest_us = divmod(tick_us - FIRST_FRAME_US, 1_000_000)
                if rest_us == 0 and 0 < second <= seconds:
                    counted = sum(stay.counted for stay in zone.stays.values())
                    counts[index, second - 1] = counted
    result = Visits(counts, [])
    for zone_id, happening in happened:
        entered_s, at_s = (us / 1e6 for us in (happening.entered_us, happening.at_us))
        if happening.kind == "ENTERED":
            result.entries.setdefault(zone_id, []).append(entered_s)
        elif happening.kind == "LEFT":
            result.exits.setdefault(zone_id, []).append(at_s)
            result.stays.append(Stay(zone_id, entered_s, at_s))
    for area, zone in zones:
        for stay in zone.stays.values():
            if stay.counted:
                result.stays.append(Stay(area.zone_id, stay.entered_us / 1e6, end_us / 1e6))
    return result


def _people(boxes: BoxTable | None) -> list[Sighting]:
    if boxes is None:
        return []
    return [
        Sighting(
            number=number,
            foot_x_px=(box[0] + box[2]) / 2,
            foot_y_px=box[3],
            x_m=None,
            y_m=None,
            observed=True,
            last_observed_us=0,
        )
        for number, box in zip(boxes.ids.tolist(), boxes.boxes.tolist(), strict=True)
    ]


def average(scores: list[UserScores]) -> UserScores:
    """The mean of every figure."""
    return UserScores(
        *(
            math.fsum(getattr(one, figure.name) for one in scores) / len(scores)
            for figure in fields(UserScores)
        )
    )


def compare(truth: Visits, found: Visits) -> UserScores:
    """Tell how far what the zones said is from what they should have said."""
    entries = _pairs(truth.entries, found.entries)
    exits = _pairs(truth.exits, found.exits)
    return UserScores(
        head_count_error=float(np.abs(truth.counts - found.counts).mean()),
        dwell_error_s=_dwell_error(truth.stays, found.stays),
        true_entries=_total(truth.entries),
        false_entries=_total(found.entries) - entries,
        missed_entries=_total(truth.entries) - entries,
        true_exits=_total(truth.exits),
        false_exits=_total(found.exits) - exits,
        missed_exits=_total(truth.exits) - exits,
    )


def _total(times: dict[str, list[float]]) -> int:
    return sum(len(of_zone) for of_zone in times.values())


def _pairs(truth: dict[str, list[float]], found: dict[str, list[float]]) -> int:
    """How many true times have a found one of their own within `SAME_S`."""
    pairs = 0
    for zone_id, times in truth.items():
        apart = np.abs(np.subtract.outer(times, found.get(zone_id, [])))
        rows, columns = linear_sum_assignment(apart <= SAME_S, maximize=True)
        pairs += int((apart[rows, columns] <= SAME_S).sum())
    return pairs


def _dwell_error(truth: list[Stay], found: list[Stay]) -> float:
    shared = np.array(
        [[_shared_s(one, other) for other in found] for one in truth], dtype=np.float64
    ).reshape(len(truth), len(found))
    rows, columns = linear_sum_assignment(shared, maximize=True)
    matched = {
        row: column
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if shared[row, column] > 0
    }
    errors = [
        abs(_length_s(stay) - (_length_s(found[matched[row]]) if row in matched else 0.0))
        for row, stay in enumerate(truth)
    ]
    return math.fsum(errors) / max(1, len(errors))


def _length_s(stay: Stay) -> float:
    return stay.left_s - stay.entered_s


def _shared_s(one: Stay, other: Stay) -> float:
    if one.zone_id != other.zone_id:
        return 0.0
    return max(0.0, min(one.left_s, other.left_s) - max(one.entered_s, other.entered_s))
