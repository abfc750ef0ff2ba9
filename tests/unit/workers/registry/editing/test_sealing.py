"""A sealed text opens with its key and for its subject alone."""

import pytest

from runtime.errors import Stop
from workers.registry.editing.sealed import address_fault
from workers.registry.editing.sealing import Sealer

OLD, NEW = b"o" * 32, b"n" * 32
SECRET = "rtsp://viewer:hunter2@10.0.0.7/stream"


def test_a_text_is_sealed_anew_each_time_and_opens_to_what_it_was() -> None:
    sealer = Sealer([OLD], "KEY")

    first, second = sealer.seal(SECRET, "camera c1"), sealer.seal(SECRET, "camera c1")

    assert first != second
    assert b"hunter2" not in first
    assert sealer.open(first, "camera c1") == sealer.open(second, "camera c1") == SECRET


def test_a_rotated_key_opens_what_the_old_one_sealed_and_seals_by_itself() -> None:
    sealed = Sealer([OLD], "KEY").seal(SECRET, "camera c1")
    rotated = Sealer([NEW, OLD], "KEY")

    assert rotated.open(sealed, "camera c1") == SECRET
    assert not rotated.is_newest(sealed)
    assert Sealer([NEW], "KEY").open(rotated.seal(SECRET, "camera c1"), "camera c1") == SECRET


@pytest.mark.parametrize(
    ("keys", "subject", "altered", "message"),
    [
        pytest.param([NEW], "camera c1", 0, "under a key that KEY does not hold", id="other-key"),
        pytest.param([], "camera c1", 0, "under a key that KEY does not hold", id="no-key"),
        pytest.param([OLD], "camera c2", 0, "was altered, or sealed for another", id="other"),
        pytest.param([OLD], "camera c1", 1, "was altered, or sealed for another", id="altered"),
    ],
)
def test_what_does_not_open_is_refused_without_a_word_of_it(
    keys: list[bytes], subject: str, altered: int, message: str
) -> None:
    sealed = bytearray(Sealer([OLD], "KEY").seal(SECRET, "camera c1"))
    sealed[-1] ^= altered

    with pytest.raises(Stop, match=message) as refused:
        Sealer(keys, "KEY").open(bytes(sealed), subject)

    assert "hunter2" not in str(refused.value)


def test_nothing_is_sealed_without_a_key() -> None:
    with pytest.raises(Stop, match="set KEY, or KEY_FILE"):
        Sealer([], "KEY").seal(SECRET, "camera c1")


@pytest.mark.parametrize(
    "address", ["/etc/passwd", "file:///etc/passwd", "webcam:0", "gopher://a", "rtsp://a /b", ""]
)
def test_a_stream_address_names_something_on_the_network(address: str) -> None:
    assert address_fault(address) != ""
    assert address_fault(SECRET) == ""
