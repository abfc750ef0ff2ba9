"""The commands of the vault are killed at any instant, again and again: nothing is half done."""

import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg import sql

from runtime.errors import Stop
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import BADGES, SHIFTS, STAFF, TOPICS, Topic
from tests.support.clusters import cluster_of
from tests.support.services import Services, delete_topics, empty_database
from workers.local.pipeline import prepare, settings_of
from workers.registry.editing.database import Database
from workers.registry.editing.sealed import NAMES, SealedTexts
from workers.registry.vault.erasures import ErasureList
from workers.registry.vault.external import External, Kind
from workers.registry.vault.vault import Vault

SEED = int(os.environ.get("VAULT_KILLS_SEED", "1"))
PEOPLE, ERASED = 8, 6
KILLS_EACH = 3
"""An erasure is killed up to so often before it is let through."""

ENTRIES, ROTATIONS, KILLS_A_ROTATION = 6_000, 3, 12
DEADLINE_S = 60.0
NEXT_YEAR = (datetime.now(UTC) + timedelta(days=365)).date()
OLD, NEW = b"o" * 32, b"n" * 32
SEALING = b"s" * 32


def setting(*keys: bytes) -> str:
    return ",".join(base64.b64encode(key).decode() for key in keys)


class Commands:
    """Runs `wardstream`, to its end or up to its death.

    Args:
        environment: Settings of every command.
        chance: Draws the instants.

    Attributes:
        printed: Everything that the commands have printed.
    """

    def __init__(self, environment: Mapping[str, str], chance: Random) -> None:
        self.environment = dict(environment)
        self.printed = ""
        self._chance = chance

    def run(self, *command: str, more: Mapping[str, str] | None = None) -> float:
        """Run a command, which must succeed; returns how long it took, seconds."""
        began_s = time.monotonic()
        process = self._started(command, more or {})
        text, _ = process.communicate(timeout=DEADLINE_S)
        self.printed += text
        assert process.returncode == 0, text
        return time.monotonic() - began_s

    def kill(
        self,
        *command: str,
        within_s: tuple[float, float],
        after: Callable[[], bool] = lambda: True,
        more: Mapping[str, str] | None = None,
    ) -> bool:
        """Kill a command some time after something; returns whether it was not over before.

        Args:
            command: The command.
            within_s: Shortest and longest time, seconds.
            after: What is waited for before that time begins.
            more: Settings of this command.
        """
        process = self._started(command, more or {})
        end_s = time.monotonic() + DEADLINE_S
        while process.poll() is None and not after() and time.monotonic() < end_s:
            time.sleep(0.001)
        time.sleep(self._chance.uniform(*within_s))
        process.kill()
        text, _ = process.communicate(timeout=DEADLINE_S)
        self.printed += text
        return process.returncode != 0

    def _started(self, command: Sequence[str], more: Mapping[str, str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "workers.cli", *command],
            env={**os.environ, **self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    found = settings_of(environment)
    prepare(cluster_of(found), found.database_address)
    return found


@pytest.fixture
def commands(environment: dict[str, str], tmp_path: Path) -> Commands:
    own = {
        "WARDSTREAM_VAULT__IDS": "external",
        "WARDSTREAM_VAULT__KEY": setting(OLD),
        "WARDSTREAM_VAULT__ERASURES": str(tmp_path / "apart" / "erasures"),
        "WARDSTREAM_REGISTRY__NAME_KEY": setting(SEALING),
    }
    (tmp_path / "apart").mkdir()
    return Commands({**environment, **own}, Random(f"vault/{SEED}"))


@pytest.fixture
def empty(services: Services, database_template: str) -> Iterator[str]:
    with empty_database(services, database_template) as url:
        yield url


def written(dsn: str) -> str:
    """Every row of every table, as text."""
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname IN ('public', 'live', 'registry', 'vault', 'notifier')"
        ).fetchall()
        return "\n".join(
            row[0]
            for table in tables
            for row in connection.execute(
                sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(*table))
            )
        )


def logged(settings: Settings) -> bytes:
    """Every key and value of every topic."""
    return b"\n".join(
        (message.key() or b"") + b" " + (message.value() or b"")
        for topic in TOPICS.values()
        for message in read_topic(cluster_of(settings), topic)
    )


def newest(settings: Settings, topic: Topic) -> list[dict[str, Any]]:
    """The newest version of each fact of a topic that is not removed."""
    codec = SchemaRegistry(settings.registry_url).reader(topic)
    identity, found = topic.key.removesuffix("@version"), {}
    for message in read_topic(cluster_of(settings), topic):
        record = codec.decode(message.value())
        found[record[identity]] = record
    return [record for record in found.values() if not record["removed"]]


def naming(settings: Settings, pseudonym: str) -> list[dict[str, Any]]:
    """Facts of the topics that name somebody."""
    return [
        record
        for topic in (STAFF, BADGES, SHIFTS)
        for record in newest(settings, topic)
        if pseudonym in (record.get("staff_id"), *record.get("staff_ids", ()))
    ]


def is_readable(found: str | bytes, numbers: Sequence[str]) -> list[str]:
    """Numbers that stand somewhere, as text or as PostgreSQL writes bytes."""
    text = found if isinstance(found, str) else found.decode("latin-1")
    return [one for one in numbers if one in text or one.encode().hex() in text]


@pytest.mark.chaos_long
@pytest.mark.timeout(1800)
def test_a_rotation_that_is_killed_at_any_instant_goes_on_and_leaves_nothing_half_sealed(
    commands: Commands, settings: Settings
) -> None:
    given = {External(Kind.STAFF, f"PN-{n}-{SEED}"): f"vs-{n:016}" for n in range(ENTRIES)}
    numbers = [one.text for one in given][:: ENTRIES // 50]
    keys = [bytes([number]) * 32 for number in range(ROTATIONS + 1)]
    kills = 0
    with Database(settings.database_address) as database:
        Vault(database, keys[:1]).give(given, 1)

        def entries() -> int:
            with database.transaction() as transaction:
                row = transaction.execute("SELECT count(DISTINCT key_id) FROM vault.entries")
                return int((row.fetchone() or (0,))[0])

        for old, new in pairwise(keys):
            both = {"WARDSTREAM_VAULT__KEY": setting(new, old)}
            for turn in range(KILLS_A_ROTATION):
                in_steps = turn % 2 == 1
                kills += commands.kill(
                    *("vault", "rotate"),
                    within_s=(0.0, 0.3) if in_steps else (0.0, 2.5),
                    after=(lambda: entries() > 1) if in_steps else lambda: True,
                    more=both,
                )
                vault = Vault(database, [new, old])
                assert vault.find(given) == given
                for pseudonym in Random(turn).sample(sorted(given.values()), 40):
                    opened = vault.open(pseudonym)
                    assert opened is not None
                    assert given[opened.external] == pseudonym
                assert is_readable(written(settings.database_address), numbers) == []
            commands.run("vault", "rotate", more=both)
            commands.run("vault", "rotate", more=both)
            assert Vault(database, [new]).find(given) == given
            with pytest.raises(Stop, match="was retired by a rotation"):
                Vault(database, [old]).find(given)
            with database.transaction() as transaction:
                used = transaction.execute("SELECT DISTINCT key_id FROM vault.entries").fetchall()
            assert len(used) == 1

    assert kills >= ROTATIONS * KILLS_A_ROTATION // 2
    assert is_readable(logged(settings), numbers) == []
    assert is_readable(commands.printed, numbers) == []


@pytest.mark.chaos_long
@pytest.mark.timeout(1800)
def test_erasures_that_are_killed_at_any_instant_are_done_by_the_same_again_and_by_a_restore(
    commands: Commands, settings: Settings, empty: str, services: Services, tmp_path: Path
) -> None:
    numbers = [f"PN-{n:03}-{SEED}" for n in range(PEOPLE)]
    who = register(commands, settings, numbers, tmp_path)
    while not commands.kill("vault", "start-list", within_s=(0.0, 2.0)):
        pass
    commands.run("vault", "start-list")
    listed = ErasureList(Path(commands.environment["WARDSTREAM_VAULT__ERASURES"]))
    uri = (tmp_path / "backup").as_uri()
    commands.run("backup", "take", uri)
    chance, kills, left = Random(f"erasures/{SEED}"), 0, set()

    for number in numbers[:ERASED]:
        command = ("vault", "erase", who[number], "--reason", "asked on 3 May", "--yes")
        before = len(listed.read().erased)

        def is_listed(before: int = before) -> bool:
            return len(listed.read().erased) > before

        for turn in range(chance.randint(1, KILLS_EACH)):
            late = (turn + numbers.index(number)) % 2 == 0
            kills += commands.kill(
                *command,
                within_s=(0.0, 0.15) if late else (0.0, 3.0),
                after=is_listed if late else lambda: True,
            )
            left.add(state_of(settings, who[number], is_listed()))
            assert is_readable(written(settings.database_address), numbers) == []
        commands.run(*(command if chance.random() < 0.7 else ("vault", "complete")))
        if who[number] not in {one.pseudonym for one in listed.read().erased}:
            commands.run(*command)  # `complete` knows nobody who never came onto the list

        assert state_of(settings, who[number], True) == (True, False, False, 0)

    print(f"{kills} kills, which left (listed, in the vault, registered, facts): {sorted(left)}")
    assert kills >= ERASED // 2
    pseudonyms = [one.pseudonym for one in listed.read().erased]
    assert len(pseudonyms) == len(set(pseudonyms)) == 2 * ERASED, "each with a badge"
    rest_is_there(commands, settings, numbers, who)
    delete_topics(services, settings.topic_prefix)
    inside = [path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file()]
    assert Path(str(listed)).read_bytes() not in inside
    assert is_readable(b"".join(inside), numbers) == []

    commands.environment["WARDSTREAM_DATABASE_URL"] = empty
    restored = settings_of(commands.environment)
    commands.run("backup", "restore", uri)

    for number in numbers[:ERASED]:
        assert state_of(restored, who[number], True) == (True, False, False, 0)
    rest_is_there(commands, restored, numbers, who)
    commands.run("vault", "rotate", more={"WARDSTREAM_VAULT__KEY": setting(NEW, OLD)})
    with Database(restored.database_address) as database:
        assert len(found_of(Vault(database, [NEW]), numbers)) == PEOPLE - ERASED


def register(
    commands: Commands, settings: Settings, numbers: Sequence[str], folder: Path
) -> dict[str, str]:
    """Import people with badges, shifts and names by number; returns their pseudonyms."""
    files = {
        ("camera", "import"): "camera_id,width,height\nc1,640,480\n",
        ("zone", "import"): 'zone_id,camera_id,polygon\nbay,c1,"[[0, 0], [9, 0], [9, 9]]"\n',
        ("staff", "import"): "staff_id,role\n" + "".join(f"{one},nurse\n" for one in numbers),
        ("badge-holder", "import"): "badge_id,staff_ids\n"
        + "".join(f"B-{one},{one}\n" for one in numbers)
        + "".join(f"B2-{one},{one} {numbers[-1]}\n" for one in numbers[:-1]),
        ("shift", "import"): "shift_id,staff_id,zone_id,starts,ends\n"
        + "".join(
            f"s{at},{one},bay,{NEXT_YEAR} 07:00,{NEXT_YEAR} 15:00\n"
            for at, one in enumerate(numbers)
        ),
    }
    for number, (command, text) in enumerate(files.items()):
        file = folder / f"{number}.csv"
        file.write_text(text)
        commands.run(*command, str(file))
        file.unlink()
    with Database(settings.database_address) as database:
        found = found_of(Vault(database, [OLD]), numbers)
        for pseudonym in found.values():
            names = SealedTexts(database, NAMES, [SEALING])
            names.put(pseudonym, f"Name of {pseudonym}", by="anna", now_us=1)
    return found


def found_of(vault: Vault, numbers: Sequence[str]) -> dict[str, str]:
    """Pseudonyms by number, of those that the vault has."""
    externals = {External(Kind.STAFF, one): one for one in numbers}
    return {externals[one]: found for one, found in vault.find(externals).items()}


def state_of(settings: Settings, pseudonym: str, is_listed: bool) -> tuple[bool, bool, bool, int]:
    """Whether somebody is listed, in the vault and registered, and facts of topics that name them.

    Somebody who is in the vault can be opened; what is there of one person is never a part.
    """
    with Database(settings.database_address) as database:
        in_vault = bool(Vault(database, [OLD]).held([pseudonym]))
        if in_vault:
            assert Vault(database, [OLD]).open(pseudonym) is not None
        with database.transaction() as transaction:
            name = transaction.execute(_NAME, [pseudonym]).fetchone()
            fact = transaction.execute(_FACT, [pseudonym]).fetchone()
    assert (name is None) == (fact is None), "name and facts go in one transaction"
    return is_listed, in_vault, fact is not None, len(naming(settings, pseudonym))


_NAME = "SELECT FROM registry.staff_names WHERE staff_id = %s"
_FACT = """
    SELECT FROM (
        SELECT DISTINCT ON (kind, id) removed, record FROM registry.versions
        ORDER BY kind, id, version DESC
    ) AS newest
    WHERE NOT removed AND record::text LIKE '%%' || %s || '%%' LIMIT 1
"""


def rest_is_there(
    commands: Commands, settings: Settings, numbers: Sequence[str], who: Mapping[str, str]
) -> None:
    """Nobody but those who were erased has gone, and no number stands anywhere."""
    with Database(settings.database_address) as database:
        held = found_of(Vault(database, [OLD]), numbers)
    assert held == {one: who[one] for one in numbers[ERASED:]}
    for number in numbers[ERASED:]:
        assert len(naming(settings, who[number])) >= 3
    assert is_readable(written(settings.database_address), numbers) == []
    assert is_readable(logged(settings), numbers) == []
    assert is_readable(commands.printed, numbers) == []
