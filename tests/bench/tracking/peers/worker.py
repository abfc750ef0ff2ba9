"""Runs one library's trackers; executed by that library's own Python, imports nothing of ours.

Usage: `python worker.py TASKS`, TASKS a JSON file: a list of

    {"tracker": NAME, "config": {...}, "rate": FPS, "detections": det.txt,
     "frames": [FIRST, LAST, STEP], "size": [WIDTH, HEIGHT], "out": tracks.txt}

Reads and writes MOTChallenge files. Prints `done NUMBER` for each task when its file is there. In a
configuration, names that end in `_s` are seconds and become frames of the task's rate; without
them the library's own default stands.
"""
# mypy: ignore-errors
# The libraries' types are in their own environments.

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np


def frames_of(
    config: dict[str, Any], rate: float, name: str, default: int | None = None, least: int = 1
) -> int | None:
    """A duration of the configuration in frames of the task's rate."""
    if name not in config:
        return default
    return max(least, round(config[name] * rate))


def without(config, *names):
    return {key: value for key, value in config.items() if key not in names}


def roboflow(name):
    """SORT, ByteTrack, OC-SORT or C-BIoU of roboflow's `trackers`: boxes are the detections'."""
    import supervision as sv
    from trackers import ByteTrackTracker, CBIoUTracker, OCSORTTracker, SORTTracker

    kind = {
        "trackers-sort": SORTTracker,
        "trackers-bytetrack": ByteTrackTracker,
        "trackers-ocsort": OCSORTTracker,
        "trackers-cbiou": CBIoUTracker,
    }[name]

    def make(config, rate, size):
        options = without(config, "lost_s", "delta_s", "score_threshold")
        if "lost_s" in config:
            # The library itself scales a buffer told in frames at 30 fps by `frame_rate`.
            options |= {"lost_track_buffer": round(config["lost_s"] * 30), "frame_rate": rate}
        if "delta_s" in config:
            options["delta_t"] = frames_of(config, rate, "delta_s")
        tracker = kind(**options)

        def step(boxes, scores):
            given = sv.Detections(
                xyxy=boxes, confidence=scores, class_id=np.zeros(len(boxes), dtype=int)
            )
            found = tracker.update(given)
            if found.tracker_id is None or len(found) == 0:
                return []
            return [
                (int(number), box, score)
                for number, box, score in zip(
                    found.tracker_id, found.xyxy, found.confidence, strict=True
                )
                if number >= 0
            ]

        return step

    return make


def supervision_bytetrack(name):
    """ByteTrack of `supervision`: boxes are the detections'."""
    import supervision as sv

    def make(config, rate, size):
        options = without(config, "lost_s", "score_threshold")
        if "lost_s" in config:
            options |= {"lost_track_buffer": round(config["lost_s"] * 30), "frame_rate": rate}
        tracker = sv.ByteTrack(**options)

        def step(boxes, scores):
            given = sv.Detections(
                xyxy=boxes, confidence=scores, class_id=np.zeros(len(boxes), dtype=int)
            )
            found = tracker.update_with_detections(given)
            return list(zip(found.tracker_id.tolist(), found.xyxy, found.confidence, strict=True))

        return step

    return make


def norfair_iou(name):
    """norfair with overlap of corner points: boxes are the filter's."""
    import norfair
    from norfair.filter import OptimizedKalmanFilterFactory

    def make(config, rate, size):
        longest = frames_of(config, rate, "lost_s", 15, least=2)
        delay = frames_of(config, rate, "delay_s", None, least=0)
        options = {
            "distance_function": "iou",
            "distance_threshold": config.get("distance_threshold", 0.7),
            "hit_counter_max": longest,
            "initialization_delay": None if delay is None else min(delay, longest - 1),
        }
        if "filter_r" in config:
            options["filter_factory"] = OptimizedKalmanFilterFactory(
                R=config["filter_r"], Q=config["filter_q"]
            )
        tracker = norfair.Tracker(**options)

        def step(boxes, scores):
            given = [
                norfair.Detection(points=box.reshape(2, 2), scores=np.array([score, score]))
                for box, score in zip(boxes, scores, strict=True)
            ]
            new = {id(detection) for detection in given}
            followed = tracker.update(detections=given)
            return [
                (one.id, one.estimate.reshape(4), float(one.last_detection.scores[0]))
                for one in followed
                if not config.get("observed_only") or id(one.last_detection) in new
            ]

        return step

    return make


def ultralytics_bytetrack(name):
    """BYTETracker of `ultralytics`: boxes are the filter's."""
    from ultralytics.engine.results import Boxes
    from ultralytics.trackers.byte_tracker import BYTETracker

    def make(config, rate, size):
        options = {
            "track_high_thresh": 0.25,
            "track_low_thresh": 0.1,
            "new_track_thresh": 0.25,
            "track_buffer": frames_of(config, rate, "lost_s", 30),
            "match_thresh": 0.8,
            "fuse_score": True,
        } | without(config, "lost_s", "score_threshold")
        tracker = BYTETracker(SimpleNamespace(**options))

        def step(boxes, scores):
            rows = np.column_stack([boxes, scores, np.zeros(len(boxes))])
            found = tracker.update(Boxes(rows, (size[1], size[0])))
            return [(int(row[4]), row[:4], float(row[5])) for row in found]

        return step

    return make


TRACKERS = {
    "trackers-sort": roboflow,
    "trackers-bytetrack": roboflow,
    "trackers-ocsort": roboflow,
    "trackers-cbiou": roboflow,
    "supervision-bytetrack": supervision_bytetrack,
    "norfair": norfair_iou,
    "ultralytics-bytetrack": ultralytics_bytetrack,
}

_read = {}


def detections_of(path):
    """Rows of each frame of a file, boxes and scores of each row."""
    if path not in _read:
        rows = np.loadtxt(path, delimiter=",", ndmin=2, usecols=range(7))
        boxes = np.hstack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
        by_frame = {}
        for row, frame in enumerate(rows[:, 0].astype(int).tolist()):
            by_frame.setdefault(frame, []).append(row)
        _read[path] = (by_frame, boxes, rows[:, 6])
    return _read[path]


def run(make, task):
    """Track one file."""
    step = make(task["config"], task["rate"], task["size"])
    by_frame, boxes, scores = detections_of(task["detections"])
    least = task["config"].get("score_threshold", 0.0)
    first, last, stride = task["frames"]
    lines = []
    for frame in range(first, last + 1, stride):
        rows = [row for row in by_frame.get(frame, ()) if scores[row] >= least]
        for number, box, score in step(boxes[rows], scores[rows]):
            left, top, right, bottom = (float(edge) for edge in box)
            lines.append(
                f"{frame},{number},{left!r},{top!r},{right - left!r},{bottom - top!r},"
                f"{float(score)!r},-1,-1,-1\n"
            )
    Path(task["out"]).write_text("".join(lines))


def main():
    makers = {}
    for number, task in enumerate(json.loads(Path(sys.argv[1]).read_text())):
        name = task["tracker"]
        if name not in makers:
            makers[name] = TRACKERS[name](name)
        run(makers[name], task)
        print(f"done {number}", flush=True)


if __name__ == "__main__":
    main()
