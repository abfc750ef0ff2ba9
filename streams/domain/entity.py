"""Entities of a checkpoint, one record each: cameras, and floors with their zones."""

from collections.abc import Callable, Iterator
from typing import Final

from schemas.topics import TOPICS, Owner, Topic
from streams.domain.camera.step import CameraState
from streams.domain.floor.state import FloorState
from streams.domain.seqs import Seqs

Entity = CameraState | FloorState

CAMERA: Final = "camera/"
FLOOR: Final = "floor/"


def entity_type(entity_key: str) -> type[CameraState] | type[FloorState]:
    """The type of an entity's state.

    Args:
        entity_key: `camera/ID` or `floor/ID`.

    Raises:
        ValueError: The key names neither.
    """
    if entity_key.startswith(CAMERA):
        return CameraState
    if entity_key.startswith(FLOOR):
        return FloorState
    raise ValueError(f"{entity_key!r} names neither a camera nor a floor")


def owners(entity: Entity) -> Iterator[tuple[Owner, str, Seqs]]:
    """Each camera, floor and zone of an entity, with its id and its seqs."""
    if isinstance(entity, CameraState):
        yield "camera", entity.camera_id, entity.seqs
        return
    yield "floor", entity.floor_id, entity.seqs
    for zone_id, zone in entity.zones.items():
        yield "zone", zone_id, zone.seqs


def raise_seqs(entity: Entity, newest: Callable[[Topic, str], int]) -> None:
    """Raise an entity's seqs to those of the records that were sent.

    Args:
        entity: Camera or floor; its seqs rise where they are lower.
        newest: Gives the highest seq that a topic holds under a key; 0 for none.
    """
    for _, key, seqs in owners(entity):
        for name, seq in seqs.items():
            topic = TOPICS.get(name)
            if topic is not None:
                seqs[name] = max(seq, newest(topic, key))
