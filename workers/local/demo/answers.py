"""What the logs say of every frame of a run: read by position, so that nothing counts twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime.kafka.cluster import Cluster
from runtime.kafka.dead_letter_log import read_dead_letters
from runtime.kafka.reader import read_between, read_topic, spans
from schemas.codec import UndecodableValue
from schemas.topics import DEAD_LETTERS, DETECTIONS, FRAMES
from workers.local.demo.accounting import DEAD_LETTERED, Answer, FrameKey

Ends = Mapping[tuple[str, int], int]
"""End offsets by topic (as on the broker) and partition."""

_FATES = {"DETECTED": "detected", "SKIPPED": "skipped", "FAILED": DEAD_LETTERED}


@dataclass(slots=True)
class Answers:
    """What became of the frames that are in the log.

    Attributes:
        frames: Answer of each frame.
        heartbeats: Number of heartbeats.
        dead_letters: Number of records of the run that could not be processed, of any topic.
    """

    frames: dict[FrameKey, Answer] = field(default_factory=dict)
    heartbeats: int = 0
    dead_letters: int = 0


def read_answers(cluster: Cluster, since: Ends) -> Answers:
    """Read what became of every frame that was sent after the given ends.

    Args:
        cluster: Where the topics are.
        since: Ends of all topics when the run began.

    Raises:
        Retry: The broker is out of reach.
        RegistryUnavailable: The registry is.
    """
    found = Answers()
    earlier = since.get((cluster.name(DEAD_LETTERS), 0), 0)
    rejected: dict[tuple[str, int, int], str] = {}
    subjects: set[str] = set()
    for dead_letter in read_dead_letters(cluster):
        own = dead_letter.offset >= since.get((dead_letter.topic, dead_letter.partition), 0)
        if dead_letter.id >= earlier and (own or dead_letter.lost is not None):
            subjects.add(dead_letter.subject)
            rejected.setdefault(
                (dead_letter.topic, dead_letter.partition, dead_letter.offset), dead_letter.reason
            )
    found.dead_letters = len(subjects)
    frames_name = cluster.name(FRAMES)
    codec = cluster.registry.reader(DETECTIONS)
    answered: set[tuple[int, int]] = set()
    heartbeats: set[FrameKey] = set()
    for message in read_topic(cluster, DETECTIONS):
        where = message.topic() or "", message.partition() or 0, message.offset() or 0
        if where[2] < since.get(where[:2], 0):
            continue
        try:
            outcome = codec.decode(message.value())
        except UndecodableValue:
            continue  # the stream processor's dead letter says so
        frame = outcome["frame_partition"], outcome["frame_offset"]
        if frame[1] < since.get((frames_name, frame[0]), 0):
            continue  # a frame of an earlier run, answered now
        answered.add(frame)
        key = outcome["camera_id"], outcome["captured_us"]
        if outcome["outcome"] == "HEARTBEAT":
            heartbeats.add(key)
        elif key not in found.frames:
            fate = _FATES.get(outcome["outcome"], "")
            answer = Answer(fate, outcome["reason"], len(outcome["detections"]))
            if where in rejected:
                answer = Answer(DEAD_LETTERED, rejected[where])
            found.frames[key] = answer
    found.heartbeats = len(heartbeats)
    refused = {(p, o): reason for (t, p, o), reason in rejected.items() if t == frames_name}
    _add_unanswered(cluster, since, answered, refused, found)
    return found


def _add_unanswered(
    cluster: Cluster,
    since: Ends,
    answered: set[tuple[int, int]],
    refused: Mapping[tuple[int, int], str],
    found: Answers,
) -> None:
    """Add the frames that have no outcome; only those are read."""
    codec = cluster.registry.reader(FRAMES)
    for partition, (start, end) in sorted(spans(cluster, FRAMES).items()):
        first = max(start, since.get((cluster.name(FRAMES), partition), 0))
        lacking = {offset for offset in range(first, end) if (partition, offset) not in answered}
        if not lacking:
            continue
        held = read_between(cluster, FRAMES, partition, min(lacking), max(lacking) + 1)
        for message in held:
            offset = message.offset() or 0
            if offset not in lacking:
                continue
            try:
                frame = codec.decode(message.value())
            except UndecodableValue:
                continue  # no frame of a source, but bytes that somebody else sent
            if frame["kind"] != "HEARTBEAT":
                reason = refused.get((partition, offset))
                answer = Answer("") if reason is None else Answer(DEAD_LETTERED, reason)
                found.frames.setdefault((frame["camera_id"], frame["captured_us"]), answer)
