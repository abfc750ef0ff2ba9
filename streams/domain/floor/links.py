"""Links as published: two person ids belong together, and neither is rewritten.

A person keeps the id under which they were sent. A link says which earlier id a later one
continues, how well the two fit and on what evidence; a reader may apply it or not.
"""

from collections.abc import Sequence
from typing import Final

from schemas.records.evidence import BadgeRead
from schemas.records.presence import Link
from schemas.topics import LINKS
from streams.domain.evidence.travel import TwoPositions
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
            "badge_id": "",
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
            "badge_id": "",
        }
        links.append(record)
    return links


def badge_link_records(
    floor_id: str,
    seqs: Seqs,
    twice: Sequence[TwoPositions],
    late: Sequence[BadgeRead],
    astray: Sequence[BadgeRead],
    as_of_us: int,
    inputs_through_us: int,
) -> list[Output]:
    """Make records of what reads of badges say that changes nothing that is derived forward.

    None names a person: where people were at the time of a late read is not remembered any more,
    of a badge in two positions nobody knows which of the two carriers has it, and where a zone is
    that the floor does not have is not known at all.

    Args:
        floor_id: The floor.
        seqs: Seqs of the floor; that of links rises.
        twice: Badges that were in two positions at once, in order.
        late: Reads that came too late to be weighed, in order.
        astray: Reads of zones that the floor does not have, in order.
        as_of_us: End of the tick, microseconds.
        inputs_through_us: Event time up to which the input is in, microseconds.
    """
    found: list[tuple[int, str, str, float, float | None]] = []
    for two in twice:
        apart_s = (two.second_us - two.first_us) / 1e6
        reason = (
            f"badge {two.badge_id} was in two positions at once: read by {two.first_reader_id} and "
            f"{two.second_reader_id}, {abs(apart_s):.1f} s and {two.distance_m:.1f} m apart"
        )
        found.append((two.second_us, two.badge_id, reason, round(apart_s, 3), two.distance_m))
    for read in late:
        late_s = (as_of_us - read["at_us"]) / 1e6
        reason = (
            f"badge {read['badge_id']} was read by {read['reader_id']}, and that was known "
            f"{late_s:.1f} s later: too late to say who was there"
        )
        found.append((read["at_us"], read["badge_id"], reason, round(late_s, 3), None))
    for read in astray:
        reason = (
            f"badge {read['badge_id']} was read by {read['reader_id']} in zone {read['zone_id']}, "
            "which the floor does not have: nobody knows where that is"
        )
        late_s = round((as_of_us - read["at_us"]) / 1e6, 3)
        found.append((read["at_us"], read["badge_id"], reason, late_s, None))
    outputs: list[Output] = []
    for at_us, badge_id, reason, gap_s, distance_m in found:
        seqs[LINKS.name] += 1
        record: Link = {
            "floor_id": floor_id,
            "seq": seqs[LINKS.name],
            "at_us": at_us,
            "kind": "BADGE",
            "from_person_id": "",
            "to_person_id": "",
            "from_camera_id": "",
            "from_track_id": None,
            "to_camera_id": "",
            "to_track_id": None,
            "score": 0.0,
            "reason": reason,
            "evidence": {"gap_s": gap_s, "distance_heights": None, "distance_m": distance_m},
            "as_of_us": as_of_us,
            "inputs_through_us": inputs_through_us,
            "badge_id": badge_id,
        }
        outputs.append(Output(LINKS, floor_id, record))
    return outputs
