"""The state of a camera or floor as bytes: msgpack, with the tracker's tables packed."""

from typing import Any

import msgspec

from streams.domain.pipeline import Entity, entity_type
from streams.domain.tracking.state import TrackerState


def encode_state(state: Entity) -> bytes:
    """Write a state as bytes; equal states give equal bytes."""
    return _ENCODER.encode(state)


def decode_state(entity_key: str, data: bytes) -> Entity:
    """Read a state.

    Args:
        entity_key: `camera/ID` or `floor/ID`.
        data: As `encode_state` wrote it.

    Raises:
        ValueError: The key names neither, or the bytes are no state of it.
    """
    try:
        state: Entity = msgspec.msgpack.decode(data, type=entity_type(entity_key), dec_hook=_read)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    return state


def _write(value: Any) -> bytes:
    if isinstance(value, TrackerState):
        return value.pack()
    raise NotImplementedError(f"a state does not hold a {type(value).__name__}")


def _read(kind: type, value: Any) -> Any:
    if kind is TrackerState and isinstance(value, bytes):
        return TrackerState.unpack(value)
    raise ValueError(f"a {kind.__name__} is not made of a {type(value).__name__}")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_write)
