"""Every fault by name. Each one hits a pipeline in the middle of its input and ends by itself.

`TARGET-DEED[@PHASE]`: the process or service, what is done to it, and when. Names that differ only
in their target are one fault, and the seed chooses the target.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from signal import SIGCONT, SIGKILL, SIGSTOP

from deploy.services import Component
from tests.chaos.pipeline import inputs
from tests.chaos.pipeline.addresses import CLOCKS, SERVE, SINK_REDIS, SINK_TIMESCALE
from tests.chaos.pipeline.clock_faults import SOURCE_CLOCK_FAULTS, deciding
from tests.chaos.pipeline.moments import MOMENTS, checkpointing, running
from tests.chaos.pipeline.pipeline import AttackedPipeline
from tests.chaos.pipeline.upgrade import upgrade, upgrade_killed
from tests.chaos.pipeline.wires import WIRE_FAULTS

PAST_SESSION_S = (9.0, 13.0)
"""Sessions end after 8 s, those of sinks after 6."""

OUTAGE_S = (2.0, 6.0)

_MOMENTS = {**MOMENTS, "decide": deciding}

Deed = Callable[[AttackedPipeline, Random], bool]
"""Injects the fault, and undoes it where needed; returns whether it hit the intended phase."""


@dataclass(frozen=True)
class Fault:
    """A fault of the pipeline.

    Attributes:
        name: Name on the command line.
        deed: Function that injects it.
        proxied: Whether it needs proxies between processes and services.
        clocked: Whether it needs clocks that can be set.
        aged: Whether it starts with stream processors of the release before.
        live: Whether the input must be dated by the wall clock, and the cameras' clocks followed.
    """

    name: str
    deed: Deed
    proxied: bool = False
    clocked: bool = False
    aged: bool = False
    live: bool = False


def victim(pipeline: AttackedPipeline, who: str, chance: Random) -> str:
    """The process that a fault names; any one of several for `stream` and `clocks`."""
    several = {"stream": pipeline.streams, "clocks": CLOCKS}
    return chance.choice(several[who]) if who in several else who


def kill_in(who: str, phase: str) -> Deed:
    """SIGKILL in a phase of the victim, which starts again at once."""

    def deed(pipeline: AttackedPipeline, chance: Random) -> bool:
        name = victim(pipeline, who, chance)
        came = _MOMENTS[phase](pipeline, name, chance) and pipeline.supervisor.alive(name)
        pipeline.kill(name, SIGKILL)
        pipeline.restart(name)
        pipeline.revive()
        return came

    return deed


def kill_all_streams(pipeline: AttackedPipeline, chance: Random) -> bool:
    """Send SIGKILL to every stream processor at once."""
    came = running(pipeline, pipeline.streams[0], chance)
    for name in pipeline.streams:
        pipeline.kill(name, SIGKILL)
    for name in pipeline.streams:
        pipeline.restart(name)
    return came


def freeze_in(who: str, phase: str, between_s: tuple[float, float]) -> Deed:
    """SIGSTOP in a phase, SIGCONT some seconds later; past its session it wakes up as a zombie."""

    def deed(pipeline: AttackedPipeline, chance: Random) -> bool:
        name = victim(pipeline, who, chance)
        came = _MOMENTS[phase](pipeline, name, chance) and pipeline.supervisor.alive(name)
        pipeline.kill(name, SIGSTOP)
        try:
            time.sleep(chance.uniform(*between_s))
        finally:
            pipeline.kill(name, SIGCONT)
            if phase == "shutdown":
                pipeline.leaving.append(name)
            else:
                # A zombie that the broker fences ends by itself, and must be started again.
                pipeline.supervisor.release(name)
            pipeline.revive()
        return came

    return deed


def freeze_all_streams(pipeline: AttackedPipeline, chance: Random) -> bool:
    """Stop all stream processors past their sessions, so that all wake up as zombies."""
    came = running(pipeline, pipeline.streams[0], chance)
    for name in pipeline.streams:
        pipeline.kill(name, SIGSTOP)
    try:
        time.sleep(chance.uniform(*PAST_SESSION_S))
    finally:
        for name in pipeline.streams:
            pipeline.kill(name, SIGCONT)
            pipeline.supervisor.release(name)
    return came


def kill_service(service: Component, *, in_checkpoint: bool = False) -> Deed:
    """SIGKILL of a service, which starts again with the same data some seconds later."""

    def deed(pipeline: AttackedPipeline, chance: Random) -> bool:
        moment = checkpointing if in_checkpoint else running
        came = moment(pipeline, pipeline.streams[0], chance)
        pipeline.arena.services.kill(service)
        time.sleep(chance.uniform(*OUTAGE_S))
        pipeline.arena.services.restart(service)
        return came

    return deed


def stop_service(service: Component) -> Deed:
    """A service hangs: its connections stay, and nothing answers for some seconds."""

    def deed(pipeline: AttackedPipeline, chance: Random) -> bool:
        came = running(pipeline, pipeline.streams[0], chance)
        pipeline.arena.services.kill(service, SIGSTOP)
        try:
            time.sleep(chance.uniform(*PAST_SESSION_S))
        finally:
            pipeline.arena.services.kill(service, SIGCONT)
        return came

    return deed


def restart_without(service: Component) -> Deed:
    """A stream processor dies while a service is away, and must start without it or wait."""

    def deed(pipeline: AttackedPipeline, chance: Random) -> bool:
        name = victim(pipeline, "stream", chance)
        came = running(pipeline, name, chance)
        pipeline.arena.services.kill(service)
        pipeline.kill(name)
        pipeline.restart(name)
        time.sleep(chance.uniform(*OUTAGE_S))
        pipeline.arena.services.restart(service)
        return came

    return deed


def step_clock(who: str, seconds: float) -> Deed:
    """A process's wall clock jumps, and jumps back some seconds later."""

    def deed(pipeline: AttackedPipeline, chance: Random) -> bool:
        assert pipeline.clocks is not None
        name = victim(pipeline, who, chance)
        came = running(pipeline, name, chance)
        pipeline.clocks.step(name, seconds)
        try:
            time.sleep(chance.uniform(*OUTAGE_S))
        finally:
            pipeline.clocks.step(name, 0)
        return came

    return deed


_PHASES = {
    "stream": ("run", "start", "rebalance", "checkpoint", "shutdown"),
    SINK_TIMESCALE: ("run", "start", "rebalance", "commit", "shutdown"),
    SINK_REDIS: ("run", "start", "commit", "shutdown"),
    SERVE: ("run", "start", "shutdown"),
}
_HOUR_S = 3600.0
_CLOCKS_PHASES = ("run", "start", "decide")

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        *(
            Fault(f"{who}-kill@{phase}", kill_in(who, phase))
            for who, phases in _PHASES.items()
            for phase in phases
        ),
        Fault("streams-kill", kill_all_streams),
        Fault("stream-upgrade", upgrade, aged=True),
        Fault("stream-upgrade-kill", upgrade_killed, aged=True),
        *(
            Fault(f"{who}-{word}@{phase}", freeze_in(who, phase, between_s))
            for who, phases in _PHASES.items()
            for phase in phases
            for word, between_s in (("stop", (0.3, 2.5)), ("zombie", PAST_SESSION_S))
            if (who, word) != (SERVE, "zombie")
        ),
        Fault("streams-zombie", freeze_all_streams),
        *(Fault(f"{name}-kill", kill_service(name)) for name in ("kafka", "timescale", "redis")),
        Fault("registry-kill", kill_service("registry")),
        Fault("kafka-kill@checkpoint", kill_service("kafka", in_checkpoint=True)),
        *(Fault(f"{name}-hang", stop_service(name)) for name in ("kafka", "timescale", "redis")),
        Fault("registry-hang", stop_service("registry")),
        *(
            Fault(f"stream-kill-without-{name}", restart_without(name))
            for name in ("kafka", "registry")
        ),
        *(Fault(name, deed, proxied=True) for name, deed in WIRE_FAULTS.items()),
        *(
            Fault(f"{who}-clock-{word}", step_clock(who, seconds), clocked=True)
            for who in _PHASES
            for word, seconds in (("ahead", _HOUR_S), ("back", -_HOUR_S))
        ),
        *(Fault(name, deed) for name, deed in inputs.INPUT_FAULTS.items()),
        *(Fault(name, deed, live=True) for name, deed in SOURCE_CLOCK_FAULTS.items()),
        *(
            Fault(f"clocks-kill@{phase}", kill_in("clocks", phase), live=True)
            for phase in _CLOCKS_PHASES
        ),
        *(
            Fault(f"clocks-{word}@{phase}", freeze_in("clocks", phase, between_s), live=True)
            for phase in _CLOCKS_PHASES
            for word, between_s in (("stop", (0.3, 2.5)), ("zombie", PAST_SESSION_S))
        ),
    )
}
"""All faults, by name."""
