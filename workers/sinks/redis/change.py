"""What one record changes in the live state; pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple, get_args

import msgspec

from schemas.live import LiveKind, changes_key, index_key, state_key
from schemas.topics import PRESENCE, ZONE_EVENTS
from workers.storage.item import Item, conflict

LIVE_KINDS: Final[tuple[LiveKind, ...]] = get_args(LiveKind)


class Shown(NamedTuple):
    """A record of a batch that becomes a live value.

    Attributes:
        item: The record.
        lowest_seq: Lowest seq of its key in the batch.
        passed_over: Records of its key in the batch that it makes obsolete.
    """

    item: Item
    lowest_seq: int
    passed_over: int


class Change(NamedTuple):
    """Arguments of one call of `replace.lua`.

    Attributes:
        shown: The record that becomes the value.
        keys: `KEYS` of the script.
        satellites: Last `ARGV` of the script: id and JSON of each person of a floor.
    """

    shown: Shown
    keys: list[str]
    satellites: list[str | bytes]


def newest(items: Sequence[Item]) -> list[Shown]:
    """The records of a batch worth showing, in order.

    For a current value only the newest record counts: a sink that lags skips the others. Every zone
    event is shown.

    Raises:
        Stop: Two records of the batch have the same seq and other bytes.
    """
    seqs: dict[tuple[str, str], dict[int, bytes]] = {}
    first_of_its_kind: list[Item] = []
    for item in items:
        known = seqs.setdefault((item.topic.name, item.key), {})
        if item.seq not in known:
            known[item.seq] = item.digest
            first_of_its_kind.append(item)
        elif known[item.seq] != item.digest:
            raise conflict(item)
    shown = []
    for item in first_of_its_kind:
        known = seqs[item.topic.name, item.key]
        if item.topic.name == ZONE_EVENTS.name:
            shown.append(Shown(item, item.seq, 0))
        elif item.seq == max(known):
            shown.append(Shown(item, min(known), len(known) - 1))
    return shown


def change(shown: Shown, prefix: str) -> Change:
    """Keys and satellites of one record."""
    item = shown.item
    kind = item.topic.live
    keys = [f"{prefix}:{kind}:{item.key}", f"{prefix}:index:{kind}", changes_key(prefix)]
    satellites: list[str | bytes] = []
    if item.topic.name == PRESENCE.name:
        for person in item.record["people"]:
            identity = person["person_id"]
            keys += [state_key(prefix, "person", identity), index_key(prefix, "person")]
            value = {**person, "floor_id": item.record["floor_id"]}
            satellites += [identity, msgspec.json.encode(value)]
    return Change(shown, keys, satellites)


def arguments(
    change: Change, *, written_us: int, expiry_ms: int, person_expiry_ms: int, length: int
) -> list[str | bytes | int]:
    """`ARGV` of the script."""
    item = change.shown.item
    return [
        item.seq,
        change.shown.lowest_seq,
        change.shown.passed_over,
        item.digest.hex(),
        item.record[item.topic.event_time],
        written_us,
        msgspec.json.encode(item.record),
        expiry_ms,
        str(item.topic.live),
        item.key,
        length,
        person_expiry_ms,
        *change.satellites,
    ]
