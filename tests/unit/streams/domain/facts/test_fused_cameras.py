"""What the cameras of a floor found, as fusion takes it."""

import numpy as np
import pytest

from schemas.fusion_settings import FusedFloorSettings
from streams.domain.camera.pinhole import Lens, Pinhole
from streams.domain.facts import fused_cameras
from streams.domain.facts.fused_cameras import FusedCameras

LENS = Lens(1400.0, 1400.0, 960.0, 540.0, (-0.2, 0.05, 0.0, 0.0))
PROJECTION = np.array(
    [[1400.0, 960.0, 0.0, 0.0], [0.0, 540.0, -1400.0, 2800.0], [0.0, 1.0, 0.0, 4.0]]
)


@pytest.mark.parametrize("seed", range(20))
def test_cameras_taken_together_give_what_each_gives_alone(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fused_cameras, "MOST_BOXES", 20)
    chance = np.random.default_rng(seed)
    cameras = FusedCameras(
        {f"cam-{n}": Pinhole(PROJECTION, 1920, 1080, LENS if n % 2 else None) for n in range(5)},
        {},
        FusedFloorSettings(),
    )
    found = {}
    for camera_id in cameras.ids:
        boxes = chance.uniform(-300.0, 2300.0, (int(chance.integers(0, 30)), 5))
        boxes[:, 2:4] = boxes[:, :2] + chance.uniform(-20.0, 400.0, (len(boxes), 2))
        boxes[:, 4] = chance.uniform(0.0, 1.0, len(boxes)).round(1)
        found[camera_id] = boxes

    frames, cut, starts = cameras.frames(found)

    for at, (camera_id, boxes) in enumerate(found.items()):
        alone, cut_alone = cameras.frame(camera_id, boxes)
        assert frames[at].camera == alone.camera
        scores, scores_alone = frames[at].scores, alone.scores
        assert scores is not None
        assert scores_alone is not None
        assert np.array_equal(frames[at].boxes, alone.boxes)
        assert np.array_equal(scores, scores_alone)
        assert np.array_equal(cut[starts[at] : starts[at + 1]], cut_alone)
        assert len(cut_alone) <= 20
