"""A topic is defined by its row; no other module keeps a list of topics."""

import io
import tokenize
from pathlib import Path

import pytest

from schemas.topics import DERIVED_TOPICS, LINKS, TOPICS, Topic
from streams.domain.seqs import seqs_of
from tests.support.paths import ROOT
from workers.storage.timescale.tables import DERIVED_TABLES

PRODUCT = ("schemas", "runtime", "models", "streams", "workers", "deploy")
MOST_MODULES = 7


def names(path: Path) -> set[str]:
    """Every name in a module, and the text of every string."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
    return {
        token.string.strip("\"'") if token.type == tokenize.STRING else token.string
        for token in tokens
        if token.type in {tokenize.NAME, tokenize.STRING}
    }


def test_few_modules_know_one_derived_topic() -> None:
    """Its row, the fold that makes its records, the rules of alerts that look at them, the sinks
    that store them, the recount, and what is said of its data about people."""
    modules = [path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py")]
    knowing = [path for path in modules if names(path) & {"LINKS", LINKS.name}]

    assert len(knowing) <= MOST_MODULES, [str(path.relative_to(ROOT)) for path in knowing]


@pytest.mark.parametrize("topic", DERIVED_TOPICS, ids=lambda topic: topic.name)
def test_a_derived_topic_says_who_counts_it_and_what_time_it_is_of(topic: Topic) -> None:
    assert topic.owner is not None
    assert topic.key == f"{topic.owner}_id"
    assert seqs_of(topic.owner)[topic.name] == 0
    assert topic.event_time
    assert topic.ordered_by


@pytest.mark.parametrize("topic", DERIVED_TOPICS, ids=lambda topic: topic.name)
def test_a_derived_topic_has_a_table_and_a_rebuild_compares_it(topic: Topic) -> None:
    tables = [table for table in DERIVED_TABLES if table.topic == topic]

    assert tables
    assert all(table.comparison is not None for table in tables)


def test_a_mirror_has_the_key_and_the_times_of_its_topic() -> None:
    mirrors = [topic for topic in TOPICS.values() if topic.mirrors is not None]

    assert mirrors
    for mirror in mirrors:
        assert mirror.mirrors is not None
        assert (mirror.key, mirror.owner, mirror.ordered_by) == (
            mirror.mirrors.key,
            mirror.mirrors.owner,
            mirror.mirrors.ordered_by,
        )
