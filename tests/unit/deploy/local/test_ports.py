"""Ports for servers: free, distinct, and never given to an outgoing connection."""

import socket

from deploy.local.ports import free_ports, is_free, outgoing_range


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
