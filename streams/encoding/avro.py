"""Avro's binary encoding of numbers, over byte arrays: zigzag varints, IEEE 754 little endian.

The functions are given the array, the place in it and give back the next place. Writers are
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
def put_bytes(octets: Octets, at: int, source: Octets, begin: int, end: int) -> int:
    """Copy what is encoded already."""
    for place in range(begin, end):
        octets[at] = source[place]
        at += 1
    return at


@compiled
def put_float(octets: Octets, at: int, value: float, bits: Octets, single: Singles) -> int:
    """Write a `float`; `single` and `bits` are the same 4 bytes."""
    single[0] = np.float32(value)
    for place in range(4):
        octets[at + place] = bits[place]
    return at + 4


@compiled
def put_perhaps(octets: Octets, at: int, value: float, bits: Octets, double: Doubles) -> int:
    """Write a `["null", "double"]`, null for what is not a number; `double` and `bits` are one."""
    if np.isnan(value):
        octets[at] = 0
        return at + 1
    octets[at] = 2
    double[0] = value
    for place in range(8):
        octets[at + 1 + place] = bits[place]
    return at + 9


@compiled
def get_long(octets: Octets, at: int) -> tuple[int, int]:
    """Read a number of at most 63 bits; gives the number and the next place, or `UNREADABLE`."""
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
    """Read a number of at most 32 bits; gives the number and the next place, or `UNREADABLE`."""
    number, at = get_long(octets, at)
    if not -(1 << 31) <= number < 1 << 31:
        return 0, UNREADABLE
    return number, at


@compiled
def get_text(octets: Octets, at: int) -> tuple[int, int]:
    """Pass over an ASCII string; gives its begin and end, or `UNREADABLE` as its end."""
    length, at = get_long(octets, at)
    if at < 0 or length < 0 or length > len(octets) - at:
        return 0, UNREADABLE
    for place in range(at, at + length):
        if octets[place] >= 0x80:
            return 0, UNREADABLE
    return at, at + length


@compiled
def get_float(octets: Octets, at: int, bits: Octets, single: Singles) -> tuple[float, int]:
    """Read a `float`; `single` and `bits` are the same 4 bytes."""
    if at < 0 or at + 4 > len(octets):
        return 0.0, UNREADABLE
    for place in range(4):
        bits[place] = octets[at + place]
    return float(single[0]), at + 4
