"""Layout of the live state in Redis: what the Redis sink writes and the board reads.

    <prefix>:zone:<zone_id>       hash  seq, as_of_us, written_us, json (a ZoneOccupancy)
    <prefix>:camera:<camera_id>   hash  seq, as_of_us, written_us, json (a CameraTracks)
    <prefix>:floor:<floor_id>     hash  seq, as_of_us, written_us, json (a Presence)
    <prefix>:person:<person_id>   hash  seq, as_of_us, written_us, json (one Person of a Presence,
                                        with its floor_id); short expiry
    <prefix>:alerts:<floor_id>    hash  seq, as_of_us, written_us, json (a FloorAlerts)
    <prefix>:zone-event:<zone_id> hash  seq, as_of_us, written_us, json (the last ZoneEvent)
    <prefix>:index:<kind>         sorted set of ids by as_of_us
    <prefix>:changes              stream of the same values as they change, plus zone events:
                                        kind, id, seq, as_of_us, json

<prefix> is the topic prefix of the run followed by `redis_prefix` (`Settings.live_prefix`), so that
a separate run, such as that of a candidate model, never writes on another run's board.

Only a record with a higher seq replaces a hash, and only then is the change reported. All hashes
but a person's also hold the digest of the record, so that the same seq with other bytes is noticed.
Everything expires; none of this is the system of record.
"""

from typing import Literal

LiveKind = Literal["zone", "camera", "floor", "person", "alerts"]
ChangeKind = Literal["zone", "camera", "floor", "zone-event", "alerts"]


def state_key(prefix: str, kind: LiveKind, identity: str) -> str:
    """Key of the hash with one current value."""
    return f"{prefix}:{kind}:{identity}"


def index_key(prefix: str, kind: LiveKind) -> str:
    """Key of the sorted set that lists a kind's ids."""
    return f"{prefix}:index:{kind}"


def changes_key(prefix: str) -> str:
    """Key of the stream of changes."""
    return f"{prefix}:changes"
