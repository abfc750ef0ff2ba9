"""Look through a camera once: its address is judged, one picture is taken, and nothing is kept."""

import base64
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from runtime.errors import Retry
from workers.notifier.delivery.addresses import (
    AddressRefused,
    Lookup,
    Network,
    check_host,
    resolve,
)
from workers.registry.editing.sealed import address_fault

PORTS: Final = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
WITHIN_S: Final = 25.0
"""Taking a picture lasts no longer, s."""

_RESOLVED_S: Final = 3.0
_HEAD: Final = struct.Struct(">cII")


class NoPicture(Exception):
    """There is no picture; the text says why, for people, and holds nothing of the address."""


class Preview(NamedTuple):
    """What a camera shows.

    Attributes:
        jpeg: One picture, no wider than 1280 px.
        width: Width of the camera's pictures, px.
        height: Height of the camera's pictures, px.
    """

    jpeg: bytes
    width: int
    height: int


def take_preview(
    address: str, allowed: Sequence[Network], *, lookup: Lookup = socket.getaddrinfo
) -> Preview:
    """Take one picture of a stream.

    Args:
        address: URL of the stream, with name and password where the camera asks for them.
        allowed: Networks in which cameras are; others are reached only where they are public.
        lookup: `socket.getaddrinfo`.

    Raises:
        NoPicture: The address may not be opened, or gives no picture in time.
    """
    asked = json.dumps(_judged(address, allowed, lookup))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "workers.serving.preview.grab"],
            input=asked.encode(),
            capture_output=True,
            timeout=WITHIN_S,
            check=False,
            env={name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
        )
    except subprocess.TimeoutExpired as error:
        raise NoPicture(f"gives no picture within {WITHIN_S:.0f} s") from error
    if done.stdout[:1] == b"E":
        raise NoPicture(done.stdout[1:].decode("utf-8", "replace"))
    if done.stdout[:1] != b"P" or len(done.stdout) <= _HEAD.size:
        raise NoPicture("gives nothing that can be read as video")
    _, width, height = _HEAD.unpack_from(done.stdout)
    return Preview(done.stdout[_HEAD.size :], width, height)


def _judged(address: str, allowed: Sequence[Network], lookup: Lookup) -> dict[str, Any]:
    """What the program opens: an address that was judged, in place of the name.

    Raises:
        NoPicture: The URL cannot be read, or leads where no camera is.
    """
    if fault := address_fault(address):
        raise NoPicture(fault)
    parts = urlsplit(address)
    scheme = parts.scheme.lower()
    if scheme not in PORTS:
        raise NoPicture(f"must begin with one of {', '.join(PORTS)}")
    port = parts.port or PORTS[scheme]
    try:
        host = check_host(parts.hostname or "")
        [target, *_] = resolve(host, port, allowed, _RESOLVED_S, lookup)
    except ValueError as error:
        raise NoPicture(str(error)) from error
    except AddressRefused as error:
        raise NoPicture(
            "is in a network where no camera is looked for: list the network in "
            "WARDSTREAM_SERVING__PREVIEW_NETWORKS if a camera is there"
        ) from error
    except Retry as error:
        raise NoPicture("has a host whose name cannot be resolved") from error
    opened = str(target.sockaddr[0])
    return {
        "scheme": scheme,
        "login": parts.netloc.rpartition("@")[0],
        "address": opened,
        "host": host,
        "port": port,
        "path": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        "headers": {"Host": host, **_authorization(parts)},
    }


def _authorization(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
