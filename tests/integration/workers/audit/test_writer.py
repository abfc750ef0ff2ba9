"""An act is in the audit before it is done, whatever becomes of the brokers."""

import asyncio
from collections.abc import Callable

from runtime.audit import Act, broken_link
from runtime.kafka.cluster import Cluster
from schemas.records.alerts import AuditEntry
from workers.audit.writer import CLOSED, OPENED, AuditLog

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
