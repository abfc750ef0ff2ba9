"""Ids of people: one form for all records."""


def person_id(owner_id: str, number: int) -> str:
    """Id of a person.

    Args:
        owner_id: The floor of a fused person, else the camera of the track.
        number: Number of the fused person on the floor, else of the track.

    >>> person_id("ward-3", 7)
    'ward-3:7'
    """
    return f"{owner_id}:{number}"


def sighting_id(floor_id: str, seq: int, number: int) -> str:
    """Id in presence where roles only are shown, for as long as somebody is in the same zones.

    Args:
        floor_id: The floor.
        seq: Seq of the first presence record with it.
        number: Place among those who are new in that record.

    >>> sighting_id("ward-3", 90, 2)
    'ward-3:seen-90-2'
    """
    return f"{floor_id}{_SEEN}{seq}-{number}"


def is_sighting(floor_id: str, name: str) -> bool:
    """Whether an id in presence is of a sighting, so that no zone knows it.

    >>> is_sighting("ward-3", "ward-3:seen-90-2"), is_sighting("ward-3", "ward-3:7")
    (True, False)
    """
    return name.startswith(floor_id + _SEEN)


_SEEN = ":seen-"
