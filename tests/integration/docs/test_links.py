"""The guide's code for subscribers that apply links, run against the real broker."""

import json
import random
import re
import subprocess
import sys
from typing import Any

import numpy as np
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.records.presence import Link
from schemas.registry import SchemaRegistry
from schemas.topics import AUDIT, LINKS
from streams.domain.pipeline import PartitionPipeline
from tests.integration.docs.test_guarantees import subscriber
from tests.support.builders.domain import fold, links
from tests.support.builders.scene import ward_facts, ward_log
from tests.support.clusters import cluster_at, cluster_of
from tests.support.paths import ROOT
from tests.support.sink_topics import await_leaders

PAGE = ROOT / "docs" / "subscribers.md"
SECONDS = 90


def applied() -> dict[str, Any]:
    """`apply` and `person` from the page."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    [code] = [block for block in blocks if "def apply" in block]
    scope: dict[str, Any] = {}
    exec(code, scope)
    return scope


def joined(reported: list[Link]) -> set[frozenset[str]]:
    """Tracks of each person by another algorithm: connected components of a graph."""
    ids = sorted({link[end] for link in reported for end in ("from_person_id", "to_person_id")})
    earlier = [ids.index(link["from_person_id"]) for link in reported]
    later = [ids.index(link["to_person_id"]) for link in reported]
    graph = coo_array((np.ones(len(reported)), (earlier, later)), shape=(len(ids), len(ids)))
    count, labels = connected_components(graph, directed=False)
    return {
        frozenset(name for name, label in zip(ids, labels, strict=True) if label == group)
        for group in range(count)
    }


def people(scope: dict[str, Any], reported: list[Link]) -> set[frozenset[str]]:
    """Tracks of each person by the page's code."""
    groups: dict[str, set[str]] = {}
    for link in reported:
        for end in (link["from_person_id"], link["to_person_id"]):
            groups.setdefault(scope["person"](end), set()).add(end)
    return {frozenset(group) for group in groups.values()}


def tailed(settings: Settings) -> Any:
    """The first link that `wardstream tail` prints."""
    description = ["tail", LINKS.name, "--from-beginning", "--count", "1", "--wait", "30"]
    answer = subprocess.run(
        [sys.executable, "-m", "workers.cli", *description],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "WARDSTREAM_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "WARDSTREAM_REGISTRY_URL": settings.registry_url,
            "WARDSTREAM_TOPIC_PREFIX": settings.topic_prefix,
        },
    )
    return json.loads(answer.stdout)["value"]


def test_the_code_of_the_page_joins_who_is_linked_in_whatever_order(
    kafka: str, registry_url: str, run_prefix: str
) -> None:
    """The links of a ward are sent as after crashes: some twice, and floors in any order."""
    settings = Settings(kafka_bootstrap=kafka, registry_url=registry_url, topic_prefix=run_prefix)
    registry = SchemaRegistry(registry_url)
    registry.register_all([LINKS, AUDIT])
    codec = registry.writer(LINKS)
    sent = links(fold(PartitionPipeline(), ward_facts(), ward_log(1, seconds=SECONDS)))
    chained = {link["from_person_id"] for link in sent} & {link["to_person_id"] for link in sent}
    assert len(chained) > 3, "some come back more than once"
    assert {link["floor_id"] for link in sent} == {"ward", "hall"}
    name = cluster_of(settings).name(LINKS)
    admin = cluster_at(kafka).admin()
    audit = cluster_of(settings).name(AUDIT)  # `wardstream tail` records what it reads
    topics = [NewTopic(name, 2, 1), NewTopic(audit, 1, 1)]
    for created in admin.create_topics(topics, operation_timeout=30).values():
        created.result()
    await_leaders(admin, [name, audit])
    producer = ReliableProducer(cluster_of(settings))
    for start in range(0, len(sent), 5):
        for one in sent[max(0, start - 3) : start + 5]:
            key, partition = one["floor_id"], int(one["floor_id"] == "ward")
            producer.produce(name, key=key, value=codec.encode(one), partition=partition)
    producer.flush(30)

    is_new, scope = subscriber(), applied()
    got: list[Link] = []
    for message in read_topic(cluster_of(settings), LINKS, range(2)):
        link: Link = codec.decode(message.value())
        if is_new(link["floor_id"], link["seq"]):
            scope["apply"](link)
            got.append(link)

    assert sorted(got, key=repr) == sorted(sent, key=repr)
    assert tailed(settings) in sent
    assert people(scope, sent) == joined(sent)
    for seed in range(5):
        mixed, again = list(sent), applied()
        random.Random(seed).shuffle(mixed)
        for link in [*mixed, *mixed[:7]]:
            again["apply"](link)
        assert people(again, sent) == joined(sent)


def test_what_does_not_say_that_two_are_one_person_joins_nobody() -> None:
    scope = applied()
    for kind in ("SPLIT", "BADGE", "UNKNOWN"):
        scope["apply"]({"kind": kind, "from_person_id": "cam:1", "to_person_id": "cam:2"})

    assert [scope["person"](name) for name in ("cam:1", "cam:2")] == ["cam:1", "cam:2"]
