"""Avro's binary encoding of numbers, over byte arrays: zigzag varints, IEEE 754 little endian.

The functions are given the array, the position in it, and give back the next position. Writers are
trusted to have made room; readers answer -1 for whatever they cannot read, which is then left
to the general reader.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streams.encoding.jit import compiled

Octets: TypeAlias = NDArray[np.uint8]
Doubles: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]

LONG_MAX: Final = 10
"""Most bytes of a number."""

UNREADABLE: Final = -1


@compiled
def put_long(octets: Octets, at: int, value: int) -> int:
    """Write an `int`, `long`, enum symbol, length or union branch."""
    rest = np.uint64(value << 1) ^ np.uint64(value >> 63)
    while rest > np.uint64(0x7F):
        octets[at] = np.uint8((rest & np.uint64(0x7F)) | np.uint64(0x80))
        at += 1
        rest >>= np.uint64(7)
    octets[at] = np.uint8(rest)
    return at + 1


@compiled
def put_bytes(octets: Octets, at: int, source: Octets, start: int, end: int) -> int:
    """Copy what is encoded already."""
    for index in range(start, end):
        octets[at] = source[index]
        at += 1
    return at


@compiled
def put_float(octets: Octets, at: int, value: float, bits: Octets, single: Singles) -> int:
    """Write a `float`; `single` and `bits` are the same 4 bytes."""
    single[0] = np.float32(value)
    for index in range(4):
        octets[at + index] = bits[index]
    return at + 4


@compiled
def put_double(octets: Octets, at: int, value: float, bits: Octets, double: Doubles) -> int:
    """Write a `double`; `double` and `bits` are the same 8 bytes."""
    double[0] = value
    for index in range(8):
        octets[at + index] = bits[index]
    return at + 8


@compiled
def put_perhaps(octets: Octets, at: int, value: float, bits: Octets, double: Doubles) -> int:
    """Write a `["null", "double"]`: null for what is not a number."""
    if np.isnan(value):
        octets[at] = 0
        return at + 1
    octets[at] = 2
    return put_double(octets, at + 1, value, bits, double)


@compiled
def get_long(octets: Octets, at: int) -> tuple[int, int]:
    """Read a number of at most 63 bits; gives the number and the next position, or `UNREADABLE`."""
    raw, shift = 0, 0
    while 0 <= at < len(octets) and shift < 63:
        octet = int(octets[at])
        at += 1
        raw |= (octet & 0x7F) << shift
        if octet < 0x80:
            return (raw >> 1) ^ -(raw & 1), at
        shift += 7
    return 0, UNREADABLE


@compiled
def get_int(octets: Octets, at: int) -> tuple[int, int]:
    """Read a number of at most 32 bits; gives the number and the next position, or `UNREADABLE`."""
    number, at = get_long(octets, at)
    if not -(1 << 31) <= number < 1 << 31:
        return 0, UNREADABLE
    return number, at


@compiled
def get_text(octets: Octets, at: int) -> tuple[int, int]:
    """Pass over an ASCII string; gives its start and end, or `UNREADABLE` as its end."""
    length, at = get_long(octets, at)
    if at < 0 or length < 0 or length > len(octets) - at:
        return 0, UNREADABLE
    for index in range(at, at + length):
        if octets[index] >= 0x80:
            return 0, UNREADABLE
    return at, at + length


@compiled
def get_float(octets: Octets, at: int, bits: Octets, single: Singles) -> tuple[float, int]:
    """Read a `float`; `single` and `bits` are the same 4 bytes."""
    if at < 0 or at + 4 > len(octets):
        return 0.0, UNREADABLE
    for index in range(4):
        bits[index] = octets[at + index]
    return float(single[0]), at + 4


@compiled
def get_double(octets: Octets, at: int, bits: Octets, double: Doubles) -> tuple[float, int]:
    """Read a `double`; `double` and `bits` are the same 8 bytes."""
    if at < 0 or at + 8 > len(octets):
        return 0.0, UNREADABLE
    for index in range(8):
        bits[index] = octets[at + index]
    return float(double[0]), at + 8


@compiled
def get_boolean(octets: Octets, at: int) -> tuple[int, int]:
    """Read a `boolean`, 0 or 1."""
    if not 0 <= at < len(octets) or octets[at] > 1:
        return 0, UNREADABLE
    return int(octets[at]), at + 1
