"""A board for this machine alone answers to no other name."""

import pytest

from workers.serving.api.security import host_of, is_loopback


@pytest.mark.parametrize(
    ("header", "local"),
    [
        ("127.0.0.1:8080", True),
        ("localhost:8080", True),
        ("LOCALHOST.", True),
        ("[::1]:8080", True),
        ("127.3.2.1", True),
        ("rebound.example:8080", False),
        ("localhost.example", False),
        ("192.168.0.7:8080", False),
        ("", False),
    ],
)
def test_only_names_of_this_machine_are_local(header: str, local: bool) -> None:
    assert is_loopback(host_of(header)) is local
