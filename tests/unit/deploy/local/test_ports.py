"""Ports for servers: free, distinct, and never given to an outgoing connection."""

import random
import socket
import subprocess
import sys

from deploy.local.ports import claim, free_ports, is_free, outgoing_range


def test_ports_are_distinct_and_a_server_can_listen_on_each() -> None:
    ports = free_ports(20)

    assert len(set(ports)) == 20
    assert all(is_free(port) for port in ports)


def test_no_client_can_be_given_the_port_of_a_server_that_is_down() -> None:
    outgoing = outgoing_range()

    assert [port for port in free_ports(50) if port in outgoing] == []


def test_a_port_with_a_server_is_not_free() -> None:
    [port] = free_ports(1)
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()

        assert not is_free(port)


CHOOSE = """
import sys
from deploy.local import ports

ports._candidates = lambda: [int(port) for port in sys.argv[1:]]
print(*ports.free_ports(1), flush=True)
sys.stdin.read()
"""


def test_a_port_that_no_server_has_bound_yet_is_given_to_no_other_process() -> None:
    first, second = free_ports(2)  # claimed by this process, bound by nothing

    third = unclaimed()
    other = choosing(first, second, third)
    assert other.stdout is not None
    assert int(other.stdout.readline()) == third
    other.communicate("")


def test_a_port_is_chosen_again_once_the_process_that_chose_it_has_been_killed() -> None:
    port = unclaimed()
    first = choosing(port)
    assert first.stdout is not None
    assert int(first.stdout.readline()) == port
    assert not claim(port)

    first.kill()
    first.communicate()

    assert claim(port)


def test_one_process_never_gets_a_port_twice_but_may_use_its_own_again() -> None:
    chosen = [port for _ in range(20) for port in free_ports(3)]

    assert len(set(chosen)) == 60
    assert claim(chosen[0])


def choosing(*candidates: int) -> subprocess.Popen[str]:
    """A process that chooses one of these ports and keeps it until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", CHOOSE, *map(str, candidates)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def unclaimed() -> int:
    """A port that nothing uses and no process has claimed."""
    other = choosing(*random.sample(range(20_000, 32_000), k=200))
    assert other.stdout is not None
    port = int(other.stdout.readline())
    other.communicate("")
    return port
