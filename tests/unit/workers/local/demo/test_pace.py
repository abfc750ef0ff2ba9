"""The demo takes as many frames as the detector keeps up with, and says which and why."""

import time
from collections.abc import Sequence

import numpy as np
import pytest

from models.detectors.boxes import Image
from models.detectors.hog import HogDetector
from runtime.process.settings import Settings
from schemas.records.frames import Detection
from workers.ingest.sources.probe import Clip
from workers.local.demo.options import DemoOptions
from workers.local.demo.pace import (
    BUSY,
    RATES,
    SHARE,
    choose_pace,
    frame_seconds,
    measured_pace,
    processor_ticks,
    used_cores,
)
from workers.local.demo.playing import pace_of
from workers.local.demo.scenario import cameras_of


@pytest.mark.parametrize(
    ("frame_ms", "cameras", "cores", "fps", "threads"),
    [
        pytest.param(21, 2, 2, 10, 1, id="CenterNet on two cores"),
        pytest.param(60, 2, 2, 5, 1, id="a slow processor"),
        pytest.param(150, 2, 2, 2, 1, id="HOG on two cores"),
        pytest.param(60, 2, 8, 10, 2, id="more cores than one thread can use"),
        pytest.param(21, 20, 2, 1, 1, id="many cameras"),
        pytest.param(900, 4, 2, 1, 2, id="more than the machine can take"),
    ],
)
def test_rate_and_threads_follow_from_the_time_of_a_frame(
    frame_ms: float, cameras: int, cores: int, fps: float, threads: int
) -> None:
    pace = choose_pace("model", frame_ms / 1e3, cameras=cameras, cores=cores)

    load = pace.fps * cameras * frame_ms / 1e3
    assert (pace.fps, pace.threads) == (fps, threads)
    assert load <= cores * SHARE or pace.fps == RATES[-1]
    assert load <= threads * BUSY or threads == cores
    assert ("frames will be skipped" in pace.reason) == (load > cores * SHARE)


def test_a_rate_that_was_asked_for_is_taken_with_a_warning_when_it_is_too_much() -> None:
    pace = choose_pace("model", 0.15, cameras=2, cores=2, fps=10)

    assert pace.fps == 10
    assert "as asked" in pace.reason
    assert pace.reason.endswith("more than the machine can take, so frames will be skipped")


def test_on_a_busy_machine_fewer_frames_are_taken_and_the_load_is_given() -> None:
    free = choose_pace("model", 0.021, cameras=2, cores=2)
    busy = choose_pace("model", 0.021, cameras=2, cores=2, used=1.4)
    full = choose_pace("model", 0.021, cameras=2, cores=2, used=2)

    assert (free.fps, busy.fps, full.fps) == (10, 5, 5)
    assert "other programs" not in free.reason
    assert busy.reason.endswith("of which other programs use 1.4")


def test_the_load_is_what_was_spent_and_not_idle() -> None:
    assert used_cores((1000, 400), (1200, 450), cores=2) == 1.5
    assert used_cores((0, 0), (0, 0), cores=2) == 0
    spent, idle = processor_ticks()
    assert 0 < idle < spent


def test_what_other_processes_use_does_not_count() -> None:
    class Waiting(HogDetector):
        def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
            time.sleep(0.02)
            return [[]]

    image = np.zeros((64, 64, 3), dtype=np.uint8)

    assert frame_seconds(Waiting(threads=1), [image] * 5) < 0.01


def clip() -> Clip:
    return Clip(source="ward.mp4", width=320, height=240, fps=10.0, frames=10)


def test_the_detector_that_will_run_is_the_one_that_is_tried() -> None:
    settings = Settings().inference.model_copy(update={"backend": "hog"})

    pace = measured_pace(settings, cameras_of([clip()], 960), None)

    assert pace.reason.startswith("opencv-hog takes ")
    assert "from each of 2 cameras" in pace.reason
    assert pace.fps in RATES


def test_a_run_that_is_to_be_the_same_everywhere_has_a_fixed_rate(tmp_path: object) -> None:
    options = DemoOptions(videos=[], run_dir=None, mode="record")  # type: ignore[arg-type]

    assert pace_of(options, cameras_of([clip()], 960)).fps == RATES[0]
