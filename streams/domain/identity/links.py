"""Links as published: two person ids belong together, and neither is rewritten.

A person keeps the id under which they were sent. A link says which earlier id a later one
continues, how well the two fit and on what evidence; a reader may apply it or not.
"""

from schemas.records.presence import Link
from schemas.topics import LINKS
from streams.domain.floor.state import FloorState
from streams.domain.output import Output
from streams.domain.tracking.types import Structured


def link_records(
    floor: FloorState, camera_id: str, captured_us: int, linked: Structured
) -> list[Output]:
    """Make link records of the tracks of a camera that continue ended ones.

    Args:
        floor: Floor of the camera; its seq of links rises.
        camera_id: Camera of both tracks.
        captured_us: Event time of the frame that decided, microseconds.
        linked: Shape `(L,)` of `TRACK_UPDATE`: rows of the tracker's output that hold a link.

    Returns:
        One record for each row, in their order.
    """
    outputs: list[Output] = []
    for row in linked:
        floor.seqs[LINKS.name] += 1
        earlier, later = int(row["link_from"]), int(row["track_id"])
        gap_s, distance = float(row["link_gap_s"]), float(row["link_distance"])
        record: Link = {
            "floor_id": floor.floor_id,
            "seq": floor.seqs[LINKS.name],
            "at_us": int(row["started_us"]),
            "kind": "REIDENTIFICATION",
            "from_person_id": f"{camera_id}:{earlier}",
            "to_person_id": f"{camera_id}:{later}",
            "from_camera_id": camera_id,
            "from_track_id": earlier,
            "to_camera_id": camera_id,
            "to_track_id": later,
            "score": float(row["link_score"]),
            "reason": f"seen again after {gap_s:.1f} s, {distance:.1f} body heights away",
            "evidence": {"gap_s": gap_s, "distance_heights": distance},
            "as_of_us": captured_us,
            "inputs_through_us": captured_us,
        }
        outputs.append(Output(LINKS, floor.floor_id, record))
    return outputs
