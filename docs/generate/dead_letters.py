"""The page of dead-letter reasons; a test compares the table with the reasons in the code."""

from typing import Final

from docs.generate.markdown import code, table

INTRODUCTION = """\
# Reasons of dead letters

Every reason that the header `reason` of a record in `dead-letters.v1` may hold. Commands and
procedures: [runbook](../runbooks/dead-letters.md).
"""

REASONS: Final[dict[str, tuple[str, str, str]]] = {
    "unknown_camera": (
        "infer, stream",
        "The camera is not registered at the frame's time.",
        "Register the camera; its next frame is taken.",
    ),
    "unplaced_camera": (
        "infer",
        "The floor of the camera has no partition.",
        "Import the camera's floor.",
    ),
    "unknown_schema": (
        "all",
        "The schema id is unknown, belongs to another topic, or is not Avro.",
        "Look for another registry, or one restored without its ids.",
    ),
    "not_wire_format": (
        "all",
        "The value has no Avro wire header.",
        "Find the program that writes to the topic.",
    ),
    "not_avro": (
        "all",
        "The value is not a record of its schema.",
        "Find the program that writes to the topic.",
    ),
    "no_value": (
        "all",
        "The record is a tombstone.",
        "Find the program that writes to the topic.",
    ),
    "key_mismatch": (
        "sinks",
        "The key is not the one that the value names.",
        "Find the program that writes to the topic.",
    ),
    "wrong_key": (
        "stream",
        "The key is not the camera of the value.",
        "Find the program that writes to the topic.",
    ),
    "unknown_kind": (
        "infer",
        "The kind of frame is unknown to this release.",
        "Upgrade inference before ingest.",
    ),
    "unknown_encoding": (
        "infer",
        "The frame is not a JPEG.",
        "Find the program that writes to the topic.",
    ),
    "no_pixels": (
        "infer",
        "The frame has neither pixels nor the address of an object.",
        "Find the program that writes to the topic.",
    ),
    "corrupt_jpeg": ("infer", "The JPEG is cut off or damaged.", "Check the camera."),
    "size_mismatch": (
        "infer",
        "The JPEG has another size than its record says.",
        "Check the camera.",
    ),
    "too_large": ("infer", "The picture has too many pixels.", "Lower `ingest.max_width`."),
    "sha256_mismatch": (
        "infer",
        "The pixels are not those that were captured.",
        "Check the object store.",
    ),
    "missing_object": (
        "infer",
        "The object that holds the pixels is gone.",
        "Check the object store and how long it keeps objects.",
    ),
    "foreign_object": (
        "infer",
        "The object is outside of the store of this run.",
        "Give ingest and inference the same `ingest.object_store_url`.",
    ),
    "model_failed": (
        "infer",
        "The detector itself failed on the frame.",
        "Run the detector on the frame that the dead letter holds.",
    ),
    "future_event": (
        "stream",
        "The frame was captured more than 5 s after it was appended.",
        "Check the clocks of the camera and of the broker.",
    ),
    "unusable_outcome": (
        "stream",
        "A time or a box cannot be used, or the frame is not of its camera's registered size.",
        "Find the program that writes to the topic, or register the size of the frames.",
    ),
    "unusable_time": (
        "sink timescale",
        "The time does not fit into the database.",
        "Check the clock of the program that writes to the topic.",
    ),
    "database_refused": (
        "sink timescale",
        "The database refused the row.",
        "Read the error: often a rule or column of your own.",
    ),
    "records_gone": (
        "infer, sinks",
        "Records expired before they were read.",
        "See [The log changed](../runbooks/log-changed.md).",
    ),
    "log_shortened": (
        "infer, sinks",
        "The log ends before the offset already read.",
        "See [The log changed](../runbooks/log-changed.md).",
    ),
    "seqs_missing": (
        "sinks",
        "Seqs of a key never came.",
        "See [The log changed](../runbooks/log-changed.md).",
    ),
}
"""Processes that give it, meaning, and what to do; by reason."""


def page() -> str:
    """The whole page."""
    rows = ((code(reason), *REASONS[reason]) for reason in sorted(REASONS))
    return "\n".join([INTRODUCTION, table(("reason", "given by", "meaning", "what to do"), rows)])
