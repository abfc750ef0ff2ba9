"""One bad frame costs one frame; a broken detector is noticed."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.detectors.boxes import Image
from models.detectors.detector import Detector, ModelFailed
from models.detectors.hog import HogDetector
from schemas.records.frames import Detection
from workers.inference.attempts import Attempts


def image(value: int) -> NDArray[np.uint8]:
    return np.full((8, 8, 3), value, dtype=np.uint8)


def box(score: float) -> Detection:
    return Detection(
        x_min=0, y_min=0, x_max=1, y_max=1, score=score, label="person", raw_score=score
    )


class Fragile(HogDetector):
    """Finds one person per image, scored by its brightness; fails on images that a test names."""

    def __init__(self, breaks: Callable[[Sequence[Image]], Exception | None]) -> None:
        super().__init__()
        self._breaks = breaks
        self.batches: list[int] = []

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        self.batches.append(len(images))
        error = self._breaks(images)
        if error is not None:
            raise error
        return [[box(float(one[0, 0, 0]))] for one in images]


def on_bright(error: Exception) -> Callable[[Sequence[Image]], Exception | None]:
    return lambda images: error if any(one[0, 0, 0] > 100 for one in images) else None


def outcome(results: list[list[Detection] | ModelFailed]) -> list[float | str]:
    return [one.reason if isinstance(one, ModelFailed) else one[0]["score"] for one in results]


def test_a_batch_that_works_is_detected_in_one_go() -> None:
    detector: Detector = Fragile(lambda _: None)
    results = Attempts(detector).detect([image(1), image(2)])
    assert outcome(results) == [1, 2]
    assert isinstance(detector, Fragile)
    assert detector.batches == [2]


def test_only_the_frame_at_fault_fails() -> None:
    attempts = Attempts(Fragile(on_bright(ModelFailed("too bright"))))
    results = attempts.detect([image(1), image(200), image(3)])
    assert outcome(results) == [1, "model_failed", 3]
    assert attempts.failures == 0, "a frame that works after it clears the detector"


def test_any_error_of_the_models_library_is_a_failure_of_the_model() -> None:
    attempts = Attempts(Fragile(on_bright(RuntimeError("device lost"))))
    [result] = attempts.detect([image(200)])
    assert isinstance(result, ModelFailed)
    assert "RuntimeError: device lost" in str(result)


def test_results_that_do_not_match_the_images_are_a_failure() -> None:
    class Short(Fragile):
        def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
            return super().detect(images)[1:]

    results = Attempts(Short(lambda _: None)).detect([image(1), image(2)])
    assert outcome(results) == ["model_failed", "model_failed"]


def test_a_detector_is_exhausted_when_enough_frames_in_a_row_fail_over_several_batches() -> None:
    attempts = Attempts(Fragile(on_bright(ModelFailed("too bright"))), most_failures=4)
    attempts.detect([image(200), image(201)])
    attempts.detect([image(200)])
    assert not attempts.exhausted
    attempts.detect([image(200)])
    assert attempts.exhausted


def test_no_images_need_no_detector() -> None:
    detector = Fragile(lambda _: RuntimeError("must not be called"))
    assert Attempts(detector).detect([]) == []
    assert detector.batches == []
