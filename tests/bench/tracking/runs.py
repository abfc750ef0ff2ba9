"""Runs trackers over sequences and remembers the counts on disk, so that a rerun adds only the new.

A result is found again by tracker (and its version or, for ours, its source), configuration, and
the sequence's own boxes: whatever changes one of them makes a new result.
"""

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from models.datasets.motchallenge import BoxTable, table, write
from models.detectors.boxes import xywh_to_xyxy
from tests.bench.tracking import ours
from tests.bench.tracking.fast_scores import Counts, Truth, count
from tests.bench.tracking.peers.environments import (
    WORKER,
    cache_folder,
    library_of,
    python_of,
)
from tests.bench.tracking.sequences import Sequence
from tests.support.paths import ROOT

Config = dict[str, Any]

QUIET = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "YOLO_OFFLINE": "true"}
"""One thread, and no look for a newer version."""

SOURCES = (
    "streams/domain/tracking",
    "schemas/tracker_settings.py",
    "workers/operations/scoring/boxes.py",
)
"""What our results depend on."""


@dataclass(frozen=True, slots=True)
class Job:
    """One tracker, configured, on one sequence at one rate."""

    tracker: str
    config: Config
    sequence: Sequence

    @property
    def key(self) -> str:
        """What the result depends on."""
        what = [self.tracker, _version(self.tracker), self.config, digest(self.sequence)]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:24]


@dataclass
class Cache:
    """Counts by key, in one file of JSON lines per tracker."""

    folder: Path = field(default_factory=lambda: cache_folder() / "counts")
    known: dict[str, Counts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(self.folder.glob("*.jsonl")):
            for line in file.read_text().splitlines():
                held = json.loads(line)
                self.known[held["key"]] = Counts(**held["counts"])

    def add(self, job: Job, counts: Counts) -> None:
        """Remember one result."""
        self.known[job.key] = counts
        held = {"key": job.key, "sequence": job.sequence.name, "every": job.sequence.every}
        line = json.dumps(held | {"config": job.config, "counts": asdict(counts)})
        with (self.folder / f"{job.tracker}.jsonl").open("a") as file:
            file.write(line + "\n")


def counts_of(
    jobs: Iterable[Job], cache: Cache, report: Callable[[str], None] = lambda _: None
) -> dict[str, Counts]:
    """Counts of every job, by key; runs those that are not in the cache."""
    wanted = {job.key: job for job in jobs}
    missing = [job for key, job in wanted.items() if key not in cache.known]
    truths: dict[str, Truth] = {}
    for number, (job, tracks) in enumerate(run_all(missing), start=1):
        name = digest(job.sequence)
        if name not in truths:
            truths[name] = Truth.of(job.sequence.truth)
        scored = job.sequence.scored(tracks)
        cache.add(job, count(truths[name], scored, on_floor=job.sequence.plan is not None))
        if number % 200 == 0:
            report(f"{job.tracker}: {number} of {len(missing)}")
    return {key: cache.known[key] for key in wanted}


def run_all(jobs: list[Job], *, seen_only: bool = False) -> Iterator[tuple[Job, BoxTable]]:
    """Tracks of every job: ours here, each library's in a process of its own Python.

    Args:
        jobs: What to run.
        seen_only: Leave out our boxes without a detection: zones count no coasting track.
    """
    for job in jobs:
        if job.tracker == ours.NAME:
            yield job, ours.run(job.sequence, job.config, seen_only=seen_only)
    libraries = {library_of(job.tracker) for job in jobs if job.tracker != ours.NAME}
    for library in sorted(libraries, key=lambda one: one.name):
        yield from _run_library(
            python_of(library), [job for job in jobs if job.tracker in library.trackers]
        )


def _run_library(python: Path, jobs: list[Job]) -> Iterator[tuple[Job, BoxTable]]:
    with tempfile.TemporaryDirectory(prefix="wardstream-peers-") as name:
        folder = Path(name)
        tasks = []
        for number, job in enumerate(jobs):
            detections = folder / f"{digest(job.sequence)}.txt"
            if not detections.exists():
                write(detections, job.sequence.detections)
            tasks.append(
                {
                    "tracker": job.tracker,
                    "config": job.config,
                    "rate": job.sequence.rate,
                    "detections": str(detections),
                    "frames": [1, job.sequence.frames, job.sequence.every],
                    "size": job.sequence.size,
                    "out": str(_out(folder, number)),
                }
            )
        (folder / "tasks.json").write_text(json.dumps(tasks))
        with (folder / "stderr").open("w+") as errors:
            process = subprocess.Popen(
                [str(python), str(WORKER), str(folder / "tasks.json")],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **QUIET, "YOLO_CONFIG_DIR": str(folder)},
            )
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    if not line.startswith("done "):  # a library's own words
                        continue
                    number = int(line.removeprefix("done "))
                    result = _out(folder, number)
                    yield jobs[number], _read(result)
                    result.unlink()
                status = process.wait()
            finally:
                process.kill()
                process.wait()
            if status != 0:
                errors.seek(0)
                raise RuntimeError(f"{WORKER.name} of {python} failed: {errors.read()[-2000:]}")


def _out(folder: Path, number: int) -> Path:
    return folder / f"{number}.tracks"


def _read(path: Path) -> BoxTable:
    """A file of the worker's: known to be right, so read without checks."""
    text = path.read_text()
    rows = np.array(text.replace("\n", ",").split(",")[:-1], dtype=np.float64).reshape(-1, 10)
    return table(
        rows[:, 0].astype(np.int64),
        rows[:, 1].astype(np.int64),
        xywh_to_xyxy(rows[:, 2:6]),
        rows[:, 6],
    )


_digests: dict[int, tuple[Sequence, str]] = {}


def digest(sequence: Sequence) -> str:
    """What a sequence's boxes are, in a few letters."""
    held = _digests.get(id(sequence))
    if held is None:
        state = hashlib.sha256(f"{sequence.name} {sequence.fps} {sequence.every}".encode())
        for boxes in (sequence.truth, sequence.detections):
            for column in (boxes.frames, boxes.ids, boxes.boxes, boxes.scores):
                state.update(np.ascontiguousarray(column).tobytes())
        held = _digests[id(sequence)] = (sequence, state.hexdigest()[:16])
    return held[1]


_source = ""


def _version(tracker: str) -> str:
    if tracker != ours.NAME:
        return library_of(tracker).version
    global _source  # noqa: PLW0603 - read once
    if not _source:
        state = hashlib.sha256()
        for name in SOURCES:
            path = ROOT / name
            for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
                state.update(file.read_bytes())
        _source = state.hexdigest()
    return _source
