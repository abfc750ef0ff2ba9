"""Figures of rules that ask who the people in a zone are."""

from collections.abc import Collection, Mapping, Sequence

from schemas.records.rules import AlertEvidence, Rule
from streams.domain.alerts.condition import Figures
from streams.domain.alerts.emitted import Seen
from streams.domain.alerts.rule import NOT_EXPECTED_HERE, is_one_per_person

NOBODY = Figures(0, 0)


def figures_of(
    rule: Rule,
    people: Sequence[Seen],
    not_staff: Collection[str],
    evidence: tuple[AlertEvidence, ...],
) -> Mapping[str, Figures]:
    """What the people in a zone are for a rule of people.

    Args:
        rule: The rule.
        people: Who is in the zone, in order of their ids.
        not_staff: Roles that are no staff's.
        evidence: The presence record.

    Returns:
        Figures by person where each is a breach of their own; else one, under an empty string.
    """
    if rule["kind"] == "ALONE":
        return {"": _alone(rule, people, not_staff)._replace(evidence=evidence)}
    wrong = rule["shift_statuses"] or NOT_EXPECTED_HERE
    concerned = [one for one in people if one.role not in rule["roles"] or not one.role]
    sure = [one for one in concerned if one.duty_status in wrong]
    unknown = [one for one in concerned if one.duty_status == "UNKNOWN" and "UNKNOWN" not in wrong]
    if is_one_per_person(rule):
        return {
            one.person_id: Figures(
                low, 1, person_ids=(one.person_id,), confidence=_least([one]), evidence=evidence
            )
            for low, group in ((1, sure), (0, unknown))
            for one in group
        }
    meant = [*sure, *unknown] if rule["bound"] == "POSSIBLE" else sure
    return {
        "": Figures(
            len(sure),
            len(sure) + len(unknown),
            person_ids=tuple(sorted(one.person_id for one in meant)),
            confidence=_least(sure),
            evidence=evidence,
        )
    }


def _alone(rule: Rule, people: Sequence[Seen], not_staff: Collection[str]) -> Figures:
    """How many people no staff is beside: all of them, or none where one is staff.

    Nobody may be staff where all are known to be none; somebody surely is where a role says so.
    """
    others = [one for one in people if one.role and one.role in not_staff]
    helpers = [
        one
        for one in people
        if one.role
        and one.role not in not_staff
        and (not rule["roles"] or one.role in rule["roles"])
    ]
    if helpers:
        return NOBODY
    unknown = [one for one in people if not one.role]
    # One who is not identified is alone, or is the staff beside the others.
    low = 0 if unknown else len(people)
    return Figures(
        low,
        len(people),
        person_ids=tuple(one.person_id for one in people),
        confidence=_least(others),
    )


def _least(people: Sequence[Seen]) -> float:
    return min((one.role_confidence for one in people), default=1.0)
