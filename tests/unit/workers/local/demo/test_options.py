"""The board's port: the wanted one if it is free, else one that no client can be given."""

import socket

from deploy.local.ports import free_ports, outgoing_range
from workers.local.demo.options import choose_port


def test_a_wanted_port_that_is_free_is_taken() -> None:
    [wanted] = free_ports(1)

    assert choose_port(wanted) == wanted


def test_a_port_chosen_for_the_board_stays_free_until_the_board_binds_it() -> None:
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        taken: int = owner.getsockname()[1]

        chosen = [choose_port(wanted) for wanted in [0, taken] * 25]

    outgoing = outgoing_range()
    assert [port for port in chosen if port in outgoing] == []
