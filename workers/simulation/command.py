"""Run a simulation of one rule in a process of its own, so that a server goes on meanwhile."""

import os
import signal
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final, cast

from runtime.clock import SystemClock
from runtime.errors import DeadLetter, Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.process.settings import Settings
from schemas.records.facts import Floor
from schemas.records.rules import Rule, ZoneAlert
from streams.domain.facts.timeline import Facts
from workers.simulation.simulation import (
    LEAD_US,
    Decided,
    Simulation,
    facts_with,
    partitions_of,
    records_of,
)

MOST_S: Final = 120
"""Longest time of a simulation, s of the wall clock."""

MOST_DECISIONS: Final = 20_000
"""Most decisions of a simulation."""

_STEP_S: Final = 0.25
_NICENESS: Final = 10
_KEPT: Final = (
    *("alert_id", "opened_us", "decided_us", "since_us", "action", "rule_id", "kind", "tier"),
    *("zone_id", "role", "figure_min", "figure_max", "threshold", "pages", "held_back_by"),
    "suppressed",
)
"""Fields of a decision that are given: none names a person but the id of an alert about one."""


class TooMuch(Exception):
    """A simulation takes longer, or decides more, than one may; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is simulated.

    Attributes:
        rule: The rule; it holds all the time, alone.
        from_us: First event time that is reported, microseconds.
        to_us: Last one.
        floor_ids: Floors that are followed.
    """

    rule: Rule
    from_us: int
    to_us: int
    floor_ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a rule would have decided.

    Attributes:
        decided: Its decisions, in order of time for each floor; fields as in `_KEPT`.
        time_zones: IANA name of the time zone of each floor that was followed.
        records: Records that were read.
        not_read: Of these, those that are no records.
        followed_us: Event time of all floors together, microseconds.
    """

    decided: list[Decided]
    time_zones: Mapping[str, str]
    records: int
    not_read: int
    followed_us: int


def simulate_apart(settings: Settings, asked: Asked, is_wanted: Callable[[], bool]) -> Found:
    """Simulate in a process of its own, and wait for it.

    Args:
        settings: Settings of the run.
        asked: What to simulate.
        is_wanted: Asked several times a second whether somebody still waits for it.

    Raises:
        Retry: The log is out of reach, or nobody waits any more.
        TooMuch: It takes longer, or decides more, than one simulation may.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_answer, args=(sender, settings, asked), daemon=True)
    child.start()
    sender.close()
    try:
        for _ in range(round(MOST_S / _STEP_S)):
            if receiver.poll(_STEP_S):
                break
            if not is_wanted():
                raise Retry("nobody waits for the simulation any more")
        else:
            raise TooMuch(f"it takes more than {MOST_S} s")
        answer = receiver.recv()
    except EOFError as error:
        raise Retry("the simulation ended without an answer") from error
    finally:
        child.kill()
        child.join()
        receiver.close()
    if isinstance(answer, Exception):
        raise answer
    return cast("Found", answer)


def _answer(sender: Connection, settings: Settings, asked: Asked) -> None:
    """The process: send what was found, or why nothing was."""
    os.nice(_NICENESS)
    signal.alarm(MOST_S + 10)  # who started it may have been killed
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sender.send(found(Cluster.of(settings, SystemClock()), asked))
    except (Retry, TooMuch) as error:
        sender.send(type(error)(str(error)))
    except (Stop, DeadLetter) as error:
        sender.send(Retry(f"the log cannot be read: {error}"))


def found(cluster: Cluster, asked: Asked) -> Found:
    """What a rule would have decided over the records that are on the topics.

    Raises:
        Retry: Brokers or registry are out of reach.
        Stop: A topic holds something that is no fact.
        TooMuch: It decides more than one simulation may.
    """
    facts = facts_with(cluster, [asked.rule])
    floors = concerned(facts, asked)
    there = {*partitions_of(cluster)}
    simulation = Simulation(facts, asked.from_us, asked.to_us)
    given_up: list[DeadLetter] = []
    decided: list[Decided] = []
    for partition in sorted({floor["partition"] for floor in floors.values()} & there):
        records = records_of(cluster, partition, asked.from_us - LEAD_US, given_up.append)
        own = (one for one in records if one.record["floor_id"] in floors)
        for one in simulation.of(own):
            decided.append(Decided(one.floor_id, kept(one.alert)))
            if len(decided) > MOST_DECISIONS:
                raise TooMuch(f"it would have decided more than {MOST_DECISIONS} times")
    return Found(
        decided=decided,
        time_zones={floor_id: floor["time_zone"] for floor_id, floor in floors.items()},
        records=simulation.counts["records"],
        not_read=len(given_up),
        followed_us=simulation.followed_us,
    )


def concerned(facts: Facts, asked: Asked) -> dict[str, Floor]:
    """Floors that a rule is about at the start or the end of its time, of those that are asked."""
    floors: dict[str, Floor] = {}
    for at_us in (asked.from_us, asked.to_us):
        snapshot = facts.at(at_us)
        known: Collection[str] = snapshot.floors.keys() & asked.floor_ids
        floors |= {
            floor_id: snapshot.floors[floor_id]
            for floor_id in known
            if snapshot.alert_rules(floor_id).rules
        }
    return floors


def kept(alert: ZoneAlert) -> ZoneAlert:
    """A decision without the people and the records that it names."""
    fields: dict[str, Any] = {name: value for name, value in alert.items() if name in _KEPT}
    return cast("ZoneAlert", fields)
