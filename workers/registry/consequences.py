"""What an import does beyond its rows: what it removes, resizes, or leaves in contradiction."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, CENSUS, FLOORS, SHIFTS, ZONES
from streams.domain.facts.check import check_fact
from workers.registry.change import Change, OnResize, Options, Stamp, reasoned, stamped
from workers.registry.registered import Key, identity_field, key_of
from workers.registry.row import Row
from workers.registry.shapes import scaled
from workers.registry.ward import Fault, cameras_of_passage, faults_of, resting_on

_YEAR_US: Final = 31_557_600_000_000
_FLOOR_STAYS: Final = "a floor keeps its partition for life and is not removed"

_STARTS: Final = {SHIFTS.name: "a shift starts", CENSUS.name: "a census starts"}

PAST_YEARS: Final = 5
FUTURE_YEARS: Final = 2
"""A shift or a census starts at most this long before or after now, or the times of its facts,
years."""


def removed_by(rows: Sequence[Row], change: Change, stamp: Stamp, options: Options) -> list[Fault]:
    """Remove what no row names, and what rests on it; returns what may not go."""
    if not options.replace:
        return []
    topic = rows[0].topic
    named = {getattr(row, identity_field(topic)) for row in rows}
    gone = [Key(topic, name) for name in sorted(change.after.current(topic)) if name not in named]
    if topic is FLOORS:
        message = f"{_FLOOR_STAYS}; name it in the file"
        return [Fault(key, message) for key in gone]
    return _remove(
        gone,
        change,
        stamp,
        options,
        "the file does not name it, but something rests on it: {names}; name it, or give "
        "--cascade to remove that too",
    )


def removed_by_name(
    keys: Sequence[Key], change: Change, stamp: Stamp, options: Options
) -> list[Fault]:
    """Remove facts that are named, and what rests on them; returns what may not go."""
    faults = []
    for key in keys:
        if key in change.given:
            faults.append(Fault(key, "given twice"))
        change.given[key] = None
        if key.topic is FLOORS:
            faults.append(Fault(key, _FLOOR_STAYS))
        elif change.after.find(key) is None:
            faults.append(Fault(key, "is not registered", unknown=key))
    gone = [key for key in keys if key.topic is not FLOORS]
    refusal = "something rests on it: {names}; remove that first, or remove it too with cascade"
    return faults + _remove(gone, change, stamp, options, refusal)


def _remove(
    keys: Sequence[Key], change: Change, stamp: Stamp, options: Options, refusal: str
) -> list[Fault]:
    """Remove facts, and what rests on them; a fault names what may not go."""
    gone, named, faults = list(keys), set(keys), []
    on = resting_on(change.after, stamp.recorded_at_us) if gone else {}
    for key in gone:  # which grows by what rests on what goes
        record = change.after.find(key)
        if record is None:
            continue
        resting = [
            other
            for other in on.get(key, ())
            if other not in named and change.after.find(other) is not None
        ]
        if resting and not options.cascade:
            names = ", ".join(str(other) for other in resting[:5])
            more = f" and {len(resting) - 5} more" if len(resting) > 5 else ""
            faults.append(Fault(key, refusal.format(names=f"{names}{more}")))
            continue
        faults += _without_passages(key, record, change, stamp, options, refusal)
        new = {**reasoned(record, stamp.reason), **stamped(record, stamp), "removed": True}
        change.append([Fact(key.topic, new)])
        for other in resting:
            change.causes.setdefault(other, f"rests on {key}")
        gone += resting
    return faults


def _without_passages(
    camera: Key,
    record: Mapping[str, Any],
    change: Change,
    stamp: Stamp,
    options: Options,
    refusal: str,
) -> list[Fault]:
    """Take the passages that name a camera from its floor, or say that they rest on it."""
    key = Key(FLOORS, record["floor_id"]) if camera.topic is CAMERAS else None
    floor = None if key is None else change.after.find(key)
    if key is None or floor is None:
        return []
    kept = [one for one in floor["passages"] if camera.identity not in cameras_of_passage(one)]
    if len(kept) == len(floor["passages"]):
        return []
    if not options.cascade or key in change.given:
        return [Fault(camera, refusal.format(names=f"passages of {key}"))]
    change.append([Fact(FLOORS, {**floor, **stamped(floor, stamp), "passages": kept})])
    change.causes[key] = f"its passages of {camera}"
    return []


def resized_by(change: Change, stamp: Stamp, options: Options) -> list[Fault]:
    """Scale or refuse what is drawn in the pixels of a camera whose frame changes its size."""
    faults = []
    cameras = [key for key in change.given if key.topic is CAMERAS]
    on = resting_on(change.after, stamp.recorded_at_us) if cameras else {}
    for key in cameras:
        old, new = change.before.find(key), change.after.find(key)
        if old is None or new is None or not old["width"] or not old["height"]:
            continue
        if (old["width"], old["height"]) == (new["width"], new["height"]):
            continue
        scales = new["width"] / old["width"], new["height"] / old["height"]
        drawn = [other for other in on.get(key, ()) if other not in change.given]
        kept = _unchanged(old, new, scales)
        size = f"{old['width']}x{old['height']} px"
        into = f"{new['width']}x{new['height']} px"
        if options.on_resize is OnResize.REFUSE and (drawn or kept):
            names = ", ".join([*map(str, drawn), *(name for name, _ in kept)])
            faults.append(
                Fault(
                    key,
                    f"width, height: {size} become {into}, but something is drawn in {size}: "
                    f"{names}; give --on-resize scale to move the points of zones with the frame, "
                    "or keep if all are right as they are",
                )
            )
        elif options.on_resize is OnResize.SCALE:
            faults += [
                Fault(key, f"{name}: still for {size}; for {into} write {scaled_value}")
                for name, scaled_value in kept
            ]
            for other in drawn:
                zone = change.after.newest[other.topic.name, other.identity]
                polygon = scaled(zone["polygon"], *scales)
                change.append([Fact(ZONES, {**zone, **stamped(zone, stamp), "polygon": polygon})])
                change.causes[other] = f"scaled with {key} from {size} to {into}"
    return faults


def _unchanged(
    old: Mapping[str, Any], new: Mapping[str, Any], scales: tuple[float, float]
) -> list[tuple[str, str]]:
    """Masks and calibration that did not change with the frame, and what they would be."""
    x_scale, y_scale = scales
    kept = []
    if new["privacy_masks"] and new["privacy_masks"] == old["privacy_masks"]:
        masks = [
            [[point["x"], point["y"]] for point in scaled(mask, x_scale, y_scale)]
            for mask in old["privacy_masks"]
        ]
        kept.append(("privacy_masks", str(masks)))
    if new["projection"] and new["projection"] == old["projection"]:
        factors = [factor for factor in (x_scale, y_scale, 1.0) for _ in range(4)]
        numbers = [a * b for a, b in zip(old["projection"], factors, strict=True)]
        kept.append(("projection", str(numbers)))
        if new["lens"] and new["lens"] == old["lens"]:
            sizes = {"fx": x_scale, "fy": y_scale, "cx": x_scale, "cy": y_scale}
            lens = old["lens"] | {name: old["lens"][name] * by for name, by in sizes.items()}
            kept.append(("lens", json.dumps(lens)))
    elif new["homography"] and new["homography"] == old["homography"]:
        divisors = (x_scale, y_scale, 1.0) * 3
        matrix = [a / b for a, b in zip(old["homography"], divisors, strict=True)]
        kept.append(("homography", str(matrix)))
    return kept


def unusable_in(change: Change) -> list[Fault]:
    """New facts that the fold would refuse: its own check decides."""
    faults = []
    for fact in change.facts:
        key = key_of(fact)
        home = change.before.homes.get((key.topic.name, key.identity))
        moves = home is not None and fact.record.get("floor_id") not in {"", home}
        try:
            check_fact(fact.topic.name, fact.record, [home] if home and moves else [])
        except (ValueError, OverflowError) as error:
            faults.append(Fault(key, str(error)))
    return faults


def dates_of(change: Change, stamp: Stamp, options: Options) -> list[Fault]:
    """Shifts, and a census, that start so far away that their year is a mistake."""
    if options.now_us is None:
        return []
    known_us = (options.now_us, stamp.recorded_at_us, stamp.valid_from_us)
    first_us = min(known_us) - PAST_YEARS * _YEAR_US
    last_us = max(known_us) + FUTURE_YEARS * _YEAR_US
    return [
        Fault(
            key_of(Fact(topic, record)),
            f"starts: {_day(record['starts_us'])} is too far from now: {_STARTS[topic.name]} from "
            f"{_day(first_us)} to {_day(last_us)}, {PAST_YEARS} years before to {FUTURE_YEARS} "
            "years after",
        )
        for topic, record in change.facts
        if topic.name in _STARTS
        and not record["removed"]
        and not first_us <= record["starts_us"] <= last_us
    ]


def _day(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%d}"


def contradictions_of(
    change: Change, stamp: Stamp, *, alone: bool
) -> tuple[list[Fault], list[Fault]]:
    """What would not fit together afterwards, and did before; and what did not before either.

    A contradiction often shows at both of its facts. Then only that which a row names is listed.

    Args:
        change: The import.
        stamp: Its times.
        alone: Whether nothing else is wrong; else facts that no row names only repeat it.

    Returns:
        What is new, and what is left where a row names it or the import changes its words.
    """
    changed = {key_of(fact) for fact in change.facts if fact.topic in (SHIFTS, CENSUS)}
    found = faults_of(change.after, stamp.recorded_at_us, changed)
    before = set(faults_of(change.before, stamp.recorded_at_us, changed) if found else ())
    contradictions = {one for fault in before for one in fault.contradictions}
    new = [fault for fault in found if not contradictions.issuperset(fault.contradictions)]
    left = [
        fault
        for fault in found
        if contradictions.issuperset(fault.contradictions)
        and (fault.key in change.given or fault not in before)
    ]
    named = [fault for fault in new if fault.key in change.given]
    return named or (new if alone else []), left
