"""Cameras that see the same people: made-up walks, and recordings of real rooms, as tracks."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from models.datasets.motchallenge import BoxTable
from schemas.records.tracks import CameraTracks, Track
from schemas.topics import TRACKS
from streams.domain.camera.pinhole import Pinhole
from streams.domain.pipeline import PartitionPipeline
from tests.support.builders.domain import T0, camera, facts_of, outcome
from tests.support.camera_room import CORNERS, HEIGHT, WIDTH, projection_from
from workers.guard.neighbours import Disagreement, Neighbours
from workers.guard.overlap import OverlapLimits
from workers.registry.calibration import floor_homography

FPS: Final = 5.0

Walk = Callable[[float], tuple[float, float]]
"""Where somebody is after so many seconds, m."""


def corner_cameras() -> dict[str, dict[str, Any]]:
    """Four calibrated cameras in the corners of a room of 8 x 6 m."""
    return {
        f"corner-{number}": registered(
            f"corner-{number}",
            Pinhole.of(
                projection_from((x, y, 2.6), (4.0, 3.0, 0.8)).ravel().tolist(), WIDTH, HEIGHT
            ),
        )
        for number, (x, y) in enumerate(CORNERS)
    }


def registered(camera_id: str, pinhole: Pinhole) -> dict[str, Any]:
    """A camera of a pose, as it is registered."""
    lens = None
    if pinhole.lens is not None:
        lens = {name: getattr(pinhole.lens, name) for name in ("fx", "fy", "cx", "cy")}
        lens["distortion"] = list(pinhole.lens.distortion)
    return camera(
        camera_id,
        width=pinhole.width,
        height=pinhole.height,
        projection=np.asarray(pinhole.projection, np.float64).ravel().tolist(),
        lens=lens,
        homography=list(floor_homography(pinhole)),
    )


def to_and_fro(start: tuple[float, float], end: tuple[float, float], speed: float) -> Walk:
    """Somebody who walks between two points, m/s."""
    length = math.dist(start, end)

    def at(second: float) -> tuple[float, float]:
        way = (speed * second) % (2 * length)
        share = min(way, 2 * length - way) / length
        return (
            start[0] + share * (end[0] - start[0]),
            start[1] + share * (end[1] - start[1]),
        )

    return at


def standing(x: float, y: float) -> Walk:
    """Somebody who stays."""
    return lambda _: (x, y)


def walked(
    seen: Mapping[str, Sequence[Walk]],
    seconds: float,
    *,
    off: Mapping[str, tuple[float, float]] | None = None,
    late_s: Mapping[str, float] | None = None,
    noise_m: float = 0.05,
) -> Iterator[CameraTracks]:
    """The tracks of cameras, in order of time.

    Args:
        seen: Whom each camera sees.
        seconds: How long.
        off: By how much a camera's positions are off, m.
        late_s: By how much a camera's clock is late, s.
        noise_m: Standard deviation of a position along each axis, m.
    """
    random = np.random.default_rng(1)
    for frame in range(round(seconds * FPS)):
        for camera_id, walks in seen.items():
            at_s = frame / FPS - (late_s or {}).get(camera_id, 0.0)
            by = (off or {}).get(camera_id, (0.0, 0.0))
            positions = [
                np.add(np.add(walk(at_s), by), random.normal(0.0, noise_m, 2)) for walk in walks
            ]
            yield _tracks(camera_id, T0 + round(frame * 1e6 / FPS), positions)


def _tracks(camera_id: str, at_us: int, positions: Iterable[Any]) -> CameraTracks:
    tracks: list[Track] = [
        {
            "track_id": number,
            "state": "CONFIRMED",
            "x_min": 0.0,
            "y_min": 0.0,
            "x_max": 1.0,
            "y_max": 1.0,
            "velocity_x": 0.0,
            "velocity_y": 0.0,
            "score": 1.0,
            "observed": True,
            "started_us": T0,
            "last_observed_us": at_us,
            "x_m": float(x_m),
            "y_m": float(y_m),
            "position_sd_m": 0.05,
        }
        for number, (x_m, y_m) in enumerate(positions, start=1)
    ]
    return {
        "camera_id": camera_id,
        "seq": 1,
        "captured_us": at_us,
        "floor_id": "floor",
        "frame_seq": 1,
        "width": WIDTH,
        "height": HEIGHT,
        "tracks": tracks,
        "model_name": "",
        "model_version": "",
        "camera_version": 1,
    }


def aside(pinhole: Pinhole, x_m: float, y_m: float) -> Pinhole:
    """A calibration that is off: it puts everything so many metres aside."""
    shift = np.eye(4)
    shift[:2, 3] = x_m, y_m
    return Pinhole(pinhole.projection @ np.linalg.inv(shift), pinhole.width, pinhole.height)


def recorded(
    cameras: Mapping[str, Pinhole], detections: Mapping[str, BoxTable], fps: float
) -> Iterator[CameraTracks]:
    """The tracks that the fold makes of recorded detections."""
    # Each on a floor of its own: nothing has to be fused.
    alone = [{**registered(name, one), "floor_id": name} for name, one in cameras.items()]
    facts = facts_of(*alone)
    pipeline = PartitionPipeline()
    rows = {name: table.by_frame() for name, table in detections.items()}
    last = max(max(found, default=0) for found in rows.values())
    for frame in range(1, last + 1):
        for name, pinhole in cameras.items():
            found = rows[name].get(frame)
            boxes = [] if found is None else found.boxes.tolist()
            people = [
                {
                    **dict(zip(("x_min", "y_min", "x_max", "y_max"), box, strict=True)),
                    "score": 1.0,
                    "raw_score": 1.0,
                    "label": "person",
                }
                for box in boxes
            ]
            one = outcome(T0 + round(frame * 1e6 / fps), people, camera_id=name)  # type: ignore[arg-type]
            one = {**one, "width": pinhole.width, "height": pinhole.height, "frame_seq": frame}
            for output in pipeline.advance(one, facts):
                if output.topic is TRACKS:
                    record: Any = output.record
                    yield record.record() if hasattr(record, "record") else record


def compared(
    cameras: Mapping[str, Mapping[str, Any]], tracks: Iterable[CameraTracks]
) -> dict[tuple[str, str], Disagreement]:
    """What is known of each camera against each other in the end, by their ids."""
    neighbours = Neighbours(OverlapLimits())
    neighbours.register(cameras)
    for one in tracks:
        neighbours.take(one)
    return {(found.camera_id, found.with_camera_id): found for found in neighbours.found()}
