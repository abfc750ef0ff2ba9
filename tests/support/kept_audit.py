"""An audit in memory, which a test reads and switches off."""

from typing import NamedTuple

from runtime.audit import Act
from workers.audit.recorder import AuditUnavailable


class Kept(NamedTuple):
    """One act, as it was recorded."""

    act: Act
    actor: str
    why: str


class KeptAudit:
    """Keeps acts in a list.

    Attributes:
        kept: Every act, in order.
        away: Set to True to refuse every act.
    """

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.away = False

    async def record(self, act: Act, *, actor: str, why: str = "") -> None:
        self.record_now(act, actor=actor, why=why)

    def record_now(self, act: Act, *, actor: str, why: str = "") -> None:
        if self.away:
            raise AuditUnavailable("the audit cannot be written: a test switched it off")
        self.kept.append(Kept(act, actor, why))

    def actions(self) -> list[str]:
        """Actions in order."""
        return [kept.act.action for kept in self.kept]
