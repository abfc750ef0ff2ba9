"""The one outcome of one frame, as a record of detections.made.v1."""

from schemas.records.frames import Detection, DetectionOutcome, Frame, Model, Outcome
from workers.frames.arrivals import Arrival

NEWER_FRAME = "newer_frame"
"""Reason of a frame skipped because its camera had a newer one waiting."""


def make_outcome(
    arrival: Arrival,
    frame: Frame,
    outcome: Outcome,
    *,
    inferred_us: int,
    reason: str = "",
    detections: list[Detection] | None = None,
    model: Model | None = None,
) -> DetectionOutcome:
    """Make the outcome of a frame.

    Args:
        arrival: Partition and offset of the frame.
        frame: The frame.
        outcome: Kind of the outcome.
        inferred_us: When that was decided, UTC microseconds.
        reason: Why it was skipped or failed.
        detections: Boxes in pixels of the captured frame, by falling score.
        model: Model that made them; one record shared by all outcomes.
    """
    return DetectionOutcome(
        camera_id=frame["camera_id"],
        captured_us=frame["captured_us"],
        frame_seq=frame["seq"],
        outcome=outcome,
        reason=reason,
        detections=[] if detections is None else detections,
        model=model,
        width=frame["width"],
        height=frame["height"],
        camera_version=frame["camera_version"],
        preprocessing_version=frame["preprocessing_version"],
        frame_partition=arrival.partition,
        frame_offset=arrival.offset,
        frame_sha256=frame["sha256"],
        received_us=frame["received_us"],
        inferred_us=inferred_us,
        source_clock_us=frame["source_clock_us"],
    )
