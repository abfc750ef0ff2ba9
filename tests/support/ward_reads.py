"""Reads of badges of an attacked ward: right, late, twice, contradictory, and of no use at all.

On a fused floor whoever walks past a reader is read, on the others readers cover zones. The reads
of a second depend on the seed and the second alone.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, cast

from runtime.kafka.producer import ReliableProducer
from runtime.process.settings import Settings
from schemas.records.evidence import BadgeRead
from schemas.registry import SchemaRegistry
from schemas.topics import BADGE_READS
from tests.support import crossed_views, fused_ward
from tests.support.clusters import cluster_of
from tests.support.large_ward import START_US, Camera

S: Final = 1_000_000

READERS_M: Final = ((2.0, 3.0), (4.0, 3.0), (6.0, 2.5))
"""Positions of the readers of a fused floor, metres."""

NEAR_MM: Final = 900
"""They read who is so close in either direction."""

DELAYS_S: Final = (-5, -5, -5, -4, 0, 1, 2, 14, 18)
"""From a read to its record where both are recorded material; the last ones are too late."""

_FAR: Final = (1e308, float("nan"), -1e7)
_NO_TIMES: Final = (-1, -(2**62), 2**53, 2**62)


class WardReads:
    """What is read of a ward.

    Args:
        cameras: Cameras of the ward.
        partitions: Partition of each floor.
        seconds: Event time of the whole input, seconds, by which its people walk.
        seed: Seed of the input.
    """

    def __init__(
        self, cameras: Sequence[Camera], partitions: dict[str, int], seconds: float, seed: int
    ) -> None:
        self._seed = seed
        self._partitions = partitions
        self._cameras: dict[str, list[Camera]] = {}
        for camera in cameras:
            self._cameras.setdefault(camera.floor_id, []).append(camera)
        self._walkers = {
            floor_id: fused_ward.walkers(f"{floor_id}/{seed}", seconds)
            for floor_id, of_floor in self._cameras.items()
            if any(camera.view is not None for camera in of_floor)
        }

    def between(self, from_s: int, to_s: int) -> list[tuple[int, BadgeRead]]:
        """Partition and record of the reads of some whole seconds, in no special order.

        Args:
            from_s: First second after `START_US`.
            to_s: Second before which it ends.
        """
        chance = random.Random(f"order/{self._seed}/{from_s}")
        found = [
            (self._partitions[floor_id], one)
            for second in range(from_s, to_s)
            for floor_id in sorted(self._cameras)
            for one in self._of_second(floor_id, second)
        ]
        chance.shuffle(found)
        return found

    def _of_second(self, floor_id: str, second: int) -> Iterator[BadgeRead]:
        chance = random.Random(f"reads/{self._seed}/{floor_id}/{second}")
        at_us = START_US + second * S + chance.randrange(S)
        for fields in self._near(floor_id, second, chance):
            recorded_us = at_us + chance.choice(DELAYS_S) * S
            read: dict[str, Any] = {
                "at_us": at_us,
                "recorded_at_us": recorded_us,
                "floor_id": floor_id,
                "x_m": None,
                "y_m": None,
                "range_m": None,
                "zone_id": "",
                "recorded_by": "chaos",
                **fields,
            }
            yield cast("BadgeRead", read)
            for other in _strange(read, chance):
                yield cast("BadgeRead", other)

    def _near(self, floor_id: str, second: int, chance: random.Random) -> Iterator[dict[str, Any]]:
        """Reader, badge, holders and position of what is read in a second."""
        cameras = self._cameras[floor_id]
        if floor_id not in self._walkers:
            camera, who = chance.choice(cameras), chance.randrange(4)
            if chance.random() < 0.6:
                yield {
                    "reader_id": f"{camera.camera_id}-reader",
                    "zone_id": f"{camera.camera_id}-zone",
                    **_badge(floor_id, cameras, who),
                }
            return
        people = self._walkers[floor_id]
        for number, walker in enumerate(people):
            position = walker.at(second * 1_000)
            for reader, (x_m, y_m) in enumerate(READERS_M):
                if position is None or chance.random() < 0.4:
                    continue
                if max(abs(position[0] - x_m * 1_000), abs(position[1] - y_m * 1_000)) < NEAR_MM:
                    yield {
                        "reader_id": f"{floor_id}-reader-{reader}",
                        "x_m": x_m,
                        "y_m": y_m,
                        "range_m": 1.5,
                        **_badge(floor_id, cameras, number),
                    }


def _badge(floor_id: str, cameras: Sequence[Camera], who: int) -> dict[str, Any]:
    """A badge and its holders: somebody, two who share it, or nobody known."""
    own = f"{cameras[who % len(cameras)].camera_id}-early"
    shared = f"{cameras[0].camera_id}-late"
    holders = {3: sorted({own, shared}), 4: []}.get(who, [own])
    return {"badge_id": f"{floor_id}-b{who}", "staff_ids": holders}


def _strange(read: dict[str, Any], chance: random.Random) -> Iterator[dict[str, Any]]:
    """Now and then, another record that goes with a read."""
    kind = chance.randrange(30)
    if kind == 0:  # the same again
        yield read
    elif kind == 1:  # again, as somebody recorded it who lost the answer
        yield read | {"recorded_at_us": read["recorded_at_us"] + 3 * S}
    elif kind == 2:  # of another holder
        yield read | {"staff_ids": ["somebody-else"]}
    elif kind == 3:  # in another position at that time
        yield read | {"reader_id": "far", "x_m": 60.0, "y_m": 60.0, "range_m": 1.5, "zone_id": ""}
    elif kind == 4:
        yield read | {"zone_id": "removed-zone"}
    elif kind == 5:
        yield read | {"floor_id": "removed-floor"}
    elif kind == 6:
        yield read | {"x_m": chance.choice(_FAR), "y_m": 1.0, "zone_id": ""}
    elif kind == 7:
        yield read | {chance.choice(["at_us", "recorded_at_us"]): chance.choice(_NO_TIMES)}


def append_reads(settings: Settings, reads: Iterable[tuple[int, BadgeRead]]) -> None:
    """Append reads to their topic, each to its partition, and wait until the broker has them."""
    cluster = cluster_of(settings)
    codec = SchemaRegistry(settings.registry_url).writer(BADGE_READS)
    producer = ReliableProducer(cluster)
    for partition, read in reads:
        producer.produce(
            cluster.name(BADGE_READS),
            key=read["reader_id"],
            value=codec.encode(read),
            partition=partition,
        )
    producer.flush()
    producer.close()


assert crossed_views.ROOM_MM == (8_000, 6_000)
