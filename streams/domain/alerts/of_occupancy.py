"""Figures of rules that look at how many people are in a zone, and how many are missing."""

from schemas.records.rules import AlertEvidence, Rule
from schemas.records.zones import SourceCount, ZoneOccupancy
from schemas.topics import OCCUPANCY
from streams.domain.alerts.condition import Figures

KINDS = frozenset({"COVERAGE_GAP", "OVER_CAPACITY", "BADGE_CONTRADICTION"})
"""Kinds of rules that look at occupancy."""


def figures_of(rule: Rule, measured: ZoneOccupancy) -> Figures:
    """What an occupancy record says for a rule of one of `KINDS`."""
    evidence: tuple[AlertEvidence, ...] = (
        {"topic": OCCUPANCY.name, "key": measured["zone_id"], "as_of_us": measured["as_of_us"]},
    )
    if rule["kind"] == "COVERAGE_GAP":
        figures = _gap(rule, measured)
    elif rule["kind"] == "OVER_CAPACITY":
        figures = _people(measured)
    else:
        figures = _contradiction(measured)
    return figures._replace(evidence=evidence)


def disagreement_of(measured: ZoneOccupancy) -> int:
    """People between the counts of a zone that are farthest apart; 0 where nothing is known."""
    return 0 if measured["count"] is None else measured["count"]["disagreement"]


def is_watched(measured: ZoneOccupancy) -> bool:
    """Whether cameras that report see a zone; a release that follows no gaps asks all of them."""
    if measured["count"] is None:
        return measured["is_watched"] and not measured["cameras_missing"]
    return measured["is_watched"]


def _gap(rule: Rule, measured: ZoneOccupancy) -> Figures:
    """The gap of the zone, or that of the role that lacks most; of two, the first by name."""
    parts: list[tuple[str, int, int, int | None, int | None]] = []
    if not rule["roles"]:
        possible_us, sure_us = measured["possible_since_us"], measured["sure_since_us"]
        parts.append(("", measured["gap_min"], measured["gap_max"], possible_us, sure_us))
    parts.extend(
        (
            one["role"],
            one["gap_min"],
            one["gap_max"],
            one["possible_since_us"],
            one["sure_since_us"],
        )
        for one in measured["roles"]
        if one["role"] in rule["roles"]
    )
    is_possible = rule["bound"] == "POSSIBLE"
    role, low, high, possible_us, sure_us = max(
        parts,
        key=lambda part: (part[2], part[1]) if is_possible else (part[1], part[2]),
        default=("", 0, 0, None, None),
    )
    # The record says since when anybody is missing, which is no answer for a larger threshold.
    since_us = (possible_us if is_possible else sure_us) if rule["threshold"] == 1 else None
    return Figures(low, high, since_us, role, tuple(measured["person_ids"]))


def _people(measured: ZoneOccupancy) -> Figures:
    """People who are seen, or by other ways of counting more; that these say less is a doubt."""
    people, count = measured["people"], measured["count"]
    most = people if count is None or count["high"] is None else count["high"]
    return Figures(people, max(people, most), person_ids=tuple(measured["person_ids"]))


def _contradiction(measured: ZoneOccupancy) -> Figures:
    """Badges whose carriers are in the zone, less the people who are seen there."""
    heads = _source(measured, "HEADS")
    badges = _source(measured, "BADGES")
    if heads is None or badges is None:
        return Figures(0, 0)
    most = badges["low"] - heads["low"]
    least = 0 if heads["high"] is None else badges["low"] - heads["high"]
    return Figures(max(0, least), max(0, most), person_ids=tuple(measured["person_ids"]))


def _source(measured: ZoneOccupancy, source: str) -> SourceCount | None:
    sources = [] if measured["count"] is None else measured["count"]["sources"]
    return next((one for one in sources if one["source"] == source), None)
