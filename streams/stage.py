"""The stage of the stream processor: its name, and the topics that it writes."""

from schemas.topics import TOPICS

STAGE = "stream"
"""Names the consumer group, the metrics and the dead letters of the stream processor."""

OUTPUTS = tuple(topic for topic in TOPICS.values() if topic.kind == "derived")
"""Output topics of the stage, besides dead letters and checkpoints."""
