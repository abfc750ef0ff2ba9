"""The whole fold of one partition: detection outcomes in, tracks, links, presence and zones out.

A pure function of the records given to it, in their order, and of the facts and the reads of badges
that are visible at their event times. The same log gives the same outputs, whatever was saved and
restored in between.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from schemas.records.frames import DetectionOutcome
from schemas.topics import TRACKS, Topic
from streams.domain.camera.clock import floor_time
from streams.domain.camera.detections import (
    FrameDetections,
    frame_detections_of,
    with_classes,
)
from streams.domain.camera.step import CameraState, check_frame, check_size, fence, step
from streams.domain.entity import CAMERA, FLOOR, Entity, entity_type
from streams.domain.evidence.classes import classes_of
from streams.domain.evidence.waiting import NO_READS, Reads
from streams.domain.facts.timeline import Facts
from streams.domain.floor.links import link_records
from streams.domain.floor.role_only import without_tracks
from streams.domain.floor.state import FloorState, report
from streams.domain.floor.tick import TICK_US
from streams.domain.floor.ticks import close_ticks
from streams.domain.output import Output
from streams.domain.settings import PipelineSettings
from streams.domain.tracking.checks import UnusableOutcome
from streams.domain.tracking.parameters import parameters_of
from streams.domain.zones.membership import ZoneState

__all__ = ["Output", "PartitionPipeline", "UnknownCamera", "UnusableOutcome"]

T = TypeVar("T")


class UnknownCamera(ValueError):
    """No version of the camera is visible at the event's time: a dead letter for the caller."""


class PartitionPipeline:
    """The fold of one partition of the detections.

    Args:
        settings: Settings of the fold; a checkpoint taken under others continues under these.

    Attributes:
        cameras: Camera states by id.
        floors: Floor states by id.
        counters: Counts since this object was made, for metrics and not part of the fold:
            `duplicates` and `older` (frames that a camera's fence ignored), `late` (frames that
            came after their floor's tick had closed).
        other_versions: Number of frames that were folded with another version of their camera than
            they were captured under, for metrics and not part of the fold.
    """

    def __init__(self, settings: PipelineSettings | None = None) -> None:
        self.settings = settings or PipelineSettings()
        self.cameras: dict[str, CameraState] = {}
        self.floors: dict[str, FloorState] = {}
        self.counters: dict[str, int] = {"duplicates": 0, "older": 0, "late": 0}
        self.other_versions = 0
        self._changed: dict[str, Entity] = {}
        self._dated_back: dict[str, int] = {}
        self._newest_us = 0

    @property
    def settings(self) -> PipelineSettings:
        """Settings of the fold from the next record on."""
        return self._settings

    @settings.setter
    def settings(self, settings: PipelineSettings) -> None:
        self._settings = settings
        self._fixed = parameters_of(settings.tracker)
        self._moving = parameters_of(settings.moving_tracker)
        self._classes = classes_of(settings.floor.classes)
        self._lateness_us = max(0, settings.floor.allowed_lateness_us - TICK_US)

    def restore(self, states: Mapping[str, Entity]) -> None:
        """Replace all state with saved states, by entity key.

        Raises:
            ValueError: A key names neither a camera nor a floor, or not the kind of its state.
        """
        cameras: dict[str, CameraState] = {}
        floors: dict[str, FloorState] = {}
        for key in sorted(states):
            state = states[key]
            if not isinstance(state, entity_type(key)):
                raise ValueError(f"{key!r} does not hold a {type(state).__name__}")  # noqa: TRY004
            if isinstance(state, CameraState):
                cameras[state.camera_id] = state
            else:
                floors[state.floor_id] = state
        self.cameras, self.floors, self._changed = cameras, floors, {}
        self._dated_back = {}
        self._newest_us = max((camera.last_us for camera in cameras.values()), default=0)
        for camera in cameras.values():
            self._date_back(camera)

    def take_changed(self, encode: Callable[[Entity], T]) -> dict[str, T]:
        """Entities changed since the last call, sorted by key.

        Args:
            encode: Copies a state into a form that stays the same while the fold continues.
        """
        changed = {key: encode(self._changed[key]) for key in sorted(self._changed)}
        self._changed = {}
        return changed

    def renumber(self, topic: Topic, key: str, floor_id: str, seq: int) -> bool:
        """Continue the seqs of a key from a given one.

        Args:
            topic: Topic of the records.
            key: Key of the records: a camera, floor or zone.
            floor_id: Floor of the key.
            seq: Seq after which the next record comes.

        Returns:
            False when the key has no state yet.
        """
        if topic.owner == "camera":
            owner: CameraState | FloorState | ZoneState | None = self.cameras.get(key)
        else:
            owner = floor = self.floors.get(floor_id)
            if topic.owner == "zone" and floor is not None:
                owner = floor.zones.get(key)
        if owner is None:
            return False
        owner.seqs[topic.name] = seq
        return True

    def advance(
        self, outcome: DetectionOutcome, facts: Facts, reads: Reads = NO_READS
    ) -> list[Output]:
        """Fold one detection outcome, given as its record; see `fold`."""
        return self.fold(frame_detections_of(outcome), facts, reads)

    def fold(self, frame: FrameDetections, facts: Facts, reads: Reads = NO_READS) -> list[Output]:
        """Fold one detection outcome.

        Args:
            frame: The next record of the partition's log.
            facts: Reference data, read at least as far as the outcome's ticks need.
            reads: Reads of badges of the partition; those that ticks take in are taken from it.

        Returns:
            Records to send, in order. A frame that the camera's fence ignores gives none.

        Raises:
            UnknownCamera: No version of the camera is visible; nothing was changed.
            UnusableOutcome: Its time, size or a box cannot be used; nothing was changed.
        """
        camera_id, captured_us = frame.camera_id, frame.captured_us
        check_frame(frame)
        snapshot = facts.at(captured_us)
        camera = snapshot.cameras.get(camera_id)
        if camera is None:
            raise UnknownCamera(f"no version of camera {camera_id!r} is visible at {captured_us}")
        check_size(frame, camera)
        if frame.labels and self._classes.shown:
            frame = with_classes(frame, self._classes.shown)
        state = self.cameras.get(camera_id)
        verdict = fence(state, captured_us)
        if state is None:
            state = self.cameras[camera_id] = CameraState(camera_id)
        elif verdict != "new":
            self.counters["duplicates" if verdict == "duplicate" else "older"] += 1
            return []
        if frame.outcome != "HEARTBEAT" and frame.camera_version not in (0, camera["version"]):
            self.other_versions += 1
        homography = snapshot.homography(camera_id)
        picture, optics = snapshot.picture(camera_id), snapshot.optics(camera_id)
        parameters = self._moving if camera["mount"] == "MOVING" else self._fixed
        last = state.last_us, state.floor_us
        tracks, view, linked = step(state, frame, camera, homography, picture, optics, parameters)
        view.captured_us = state.floor_us = floor_time(
            captured_us, frame.source_clock_us, snapshot.clock(camera_id), last, self._lateness_us
        )
        self._changed[CAMERA + camera_id] = state
        if tracks is not None and self.settings.floor.role_only:
            tracks = without_tracks(tracks)
        outputs = [] if tracks is None else [Output(TRACKS, camera_id, tracks)]
        fuses = view.looked and self.settings.floor.fuses_cameras
        if fuses and snapshot.is_fused(camera_id):
            view.boxes = frame.people.tobytes()
            view.box_classes = list(frame.classes)
        floor = self._floor(state.floor_id)
        if linked is not None:
            floor.linked += link_records(floor.floor_id, camera_id, view.captured_us, linked)
        if not report(floor, view):
            self.counters["late"] += 1
        self._date_back(state)
        self._newest_us = max(self._newest_us, captured_us)
        reads.ensure(self._newest_us)
        outputs += close_ticks(floor, facts, self.settings.floor, self._dated_back, reads)
        return outputs

    def _date_back(self, state: CameraState) -> None:
        """Note how far the floor's time of a camera's newest frame is before its event time."""
        if 0 < state.floor_us < state.last_us:
            self._dated_back[state.camera_id] = state.last_us - state.floor_us
        else:
            self._dated_back.pop(state.camera_id, None)

    def _floor(self, floor_id: str) -> FloorState:
        floor = self.floors.get(floor_id)
        if floor is None:
            floor = self.floors[floor_id] = FloorState(floor_id)
        self._changed[FLOOR + floor_id] = floor
        return floor
