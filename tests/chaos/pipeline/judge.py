"""The verdict on a run: its outputs against a fold of its own input, and an undisturbed run."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
import msgspec
import redis

from runtime.errors import Stop
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.codec import HEADER_BYTES
from schemas.live import LiveKind, state_key
from schemas.topics import DEAD_LETTERS, OCCUPANCY, OCCUPANCY_LATEST, PRESENCE, TOPICS, TRACKS
from streams.processor.pipeline_settings import pipeline_settings
from streams.stage import OUTPUTS
from tests.chaos.pipeline.decisions import dated, faults_of
from tests.chaos.pipeline.histories import one_history
from tests.chaos.pipeline.one_fold import unlike_one_fold
from tests.chaos.pipeline.read_checks import wrong_reads
from tests.support.clusters import cluster_of, installation_of
from tests.support.digests import table_digest
from workers.operations.verification.digests import distinct, read_items
from workers.operations.verification.oracle import Fold, first_difference, fold_detections
from workers.operations.verification.tables import compare
from workers.storage.item import Item
from workers.storage.timescale.tables import DERIVED_TABLES

LIVE: dict[str, LiveKind] = {OCCUPANCY.name: "zone", TRACKS.name: "camera", PRESENCE.name: "floor"}


@dataclass
class Verdict:
    """The outputs of a run, and what is wrong with them.

    Attributes:
        topics: Digest of each derived topic, keys and values by seq, headers left out.
        tables: Digest of each table over its rows.
        records: Number of distinct records by topic.
        duplicates: Number of records that repeat another one with the same bytes.
        dead_letters: Number of distinct dead letters.
        mismatches: Every difference, in words; empty when the pipeline held.
        seamed: Whether two releases wrote it: then nothing can be compared with a single fold.
        dated: How the frames of an input that is dated by the wall clock were dated by the floor:
            how many by a camera's clock, by its delay, by their arrival. No other run has the same.
    """

    topics: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    dead_letters: int = 0
    mismatches: list[str] = field(default_factory=list)
    seamed: bool = False
    dated: dict[str, int] = field(default_factory=dict)

    def against(self, calm: "Verdict") -> list[str]:
        """Differences from an undisturbed run."""
        if self.seamed or self.dated or calm.dated:
            return []
        return [
            f"{kind} {name} is not what the undisturbed run wrote"
            for kind, ours, theirs in (
                ("topic", self.topics, calm.topics),
                ("table", self.tables, calm.tables),
            )
            for name in sorted({*ours, *theirs})
            if ours.get(name) != theirs.get(name)
        ]


def digest(fold: Fold) -> str:
    """One digest over a topic's fold."""
    whole = hashlib.blake2b(digest_size=16)
    for key in sorted(fold):
        whole.update(repr((key, fold[key])).encode())
    return whole.hexdigest()


def judge(
    settings: Settings,
    board_url: str | None,
    *,
    expected_dead_letters: int,
    seamed: bool = False,
    agreeing: bool = False,
    live: bool = False,
    reads: bool = True,
) -> Verdict:
    """Compare everything that a settled pipeline wrote.

    Args:
        settings: Settings with which its topics and tables are found.
        board_url: URL of its board; None leaves the board out.
        expected_dead_letters: Number of dead letters that the attack has made.
        seamed: Whether two releases wrote it, which no single fold repeats byte for byte.
        agreeing: Whether a single fold repeats it by content.
        live: Whether the input is dated by the wall clock.
        reads: Whether badges were read.
    """
    verdict = Verdict(seamed=seamed)
    oracle = {} if seamed else fold_detections(cluster_of(settings), pipeline_settings(settings))
    newest: dict[str, dict[str, Item]] = {}
    histories: dict[str, dict[str, list[Item]]] = {}
    for topic in OUTPUTS:
        items = list(read_items(cluster_of(settings), topic))
        try:
            by_key = distinct(items)
        except Stop as conflict:
            verdict.mismatches.append(f"{topic.name}: {conflict}")
            continue
        count = sum(map(len, by_key.values()))
        verdict.records[topic.name] = count
        newest[topic.name] = {key: found[-1] for key, found in by_key.items()}
        histories[topic.name] = by_key
        fold = {key: [i.value[HEADER_BYTES:] for i in found] for key, found in by_key.items()}
        expected = oracle.get(topic.name, fold)
        if topic is OCCUPANCY_LATEST:  # compaction may have deleted all but the last
            fold = {key: bodies[-1:] for key, bodies in fold.items()}
            expected = {key: bodies[-1:] for key, bodies in expected.items()}
        else:
            verdict.duplicates += len(items) - count
        verdict.topics[topic.name] = digest(fold)
        difference = first_difference(cluster_of(settings), topic.name, expected, fold)
        if difference is not None:
            verdict.mismatches.append(difference)
    if reads:
        verdict.mismatches += wrong_reads(settings, histories, seamed=seamed, live=live)
    if agreeing:
        verdict.mismatches += unlike_one_fold(settings, histories)
    if seamed or live:
        verdict.mismatches += one_history(settings, histories)
    if live:
        _judge_clocks(settings, verdict)
    _judge_tables(settings, verdict)
    _judge_live_values(settings, newest, verdict)
    if board_url is not None:
        _judge_board(board_url, newest.get(OCCUPANCY.name, {}), verdict)
    _judge_dead_letters(settings, expected_dead_letters, verdict)
    return verdict


def _judge_clocks(settings: Settings, verdict: Verdict) -> None:
    """Check what was decided about clocks, and that the fold made use of it."""
    verdict.dated = dict(dated(settings))
    verdict.mismatches += faults_of(settings)
    if not verdict.dated.get("clock"):
        verdict.mismatches.append(f"no frame was dated by a camera's clock: {verdict.dated}")


def _judge_tables(settings: Settings, verdict: Verdict) -> None:
    try:
        for table in compare(installation_of(settings)):
            if table.difference is not None:
                verdict.mismatches.append(f"table {table.table}: {table.difference}")
    except Stop as conflict:
        verdict.mismatches.append(f"tables: {conflict}")
    dsn = settings.database_url.get_secret_value()
    for derived in DERIVED_TABLES:
        rows = table_digest(dsn, derived.name)
        verdict.tables[derived.name] = hashlib.blake2b(
            repr(sorted(rows.items())).encode(), digest_size=16
        ).hexdigest()


def _judge_live_values(
    settings: Settings, newest: Mapping[str, Mapping[str, Item]], verdict: Verdict
) -> None:
    """Check that every live value in Redis is the newest record of its key."""
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        for topic, kind in LIVE.items():
            for key, item in newest.get(topic, {}).items():
                name = state_key(settings.live_prefix, kind, key)
                held: dict[bytes, bytes] = client.hgetall(name)
                if not held:
                    verdict.mismatches.append(f"Redis: {name} is not there")
                elif int(held[b"seq"]) != item.seq:
                    verdict.mismatches.append(
                        f"Redis: {name} has seq {int(held[b'seq'])}, the topic {item.seq}"
                    )
                elif msgspec.json.decode(held[b"json"]) != msgspec.json.decode(
                    msgspec.json.encode(item.record)
                ):
                    verdict.mismatches.append(f"Redis: {name} is not the record of seq {item.seq}")


def _judge_board(board_url: str, newest: Mapping[str, Item], verdict: Verdict) -> None:
    """Check that the board shows the latest measurement of every zone."""
    answer = httpx.get(f"{board_url}/api/v1/zones", timeout=30.0)
    shown = {zone["zone_id"]: zone for zone in answer.raise_for_status().json()["zones"]}
    for key, item in newest.items():
        people = shown.get(key, {}).get("people")
        if people != item.record["people"]:
            verdict.mismatches.append(
                f"board: zone {key} shows {people} people, measured are {item.record['people']}"
            )


def _judge_dead_letters(settings: Settings, expected: int, verdict: Verdict) -> None:
    """Check that each unreadable message is one dead letter, and that there is no other."""
    positions: set[tuple[object, ...]] = set()
    for message in read_topic(cluster_of(settings), TOPICS[DEAD_LETTERS.name]):
        headers = dict(message.headers() or ())
        positions.add(tuple(headers.get(name) for name in _POSITION_HEADERS))
    verdict.dead_letters = len(positions)
    if len(positions) != expected:
        verdict.mismatches.append(f"{len(positions)} dead letters, {expected} must be there")


_POSITION_HEADERS = ("topic", "partition", "offset")
