"""Records that a killed release has sent stay valid, and those of the next release follow."""

from random import Random

import pytest

from streams.stage import OUTPUTS
from streams.state.published import HANDOVER_KEY
from streams.state.reading import without_handover
from tests.unit.streams.handover.handover_world import World, walks

FRAMES = 120
LIVES = 8


def attacked(seed: int, *, other: str = "other", guarded: bool = True) -> World:
    """Processes of two releases fold one input, and all but the last are killed on the way."""
    chance = Random(seed)
    world = World(walks(chance, FRAMES), guarded)
    for _ in range(LIVES):
        world.history(chance.choice(("this", other)), chance, ends_in=0.04)
    world.history("this", chance, ends_in=0.0)
    return world


@pytest.mark.parametrize("seed", range(10))
def test_there_is_one_history_whichever_release_is_killed_and_follows(seed: int) -> None:
    """It holds if the other release makes more records or fewer, and before a seam has closed."""
    attacked(seed).judge()


@pytest.mark.parametrize("seed", range(6))
def test_a_release_that_makes_the_same_leaves_nothing_out(seed: int) -> None:
    """It sends even the rest of a tick of which its predecessor had sent a part."""
    world = attacked(seed, other="same")

    chance = Random(seed)
    calm = World(walks(chance, FRAMES))
    calm.history("this", chance, ends_in=0.0)
    for topic in OUTPUTS:
        assert world.versions(topic.name) == calm.versions(topic.name)


def test_without_reading_the_uncommitted_output_a_seq_has_two_versions() -> None:
    world = attacked(0, guarded=False)

    with pytest.raises(AssertionError, match="has two versions"):
        world.judge()


def test_a_complete_replay_makes_the_records_that_a_handover_would_hold_back() -> None:
    """A rebuild does so when it starts from a checkpoint with a seam."""
    chance = Random(1)
    world = World(walks(chance, FRAMES))
    world.history("other", chance, ends_in=0.02)
    world.take_over("this")
    checkpoint = world.checkpoint
    assert checkpoint is not None
    assert HANDOVER_KEY in checkpoint.entities

    start = checkpoint.head.next_offset
    frames = set(world.frames_from(start))
    assert not frames <= set(world.folded_from(checkpoint))
    assert frames <= set(world.folded_from(without_handover(checkpoint)))


def test_a_handover_ends_with_the_published_time() -> None:
    """Then the checkpoint has no mark, and every release that reads the states may continue."""
    world = attacked(3)

    assert world.checkpoint is not None
    assert all(key.startswith((b"camera/", b"floor/")) for key in world.checkpoint.entities)
