"""What is compared: two arms over the same frames, and the truth if there is one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.detectors.boxes import Boxes


class NotComparable(ValueError):
    """The inputs do not fit each other; the message names the first thing that does not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Frames:
    """The frames of a range, in order of camera and then time.

    Attributes:
        cameras: Camera of each frame, shape `(N,)`.
        times_us: Time of capture, us since 1970, shape `(N,)`.
        size: Width and height that boxes refer to, px.
        moved_us: Times at which a camera moved: what is before and after is not one series.
        light: How light each frame is, in a word, as `dark`; shape `(N,)` or empty.
    """

    cameras: NDArray[np.str_]
    times_us: NDArray[np.int64]
    size: tuple[int, int]
    moved_us: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    light: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=np.str_))

    def __len__(self) -> int:
        return len(self.times_us)


@dataclass(frozen=True, kw_only=True, slots=True)
class BoxesOfFrames:
    """Boxes over the frames of a range.

    Attributes:
        frames: Position of each box's frame in `Frames`, ascending, shape `(B,)`.
        boxes: Shape `(B, 4)`, `(x_min, y_min, x_max, y_max)`, px.
        scores: Confidence, 0 to 1, shape `(B,)`; of the truth, empty.
        zones: Zone of each box in a word; shape `(B,)` or empty. Of the truth.
    """

    frames: NDArray[np.int64]
    boxes: Boxes
    scores: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    zones: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=np.str_))


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """What one arm found.

    Attributes:
        name: How the report calls it.
        frames: The frames that it was given.
        found: Its detections.
        failed: Frames on which the model failed, shape `(N,)` or empty. They stay in the
            comparison with what was found in them, which is nothing.
        frame_ms: Time that each frame took, ms, shape `(N,)` or empty.
    """

    name: str
    frames: Frames
    found: BoxesOfFrames
    failed: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    frame_ms: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """The people who are there.

    Attributes:
        frames: The frames that were annotated.
        people: Their boxes.
    """

    frames: Frames
    people: BoxesOfFrames


def check_pair(a: Arm, b: Arm, truth: Truth | None) -> None:
    """Refuse inputs that cannot be paired.

    Raises:
        NotComparable: Another set of frames, another size, a box or score that is no number, a
            score outside 0 to 1, a frame out of order or twice, a column of another length.
    """
    _check_frames(a.frames, f"arm {a.name}")
    _check_same(a.frames, b.frames, f"arm {a.name}", f"arm {b.name}")
    for arm in (a, b):
        who = f"arm {arm.name}"
        _check_boxes(arm.found, arm.frames, who, scored=True)
        for name, column in (("failed", arm.failed), ("frame_ms", arm.frame_ms)):
            if len(column) not in (0, len(arm.frames)):
                raise NotComparable(
                    f"{who}: {name} has {len(column)} values for {len(arm.frames)} frames"
                )
        if not np.isfinite(arm.frame_ms).all() or (arm.frame_ms < 0).any():
            raise NotComparable(f"{who}: frame_ms has a value that is no duration")
    if truth is not None:
        _check_same(a.frames, truth.frames, f"arm {a.name}", "truth")
        _check_boxes(truth.people, truth.frames, "truth", scored=False)


def _check_frames(frames: Frames, who: str) -> None:
    if len(frames) == 0:
        raise NotComparable(f"{who} has no frames")
    if len(frames.cameras) != len(frames):
        raise NotComparable(f"{who}: {len(frames.cameras)} cameras for {len(frames)} frames")
    if len(frames.light) not in (0, len(frames)):
        raise NotComparable(f"{who}: light has {len(frames.light)} values for {len(frames)} frames")
    same = frames.cameras[1:] == frames.cameras[:-1]
    wrong = (frames.cameras[1:] < frames.cameras[:-1]) | (same & (np.diff(frames.times_us) <= 0))
    if wrong.any():
        at = int(wrong.argmax()) + 1
        raise NotComparable(f"{who}: {_name(frames, at)} is out of order or twice")


def _check_same(first: Frames, second: Frames, one: str, other: str) -> None:
    shared = min(len(first), len(second))
    differs = (first.cameras[:shared] != second.cameras[:shared]) | (
        first.times_us[:shared] != second.times_us[:shared]
    )
    if differs.any():
        at = int(differs.argmax())
        raise NotComparable(
            f"{one} and {other} have different frames: the first that differs is "
            f"{_name(first, at)} of {one} and {_name(second, at)} of {other}"
        )
    if len(first) != len(second):
        longer, name = (first, one) if len(first) > shared else (second, other)
        raise NotComparable(
            f"{one} and {other} have different frames: the first that differs is "
            f"{_name(longer, shared)}, which only {name} has"
        )
    if first.size != second.size:
        raise NotComparable(
            f"{one} has boxes of pictures of {first.size} px, and {other} of {second.size} px"
        )
    if dict(first.moved_us) != dict(second.moved_us):
        raise NotComparable(f"{one} and {other} differ in when a camera moved")


def _check_boxes(boxes: BoxesOfFrames, frames: Frames, who: str, *, scored: bool) -> None:
    count = len(boxes.frames)
    if boxes.boxes.shape != (count, 4):
        raise NotComparable(f"{who}: boxes have the shape {boxes.boxes.shape}, not ({count}, 4)")
    if count and (
        boxes.frames[0] < 0 or boxes.frames[-1] >= len(frames) or (np.diff(boxes.frames) < 0).any()
    ):
        raise NotComparable(f"{who}: boxes are not in order of their frames, or have none")
    if len(boxes.zones) not in (0, count):
        raise NotComparable(f"{who}: zones has {len(boxes.zones)} values for {count} boxes")
    _check_numbers(np.asarray(np.isfinite(boxes.boxes).all(axis=1)), boxes, frames, f"{who}: a box")
    if scored:
        if len(boxes.scores) != count:
            raise NotComparable(f"{who}: {len(boxes.scores)} scores for {count} boxes")
        _check_numbers(np.isfinite(boxes.scores), boxes, frames, f"{who}: a score")
        if count and (boxes.scores.min() < 0 or boxes.scores.max() > 1):
            raise NotComparable(f"{who}: a score is outside 0 to 1")


def _check_numbers(
    fine: NDArray[np.bool_], boxes: BoxesOfFrames, frames: Frames, what: str
) -> None:
    if not fine.all():
        at = int(boxes.frames[int(fine.argmin())])
        raise NotComparable(f"{what} is not a number in {_name(frames, at)}")


def _name(frames: Frames, at: int) -> str:
    return f"camera {frames.cameras[at]} at {frames.times_us[at]} us"
