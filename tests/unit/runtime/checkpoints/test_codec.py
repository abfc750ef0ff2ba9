"""A checkpoint is accepted only if its records belong together."""

import pytest

from runtime.checkpoints import CheckpointDamaged, EntityState, Head
from runtime.checkpoints.codec import HEAD_KEY, assemble, checksum, encode_entity, encode_head

LOBBY = encode_entity(EntityState(1, b"two people"))
WARD = encode_entity(EntityState(2, b"five people"))


def head(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "format": 1,
        "partition": 3,
        "input_id": "abc",
        "next_offset": 42,
        "side_offsets": {"cameras.v1": 7},
        "generation": 5,
        "boot_id": "host-1",
        "entities": {"floor/lobby": checksum(LOBBY), "floor/ward": checksum(WARD)},
    }
    return encode_head(Head(**(fields | changes)))  # type: ignore[arg-type]


def test_a_whole_checkpoint_comes_back_as_it_was() -> None:
    records = {HEAD_KEY: head(), b"floor/lobby": LOBBY, b"floor/ward": WARD}

    checkpoint = assemble(3, records, max_version=2)

    assert checkpoint.head.next_offset == 42
    assert checkpoint.head.side_offsets == {"cameras.v1": 7}
    assert checkpoint.entities == {
        b"floor/lobby": EntityState(1, b"two people"),
        b"floor/ward": EntityState(2, b"five people"),
    }


@pytest.mark.parametrize(
    ("records", "complaint"),
    [
        pytest.param(
            {HEAD_KEY: head(), b"floor/lobby": LOBBY}, "1 entities .*'floor/ward'", id="missing"
        ),
        pytest.param(
            {HEAD_KEY: head(), b"floor/lobby": LOBBY, b"floor/ward": LOBBY},
            "'floor/ward'",
            id="stale",
        ),
        pytest.param(
            {HEAD_KEY: head(entities={}), b"floor/lobby": LOBBY}, "'floor/lobby'", id="surplus"
        ),
        pytest.param({HEAD_KEY: head(partition=4)}, "of partition 4", id="foreign"),
        pytest.param({HEAD_KEY: head(format=3)}, "format 3", id="later-format"),
        pytest.param({HEAD_KEY: b"\x00\x01"}, "cannot be read", id="garbage"),
        pytest.param(
            {
                HEAD_KEY: head(entities={"floor/x": checksum(b"\x03x")}),
                b"floor/x": b"\x03x",
            },
            "'floor/x' has version 3",
            id="later-state",
        ),
    ],
)
def test_records_that_do_not_belong_together_are_refused(
    records: dict[bytes, bytes], complaint: str
) -> None:
    with pytest.raises(CheckpointDamaged, match=complaint):
        assemble(3, records, max_version=2)
