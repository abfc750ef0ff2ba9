"""Ask a service over its own protocol whether it serves; needs nothing but sockets.

A port that accepts connections is not enough: a broker accepts them while it still loads
its logs, and PostgreSQL while it still recovers.
"""

import contextlib
import http.client
import socket
import struct
from collections.abc import Callable

from deploy.local.addresses import HOST
from deploy.services import DATABASE, DATABASE_USER, REGISTRY_PATH, Component

TIMEOUT_S = 2.0


def kafka_answers(port: int) -> bool:
    """Whether the broker answers an ApiVersions request (v0), as it does once unfenced."""
    client = b"probe"
    request = struct.pack(">hhih", 18, 0, 1, len(client)) + client
    answer = _exchange(port, struct.pack(">i", len(request)) + request, 10)
    return len(answer) == 10 and struct.unpack(">h", answer[8:10]) == (0,)


def postgres_answers(port: int) -> bool:
    """Whether PostgreSQL goes on to authentication, instead of "is starting up"."""
    parameters = f"user\0{DATABASE_USER}\0database\0{DATABASE}\0\0".encode()
    packet = struct.pack(">ii", 8 + len(parameters), 196608) + parameters
    return _exchange(port, packet, 1) == b"R"


def redis_answers(port: int) -> bool:
    """Whether Redis answers PING."""
    return _exchange(port, b"PING\r\n", 5) == b"+PONG"


def registry_answers(port: int) -> bool:
    """Whether the registry lists its subjects, for which it reads its database."""
    return http_status(port, f"{REGISTRY_PATH}/subjects") == 200


ANSWERS: dict[Component, Callable[[int], bool]] = {
    "kafka": kafka_answers,
    "registry": registry_answers,
    "timescale": postgres_answers,
    "redis": redis_answers,
}


def http_status(port: int, path: str) -> int | None:
    """Status of `GET path`, None when nothing answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _exchange(port: int, request: bytes, length: int) -> bytes:
    """Send a request and read `length` bytes; fewer when the other side gives up."""
    answer = b""
    with (
        contextlib.suppress(OSError),
        socket.create_connection((HOST, port), timeout=TIMEOUT_S) as connection,
    ):
        connection.sendall(request)
        while len(answer) < length and (part := connection.recv(length - len(answer))):
            answer += part
    return answer
