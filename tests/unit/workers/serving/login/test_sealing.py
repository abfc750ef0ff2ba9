"""What is kept outside of the board cannot be read, altered, moved or invented."""

from workers.serving.login.sealing import Sealer

SEALER = Sealer(b"k" * 32)


def test_a_sealed_value_is_read_under_its_own_name_only() -> None:
    sealed = SEALER.seal(b"a token", "session-1")

    assert b"token" not in sealed
    assert SEALER.unseal(sealed, "session-1") == b"a token"
    assert SEALER.unseal(sealed, "session-2") is None


def test_an_altered_value_or_one_of_another_key_is_none() -> None:
    sealed = SEALER.seal(b"a token", "session-1")

    assert Sealer(b"j" * 32).unseal(sealed, "session-1") is None
    for index in (0, 12, len(sealed) - 1):
        altered = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        assert SEALER.unseal(altered, "session-1") is None
    assert SEALER.unseal(b"", "session-1") is None


def test_only_ids_that_were_made_here_have_a_key() -> None:
    cookie = SEALER.new_id()
    key = SEALER.key_of(cookie)

    assert key is not None
    assert cookie.partition(".")[0] not in key
    assert SEALER.new_id() != cookie
    assert Sealer(b"j" * 32).key_of(cookie) is None
    for invented in ("", cookie[:-2], cookie + "\n", f"{'A' * 43}.{'A' * 43}", "ä" * 87):
        assert SEALER.key_of(invented) is None
