"""The tracking benchmark's sequences: what stays at a lower rate, what is said without any."""

from pathlib import Path

import numpy as np
import pytest

from models.datasets.motchallenge import table, write
from tests.bench.tracking import ours
from tests.bench.tracking.peers.worker import frames_of
from tests.bench.tracking.quick import report
from tests.bench.tracking.runs import digest
from tests.bench.tracking.scenes import NoData, load
from tests.bench.tracking.sequences import Sequence, opening, stride, thinned


def a_sequence() -> Sequence:
    """One person for 60 frames at 30 frames per second."""
    frames = np.arange(1, 61)
    boxes = table(frames, np.ones(60, dtype=int), np.tile([0.0, 0, 9, 9], (60, 1)), np.ones(60))
    return Sequence("scene/made", "scene", 30.0, 1, 60, (640, 480), boxes, boxes)


def a_folder(root: Path) -> Path:
    """One MOT15 scene on disk, as MOTChallenge lays it out."""
    scene = root / "mot" / "MOT15-train" / "Hall"
    for name in ("gt", "det"):
        (scene / name).mkdir(parents=True)
    (scene / "seqinfo.ini").write_text(
        "[Sequence]\nname=Hall\nframeRate=30\nseqLength=60\nimWidth=640\nimHeight=480\n"
    )
    write(scene / "gt" / "gt.txt", a_sequence().truth)
    margins = a_sequence().detections
    write(
        scene / "det" / "det.txt",
        table(margins.frames, -margins.ids, margins.boxes, np.linspace(-1, 90, 60)),
    )
    return root


@pytest.mark.parametrize(
    ("fps", "rate", "every"),
    [(30, 10, 3), (30, 5, 6), (14, 10, 1), (14, 5, 3), (7, 5, 1), (7, None, 1)],
)
def test_the_stride_that_comes_nearest_to_a_rate(fps: float, rate: float, every: int) -> None:
    assert stride(fps, rate) == every


def test_a_thinned_sequence_keeps_its_time() -> None:
    ten = thinned(a_sequence(), 10)

    assert ten.rate == 10.0
    assert ten.fps == 30.0
    assert list(ten.frame_numbers)[:3] == ten.truth.frames.tolist()[:3] == [1, 4, 7]
    assert ten.detections.frames.tolist() == ten.truth.frames.tolist()


def test_the_opening_of_a_sequence_is_its_first_seconds() -> None:
    start = opening(a_sequence(), 0.5)

    assert start.frames == 15
    assert start.truth.frames.max() == start.detections.frames.max() == 15
    assert opening(a_sequence(), 100.0).frames == 60


def test_other_boxes_or_another_rate_are_another_sequence_to_the_cache() -> None:
    same, again = a_sequence(), a_sequence()

    assert digest(same) == digest(again)
    assert digest(same) != digest(thinned(same, 10))
    assert digest(same) != digest(opening(same, 0.5))


def test_scenes_are_found_with_their_detectors_and_scores_from_0_to_1(tmp_path: Path) -> None:
    [hall] = load(a_folder(tmp_path))

    assert (hall.name, hall.scene, hall.frames, hall.size) == ("Hall/acf", "Hall", 60, (640, 480))
    assert 0.0 < hall.detections.scores.min() < 0.5 < hall.detections.scores.max() < 1.0


def test_without_sequences_the_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(NoData, match=r"no sequences in .*: put mot .*, pets2009 or cmc there"):
        load(tmp_path)


def test_our_tracker_is_scored_on_a_folder_of_ones_own(tmp_path: Path) -> None:
    scored = report(lambda sequence: ours.run(sequence, {}), load(a_folder(tmp_path)))

    rows = {line[:28].strip(): line[28:].split() for line in scored.splitlines()[1:]}
    assert list(rows) == ["fixed, own rate", "fixed, 10 fps", "fixed, 5 fps"]
    assert float(rows["fixed, own rate"][0]) > 50  # HOTA of one person who stands still


def test_durations_become_frames_of_the_rate_and_defaults_stay() -> None:
    assert frames_of({"lost_s": 1.0}, 12.5, "lost_s") == 12
    assert frames_of({"lost_s": 0.01}, 5.0, "lost_s") == 1
    assert frames_of({}, 5.0, "lost_s", 30) == 30
