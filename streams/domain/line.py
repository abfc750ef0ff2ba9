"""The whole fold of one partition: detection outcomes in, tracks, presence and zones out.

A pure function of the records given to it, in their order, and of the facts visible at their
event times. The same log gives the same outputs, whatever was saved and restored on the way.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from schemas.records import CameraTracks, DetectionOutcome, Presence, ZoneEvent, ZoneOccupancy
from schemas.topics import TRACKS, Topic
from streams.domain.camera import CameraState, Fence, fence, step, view_of
from streams.domain.facts import Facts
from streams.domain.floor import FloorState, close_ticks, forget_camera, report
from streams.domain.settings import LineSettings

Entity = CameraState | FloorState
"""What a checkpoint keeps, one record each."""

_CAMERA: Final = "camera/"
_FLOOR: Final = "floor/"


class UnknownCamera(ValueError):
    """No version of the camera is visible at the event's time: a dead letter for the caller."""


class Output(NamedTuple):
    """One record to send.

    Attributes:
        topic: Where to.
        key: Its key.
        record: The value; its `seq` rises by one per topic and key.
    """

    topic: Topic
    key: str
    record: CameraTracks | Presence | ZoneEvent | ZoneOccupancy


def entity_type(entity_key: str) -> type[CameraState] | type[FloorState]:
    """The type in which the state of an entity is decoded.

    Args:
        entity_key: `camera/ID` or `floor/ID`.

    Raises:
        ValueError: The key names neither.
    """
    if entity_key.startswith(_CAMERA):
        return CameraState
    if entity_key.startswith(_FLOOR):
        return FloorState
    raise ValueError(f"{entity_key!r} names neither a camera nor a floor")


class PartitionLine:
    """The fold of one partition of the detections.

    Args:
        settings: Of the fold; a checkpoint taken under other settings continues under these.

    Attributes:
        cameras: State by camera id.
        floors: State by floor id.
        counters: Since this object was made, for metrics and not part of the fold:
            `duplicates` and `older` (frames that a camera's fence ignored), `late` (frames that
            came after their floor's tick had closed).
    """

    def __init__(self, settings: LineSettings | None = None) -> None:
        self.settings = settings or LineSettings()
        self.cameras: dict[str, CameraState] = {}
        self.floors: dict[str, FloorState] = {}
        self.counters: dict[str, int] = {"duplicates": 0, "older": 0, "late": 0}
        self._changed: dict[str, Entity] = {}

    def restore(self, states: Mapping[str, Entity]) -> None:
        """Begin from saved states, by entity key; what was there before is forgotten.

        Raises:
            ValueError: A key names neither a camera nor a floor, or not the kind of its state.
        """

    def take_changed(self) -> dict[str, Entity]:
        """Entities changed since the last call, sorted by key.

        The states are the live objects: encode them before the next `advance`.
        """
        changed = {key: self._changed[key] for key in sorted(self._changed)}
        self._changed = {}
        return changed

    def advance(self, outcome: DetectionOutcome, facts: Facts) -> list[Output]:
        """Fold one detection outcome.

        Args:
            outcome: The next record of the partition's log.
            facts: Side inputs, read at least as far as the outcome's ticks need.

        Returns:
            Records to send, in order. A frame that the camera's fence ignores gives none.

        Raises:
            UnknownCamera: No version of the camera is visible; nothing was changed.
            ValueError: A box cannot be used; nothing was changed.
        """
        raise NotImplementedError
