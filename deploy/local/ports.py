"""Free ports of this machine.

They are outside the range from which the kernel takes ports for outgoing connections.
Otherwise a client that keeps asking for a server which is down may be given the server's
own port, connect to itself, and keep the server from ever coming back.
"""

import random
import socket
from contextlib import ExitStack
from pathlib import Path

LEAST = 10_000
MOST = 65_536
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_ports(count: int) -> list[int]:
    """Distinct ports of 127.0.0.1 that nothing uses at this moment."""
    found: list[int] = []
    with ExitStack() as held:  # all at once, so that none comes twice
        for port in _candidates():
            if len(found) == count:
                break
            each = held.enter_context(socket.socket())
            try:
                each.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    return found


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As servers do: connections of the last one may still be in TIME_WAIT.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def outgoing_range() -> range:
    """Ports that the kernel gives to outgoing connections."""
    first, last = map(int, OUTGOING.read_text().split())
    return range(first, last + 1)


def _candidates() -> list[int]:
    outgoing = outgoing_range()
    ports = [port for port in range(LEAST, MOST) if port not in outgoing]
    # Two launchers at the same time should not try the same ports in the same order.
    return random.sample(ports or list(outgoing), k=min(1000, len(ports or outgoing)))
