"""Attack the first half of the pipeline: a clip through ingest, the object store and inference.

Every frame goes through the object store, so that both sides notice the store's loss.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from signal import SIGCONT, SIGKILL, SIGSTOP

from deploy.local import extras
from deploy.local.errors import LaunchError
from deploy.local.guard import Guard
from deploy.local.launcher import LocalServices
from deploy.local.ports import free_ports
from schemas.topics import FRAMES
from tests.chaos.pipeline.addresses import HOST
from tests.chaos.pipeline.judge import judge
from tests.chaos.pipeline.pixel_moments import MOMENTS
from tests.chaos.pipeline.proxies import Proxies
from tests.chaos.pipeline.run import Injection, Outcome, run_environment
from tests.chaos.pipeline.wires import TOXICS
from tests.support.played_pipeline import (
    PlayedPipeline,
    cut_clip,
    digest,
    played_pipeline,
)
from tests.support.servers.s3 import S3Server
from tests.support.waiting import eventually

HOG = ("--backend", "hog", "--mode", "record")
RECORDED = ("--mode", "record", "--fps", "5", "--start-time", "1780000000")
CLIP_FRAMES = 240
ADDRESS = "AWS_ENDPOINT_URL"
OBJECTS = "objects"
OUTAGE_S = (2.0, 6.0)
PAST_SESSION_S = (11.0, 14.0)
DEADLINE_S = 180.0
SETTLE_S = 300.0
"""A busy machine detects one frame a second, and a zombie may leave all of them undone."""


@dataclass
class Studio:
    """A pipeline that plays a clip, and its object store, with a proxy between them."""

    pipeline: PlayedPipeline
    objects: S3Server
    proxies: Proxies


Deed = Callable[[Studio, Random], None]


def kill_in(name: str, phase: str) -> Deed:
    """SIGKILL in a phase; the process starts again at once."""

    def deed(studio: Studio, chance: Random) -> None:
        MOMENTS[phase](studio.pipeline, name, chance)
        studio.pipeline.supervisor.kill(name, SIGKILL)
        studio.pipeline.supervisor.restart(name)

    return deed


def freeze_in(name: str, phase: str, between_s: tuple[float, float]) -> Deed:
    """SIGSTOP in a phase, SIGCONT some seconds later."""

    def deed(studio: Studio, chance: Random) -> None:
        supervisor = studio.pipeline.supervisor
        MOMENTS[phase](studio.pipeline, name, chance)
        supervisor.kill(name, SIGSTOP)
        time.sleep(chance.uniform(*between_s))
        supervisor.kill(name, SIGCONT)
        if phase == "shutdown":
            supervisor.restart(name)  # it was asked to end, and must start again
        else:
            supervisor.release(name)

    return deed


def kill_objects(studio: Studio, chance: Random) -> None:
    """Kill the object store for some seconds."""
    studio.objects.kill()
    time.sleep(chance.uniform(*OUTAGE_S))
    studio.objects.start()


def refuse_objects(studio: Studio, chance: Random) -> None:
    """Refuse connections to the object store for some seconds."""
    studio.proxies.refuse(OBJECTS)
    time.sleep(chance.uniform(*OUTAGE_S))
    studio.proxies.heal()


def harm_objects(kind: str) -> Deed:
    """Cut, slow, throttle or reset the network to the object store for some seconds."""

    def deed(studio: Studio, chance: Random) -> None:
        studio.proxies.malformed(OBJECTS, *TOXICS[kind])
        time.sleep(chance.uniform(*OUTAGE_S))
        studio.proxies.heal()

    return deed


_PHASES = {"ingest": ("run", "start", "shutdown"), "infer": ("run", "start", "commit", "shutdown")}

PIXEL_FAULTS: dict[str, Deed] = {
    **{
        f"{name}-kill@{phase}": kill_in(name, phase)
        for name, phases in _PHASES.items()
        for phase in phases
    },
    **{
        f"{name}-stop@{phase}": freeze_in(name, phase, (0.5, 3.0))
        for name, phases in _PHASES.items()
        for phase in phases
    },
    **{
        f"infer-zombie@{phase}": freeze_in("infer", phase, PAST_SESSION_S)
        for phase in _PHASES["infer"]
    },
    "objects-kill": kill_objects,
    "objects-refuse": refuse_objects,
    **{f"objects-{kind}": harm_objects(kind) for kind in TOXICS},
}
"""All faults, by name."""


def play(services: LocalServices, folder: Path, faults: list[str], seed: int) -> Outcome:
    """Play the clip, inject the faults, settle, and judge.

    Args:
        services: Kafka, registry, TimescaleDB and Redis.
        folder: Folder for data and logs.
        faults: Names of the faults in order; an undisturbed run without any.
        seed: Seed of the faults.
    """
    began_s = time.monotonic()
    chance = Random(f"pixels/{seed}")
    outcome = Outcome(seed)
    folder.mkdir(parents=True)
    clip = cut_clip(extras.clip(), folder / "clip.mp4", CLIP_FRAMES)
    guard = Guard()
    proxies = Proxies(guard, folder / "toxiproxy.log")
    (folder / "s3").mkdir()
    try:
        with S3Server(folder / "s3") as objects, run_environment(services) as environment:
            port = free_ports(1)[0]
            proxies.add(OBJECTS, port, objects.port)
            environment |= {
                **objects.bucket.environment,
                ADDRESS: f"http://{HOST}:{port}",
                "WARDSTREAM_INGEST__OBJECT_STORE_URL": objects.bucket.url,
                "WARDSTREAM_INGEST__INLINE_LIMIT_BYTES": "0",
            }
            with played_pipeline(environment, folder / "line") as pipeline:
                pipeline.register(clip)
                pipeline.start(HOG)
                try:
                    _attack(Studio(pipeline, objects, proxies), faults, chance, outcome)
                    pipeline.settle(SETTLE_S)
                except (AssertionError, LaunchError) as stopped:
                    outcome.verdict.mismatches.append(f"the pipeline did not recover: {stopped}")
                else:
                    pipeline.supervisor.stop_all()
                    outcome.verdict = judge(
                        pipeline.settings, None, expected_dead_letters=0, reads=False
                    )
                    frames = pipeline.fold(FRAMES)
                    outcome.sent = sum(map(len, frames.values()))
                    outcome.verdict.topics[FRAMES.name] = digest(
                        {key: [str(len(bodies)).encode()] for key, bodies in frames.items()}
                    )
    finally:
        proxies.close()
        guard.close()
    outcome.duration_s = time.monotonic() - began_s
    return outcome


def _attack(studio: Studio, faults: list[str], chance: Random, outcome: Outcome) -> None:
    """Inject faults while the clip plays; a fault after its end does not count."""
    pipeline = studio.pipeline
    pipeline.play(*RECORDED, *(() if faults else ("--pace", "asap")))
    for name in faults:
        _await_more(pipeline)
        time.sleep(chance.uniform(0.0, 1.0))
        landed = not pipeline.ended()
        began_s = time.monotonic()
        PIXEL_FAULTS[name](studio, chance)
        ended_s = time.monotonic()
        # It has recovered once there is an outcome that came after the fault's end.
        _await_more(pipeline)
        outcome.injections.append(
            Injection(
                name, landed, round(ended_s - began_s, 2), round(time.monotonic() - ended_s, 2)
            )
        )


def _await_more(pipeline: PlayedPipeline) -> None:
    """Wait for an outcome that is not there yet, or for the end of the clip."""
    known = pipeline.outcomes()
    eventually(
        lambda: pipeline.ended() or pipeline.outcomes() > known, DEADLINE_S, "another outcome"
    )
