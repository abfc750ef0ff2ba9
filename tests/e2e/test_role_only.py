"""A whole pipeline that shows roles only: nobody is found over two stays, wherever one looks."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redis
from psycopg import sql

from runtime.checkpoints import record_of
from runtime.facts.log import FactLog
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import DERIVED_TOPICS, DETECTIONS, FOLDED_TOPICS, PRESENCE
from streams.processor.evidence_source import EvidenceSource
from streams.processor.fact_source import FactSource
from streams.processor.pipeline_fold import Wire
from streams.processor.pipeline_settings import pipeline_settings
from streams.processor.replay import Folds
from tests.support.clusters import cluster_of
from tests.support.coloured_ward import (
    BADGES,
    FLOOR,
    HALVES,
    STAFF,
    WHITE,
    played_ward,
    reads,
    white_detector,
)
from tests.support.played_pipeline import PlayedPipeline
from tests.support.role_only_ward import Truth
from tests.support.services import Services, separate_environment
from workers.storage.timescale.tables import VERSIONED_TABLES

PRESENT = ("/zones", "/cameras", "/units", "/status", "/trends", "/line")


@dataclass
class Found:
    """Everything that one may see, as JSON, and whom it is of in truth.

    Attributes:
        seen: Values by where they are.
        truth: Whom ids stand for.
    """

    seen: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    truth: Truth = field(default_factory=Truth)

    @property
    def persons(self) -> dict[str, set[str]]:
        """The people that each id stands for, by id."""
        found = {name: {who for who, _ in stays} for name, stays in self.truth.stays.items()}
        return found | {n: {who for who, _ in s} for n, s in self.truth.sightings.items()}

    def parts(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every record within a record, with where it is."""
        for where, values in self.seen.items():
            for value in values:
                for part in records_in(value):
                    yield where, part


def records_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from records_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from records_in(one)


def scalars(value: Any) -> list[Any]:
    """Values of a record itself: its own, and those of lists of values."""
    if isinstance(value, dict):
        return [
            one for each in value.values() if not isinstance(each, dict) for one in scalars(each)
        ]
    if isinstance(value, list):
        return [one for each in value if not isinstance(each, dict) for one in scalars(each)]
    return [value]


def truth_of(settings: Settings) -> Truth:
    """Whom the published ids stand for, by folding the log again with a view into the fold."""
    cluster, truth = cluster_of(settings), Truth()
    log = FactLog(cluster, FOLDED_TOPICS)
    facts, evidence = FactSource(log, cluster.clock), EvidenceSource(cluster)
    facts.refresh()
    folds = Folds(
        wire=Wire(cluster),
        facts=facts,
        evidence=evidence,
        settings=pipeline_settings(settings),
        clock=cluster.clock,
    )
    by_partition: dict[int, Any] = {}
    for message in read_topic(cluster, DETECTIONS):
        partition = message.partition() or 0
        if partition not in by_partition:
            by_partition[partition] = folds(partition, lambda _record: None)
        by_partition[partition].advance(record_of(message))
        truth.note(by_partition[partition]._pipeline)
    log.close()
    evidence.close()
    return truth


def topics_of(settings: Settings) -> Iterator[tuple[str, Any]]:
    for topic in DERIVED_TOPICS:
        codec = SchemaRegistry(settings.registry_url).reader(topic)
        for message in read_topic(cluster_of(settings), topic):
            yield f"topic {topic.name}", codec.decode(message.value())


def tables_of(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Rows of every table and view that the line's stores have, those of the registry left out."""
    with psycopg.connect(settings.database_address) as connection:
        relations = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'live')"
            " UNION ALL"
            " SELECT schemaname, viewname FROM pg_views WHERE schemaname IN ('public', 'live')"
        ).fetchall()
        for relation in relations:
            query = sql.SQL("SELECT to_jsonb(t) FROM {} AS t").format(sql.Identifier(*relation))
            for (row,) in connection.execute(query):
                yield f"table {'.'.join(relation)}", row


def keys_of(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Every value in Redis below the run's prefix."""
    address = settings.redis_url.get_secret_value()
    with redis.Redis.from_url(address, decode_responses=True) as client:
        for key in client.scan_iter(f"{settings.live_prefix}*"):
            kind = client.type(key)
            if kind == "hash":
                values: list[Any] = [client.hgetall(key)]
            elif kind == "stream":
                values = [fields for _, fields in client.xrange(key)]
            elif kind == "string":
                values = [{"value": client.get(key)}]
            elif kind == "zset":
                values = [{"members": client.zrange(key, 0, -1)}]
            else:
                values = [{"members": sorted(client.smembers(key))}]
            for value in values:
                opened = {name: opened_json(text) for name, text in value.items()}
                yield f"Redis {key}", {"key": key, **opened}


def opened_json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def answers_of(board_url: str) -> Iterator[tuple[str, Any]]:
    """Answers of the API to whoever may ask everything."""
    url = f"{board_url.rstrip('/')}/api/v1"
    paths = [*PRESENT, *(f"/zones/{one}" for one in HALVES), f"/floors/{FLOOR}/presence"]
    for path in paths:
        answer = httpx.get(f"{url}{path}", timeout=30.0)
        assert answer.is_success or path == "/trends", (path, answer.text)
        yield f"API {path}", answer.json()


def found_in(played: PlayedPipeline) -> Found:
    found = Found(truth=truth_of(played.settings))
    for source in (topics_of(played.settings), tables_of(played.settings)):
        for where, value in source:
            found.seen[where].append(value)
    for where, value in (*keys_of(played.settings), *answers_of(played.board_url)):
        found.seen[where].append(value)
    return found


@pytest.mark.chaos_long
@pytest.mark.timeout(600)
def test_nobody_is_found_over_two_stays_in_any_topic_table_key_or_answer(
    services: Services, database_template: str, tmp_path: Path
) -> None:
    with (
        separate_environment(services, database_template) as environment,
        played_ward(
            {**environment, "WARDSTREAM_PRIVACY__MODE": "role-only"},
            tmp_path,
            weights=white_detector(tmp_path / "white.onnx"),
            colours=[WHITE] * len(STAFF),
            reads=reads(),
        ) as played,
    ):
        privacy = played.settings.privacy.model_copy(update={"mode": "role-only"})
        played.settings = played.settings.model_copy(update={"privacy": privacy})
        found = found_in(played)

    by_zone: dict[tuple[str, str], set[str]] = defaultdict(set)
    for stay_id, stays in found.truth.stays.items():
        for who_where in stays:
            by_zone[who_where].add(stay_id)
    assert max(map(len, by_zone.values())) >= 2, "somebody came to a bay again"
    assert len(found.truth.people) >= len(STAFF)
    people = [one for record in found.seen[f"topic {PRESENCE.name}"] for one in record["people"]]
    assert {one["role"] for one in people} >= {"", "nurse"}
    for kind in ("topic", "table", "Redis", "API"):
        assert [w for w in found.seen if w.startswith(kind)], kind
    assert no_id_is_of_two_stays(found) == []
    assert no_record_has_somebody_twice(found) == []
    assert no_value_joins_two_stays(found) == []
    for planted in (str, int):
        assert no_value_joins_two_stays(with_a_leak(found, planted)) != [], "the check can fail"
    registered = {f"table public.{one.name}" for one in VERSIONED_TABLES}
    for where, values in found.seen.items():
        if where in registered:
            continue  # who is on the rota is no secret; who stood where is
        text = json.dumps(values, default=str)
        names = [one for one in (*found.truth.people, *BADGES) if f'"{one}"' in text]
        assert names == [], where
        if where.startswith(("topic", "Redis")):
            assert [one for one in STAFF if f'"{one}"' in text] == [], where


def no_id_is_of_two_stays(found: Found) -> list[str]:
    """Ids that stand for two people, or for stays in two zones."""
    return [
        f"{name} is of {sorted(stays)}"
        for name, stays in found.truth.stays.items()
        if len(stays) > 1
    ] + [
        f"{name} is of {sorted(seen)}"
        for name, seen in found.truth.sightings.items()
        if len(seen) > 1
    ]


def no_record_has_somebody_twice(found: Found) -> list[str]:
    """Records in which two ids stand for one person."""
    persons, wrong = found.persons, []
    for where, part in found.parts():
        if ":index:" in where:
            continue  # it lists every id there is, so it joins none with another
        ids = {one for one in scalars(part) if isinstance(one, str) and one in persons}
        whom = [who for one in ids for who in persons[one]]
        if len(whom) != len({*whom}):
            wrong.append(f"{where}: {part}")
    return wrong


def no_value_joins_two_stays(found: Found) -> list[str]:
    """Values that go with several ids of one person, and with no id of anybody else.

    Times and the time between two are left out: they are exact, as the page says. A number joins by
    chance the stays of one person, as a count does that was 2 in two of them alone; a field that
    numbers people joins those of several.
    """
    persons = found.persons
    with_ids: dict[Any, set[str]] = defaultdict(set)
    for where, part in found.parts():
        values = scalars(part)
        ids = {one for one in values if isinstance(one, str) and one in persons}
        if len(ids) != 1:
            continue
        for name, value in part.items():
            if isinstance(value, dict | list) or is_time(name, value):
                continue
            if value not in ids:
                with_ids[where.partition(" ")[0], name, value] |= ids
    joined: dict[tuple[str, str, bool], dict[str, list[str]]] = defaultdict(dict)
    for (kind, name, value), ids in with_ids.items():
        whom = [sorted(persons[one]) for one in ids]
        if len(ids) > 1 and all(one == two for one, two in combinations(whom, 2)):
            text = f"{kind}: {name} {value!r} is only with {sorted(ids)} of {whom[0]}"
            joined[kind, name, isinstance(value, str)].setdefault(str(whom[0]), []).append(text)
    return [
        text
        for (_, _, is_text), of_people in joined.items()
        if is_text or len(of_people) > 1
        for texts in of_people.values()
        for text in texts
    ]


def with_a_leak(found: Found, kind: type[str] | type[int]) -> Found:
    """The same, but for a field that numbers people in each record of one of them."""
    persons = found.persons
    numbers = {one: at for at, one in enumerate(sorted(found.truth.people), start=1_000)}
    leaking = Found(truth=found.truth)
    for where, part in found.parts():
        ids = {one for one in scalars(part) if isinstance(one, str) and one in persons}
        if len(ids) == 1:
            (who,) = persons[ids.pop()]
            leaking.seen[where].append({**part, "number": kind(numbers[who])})
    return leaking


def is_time(name: str, value: Any) -> bool:
    return (
        name.endswith(("_us", "_at", "as_of", "_since", "bucket"))
        or name == "dwell"
        or (isinstance(value, str) and bool(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.+]+", value)))
    )
