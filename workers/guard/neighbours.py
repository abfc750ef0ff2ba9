"""The cameras of all floors, two by two, and which of two that disagree is to blame. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from schemas.records.tracks import CameraTracks
from streams.domain.camera.pinhole import Pinhole
from streams.domain.camera.projection import pinhole_or_none
from streams.domain.facts.suspicion import CALIBRATION
from workers.guard.overlap import Apart, OverlapLimits, PairOfCameras, Person, View

Floats: TypeAlias = NDArray[np.float64]

TOGETHER_US: Final = 100_000
"""Longest time between two frames that are compared, microseconds."""

EVERY_US: Final = 180_000
"""Frames of a camera that follow each other faster are left out, microseconds."""

_JUDGED_EVERY_US: Final = 5_000_000

_MIDDLE_M: Final = 0.15
"""A box ends at the near side of the feet: the middle of the body is so much further away, m."""

_MOST_FAR_M: Final = 40.0
"""Two cameras whose views meet only further away than this are not compared, m."""

_MOST_SD_M: Final = 0.3
"""Positions that are less sure count for nothing, m."""

Pair: TypeAlias = tuple[str, str]
"""Two cameras, sorted."""


class Disagreement(NamedTuple):
    """What is known of one camera against another.

    Attributes:
        camera_id: The camera.
        with_camera_id: The other.
        disagrees: Whether they disagree and this camera is to blame, maybe with the other.
        since_us: Since when that is so, UTC microseconds of event time.
        at_us: When it was judged, UTC microseconds of event time.
        apart: How far they are apart.
    """

    camera_id: str
    with_camera_id: str
    disagrees: bool
    since_us: int
    at_us: int
    apart: Apart


@dataclass(slots=True)
class _Known:
    """A camera that can be compared.

    Attributes:
        floor_id: Its floor.
        calibration: By which its positions are made.
        pinhole: Its pose.
        view: What it saw last; None before.
    """

    floor_id: str
    calibration: tuple[str, ...]
    pinhole: Pinhole
    view: View | None = None

    def shows(self, points: Floats) -> NDArray[np.bool_]:
        """Which points of the floor, `(N, 2)` in metres, are in the frame; `(N,)`."""
        px = self.pinhole.to_px(np.column_stack([points, np.zeros(len(points))]))
        size = np.array([self.pinhole.width, self.pinhole.height], np.float64)
        return np.asarray(((px >= 0) & (px <= size)).all(axis=1))  # not a number is nowhere

    def people(self, tracks: CameraTracks) -> list[Person]:
        """People whom a frame shows and whose place is sure, each at the middle of the body."""
        x_m, y_m, _ = self.pinhole.position()
        found = []
        for track in tracks["tracks"]:
            if track["state"] != "CONFIRMED" or not track["observed"]:
                continue
            at = track["x_m"], track["y_m"]
            if at[0] is None or at[1] is None or (track["position_sd_m"] or 0.0) > _MOST_SD_M:
                continue
            right, far = at[0] - x_m, at[1] - y_m
            share = _MIDDLE_M / max(math.hypot(right, far), _MIDDLE_M)
            found.append(Person(track["track_id"], at[0] + share * right, at[1] + share * far))
        return found

    def floor_in_view(self) -> Floats:
        """Some points of the floor that the camera shows, `(N, 2)` in metres."""
        across, down = np.meshgrid(np.linspace(0.05, 0.95, 9), np.linspace(0.05, 0.95, 9))
        px = np.column_stack(
            [across.ravel() * self.pinhole.width, down.ravel() * self.pinhole.height]
        )
        floor = self.pinhole.to_floor(px)
        x_m, y_m, _ = self.pinhole.position()
        near = np.hypot(floor[:, 0] - x_m, floor[:, 1] - y_m) < _MOST_FAR_M
        return np.asarray(floor[near])


class Neighbours:
    """Compares the cameras of floors.

    Args:
        limits: When two cameras disagree.
    """

    def __init__(self, limits: OverlapLimits) -> None:
        self._limits = limits
        self._cameras: dict[str, _Known] = {}
        self._meet: dict[Pair, bool] = {}
        self._pairs: dict[Pair, PairOfCameras] = {}
        self._apart: dict[Pair, tuple[Apart, int]] = {}
        self._disagree: dict[Pair, bool] = {}
        self._found: dict[Pair, Disagreement] = {}
        self._judged_us: dict[str, int] = {}

    def register(self, cameras: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in the cameras in force; one with a new calibration starts from nothing."""
        known: dict[str, _Known] = {}
        for camera_id, camera in cameras.items():
            calibration = tuple(str(camera[name]) for name in CALIBRATION)
            before = self._cameras.get(camera_id)
            if before is not None and before.calibration == calibration:
                known[camera_id] = before
                continue
            pinhole = pinhole_or_none(camera)
            if pinhole is not None:
                known[camera_id] = _Known(camera["floor_id"], calibration, pinhole)
        changed = {name for name, one in self._cameras.items() if known.get(name) is not one}
        tables: tuple[dict[Pair, Any], ...] = (
            self._meet,
            self._pairs,
            self._apart,
            self._disagree,
            self._found,
        )
        for table in tables:
            for pair in [pair for pair in table if changed.intersection(pair)]:
                del table[pair]
        self._cameras = known

    def wanted(self, camera_id: str) -> bool:
        """Whether a camera can be compared with another one of its floor."""
        camera = self._cameras.get(camera_id)
        return camera is not None and any(
            one.floor_id == camera.floor_id and name != camera_id
            for name, one in self._cameras.items()
        )

    def take(self, tracks: CameraTracks) -> None:
        """Compare the people of a frame with those of the other cameras of the floor.

        Args:
            tracks: The tracks after the frame; one that follows too soon counts for nothing.
        """
        camera_id = tracks["camera_id"]
        camera = self._cameras.get(camera_id)
        if camera is None:
            return
        last = camera.view
        if last is not None and 0 <= tracks["captured_us"] - last.at_us < EVERY_US:
            return
        camera.view = view = View(tracks["captured_us"], camera.people(tracks))
        for other_id, other in self._cameras.items():
            if other_id == camera_id or other.floor_id != camera.floor_id or other.view is None:
                continue
            if abs(other.view.at_us - view.at_us) > TOGETHER_US:
                continue
            pair = (min(camera_id, other_id), max(camera_id, other_id))
            if pair not in self._meet:
                self._meet[pair] = _meets(self._cameras[pair[0]], self._cameras[pair[1]])
            if self._meet[pair]:
                self._compare(pair)
        self._judge(camera.floor_id, view.at_us)

    def _compare(self, pair: Pair) -> None:
        first, second = (self._cameras[name] for name in pair)
        watch = self._pairs.setdefault(pair, PairOfCameras(self._limits))
        watch.compare(_seen_by(first.view, second), _seen_by(second.view, first))

    def _judge(self, floor_id: str, at_us: int) -> None:
        if 0 <= at_us - self._judged_us.get(floor_id, 0) < _JUDGED_EVERY_US:
            return
        self._judged_us[floor_id] = at_us
        here = {name for name, one in self._cameras.items() if one.floor_id == floor_id}
        judged = [pair for pair in self._pairs if pair[0] in here]
        for pair in judged:
            apart = self._pairs[pair].apart()
            if apart is None:
                continue
            before = self._disagree.get(pair, False)
            limit_m = self._limits.back_m if before else self._limits.limit_m
            self._apart[pair] = apart, at_us
            self._disagree[pair] = apart.distance_m >= limit_m
        blamed = blame({pair: self._disagree[pair] for pair in judged if pair in self._disagree})
        for pair in judged:
            if pair in self._apart:
                for one, other in (pair, pair[::-1]):
                    self._note(one, other, *self._apart[pair], disagrees=(one, other) in blamed)

    def _note(
        self, camera_id: str, other_id: str, apart: Apart, at_us: int, *, disagrees: bool
    ) -> None:
        before = self._found.get((camera_id, other_id))
        same = before is not None and before.disagrees == disagrees
        since_us = before.since_us if before is not None and same else at_us
        self._found[camera_id, other_id] = Disagreement(
            camera_id, other_id, disagrees, since_us, at_us, apart
        )

    def found(self) -> list[Disagreement]:
        """What is known of each camera against each other, as last judged."""
        return list(self._found.values())


def blame(disagree: Mapping[Pair, bool]) -> set[Pair]:
    """Which camera of each pair that disagrees is to blame, with the other one beside it.

    A camera that disagrees with a larger share of its neighbours than the other does is; else both
    are, since nothing tells them apart.
    """
    judged: dict[str, list[bool]] = {}
    for pair, verdict in disagree.items():
        for camera_id in pair:
            judged.setdefault(camera_id, []).append(verdict)
    share = {camera_id: sum(found) / len(found) for camera_id, found in judged.items()}
    blamed = set()
    for (first, second), verdict in disagree.items():
        if verdict and share[first] >= share[second]:
            blamed.add((first, second))
        if verdict and share[second] >= share[first]:
            blamed.add((second, first))
    return blamed


def _meets(first: _Known, second: _Known) -> bool:
    """Whether two cameras show a part of the floor together."""
    return any(
        bool(len(points)) and bool(other.shows(points).any())
        for one, other in ((first, second), (second, first))
        for points in (one.floor_in_view(),)
    )


def _seen_by(view: View | None, other: _Known) -> View:
    """The people of a view whom the other camera would show, too."""
    assert view is not None
    if not view.people:
        return view
    shown = other.shows(np.array([(one.x_m, one.y_m) for one in view.people]))
    return View(
        view.at_us, [one for one, is_shown in zip(view.people, shown, strict=True) if is_shown]
    )
