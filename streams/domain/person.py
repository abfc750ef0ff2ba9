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
