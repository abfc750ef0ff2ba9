"""Where the cameras, floors and zones of a partition stand in a checkpoint: times and seqs."""

from collections.abc import Mapping

import msgspec

from runtime.checkpoints import EntityState
from runtime.errors import Stop
from schemas.topics import LINKS, OCCUPANCY, PRESENCE, TRACKS, ZONE_EVENTS
from streams.domain.camera.step import CameraState
from streams.domain.pipeline import Entity
from streams.state.codec import decode_state
from streams.state.published import HANDOVER_KEY
from streams.state.version import OLDEST_READ, STATE_VERSION

REFUSED = (
    "`wardstream rebuild checkpoints` makes checkpoints that this release reads: see "
    "Upgrading in docs/operators.md"
)
"""What to do about a state of another release."""


class Mark(msgspec.Struct, frozen=True):
    """How far one camera, floor or zone has come.

    Attributes:
        floor_id: Floor of it.
        through_us: Newest event time of a camera's frames, or end of the last closed tick of a
            floor or zone, UTC microseconds: nothing was derived of what comes later.
        seqs: Last seq by topic (without prefix).
        opened_us: First event time of a floor and its zones, UTC microseconds; 0 for a camera.
    """

    floor_id: str
    through_us: int
    seqs: dict[str, int]
    opened_us: int = 0


class KeyProgress(msgspec.Struct, frozen=True):
    """Marks of a partition, by id."""

    cameras: dict[str, Mark] = {}
    floors: dict[str, Mark] = {}
    zones: dict[str, Mark] = {}

    def of_floors(self, floor_ids: frozenset[str] | None) -> "KeyProgress":
        """Only what belongs to some floors; everything when None."""
        if floor_ids is None:
            return self
        parts = (self.cameras, self.floors, self.zones)
        return KeyProgress(
            *({key: m for key, m in part.items() if m.floor_id in floor_ids} for part in parts)
        )


def is_read(state: EntityState) -> bool:
    """Whether this release reads a state."""
    return OLDEST_READ <= state.version <= STATE_VERSION


def progress_of(entities: Mapping[bytes, EntityState]) -> KeyProgress:
    """Read the marks out of a checkpoint.

    Raises:
        Stop: A state was written by a release whose states this one does not read.
    """
    states: dict[str, Entity] = {}
    for key, state in sorted(entities.items()):
        if key == HANDOVER_KEY:
            continue
        name = key.decode()
        if not is_read(state):
            msg = (
                f"the state of {name} has version {state.version}, this release reads "
                f"{OLDEST_READ} to {STATE_VERSION}: {REFUSED}"
            )
            raise Stop(msg)
        try:
            states[name] = decode_state(name, state.data)
        except ValueError as error:
            msg = f"the state of {name} cannot be read: {error}. {REFUSED}"
            raise Stop(msg) from error
    return progress_of_states(states)


def progress_of_states(states: Mapping[str, Entity]) -> KeyProgress:
    """The marks of states, by entity key."""
    stand = KeyProgress({}, {}, {})
    for _, entity in sorted(states.items()):
        if isinstance(entity, CameraState):
            seqs = {TRACKS.name: entity.seq}
            stand.cameras[entity.camera_id] = Mark(entity.floor_id, entity.last_us, seqs)
            continue
        floor = entity
        seqs = {PRESENCE.name: floor.presence_seq, LINKS.name: floor.link_seq}
        common = (floor.floor_id, floor.closed_us)
        stand.floors[floor.floor_id] = Mark(*common, seqs, floor.opened_us)
        for zone_id, zone in floor.zones.items():
            seqs = {ZONE_EVENTS.name: zone.event_seq, OCCUPANCY.name: zone.occupancy_seq}
            stand.zones[zone_id] = Mark(*common, seqs, floor.opened_us)
    return stand
