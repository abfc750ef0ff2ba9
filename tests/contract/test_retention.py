"""Nothing is stored without a period or a reason, and each period has a test that shows data gone.

Tables and views are compared with a real database in
`tests/integration/workers/storage/timescale/test_retention.py`.
"""

import ast
import re
from pathlib import Path

import pytest

from docs.generate.data_protection import page
from runtime.process.settings import known_settings
from runtime.storage.redis_users import USERS
from schemas.topics import TOPICS
from tests.support.paths import ROOT
from workers.audit.anchor import FOLDER as ANCHORS
from workers.retention.entry import Entry
from workers.retention.every import ENTRIES

_TESTS = "tests/integration"
_TABLES = f"{_TESTS}/workers/storage/timescale/test_retention.py"
_TOPICS = f"{_TESTS}/runtime/kafka/test_topics.py"
_ARCHIVE = f"{_TESTS}/runtime/checkpoints/test_archive.py"
_LIVE = f"{_TESTS}/workers/sinks/test_redis_sink.py"
_BACKUP = "tests/unit/workers/operations/backup/test_expiring.py"
_EXPERIMENTS = f"{_TESTS}/workers/operations/experiments/test_experiments.py"
_LOGIN = f"{_TESTS}/workers/serving/login/test_login.py"

SHOWN_BY = (
    ("Kafka", r".*\.v1", f"{_TOPICS}::test_what_expired_or_was_replaced_is_gone_from_every_topic"),
    ("TimescaleDB", ".*", f"{_TABLES}::test_rows_are_gone_once_their_period_is_over"),
    ("Redis", r"login:.*", f"{_LOGIN}::test_every_key_of_a_login_expires"),
    ("Redis", ".*", f"{_LIVE}::test_everything_expires"),
    (
        "files",
        r"<ingest\.object_store_url>/experiments/",
        f"{_EXPERIMENTS}::test_an_experiment_is_gone_after_its_period",
    ),
    (
        "files",
        r"<ingest\.object_store_url>.*",
        f"{_TESTS}/workers/ingest/test_object_store.py::test_frames_are_gone_after_their_period",
    ),
    (
        "files",
        r"<checkpoints.*",
        f"{_ARCHIVE}::test_retention_leaves_the_newest_of_a_partition_however_old_it_is",
    ),
    (
        "files",
        "<backup URI>",
        f"{_BACKUP}::test_an_old_backup_is_gone_after_a_new_one_and_younger_ones_stay",
    ),
)
"""Store, names as a pattern, and the test that shows the data gone; the first that fits counts."""


def names(store: str) -> set[str]:
    return {entry.name for entry in ENTRIES if entry.store == store}


def test_nothing_has_two_entries() -> None:
    found = [(entry.store, entry.name) for entry in ENTRIES]

    assert len(found) == len({*found})


def test_every_topic_has_an_entry() -> None:
    """A new topic fails here: say in `workers/retention/topics.py` what it holds, and why."""
    assert names("Kafka") == set(TOPICS)


def test_every_key_that_a_process_may_write_has_an_entry() -> None:
    """A new pattern fails here: say in `workers/retention/keys.py` what it holds, and why."""
    written = {key for user in USERS if user.process != "operator" for key in user.writes}
    patterns = names("Redis")

    assert {key for key in written if key not in patterns and not key.startswith("login:")} == set()
    families = {name.partition(":")[0] + ":*" for name in patterns if ":" in name}
    assert {name for name in patterns if ":" not in name} | families == written


def test_every_folder_that_is_written_has_an_entry() -> None:
    """A new folder of objects fails here: say in `workers/retention/files.py` what it holds."""
    folders = {name.rpartition(">/")[2].rstrip("/") for name in names("files") if ">/" in name}
    store = ast.parse((ROOT / "runtime/storage/objects.py").read_text())
    areas = {
        str(node.value)
        for each in store.body
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "Area"
        for node in ast.walk(each.value)
        if isinstance(node, ast.Constant)
    }

    assert areas | {ANCHORS, "checkpoints"} == folders
    urls = {name for name in known_settings() if name.endswith(("_url", ".url", "_cache"))}
    others = {"registry_url", "database_url", "redis_url", "login.public_url", "delivery.board_url"}
    stored = {name.partition(">")[0].removeprefix("<") for name in names("files")}
    assert urls - others - {"watchdog.webhook_url"} <= stored | {"login.issuer_url"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.store} {entry.name}")
def test_an_entry_has_a_period_or_a_reason_and_who_deletes_it(entry: Entry) -> None:
    assert entry.holds
    assert entry.because
    assert entry.deleted_by
    assert entry.keep_s is None or entry.keep_s > 0
    if entry.keep_s is None:
        assert len(entry.because.split()) > 3 or entry.holds.startswith("nothing of its own")
    else:
        assert entry.deleted_by != "nobody"


@pytest.mark.parametrize(
    "entry",
    [entry for entry in ENTRIES if entry.keep_s is not None],
    ids=lambda entry: f"{entry.store} {entry.name}",
)
def test_for_each_period_there_is_a_test_that_shows_data_gone(entry: Entry) -> None:
    shown = [
        test
        for store, pattern, test in SHOWN_BY
        if store == entry.store and re.fullmatch(pattern, entry.name)
    ]
    path, _, name = shown[0].partition("::")

    assert f"def {name}(" in (ROOT / path).read_text()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "schemas/avsc").glob("*.avsc")), ids=lambda path: path.stem
)
def test_no_record_describes_how_somebody_looks(path: Path) -> None:
    """Nothing makes embeddings. A topic of them needs a short retention and a switch first."""
    found = re.findall(r'"name": "([^"]*)"', path.read_text())

    assert not [name for name in found if _LOOKS.search(name.lower())]


_LOOKS = re.compile(r"embed|feature|descriptor|template|appearance|reid|vector|face|biometric")


def test_no_table_describes_how_somebody_looks() -> None:
    migrations = sorted((ROOT / "deploy/timescale/migrations").glob("*.sql"))
    found = {
        word
        for path in migrations
        for line in path.read_text().lower().splitlines()
        if not line.lstrip().startswith("--")
        for word in re.findall(r"\b\w*(?:embed|descriptor|biometric|appearance|face)\w*\b", line)
    }

    assert found == set()


def test_the_page_says_who_may_see_each_thing() -> None:
    rows = {line.split("|")[1].strip(): line for line in page().splitlines() if "|" in line}

    assert "`stream`" in rows["`detections.made.v1`"]
    assert "`analyst`" in rows["`positions`"]
    assert "`history.read`, with a purpose: analyst" in rows["`positions`"]
    assert "sink" not in rows["`detections.made.v1`"]
    assert "analyst" not in rows["`registry.staff_names`"]
    assert "`sink-redis`" in rows["`person:*`"]
    assert "`serving`" in rows["`login:session:*`"]
    assert "sink" not in rows["`login:session:*`"]
