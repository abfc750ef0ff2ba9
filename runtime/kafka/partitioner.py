"""Which partition a key goes to: the hash that the producer uses, to find a camera's last record.

`Cluster.producer` asks librdkafka for `murmur2_random`, which for a key that is not null is the
Java client's default: murmur2 of the key, sign bit off, modulo the number of partitions.
"""

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """32-bit MurmurHash2 with Kafka's seed, unsigned."""
    length = len(data)
    h = _SEED ^ length
    whole = length - length % 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little")
        k = k * _M & _MASK
        k ^= k >> 24
        k = k * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if length % 4:
        h ^= int.from_bytes(data[whole:], "little")
        h = h * _M & _MASK
    h ^= h >> 13
    h = h * _M & _MASK
    return h ^ (h >> 15)


def partition_of(key: str, partitions: int) -> int:
    """Partition of a record with this key.

    >>> partition_of("21", 1000) == (0x7FFFFFFF & -973932308) % 1000
    True
    """
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
