"""Settings of what people wear that an operator may change, each declared once.

They are part of a run and saved in its checkpoints: two folds of one log agree only with the same
settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from schemas.declare import setting
from schemas.records.presence import EvidenceKind

LEAST_RELIABLE: Final = 0.5
MOST_RELIABLE: Final = 0.99

_KINDS: Final[Mapping[str, EvidenceKind]] = {"class": "DETECTOR_CLASS", "uniform": "UNIFORM"}


class RoleOfClass(NamedTuple):
    """What a class of a detector says of the role of whom it is shown on.

    Attributes:
        role: The role; empty where the class says that it is a person, and no more.
        reliability: Of the looks at which a person gets this class, the share at people who have
            the role.
        kind: Kind of evidence.
    """

    role: str = ""
    reliability: float = LEAST_RELIABLE
    kind: EvidenceKind = "DETECTOR_CLASS"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassSettings:
    """Which classes of a detector's boxes say which role somebody has."""

    roles: str = setting(
        "",
        "class=role:0.5-0.99",
        "Classes of boxes that show people besides `person`, with commas between, each with the "
        "role of the people and the share of looks that are right: `nurse=nurse:0.9, "
        "blue scrubs=nurse:0.8:uniform, staff=`. A third part `uniform` says that the class is of "
        "the clothes; a class without a role is a person, and no more. Empty: boxes of other "
        "classes than `person` show nobody.",
    )
    mistaken: float = setting(
        0.05,
        "0-1",
        "Share of people who get a class of others however often a detector looks. Nobody's role "
        "is surer by classes alone than what this leaves; well above 0.1, they give no role by "
        "themselves.",
        ge=0,
        le=0.5,
    )
    against_badge: float = setting(
        3.0,
        "ratio",
        "What somebody wears weighs so many times at most against a badge that they may carry. "
        "Higher lets a class that is wrong take the name from who carries a badge.",
        ge=1,
        le=100,
    )

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            ValueError: `roles` cannot be read; the message says which part of it.
        """
        roles_of(self.roles)


def roles_of(text: str) -> dict[str, RoleOfClass]:
    """What each class says, in order of the classes.

    Raises:
        ValueError: The text is not `class=role:reliability`, with commas between.

    >>> roles_of("blue=nurse:0.8:uniform, staff=")["blue"].role
    'nurse'
    """
    found: dict[str, RoleOfClass] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        shown, equals, stated = (one.strip() for one in part.partition("="))
        if not shown or not equals:
            raise ValueError(f"roles: {part!r} is not like nurse=nurse:0.9")
        if shown in found:
            raise ValueError(f"roles: the class {shown!r} is given twice")
        found[shown] = _role_of(part, stated)
    return dict(sorted(found.items()))


def _role_of(part: str, stated: str) -> RoleOfClass:
    if not stated:
        return RoleOfClass()
    role, *rest = (one.strip() for one in stated.split(":"))
    kind = rest[1] if len(rest) > 1 else "class"
    try:
        reliability = float(rest[0]) if rest else 0.0
    except ValueError:
        reliability = 0.0
    if not role or len(rest) > 2 or kind not in _KINDS:
        raise ValueError(f"roles: {part!r} is not like nurse=nurse:0.9, or blue=nurse:0.8:uniform")
    if not LEAST_RELIABLE <= reliability <= MOST_RELIABLE:
        raise ValueError(
            f"roles: {part!r} has no reliability from {LEAST_RELIABLE} to {MOST_RELIABLE}"
        )
    return RoleOfClass(role, reliability, _KINDS[kind])


NEUTRAL: Final[Mapping[str, Any]] = {"roles": "", "mistaken": 0.05, "against_badge": 3.0}
"""For each setting that a release added, the value with which classes count as before it.

A checkpoint of an earlier release holds no such setting. A default may change; these stay."""
