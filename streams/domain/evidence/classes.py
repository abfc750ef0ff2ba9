"""What the classes that a detector gives to people say of their roles.

A detector errs in two ways. It errs at single looks, as often as an operator states for each class;
looks some time apart then make up for each other. And it takes some people for somebody else
however often it looks, since they wear what others wear: no number of looks makes up for that.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from schemas.class_settings import ClassSettings, RoleOfClass, roles_of
from schemas.records.presence import EvidenceKind

OTHER: Final = ""
"""Stands among the roles for any that no class speaks for."""


class Classes:
    """The classes that say something, and what.

    Args:
        by_class: What each class says.
        mistaken: Share of people who are taken for somebody else at every look.
        against_badge: How many times at most they weigh against a badge.

    Attributes:
        shown: Classes of people besides `person`; those without a role too.
        roles: Roles that are told apart, sorted; `OTHER` is the first.
        prior: Probability of each role of somebody of whom only classes are known; the rest is
            `OTHER`.
        against_badge: How many times at most they weigh against a badge.
    """

    def __init__(
        self,
        by_class: Mapping[str, RoleOfClass],
        mistaken: float = 0.05,
        against_badge: float = 3.0,
    ) -> None:
        self._by_class = {name: one for name, one in sorted(by_class.items()) if one.role}
        self.shown = frozenset(by_class)
        self.roles = [OTHER, *sorted({one.role for one in self._by_class.values()})]
        self.prior = dict.fromkeys(self.roles[1:], 1.0 / len(self.roles))
        self.against_badge = against_badge
        self._mistaken = mistaken
        self._logs = {name: self._logs_of(one) for name, one in self._by_class.items()}

    def __contains__(self, shown: object) -> bool:
        """Whether a class says something of a role."""
        return shown in self._by_class

    def likelihoods(self, worn: Mapping[str, float]) -> dict[str, float] | None:
        """Likelihood of the classes that somebody was given, by role; the largest is 1.

        Args:
            worn: Looks by class.

        Returns:
            None where they say nothing.
        """
        known = [(looks, self._logs[one]) for one, looks in worn.items() if one in self._logs]
        if not math.fsum(looks for looks, _ in known) > 0.0:
            return None
        sums = {role: math.fsum(n * logs[role] for n, logs in known) for role in self.roles}
        most = max(sums.values())
        weights = {role: math.exp(one - most) for role, one in sums.items()}
        total = math.fsum(weights.values())
        anyone = self._mistaken / len(self.roles)
        found = {
            role: (1.0 - self._mistaken) * weight / total + anyone
            for role, weight in weights.items()
        }
        most = max(found.values())
        return {role: one / most for role, one in found.items()}

    def kinds(self, worn: Mapping[str, float], role: str) -> set[EvidenceKind]:
        """Kinds of evidence that speak for a role."""
        return {
            self._by_class[one].kind
            for one in worn
            if one in self._by_class and self._by_class[one].role == role
        }

    def _logs_of(self, stated: RoleOfClass) -> dict[str, float]:
        """Logarithm of the likelihood of a class by role.

        If every role is as likely before, whoever gets the class at one look has its role with its
        reliability.
        """
        wrong = (1.0 - stated.reliability) / (len(self.roles) - 1)
        return {
            role: math.log(stated.reliability if role == stated.role else wrong)
            for role in self.roles
        }


NO_CLASSES: Final = Classes({})


@lru_cache(maxsize=16)
def classes_of(settings: ClassSettings) -> Classes:
    """The classes that an operator's settings state."""
    return Classes(roles_of(settings.roles), settings.mistaken, settings.against_badge)
