"""What is found not to be as it must be."""

from dataclasses import dataclass
from typing import Literal

Tier = Literal["NOTICE", "WARNING", "PAGE"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something that is not as it must be.

    Attributes:
        key: The alert's key: kind, a slash, and the subject.
        tier: How urgent.
        what: For a charge nurse, without the time.
        since_us: Since when, UTC microseconds.
        value: What was measured.
        threshold: From which on it is found.
        unit: Of both.
        next_action: For whoever mends it.
        explains: Keys of other findings, which are not told because of it.
    """

    key: str
    tier: Tier
    what: str
    since_us: int
    value: float
    threshold: float
    unit: str
    next_action: str
    explains: tuple[str, ...] = ()

    @property
    def suppressed(self) -> int:
        """How many findings of others are not told because of it."""
        return sum(key.partition("/")[2] != self.subject for key in self.explains)

    @property
    def kind(self) -> str:
        """`silence`, `lag`, `overload`, `loss` or `settings`."""
        return self.key.partition("/")[0]

    @property
    def subject(self) -> str:
        """Whose it is: `line`, `log`, `stage/NAME` or `camera/ID`."""
        return self.key.partition("/")[2]
