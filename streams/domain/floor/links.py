"""Links as published: two person ids belong together, and neither is rewritten.

A person keeps the id under which they were sent. A link says which earlier id a later one
continues, how well the two fit and on what evidence; a reader may apply it or not.
"""

from collections.abc import Sequence
from typing import Final

from schemas.records.presence import Link
from schemas.topics import LINKS
from streams.domain.identity.identities import FloorLink, Kind
from streams.domain.output import Output
from streams.domain.person import person_id
from streams.domain.seqs import Seqs
from streams.domain.tracking.types import Structured

_REASONS: Final[dict[Kind, str]] = {
    "MERGE": "never farther apart than {distance:.1f} m, and one of them was nobody",
    "SPLIT": "appeared beside the other and went {distance:.1f} m away",
    "REIDENTIFICATION": "seen again after {gap:.1f} s, {distance:.1f} m away",
    "HAND_OVER": "came out of {passage} after {gap:.1f} s",
}


def fused_link_records(
    floor_id: str,
    seqs: Seqs,
    links: Sequence[FloorLink],
    as_of_us: int,
    inputs_through_us: int,
) -> list[Output]:
    """Make records of the links that a tick brought.

    Args:
        floor_id: The floor.
        seqs: Seqs of the floor; that of links rises.
        links: Links, in order.
        as_of_us: End of the tick, microseconds.
        inputs_through_us: Event time up to which the input is in, microseconds.
    """
    outputs: list[Output] = []
    for link in links:
        seqs[LINKS.name] += 1
        gap_s = None if link.gap_us is None else link.gap_us / 1e6
        distance_m = round(link.distance_m, 3)
        passage = link.passage or "a passage"
        record: Link = {
            "floor_id": floor_id,
            "seq": seqs[LINKS.name],
            "at_us": link.at_us,
            "kind": link.kind,
            "from_person_id": person_id(floor_id, link.earlier),
            "to_person_id": person_id(floor_id, link.later),
            "from_camera_id": "",
            "from_track_id": None,
            "to_camera_id": link.camera_id,
            "to_track_id": None,
            "score": link.score,
            "reason": _REASONS[link.kind].format(
                gap=gap_s or 0.0, distance=distance_m, passage=passage
            ),
            "evidence": {
                "gap_s": None if gap_s is None else round(gap_s, 3),
                "distance_heights": None,
                "distance_m": distance_m,
            },
            "as_of_us": as_of_us,
            "inputs_through_us": inputs_through_us,
        }
        outputs.append(Output(LINKS, floor_id, record))
    return outputs


def number_links(seqs: Seqs, links: Sequence[Link]) -> list[Output]:
    """Send links of camera tracks, in the order of the frames that decided, then of cameras.

    Which camera's frame came first has no effect on their seqs: all of a tick are numbered when it
    closes.

    Args:
        seqs: Seqs of the floor; that of links rises.
        links: Links without a seq, each camera's in their order.
    """
    outputs: list[Output] = []
    for link in sorted(links, key=lambda link: (link["as_of_us"], link["from_camera_id"])):
        seqs[LINKS.name] += 1
        outputs.append(Output(LINKS, link["floor_id"], {**link, "seq": seqs[LINKS.name]}))
    return outputs


def link_records(floor_id: str, camera_id: str, captured_us: int, linked: Structured) -> list[Link]:
    """Make link records of the tracks of a camera that continue ended ones.

    Args:
        floor_id: Floor of the camera.
        camera_id: Camera of both tracks.
        captured_us: Event time of the frame that decided, microseconds.
        linked: Shape `(L,)` of `TRACK_UPDATE`: rows of the tracker's output that hold a link.

    Returns:
        One record for each row, in their order, without a seq.
    """
    links: list[Link] = []
    for row in linked:
        earlier, later = int(row["link_from"]), int(row["track_id"])
        gap_s, distance = float(row["link_gap_s"]), float(row["link_distance"])
        record: Link = {
            "floor_id": floor_id,
            "seq": 0,
            "at_us": int(row["started_us"]),
            "kind": "REIDENTIFICATION",
            "from_person_id": person_id(camera_id, earlier),
            "to_person_id": person_id(camera_id, later),
            "from_camera_id": camera_id,
            "from_track_id": earlier,
            "to_camera_id": camera_id,
            "to_track_id": later,
            "score": float(row["link_score"]),
            "reason": f"seen again after {gap_s:.1f} s, {distance:.1f} body heights away",
            "evidence": {"gap_s": gap_s, "distance_heights": distance, "distance_m": None},
            "as_of_us": captured_us,
            "inputs_through_us": captured_us,
        }
        links.append(record)
    return links
