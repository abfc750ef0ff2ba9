"""Strangers cannot fill the audit, nor ask the provider without end."""

import asyncio

from tests.support.kept_audit import KeptAudit
from tests.support.set_clock import SetClock
from workers.serving.login.audit import REFUSED_AT_ONCE, REFUSED_PER_S, LoginAudit
from workers.serving.login.background import Background


def test_refused_logins_are_recorded_up_to_a_rate() -> None:
    clock, kept = SetClock(), KeptAudit()

    async def refuse() -> None:
        background = Background()
        audit = LoginAudit(kept, background, clock)
        for _ in range(REFUSED_AT_ONCE + 100):
            audit.refused("state")
        clock.now_s += 10 / REFUSED_PER_S
        for _ in range(100):
            audit.refused("state")
        await background.close()

    asyncio.run(refuse())

    assert kept.actions() == ["login.refused"] * (REFUSED_AT_ONCE + 10)


def test_a_login_is_recorded_as_soon_as_the_audit_is_back() -> None:
    kept = KeptAudit()
    kept.away = True

    async def record() -> None:
        background = Background()
        LoginAudit(kept, background, SetClock()).refused("state")
        await asyncio.sleep(0)
        kept.away = False
        await background.close(within_s=10)

    asyncio.run(record())

    assert kept.actions() == ["login.refused"]
