"""Run a detector so that one bad frame costs one frame, and a broken detector is noticed."""

from collections.abc import Sequence

from models.detectors.boxes import Image
from models.detectors.detector import Detector, ModelFailed
from schemas.records.frames import Detection

MOST_FAILURES = 10
"""Frames in a row that may fail on their own before the detector is considered broken."""


class Attempts:
    """Runs the detector on batches; when a batch fails, on each of its frames alone.

    Args:
        detector: The person detector.
        most_failures: Failed frames in a row from which on `exhausted` is True.
    """

    def __init__(self, detector: Detector, most_failures: int = MOST_FAILURES) -> None:
        self._detector = detector
        self._most_failures = most_failures
        self.failures = 0

    @property
    def exhausted(self) -> bool:
        """Whether so many frames failed in a row that the detector must be at fault."""
        return self.failures >= self._most_failures

    def detect(self, images: Sequence[Image]) -> list[list[Detection] | ModelFailed]:
        """Detections of each image, or why there are none."""
        if not images:
            return []
        try:
            found = self._detect(images)
        except ModelFailed as error:
            if len(images) == 1:
                self.failures += 1
                return [error]
            return [result for image in images for result in self.detect([image])]
        self.failures = 0
        return list(found)

    def _detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        try:
            found = self._detector.detect(images)
        except ModelFailed:
            raise
        except Exception as error:  # a model's libraries raise what they like
            raise ModelFailed(f"{type(error).__name__}: {error}") from error
        if len(found) != len(images):
            raise ModelFailed(f"{len(found)} results for {len(images)} images")
        return found
