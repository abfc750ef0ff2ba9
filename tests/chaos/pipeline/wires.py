"""Faults of a network connection: cut, refused, slow, throttled, reset."""

import time
from collections.abc import Callable, Mapping
from random import Random

from deploy.services import Component
from tests.chaos.pipeline.addresses import TALKS_TO, link
from tests.chaos.pipeline.moments import running
from tests.chaos.pipeline.pipeline import AttackedPipeline

SHORT_S, LONG_S = 3.0, 10.0

TOXICS: dict[str, tuple[str, Mapping[str, int]]] = {
    "cut": ("timeout", {"timeout": 0}),
    "delay": ("latency", {"latency": 2_000, "jitter": 200}),
    "trickle": ("bandwidth", {"rate": 4}),
    "reset": ("reset_peer", {"timeout": 0}),
}
"""Toxics of toxiproxy: all data is dropped in silence; each packet is 2 s late both ways; 4 KB/s;
connections end with RST."""


def _on_wires(
    harm: Callable[[AttackedPipeline, str], None], to: Component | None
) -> Callable[[AttackedPipeline, Random], bool]:
    """Disturb one connection, chosen by the seed, or every connection to one service."""

    def deed(pipeline: AttackedPipeline, chance: Random) -> bool:
        assert pipeline.arena.proxies is not None
        processes = [name for name in TALKS_TO if name in pipeline.streams or "stream" not in name]
        wires = [(name, service) for name in processes for service in TALKS_TO[name]]
        if to is None:
            wires = [chance.choice(wires)]
        came = running(pipeline, wires[0][0], chance)
        for name, service in wires:
            if to in (None, service):
                harm(pipeline, link(name, service))
        try:
            time.sleep(chance.uniform(SHORT_S, LONG_S))
        finally:
            pipeline.arena.proxies.heal()
        return came

    return deed


def _toxic(kind: str) -> Callable[[AttackedPipeline, str], None]:
    def harm(pipeline: AttackedPipeline, wire: str) -> None:
        assert pipeline.arena.proxies is not None
        pipeline.arena.proxies.malformed(wire, *TOXICS[kind])

    return harm


def _refuse(pipeline: AttackedPipeline, wire: str) -> None:
    assert pipeline.arena.proxies is not None
    pipeline.arena.proxies.refuse(wire)


SERVICES: tuple[Component, ...] = ("kafka", "registry", "timescale", "redis")

WIRE_FAULTS: dict[str, Callable[[AttackedPipeline, Random], bool]] = {
    **{f"wire-{kind}": _on_wires(_toxic(kind), None) for kind in TOXICS},
    **{f"{name}-refuse": _on_wires(_refuse, name) for name in SERVICES},
    **{f"{name}-slow": _on_wires(_toxic("delay"), name) for name in SERVICES},
}
"""Faults by name: of one connection between a process and a service, or of a whole service."""
