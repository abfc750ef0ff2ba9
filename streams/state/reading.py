"""Read the cameras and floors of a checkpoint, or refuse them."""

from collections.abc import Mapping

from runtime.checkpoints import Checkpoint, EntityState
from runtime.errors import Stop
from streams.domain.entity import Entity
from streams.state.codec import decode_state
from streams.state.published import HANDOVER_KEY, HandoverFilter, handover_of
from streams.state.version import OLDEST_READ, STATE_VERSION

UNREADABLE = (
    "Let the release that wrote it go on, or fold the detections again: "
    "`wardstream rebuild checkpoints`, see docs/runbooks/upgrade.md"
)
"""What to do about a checkpoint that this release does not read."""


def states_of(partition: int, entities: Mapping[bytes, EntityState]) -> dict[str, Entity]:
    """Read the states of a checkpoint by entity key, without the watermarks of a handover.

    Args:
        partition: Partition of the checkpoint, for the message.
        entities: States as the checkpoint holds them.

    Raises:
        Stop: A state was written by a version that this release does not read.
    """
    states: dict[str, Entity] = {}
    for key, stored in sorted(entities.items()):
        if key == HANDOVER_KEY:
            continue
        name = key.decode()
        try:
            states[name] = decode_state(name, stored)
        except ValueError as error:
            raise _refused(partition, name, stored, error) from error
    return states


def is_read(stored: EntityState) -> bool:
    """Whether this release reads the version of a state."""
    return OLDEST_READ <= stored.version <= STATE_VERSION


def open_handover(partition: int, entities: Mapping[bytes, EntityState]) -> HandoverFilter:
    """The open handover of a checkpoint; if there is none, one that holds nothing back.

    Raises:
        Stop: The handover cannot be read.
    """
    stored = entities.get(HANDOVER_KEY)
    if stored is None:
        return HandoverFilter({})
    try:
        return handover_of(stored)
    except ValueError as error:
        raise _refused(partition, HANDOVER_KEY.decode(), stored, error) from error


def without_handover(checkpoint: Checkpoint) -> Checkpoint:
    """A checkpoint without its handover, for a fold that holds nothing back.

    A replay, for example, makes all records again and sends none of them.
    """
    kept = {key: state for key, state in checkpoint.entities.items() if key != HANDOVER_KEY}
    return Checkpoint(checkpoint.head, kept)


def _refused(partition: int, name: str, stored: EntityState, error: ValueError) -> Stop:
    return Stop(
        f"checkpoint of partition {partition}: {name} (version {stored.version}) cannot be read: "
        f"{error}. {UNREADABLE}"
    )
