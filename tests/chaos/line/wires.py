"""Faults of the network between any two: cut, refused, slow, trickling, reset."""

import time
from collections.abc import Callable, Mapping
from random import Random

from deploy.services import Component
from tests.chaos.line.line import AttackedLine
from tests.chaos.line.moments import running
from tests.chaos.line.places import TALKS_TO, link

SHORT_S, LONG_S = 3.0, 10.0

TOXICS: dict[str, tuple[str, Mapping[str, int]]] = {
    "cut": ("timeout", {"timeout": 0}),
    "delay": ("latency", {"latency": 2_000, "jitter": 200}),
    "trickle": ("bandwidth", {"rate": 4}),
    "reset": ("reset_peer", {"timeout": 0}),
}
"""What toxiproxy calls it: nothing passes and nobody is told; each packet 2 s late, both ways;
4 KB/s; connections end with RST."""


def _on_wires(
    harm: Callable[[AttackedLine, str], None], to: Component | None
) -> Callable[[AttackedLine, Random], bool]:
    """Harm one wire, chosen by the seed; or every wire to one service."""

    def deed(line: AttackedLine, chance: Random) -> bool:
        assert line.arena.proxies is not None
        processes = [name for name in TALKS_TO if name in line.streams or "stream" not in name]
        wires = [(name, service) for name in processes for service in TALKS_TO[name]]
        if to is None:
            wires = [chance.choice(wires)]
        came = running(line, wires[0][0], chance)
        for name, service in wires:
            if to in (None, service):
                harm(line, link(name, service))
        try:
            time.sleep(chance.uniform(SHORT_S, LONG_S))
        finally:
            line.arena.proxies.heal()
        return came

    return deed


def _toxic(kind: str) -> Callable[[AttackedLine, str], None]:
    def harm(line: AttackedLine, wire: str) -> None:
        assert line.arena.proxies is not None
        line.arena.proxies.poison(wire, *TOXICS[kind])

    return harm


def _refuse(line: AttackedLine, wire: str) -> None:
    assert line.arena.proxies is not None
    line.arena.proxies.refuse(wire)


SERVICES: tuple[Component, ...] = ("kafka", "registry", "timescale", "redis")

WIRE_FAULTS: dict[str, Callable[[AttackedLine, Random], bool]] = {
    **{f"wire-{kind}": _on_wires(_toxic(kind), None) for kind in TOXICS},
    **{f"{name}-refuse": _on_wires(_refuse, name) for name in SERVICES},
    **{f"{name}-slow": _on_wires(_toxic("delay"), name) for name in SERVICES},
}
"""By name: one wire between a process and a service, or a service for everybody."""
