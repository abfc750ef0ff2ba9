"""How many frames a second the detector takes on this machine, and on how many threads."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.detectors.boxes import Image
from models.detectors.detector import Detector
from runtime.process.sections import InferenceSettings
from workers.inference.process import detector_of
from workers.local.demo.scenario import VirtualCamera

RATES = (10.0, 5.0, 3.0, 2.0, 1.0)
"""Frames a second of each camera, best first."""

SHARE = 0.4
"""Part of all cores that the detector may use: services and other processes need the rest."""

LEAST_FREE = 0.3
"""Part of all cores that is free however much others use: the system shares fairly."""

BUSY = 0.7
"""Part of the time that a thread of the detector may be busy; with more, frames wait for others."""

_WARM_UP, _MEASURED = 2, 8
_NOTABLE = 0.3
_STAT = Path("/proc/stat")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """A rate that the detector keeps up with.

    Attributes:
        fps: Frames a second of each camera.
        threads: Threads of the detector.
        reason: Why, for a person.
    """

    fps: float
    threads: int
    reason: str


def choose_pace(
    name: str,
    frame_s: float,
    *,
    cameras: int,
    cores: int,
    used: float = 0.0,
    fps: float | None = None,
) -> Pace:
    """The best rate at which fewer than a tenth of the frames are skipped.

    Args:
        name: Name of the detector.
        frame_s: Processor time of the detector for one frame, s.
        cameras: Number of cameras.
        cores: Number of cores.
        used: Cores that other programs use.
        fps: Rate that was asked for, frames per second; None to choose.
    """
    most = SHARE * max(cores - used, cores * LEAST_FREE)
    taken = fps
    if taken is None:
        taken = next((rate for rate in RATES if rate * cameras * frame_s <= most), RATES[-1])
    load = taken * cameras * frame_s
    threads = max(1, min(cores, -(-int(1000 * load) // int(1000 * BUSY))))
    reason = (
        f"{name} takes {frame_s * 1e3:.0f} ms of processor a frame: {taken:g} frames a second from "
        f"each of {cameras} cameras{' as asked' if fps is not None else ''}, {threads} "
        f"thread{'s' if threads > 1 else ''} of {cores} cores"
    )
    if used >= _NOTABLE:
        reason += f", of which other programs use {used:.1f}"
    if load > most:
        reason += "; more than the machine can take, so frames will be skipped"
    return Pace(fps=taken, threads=threads, reason=reason)


def frame_seconds(detector: Detector, images: Sequence[Image]) -> float:
    """Processor time of one frame, s; what other processes use does not count.

    Args:
        detector: A detector of one thread.
        images: Frames to try, after which it is warm.
    """
    used = []
    for image in images:
        before = time.thread_time(), time.process_time()
        detector.detect([image])
        used.append(max(time.thread_time() - before[0], time.process_time() - before[1]))
    measured = sorted(used[_WARM_UP:])
    return measured[len(measured) // 2]


def processor_ticks() -> tuple[int, int]:
    """Ticks that all cores have spent, and those that they were idle; (0, 0) where not known."""
    try:
        numbers = [int(one) for one in _STAT.read_text().splitlines()[0].split()[1:9]]
    except (OSError, ValueError, IndexError):
        return 0, 0
    return sum(numbers), numbers[3] + numbers[4]


def used_cores(before: tuple[int, int], after: tuple[int, int], cores: int) -> float:
    """How many of `cores` were in use between two readings of `processor_ticks`."""
    spent = after[0] - before[0]
    return cores * (1 - (after[1] - before[1]) / spent) if spent > 0 else 0.0


def measured_pace(
    settings: InferenceSettings,
    cameras: Sequence[VirtualCamera],
    fps: float | None,
    *,
    used_share: float = 0.0,
) -> Pace:
    """Try the detector on made-up pictures of the first camera's size.

    Args:
        settings: Settings of the detector.
        cameras: The demo's cameras.
        fps: Rate that was asked for, frames per second; None to choose.
        used_share: Part of the cores that other programs use.

    Raises:
        Stop: The detector is not available here.
    """
    size = (cameras[0].height, cameras[0].width, 3)
    chance = np.random.default_rng(0)
    images: list[Image] = [
        chance.integers(0, 256, size, dtype=np.uint8) for _ in range(_WARM_UP + _MEASURED)
    ]
    detector = detector_of(settings.model_copy(update={"threads": 1}))
    try:
        frame_s = frame_seconds(detector, images)
    finally:
        detector.close()
    cores = len(os.sched_getaffinity(0))
    return choose_pace(
        detector.name,
        frame_s,
        cameras=len(cameras),
        cores=cores,
        used=used_share * cores,
        fps=fps,
    )
