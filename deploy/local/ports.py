"""Free ports of this machine.

They are outside the range from which the kernel takes ports for outgoing connections.
Otherwise a client that keeps asking for a server which is down may be given the server's
own port, connect to itself, and keep the server from ever coming back.

A server binds its port some seconds after the port was chosen. Until the choosing process
ends, no other choice on this machine gets the same port.
"""

import fcntl
import os
import random
import socket
import tempfile
import threading
from pathlib import Path

LEAST = 10_000
MOST = 65_536
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


class _Claims:
    """The ports that this process has chosen.

    Byte N of a file is locked for port N. The kernel drops the locks of a process that ends,
    however it ends.
    """

    def __init__(self) -> None:
        self._own: set[int] = set()
        self._file: int | None = None
        self._turn = threading.Lock()

    def add(self, port: int) -> bool:
        """Claim a port; False if this process or another one has claimed it already."""
        with self._turn:
            if port in self._own:
                return False
            if self._file is None:
                # Kept open: closing any descriptor of the file would drop all its locks.
                self._file = os.open(_claims_file(), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            except OSError:
                return False
            self._own.add(port)
            return True

    def __contains__(self, port: int) -> bool:
        return port in self._own


_claims = _Claims()


def free_ports(count: int) -> list[int]:
    """Claim distinct ports of 127.0.0.1 that nothing uses at this moment."""
    found: list[int] = []
    for port in _candidates():
        if len(found) == count:
            break
        if _is_bindable(port) and _claims.add(port):
            found.append(port)
    return found


def claim(port: int) -> bool:
    """Claim a port of 127.0.0.1; False if a server uses it or another process has claimed it."""
    return is_free(port) and (port in _claims or _claims.add(port))


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    # As servers do: connections of the last one may still be in TIME_WAIT.
    return _is_bindable(port, reuse=True)


def outgoing_range() -> range:
    """Ports that the kernel gives to outgoing connections."""
    first, last = map(int, OUTGOING.read_text().split())
    return range(first, last + 1)


def _is_bindable(port: int, *, reuse: bool = False) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _claims_file() -> Path:
    return Path(tempfile.gettempdir()) / f"wardstream-ports-{os.getuid()}.lock"


def _candidates() -> list[int]:
    outgoing = outgoing_range()
    ports = [port for port in range(LEAST, MOST) if port not in outgoing]
    # Two launchers at the same time should not try the same ports in the same order.
    return random.sample(ports or list(outgoing), k=min(1000, len(ports or outgoing)))
