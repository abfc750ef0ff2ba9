"""The scenes on disk: MOTChallenge's, the crowds of PETS 2009, and the rooms of CMC.

Scenes that show the same recording share a scene name, so that a fold never holds out what it was
chosen on. Where there are no real detections they are made up (`noise.py`), one draw for each seed.
"""

import configparser
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from models.datasets.motchallenge import (
    NO_ID,
    BoxTable,
    read_detections,
    read_distractors,
    read_ground_truth,
    table,
)
from models.datasets.scores import to_unit_scores
from tests.bench.tracking.clip import vtest
from tests.bench.tracking.floor import FloorPlan
from tests.bench.tracking.noise import People, noisy_detections, read_people
from tests.bench.tracking.pets import CROWDS, read_crowd
from tests.bench.tracking.sequences import Mount, Sequence
from tests.support.paths import ROOT

DATA = ROOT.parent / "shared" / "data"

SEEDS = 20
"""Draws of made-up detections for each scene; the quick score takes fewer."""

DETECTORS = {"det.txt": "acf", "det_sort_frcnn.txt": "frcnn", "det_dpm.txt": "dpm"}

MOVING = ("ETH-", "KITTI-", "MOT17-05", "MOT17-10")
"""How the names of MOTChallenge's scenes before moving cameras start."""

SAME_RECORDING = {"MOT17-05": "ETH-Pedcross2"}
"""MOT17-05 shows ETH-Pedcross2's recording with other annotations."""

CROWD_FPS = 10.0
"""PETS 2009 is played at the rate of its public clip."""


class NoData(Exception):
    """The recordings are not on this machine."""


def load(folder: Path = DATA, seeds: int = SEEDS) -> list[Sequence]:
    """All sequences at their own rate.

    Args:
        folder: Holds `mot`, `pets2009` and `cmc`; what is not there is left out.
        seeds: Draws of made-up detections for each scene.

    Raises:
        NoData: Says in one sentence what is missing.
    """
    found = list(
        chain(
            _challenge(folder / "mot", seeds),
            _clip(folder),
            _crowds(folder / "pets2009", seeds),
            _rooms(folder / "cmc"),
        )
    )
    if not found:
        raise NoData(
            f"there are no sequences in {folder}: put mot (with MOT15-train or MOT17-train), "
            "pets2009 or cmc there"
        )
    return found


def _challenge(folder: Path, seeds: int) -> Iterator[Sequence]:
    """MOT15 with public detections, MOT17 with public and with made-up ones."""
    for info in sorted(folder.glob("MOT1[57]-train/*/seqinfo.ini")):
        name, fps, frames, size = _info(info)
        name = name.removesuffix("-FRCNN")
        mount: Mount = "moving" if name.startswith(MOVING) else "fixed"
        annotated = info.parent / "gt" / "gt.txt"
        truth = read_ground_truth(annotated)
        scene = SAME_RECORDING.get(name, name)
        base = Sequence("", scene, fps, 1, frames, size, truth, _nobody(), mount)
        base = replace(base, uncounted=read_distractors(annotated))
        for file, detector in DETECTORS.items():
            path = info.parent / "det" / file
            if path.exists():
                read = read_detections(path)
                unit = replace(read, scores=to_unit_scores(read.scores).scores)
                yield replace(base, name=f"{name}/{detector}", detections=unit)
        if base.uncounted is not None:
            yield from _drawn(base, name, read_people(annotated), seeds)


def _clip(folder: Path) -> Iterator[Sequence]:
    """PETS09-S2L1 once more, with the boxes of our own detector."""
    try:
        yield vtest(folder)
    except FileNotFoundError:
        return


def _crowds(folder: Path, seeds: int) -> Iterator[Sequence]:
    """Crowds before the one fixed camera of PETS 2009, with made-up detections."""
    for name, scene in CROWDS.items():
        path = folder / "data" / "annotations" / f"PETS2009-{name}.xml"
        if path.exists():
            people, frames, size = read_crowd(path)
            base = Sequence(
                "", f"PETS-{scene}", CROWD_FPS, 1, frames, size, people.boxes, _nobody()
            )
            yield from _drawn(base, f"PETS-{name}", people, seeds)


def _rooms(folder: Path) -> Iterator[Sequence]:
    """One room, four fixed cameras, each for itself; scored on the floor."""
    for path in sorted(folder.glob("*/cameras.json")):
        known = json.loads(path.read_text())
        size = (int(known["image_size"][0]), int(known["image_size"][1]))
        rows = np.loadtxt(path.parent / "floor_gt.txt", delimiter=",")
        points = np.column_stack([rows[:, 2:4], np.zeros((len(rows), 2))])
        people = table(rows[:, 0].astype(int), rows[:, 1].astype(int), points, np.ones(len(rows)))
        frames = int(people.frames.max())
        for camera, of_camera in sorted(known["cameras"].items()):
            plan = FloorPlan.of(np.array(of_camera["projection"]), size)
            read = read_detections(path.parent / f"{camera}.det.txt")
            yield Sequence(
                f"{path.parent.name}-{camera}/frcnn",
                path.parent.name,
                float(known["fps"]),
                1,
                frames,
                size,
                plan.seen(people),
                replace(read, scores=to_unit_scores(read.scores).scores),
                plan=plan,
            )


def _drawn(base: Sequence, name: str, people: People, seeds: int) -> Iterator[Sequence]:
    """A scene with made-up detections, once for each seed."""
    first = int(np.frombuffer(name.encode(), dtype=np.uint8).astype(np.int64).sum())
    for seed in range(seeds):
        made = noisy_detections(people, base.fps, base.frames, first + 1000 * seed)
        yield replace(base, name=f"{name}/noisy", seed=seed + 1, detections=made)


def _nobody() -> BoxTable:
    return table(np.empty(0, int), np.full(0, NO_ID), np.empty((0, 4)), np.empty(0))


def _info(path: Path) -> tuple[str, float, int, tuple[int, int]]:
    info = configparser.ConfigParser()
    info.read(path)
    section = info["Sequence"]
    size = int(section["imWidth"]), int(section["imHeight"])
    return section["name"], float(section["frameRate"]), int(section["seqLength"]), size
