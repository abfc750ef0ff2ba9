"""A finding: a problem that the watchdog observed in the pipeline."""

from dataclasses import dataclass
from typing import Literal

Tier = Literal["NOTICE", "WARNING", "PAGE"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A problem that the watchdog observed in the pipeline.

    Attributes:
        key: Key of the alert: kind, a slash, and the subject.
        tier: Urgency.
        what: Text for a charge nurse, without the time.
        since_us: Start, UTC microseconds.
        value: Measured value.
        threshold: Value from which on this is a finding.
        unit: Unit of value and threshold.
        next_action: What its owner does about it.
        owner: Who has to act; empty for who runs the machine.
        explains: Keys of other findings, which are not reported because of this one.
    """

    key: str
    tier: Tier
    what: str
    since_us: int
    value: float
    threshold: float
    unit: str
    next_action: str
    owner: str = ""
    explains: tuple[str, ...] = ()

    @property
    def suppressed(self) -> int:
        """Number of findings about other subjects that are not reported because of this one."""
        return sum(key.partition("/")[2] != self.subject for key in self.explains)

    @property
    def kind(self) -> str:
        """What kind of problem it is: `silence`, `lag`, `loss`, `moved` and so on."""
        return self.key.partition("/")[0]

    @property
    def subject(self) -> str:
        """What it is about: `line`, `log` (Kafka), `stage/NAME`, `camera/ID` or `floors/IDS`."""
        return self.key.partition("/")[2]
