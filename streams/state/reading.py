"""The cameras and floors of a checkpoint, read or refused."""

from collections.abc import Mapping

from runtime.checkpoints import Checkpoint, EntityState
from runtime.errors import Stop
from streams.domain.pipeline import Entity
from streams.state.codec import decode_state
from streams.state.published import HANDOVER_KEY, HandoverFilter, handover_of
from streams.state.version import OLDEST_READ


def states_of(partition: int, checkpoint: Checkpoint) -> dict[str, Entity]:
    """State by entity key, without the seam.

    Raises:
        Stop: One was written by a version that this one cannot read.
    """
    states: dict[str, Entity] = {}
    for key, state in checkpoint.entities.items():
        if key == HANDOVER_KEY:
            continue
        name = key.decode() if isinstance(key, bytes) else key
        try:
            states[name] = _readable(name, state)
        except ValueError as error:
            raise _refused(partition, name, state, error) from error
    return states


def open_handover(partition: int, entities: Mapping[bytes, EntityState]) -> HandoverFilter:
    """The seam that a checkpoint holds; a closed one where it holds none.

    Raises:
        Stop: It cannot be read.
    """
    state = entities.get(HANDOVER_KEY)
    if state is None:
        return HandoverFilter({})
    try:
        return handover_of(state)
    except ValueError as error:
        raise _refused(partition, HANDOVER_KEY.decode(), state, error) from error


def without_handover(checkpoint: Checkpoint) -> Checkpoint:
    """The same cameras and floors, for whoever makes all records anew and sends none of them.

    A seam would hold back what another fold has told, and here nothing of that fold stands.
    """
    kept = {key: state for key, state in checkpoint.entities.items() if key != HANDOVER_KEY}
    return Checkpoint(checkpoint.head, kept)


def _readable(entity_key: str, state: EntityState) -> Entity:
    if state.version < OLDEST_READ:
        raise ValueError(f"this release reads states from version {OLDEST_READ} on")
    return decode_state(entity_key, state.data)


def _refused(partition: int, name: str, state: EntityState, error: ValueError) -> Stop:
    return Stop(
        f"checkpoint of partition {partition}: {name} (version {state.version}) "
        f"cannot be read: {error}. Let the release that wrote it go on, or fold the "
        "detections anew: `wardstream rebuild checkpoints`, see Upgrading in "
        "docs/operators.md"
    )
