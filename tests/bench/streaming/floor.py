"""The least that any processor does: consume, decode, encode as many tracks, produce.

Runs as a process of its own (`python -m tests.bench.streaming.floor`), reads its settings from
the environment and prints one line of JSON.
"""

import json
import resource
import sys
import uuid
from typing import Any

from confluent_kafka import TopicPartition

from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, TRACKS
from tests.support.clusters import cluster_of


def tracks_of(outcome: dict[str, Any]) -> dict[str, Any]:
    """A record of the size that the stage writes, without any thought."""
    return {
        "camera_id": outcome["camera_id"],
        "seq": outcome["frame_seq"],
        "captured_us": outcome["captured_us"],
        "floor_id": "floor",
        "frame_seq": outcome["frame_seq"],
        "width": outcome["width"],
        "height": outcome["height"],
        "tracks": [
            {
                "track_id": number,
                "state": "CONFIRMED",
                "x_min": box["x_min"],
                "y_min": box["y_min"],
                "x_max": box["x_max"],
                "y_max": box["y_max"],
                "velocity_x": 1.0,
                "velocity_y": 1.0,
                "score": box["score"],
                "observed": True,
                "started_us": outcome["captured_us"],
                "last_observed_us": outcome["captured_us"],
                "x_m": 1.0,
                "y_m": 1.0,
                "position_sd_m": 0.1,
            }
            for number, box in enumerate(outcome["detections"])
        ],
        "model_name": "",
        "model_version": "",
    }


def processor_s() -> float:
    """Processor time of this process so far, seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(total: int) -> None:
    """Copy `total` records; prints `{"records": ..., "cpu_s": ...}` of the steady part."""
    settings = Settings()
    registry = SchemaRegistry(settings.registry_url)
    reader, writer = registry.reader(DETECTIONS), registry.writer(TRACKS)
    source = cluster_of(settings).name(DETECTIONS)
    target = cluster_of(settings).name(TRACKS)
    consumer: Any = cluster_of(settings).consumer(f"floor-{uuid.uuid4().hex}")
    consumer.assign([TopicPartition(source, number, 0) for number in range(DETECTIONS.partitions)])
    producer: Any = cluster_of(settings).producer()
    done, started, started_s = 0, 0, 0.0
    while done < total:
        messages = consumer.consume(500, 1.0)
        for message in messages:
            value = writer.encode(tracks_of(reader.decode(message.value())))
            while True:
                try:
                    producer.produce(
                        target, key=message.key(), value=value, partition=message.partition()
                    )
                except BufferError:
                    producer.poll(0.1)
                else:
                    break
        producer.poll(0)
        done += len(messages)
        if not started and done > total // 10:
            started, started_s = done, processor_s()
    producer.flush()
    print(json.dumps({"records": done - started, "cpu_s": processor_s() - started_s}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
