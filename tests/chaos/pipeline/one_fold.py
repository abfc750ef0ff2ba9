"""Two releases that wrote one log, against one undisturbed fold of it by this release."""

from collections.abc import Iterator, Mapping
from typing import Any

from runtime.process.settings import Settings
from schemas.topics import OCCUPANCY_LATEST, TOPICS
from streams.processor.pipeline_settings import pipeline_settings
from tests.chaos.pipeline.histories import History
from tests.support.clusters import cluster_of
from workers.operations.verification.oracle import fold_detections


def unlike_one_fold(settings: Settings, topics: Mapping[str, History]) -> list[str]:
    """Where the records of two releases are not those of one fold, in words.

    That fold takes each partition's settings from its checkpoints, so that it works as the earlier
    release up to the offset at which the settings of this one hold. Fields that the earlier release
    does not have must be as this one reads them from its records.

    Args:
        settings: Settings with which the input is found.
        topics: Records that were written, by topic.
    """
    cluster = cluster_of(settings)
    found = []
    for name, expected in fold_detections(cluster, pipeline_settings(settings)).items():
        codec = cluster.registry.writer(TOPICS[name])
        written = topics.get(name, {})
        for key in sorted({*expected, *written}):
            ours = [codec.decode(codec.header + body) for body in expected.get(key, ())]
            theirs = [item.record for item in written.get(key, ())]
            if name == OCCUPANCY_LATEST.name:  # compaction may have deleted all but the last
                ours, theirs = ours[-1:], theirs[-1:]
            if len(ours) != len(theirs):
                found.append(f"{name} key {key}: {len(theirs)} records, one fold has {len(ours)}")
            for one, two in zip(ours, theirs, strict=False):
                if one != two:
                    apart = "; ".join(_apart(one, two))
                    found.append(f"{name} key {key} seq {two.get('seq')}: one fold has {apart}")
                    break
    return found


def _apart(one: Any, two: Any, where: str = "") -> Iterator[str]:
    """Where two values differ, as paths with both of them."""
    if isinstance(one, dict) and isinstance(two, dict):
        for name in sorted({*one, *two}):
            yield from _apart(one.get(name), two.get(name), f"{where}.{name}")
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for number, (left, right) in enumerate(zip(one, two, strict=True)):
            yield from _apart(left, right, f"{where}[{number}]")
    elif one != two:
        yield f"{where} {one!r} and not {two!r}"
