"""Record logins, and how sessions end."""

from collections import OrderedDict
from typing import Final

import structlog

from runtime.audit import Act
from runtime.clock import Clock
from workers.access.principal import Principal
from workers.audit.recorder import Recorder
from workers.serving.login.allowance import Allowance
from workers.serving.login.background import Background
from workers.serving.login.session import Session

log = structlog.get_logger(__name__)

_REMEMBERED: Final = 50_000

REFUSED_AT_ONCE: Final = 50
REFUSED_PER_S: Final = 0.5
"""Refused logins that are recorded at once, and each second after that: strangers can make them
without end. The metric counts all."""


class LoginAudit:
    """Records logins; nobody waits for it.

    While the audit cannot be written, logins go on and their entries are tried again for minutes:
    zone figures need no audit, and each view of a person is refused by its own entry.

    Args:
        recorder: The audit.
        background: Keeps the tasks.
        clock: Source of the time.
    """

    def __init__(self, recorder: Recorder, background: Background, clock: Clock) -> None:
        self._recorder = recorder
        self._background = background
        self._clock = clock
        self._tokens: OrderedDict[str, int] = OrderedDict()
        self._refused = Allowance(REFUSED_AT_ONCE, REFUSED_PER_S, clock)

    def started(self, session: Session, key: str) -> None:
        """Somebody logged in."""
        self._record("session.started", session.subject, key, detail=session.client, unit=session)

    def ended(self, session: Session, key: str, *, by: str, why: str) -> None:
        """A session ended before its time.

        Args:
            session: The session.
            key: Its key.
            by: Subject of who ended it.
            why: How: `logged out`, `ended by an admin`, `ended at the provider`.
        """
        act = Act("session.ended", session.subject, detail=why, client=key)
        self._persist(act, actor=by)

    def refused(self, why: str) -> None:
        """A login did not succeed; nobody knows whose it was."""
        if not self._refused.take():
            log.warning("login.refused_not_recorded", why=why)
            return
        self._persist(Act("login.refused", "unknown", detail=why), actor="unknown")

    async def token_used(self, principal: Principal, digest: str, until_us: int) -> None:
        """An access token was accepted; recorded once for each token.

        Args:
            principal: Whom it stands for.
            digest: Digest of the token.
            until_us: When it expires, UTC microseconds.
        """
        if self._tokens.get(digest, 0) > self._clock.now_us():
            return
        self._tokens[digest] = until_us
        if len(self._tokens) > _REMEMBERED:
            self._tokens.popitem(last=False)
        self._record("token.accepted", principal.subject, digest[:16], detail=principal.kind)

    def _record(
        self, action: str, subject: str, client: str, *, detail: str, unit: Session | None = None
    ) -> None:
        where = f" in {unit.unit}" if unit is not None and unit.unit else ""
        self._persist(Act(action, subject, detail=f"{detail}{where}", client=client), actor=subject)

    def _persist(self, act: Act, *, actor: str) -> None:
        async def record() -> None:
            await self._recorder.record(act, actor=actor)

        self._background.persist(act.action, record)
