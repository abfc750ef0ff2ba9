"""What people say of what the board showed."""

from typing import Literal, TypedDict

FeedbackKind = Literal[
    "UNKNOWN", "NOT_THIS_ROLE", "TWO_PEOPLE", "NOBODY_HERE", "GAP_WRONG", "OTHER"
]


class Feedback(TypedDict):
    """Somebody said that what the board showed is wrong."""

    feedback_id: str
    zone_id: str
    floor_id: str
    given_at_us: int
    kind: FeedbackKind
    person_id: str | None
    role: str | None
    as_of_us: int
    seq: int
    camera_id: str | None
    captured_us: int | None
    text: str
    given_by: str
    model_name: str | None
    model_version: str | None
