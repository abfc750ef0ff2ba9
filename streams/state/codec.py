"""The state of a camera or floor as bytes: msgpack, with the tracker's tables packed."""

from typing import Any, Final

import msgspec

from runtime.checkpoints import EntityState
from schemas.topics import LINKS, OCCUPANCY, PRESENCE, TRACKS, ZONE_EVENTS
from streams.domain.camera.step import CameraState
from streams.domain.entity import Entity, entity_type
from streams.domain.floor.fused import Belief
from streams.domain.floor.state import FloorState
from streams.domain.fusion.state import FusionState
from streams.domain.tracking.state import TrackerState
from streams.state.version import (
    LONGEST_AND_BADGES,
    OCCUPANCY_IN_FULL,
    OLDEST_READ,
    SEQS_BY_TOPIC,
    STATE_VERSION,
)


def encode_state(state: Entity) -> EntityState:
    """Encode a state; equal states give equal bytes."""
    return EntityState(STATE_VERSION, _ENCODER.encode(state))


def decode_state(entity_key: str, stored: EntityState) -> Entity:
    """Decode a state.

    Args:
        entity_key: `camera/ID` or `floor/ID`.
        stored: State as this release or an earlier one wrote it.

    Raises:
        ValueError: The key names neither a camera nor a floor, this release does not read the
            version, or the bytes are not a state.
    """
    if not OLDEST_READ <= stored.version <= STATE_VERSION:
        raise ValueError(f"this release reads versions {OLDEST_READ} to {STATE_VERSION}")
    kind = entity_type(entity_key)
    try:
        if stored.version >= LONGEST_AND_BADGES:
            state: Entity = _DECODERS[kind].decode(stored.data)
            return state
        fields = msgspec.msgpack.decode(stored.data, type=dict[str, Any])
        if stored.version < SEQS_BY_TOPIC:
            _gather_seqs(fields)
        _complete_occupancy(fields, stored.version)
        for link in fields.get("linked", ()):
            link["badge_id"] = ""
        state = msgspec.convert(fields, kind, dec_hook=_read)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    return state


def _gather_seqs(fields: dict[str, Any]) -> None:
    """Move the counters of a state from before `SEQS_BY_TOPIC` into one dictionary per owner.

    A floor of version 4 has no counter of links: it has sent none yet.
    """
    old = {"seq": TRACKS, "presence_seq": PRESENCE, "link_seq": LINKS}
    old |= {"event_seq": ZONE_EVENTS, "occupancy_seq": OCCUPANCY}
    for owner in (fields, *fields.get("zones", {}).values()):
        owner["seqs"] = {
            topic.name: owner.pop(name) for name, topic in old.items() if name in owner
        }


def _complete_occupancy(fields: dict[str, Any], version: int) -> None:
    """Add to the occupancy that was shown last what it did not say."""
    for zone in fields.get("zones", {}).values():
        shown = zone.get("shown")
        if shown is None:
            continue
        shown["longest_since_us"] = None
        if version >= OCCUPANCY_IN_FULL:
            continue
        since = {"least_required": None, "possible_since_us": None, "sure_since_us": None}
        shown.update(since, is_watched=True, count=None, census=None)
        for role in shown["roles"]:
            role.update(since, standing_in=[])


def _write(value: Any) -> bytes:
    if isinstance(value, TrackerState):
        return value.pack()
    if isinstance(value, Belief):
        return value.state.to_bytes()
    raise NotImplementedError(f"a state does not hold a {type(value).__name__}")


def _read(kind: type, value: Any) -> Any:
    if kind is TrackerState and isinstance(value, bytes):
        return TrackerState.unpack(value)
    if kind is Belief and isinstance(value, bytes):
        return Belief(FusionState.from_bytes(value))
    raise ValueError(f"a {kind.__name__} is not made of a {type(value).__name__}")


_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=_write)

# Partitions are loaded in several threads. msgspec learns a type at its first use, and a thread
# that comes meanwhile reads what is half learnt, which ends the process by SIGSEGV. So each type is
# learnt here, when the module is imported.
_DECODERS: Final[dict[type[Entity], msgspec.msgpack.Decoder[Any]]] = {
    kind: msgspec.msgpack.Decoder(kind, dec_hook=_read) for kind in (CameraState, FloorState)
}
