"""An act is in the audit before it is done, whatever becomes of the brokers."""

import asyncio
from collections.abc import Callable

from runtime.audit import Act, broken_link
from runtime.kafka.cluster import Cluster
from schemas.records.alerts import AuditEntry
from tests.support.audit_away import audit_away
from tests.support.waiting import eventually
from workers.audit.recorder import AuditUnavailable
from workers.audit.verification import OPENED, faults
from workers.audit.writer import CLOSED, AuditLog

Entries = Callable[[], list[AuditEntry]]


def test_an_act_is_on_the_brokers_when_record_returns(cluster: Cluster, entries: Entries) -> None:
    seen = Act("frame.viewed", "camera/ward-1", cameras=("ward-1",), from_us=1, until_us=2)
    with AuditLog(cluster, "serving") as audit:
        audit.record_now(seen, actor="issuer#ada", why="fall in bay 2")
        opened, viewed = entries()

        assert opened["action"] == OPENED
        assert (viewed["actor"], viewed["why"]) == ("issuer#ada", "fall in bay 2")
        assert (viewed["cameras"], viewed["from_us"], viewed["until_us"]) == (["ward-1"], 1, 2)

    assert [entry["action"] for entry in entries()] == [OPENED, "frame.viewed", CLOSED]
    assert broken_link(entries()) is None


def test_many_acts_at_once_stay_one_whole_chain(cluster: Cluster, entries: Entries) -> None:
    async def together(audit: AuditLog) -> None:
        acts = [Act("frame.viewed", f"camera/{number}") for number in range(200)]
        await asyncio.gather(*(audit.record(act, actor="ada") for act in acts))

    with AuditLog(cluster, "serving") as audit:
        asyncio.run(together(audit))

    kept = entries()
    assert {entry["chain_id"] for entry in kept} == {audit.chain_id}
    assert len({entry["subject"] for entry in kept if entry["action"] == "frame.viewed"}) == 200
    assert broken_link(kept) is None


def refusal(audit: AuditLog) -> str:
    """Why an act is refused; empty when it is recorded."""
    try:
        audit.record_now(Act("frame.viewed", "camera/away"), actor="ada")
    except AuditUnavailable as error:
        return str(error)
    return ""


def test_while_brokers_take_nothing_an_act_is_refused_and_the_first_one_after_is_not(
    cluster: Cluster, entries: Entries
) -> None:
    with AuditLog(cluster, "serving") as audit:
        audit.record_now(Act("frame.viewed", "camera/before"), actor="ada")
        first = audit.chain_id
        with audit_away(cluster):
            refused = eventually(lambda: refusal(audit), what="the broker takes no entry")
            assert "the audit cannot be written" in refused
            assert audit.away_since_us is not None
        eventually(lambda: audit.away_since_us is None, what="the audit is back by itself")
        audit.record_now(Act("frame.viewed", "camera/after"), actor="ada")

    seen = [entry["subject"] for entry in entries() if entry["action"] == "frame.viewed"]
    assert (seen[0], seen[-1]) == ("camera/before", "camera/after")
    assert audit.chain_id != first
    assert faults(entries(), [], cluster.clock.now_us(), whole=True) == []
