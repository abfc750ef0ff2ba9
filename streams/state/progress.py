"""Progress of each camera, floor and zone in a checkpoint: event times and seqs."""

from collections.abc import Mapping

import msgspec

from runtime.checkpoints import EntityState
from schemas.topics import Owner
from streams.domain.camera.step import CameraState
from streams.domain.entity import Entity, owners
from streams.state.reading import states_of


class KeyProgress(msgspec.Struct, frozen=True):
    """Progress of one camera, floor or zone.

    Attributes:
        floor_id: Floor of the camera or zone, or the floor itself.
        through_us: Newest event time of a camera's frames, or end of the last closed tick of a
            floor or zone, UTC microseconds: nothing was derived from later input.
        seqs: Last seq by topic (without prefix).
        opened_us: First event time of a floor and its zones, UTC microseconds; 0 for a camera.
    """

    floor_id: str
    through_us: int
    seqs: dict[str, int]
    opened_us: int = 0


class ProgressByKey(msgspec.Struct, frozen=True):
    """Progress of a partition's cameras, floors and zones, by id."""

    cameras: dict[str, KeyProgress] = {}
    floors: dict[str, KeyProgress] = {}
    zones: dict[str, KeyProgress] = {}

    def of(self, owner: Owner) -> dict[str, KeyProgress]:
        """Progress of all cameras, floors or zones."""
        return {"camera": self.cameras, "floor": self.floors, "zone": self.zones}[owner]

    def of_floors(self, floor_ids: frozenset[str] | None) -> "ProgressByKey":
        """Progress of the given floors only; of all floors when None."""
        if floor_ids is None:
            return self
        parts = (self.cameras, self.floors, self.zones)
        return ProgressByKey(
            *({key: m for key, m in part.items() if m.floor_id in floor_ids} for part in parts)
        )


def progress_of(partition: int, entities: Mapping[bytes, EntityState]) -> ProgressByKey:
    """Read the progress from a checkpoint.

    Raises:
        Stop: A state was written by a version that this release does not read.
    """
    return progress_of_states(states_of(partition, entities))


def progress_of_states(states: Mapping[str, Entity]) -> ProgressByKey:
    """The progress that states hold, by entity key."""
    progress = ProgressByKey({}, {}, {})
    for _, entity in sorted(states.items()):
        if isinstance(entity, CameraState):
            through_us, opened_us = entity.last_us, 0
        else:
            through_us, opened_us = entity.closed_us, entity.opened_us
        for owner, key, seqs in owners(entity):
            progress.of(owner)[key] = KeyProgress(
                entity.floor_id, through_us, dict(seqs), opened_us
            )
    return progress
