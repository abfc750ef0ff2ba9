"""No name carries a retired word: identifiers, commands, options, metrics, log events, headings.

The table has a row for each word that the project once used instead of the field's word. A rule
says where the same letters are another word: a line of text, a person who stands,
`begin_transaction`. Stored and shared names stay: strings are not checked, nor are the few
identifiers in `STORED`.
"""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.main import get_command

from runtime.process import metrics
from tests.support.paths import ROOT
from workers.cli.app import COMMANDS, load

FOLDERS = ("schemas", "runtime", "models", "streams", "workers", "deploy", "docs", "tests")

STORED = {
    "left_in_place": "header of dead-letters.v1",
    "side_offsets": "field of a checkpoint's head",
    "sentence": "field of the REST API",
    "begun_at": "column of revisions",
    "begun_by": "column of revisions",
    "Line": "schema of the REST API",
    "line_now": "operation of the REST API",
    "placed_by_floor": "how Kafka places keys",
}
"""Identifiers that spell a stored or shared name, and what each one names."""


class Found(NamedTuple):
    """A name, and the place where it was found.

    Attributes:
        name: The name as written.
        words: Its parts in lower case: `PartitionPipeline` is partition, pipeline.
        kind: `module`, `def`, `name`, `attribute`, `argument`, `use`, `command`, `metric`, `event`
            or `heading`. A `use` is `NAME.ATTRIBUTE`.
        where: Its file, or the list that it is in.
    """

    name: str
    words: tuple[str, ...]
    kind: str
    where: str

    @property
    def is_test(self) -> bool:
        """Whether it is the name of a test, which is a sentence."""
        return self.kind == "def" and self.name.startswith("test_")


Rule = Callable[[Found], bool]


def has(*retired: str, phrases: tuple[str, ...] = ()) -> Rule:
    """A rule: one of these words occurs outside of these phrases."""

    several = frozenset(retired)

    def rule(found: Found) -> bool:
        if several.isdisjoint(found.words):
            return False
        text = f"_{'_'.join(found.words)}_"
        for phrase in phrases:
            text = text.replace(f"_{phrase}_", "_")
        return any(f"_{word}_" in text for word in retired)

    return rule


def phrase(*retired: str) -> Rule:
    """A rule: these words follow each other."""
    first = frozenset(one.partition("_")[0] for one in retired)

    def rule(found: Found) -> bool:
        if first.isdisjoint(found.words):
            return False
        text = f"_{'_'.join(found.words)}_"
        return any(f"_{one}_" in text for one in retired)

    return rule


def in_folders(rule: Rule, *folders: str) -> Rule:
    """A rule that holds in these folders only."""
    return lambda found: found.where.startswith(folders) and rule(found)


def but_not_in_sentences(rule: Rule) -> Rule:
    """A rule that does not apply to headings and names of tests."""
    return lambda found: not found.is_test and found.kind != "heading" and rule(found)


OF_TEXT = (
    *("command_line", "json_line", "json_lines", "text_line", "text_lines", "line_num", "line_aa"),
    *("as_line", "tail_lines", "print_lines", "iter_lines", "lines_until", "line_number"),
    *("by_file_line_and_field", "line_and_field", "one_line", "first_line", "last_line"),
    *("log_line", "log_lines", "line_length", "status_line", "line_buffering"),
)


def pipeline_line(found: Found) -> bool:
    """`line` for the pipeline; a line of text is a `str` and has only its methods."""
    if found.kind == "use":
        base, _, attribute = found.name.partition(".")
        return base in {"line", "_line"} and attribute not in dir(str)
    if found.name.strip("_") in {"line", "lines", "lines_of"}:
        return False  # what is a pipeline is seen by its use
    return has("line", "lines", phrases=OF_TEXT)(found)


_OF_PYYAML = ("start_mark", "problem_mark")


def mark(found: Found) -> bool:
    """`mark` for a watermark, outside of the marks of pytest and PyYAML."""
    if found.kind == "use" or (found.name in {"mark", "marks"} and found.where.startswith("tests")):
        return False
    return has("mark", "marks", phrases=("byte_order_marks", *_OF_PYYAML))(found)


class Row(NamedTuple):
    """Retired words.

    Attributes:
        house: The retired words.
        field: Words of the field for the same things.
        rules: Rules, each of which says when a name carries one of the words.
    """

    house: str
    field: str
    rules: tuple[Rule, ...]


TABLE = (
    Row("line", "pipeline", (pipeline_line,)),
    Row(
        "place",
        "partition, position, index",
        (has("place", "places", phrases=("in_place", "take_place")),),
    ),
    Row(
        "look",
        "poll; FrameDetections",
        (has("look", phrases=("look_up", "look_ahead", "look_for", "look_like")),),
    ),
    Row("opening_producer", "first-record barrier", (phrase("opening_producer"),)),
    Row(
        "dead man, duty, he",
        "watchdog, leader lease, it",
        (
            has("deadman", "duty", "he", "him", "his", phrases=("duty_status",)),
            phrase("dead_man", "dead_men"),
        ),
    ),
    Row(
        "words, sentence, tell, say",
        "message, format, report",
        (
            has("words", "sentences", "tell", "tells", "told", "said"),
            but_not_in_sentences(has("sentence", "say", "says")),
        ),
    ),
    Row(
        "side input, in hindsight",
        "reference data, as-of",
        (phrase("side_input", "side_inputs"), has("hindsight")),
    ),
    Row(
        "seam, mark, told",
        "handover, published-through",
        (has("seam", "seams"), mark),
    ),
    Row(
        "stand, reached, lifted",
        "progress, high-water, renumbered",
        (
            has("stand", "stands", phrases=("who_stands", "person_stands", "people_stand")),
            but_not_in_sentences(has("reached", "lifted", "lift")),
        ),
    ),
    Row(
        "letter, bury, put away",
        "dead letter, reject, resolve",
        (
            has("letter", "letters", phrases=("dead_letter", "dead_letters")),
            has("bury", "buried", "buries"),
            phrase("put_away", "put_it_away", "puts_away"),
        ),
    ),
    Row(
        "knots, mates, worths, born",
        "components, matches, scores, new tracks",
        (has("knot", "knots", "mate", "mates", "worth", "worths", "born"),),
    ),
    Row(
        "strike, giant, poison",
        "fault, oversized, malformed",
        (has("strike", "strikes", "struck", "giant", "giants", "poison", "poisoned"),),
    ),
    Row(
        "life, gone, sight",
        "track state, lost, hit",
        (
            has("sight", "sights"),
            has("life", phrases=("for_life", "life_cycle")),
            in_folders(has("gone"), "streams/domain", "streams/encoding"),
        ),
    ),
    Row(
        "begin, level, beyond",
        "start, reconcile, uncommitted output",
        (
            has("begin", "begins", "begun", phrases=("begin_transaction",)),
            but_not_in_sentences(has("beyond")),
            but_not_in_sentences(phrase("make_level", "level_out", "level_topics")),
        ),
    ),
)
"""A row for each retired word, with its successors."""

ALLOWED: dict[str, int] = {}
"""Names that still carry a retired word; the list may only shrink."""


@cache
def words_of(name: str) -> tuple[str, ...]:
    return tuple(part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name))


def found_in(path: Path) -> Iterator[Found]:
    """Every name of a module, once."""
    where = str(path.relative_to(ROOT))
    for name, of_words, kind in {*named_in(path)}:
        yield Found(name, words_of(of_words), kind, where)


def named_in(path: Path) -> Iterator[tuple[str, str, str]]:
    """Names of a module: the name, the part of it whose words count, and its kind."""
    yield path.stem, path.stem, "module"
    for node in ast.walk(ast.parse(path.read_text())):
        name = ""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name, kind = node.name, "def"
        elif isinstance(node, ast.Name):
            name, kind = node.id, "name"
        elif isinstance(node, ast.arg | ast.keyword):
            name, kind = node.arg or "", "argument"
        elif isinstance(node, ast.Attribute):
            name, kind = node.attr, "attribute"
            base = node.value
            owner = base.id if isinstance(base, ast.Name) else getattr(base, "attr", "")
            yield f"{owner}.{node.attr}", node.attr, "use"
        if name:
            yield name, name, kind
        event = event_of(node)
        if event:
            yield event, event, "event"


def event_of(node: ast.AST) -> str:
    """Name of the log event that a call writes; empty for anything else."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return ""
    base = node.func.value
    logger = base.id if isinstance(base, ast.Name) else getattr(base, "attr", "")
    first = node.args[0]
    if logger.strip("_") in {"log", "logger"} and isinstance(first, ast.Constant):
        return str(first.value)
    return ""


def found_in_commands() -> Iterator[Found]:
    """Every command, subcommand and option."""
    for name in COMMANDS:
        waiting = [(name, get_command(load(name)))]
        while waiting:
            path, command = waiting.pop()
            names = [path.rpartition(" ")[2], *(one for p in command.params for one in p.opts)]
            for one in names:
                yield Found(one, words_of(one), "command", f"wardstream {path}")
            for sub, found in getattr(command, "commands", {}).items():
                waiting.append((f"{path} {sub}", found))


def found_in_metrics() -> Iterator[Found]:
    for metric in vars(metrics).values():
        name = getattr(metric, "_name", None)
        if isinstance(name, str):
            yield Found(name, words_of(name), "metric", "runtime/process/metrics.py")


def found_in_headings() -> Iterator[Found]:
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")):
        text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
        for heading in re.findall(r"^#+ +(.+)$", text, re.MULTILINE):
            plain = re.sub(r"`[^`]*`", "", heading)
            yield Found(heading, words_of(plain), "heading", str(page.relative_to(ROOT)))


@cache
def everything() -> frozenset[Found]:
    found = {*found_in_commands(), *found_in_metrics(), *found_in_headings()}
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            if path != Path(__file__):
                found |= set(found_in(path))
    return frozenset(one for one in found if one.name.rpartition(".")[2] not in STORED)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.house)
def test_no_name_carries_a_retired_word(row: Row) -> None:
    carried = sorted(
        {(one.where, one.kind, one.name) for one in everything() if any(r(one) for r in row.rules)}
    )

    listed = "\n".join(f"{where}: {kind} {name}" for where, kind, name in carried)
    assert len(carried) <= ALLOWED.get(row.house, 0), f"say {row.field}:\n{listed}"


@pytest.mark.parametrize(
    ("name", "kind", "house"),
    [
        ("LineFold", "def", "line"),
        ("line.state", "use", "line"),
        ("place_of", "def", "place"),
        ("look", "name", "look"),
        ("deadman", "command", "dead man, duty, he"),
        ("wardstream_alerts_told", "metric", "words, sentence, tell, say"),
        ("stream.seam", "event", "seam, mark, told"),
        ("When he has the duty", "heading", "dead man, duty, he"),
        ("read_letters", "def", "letter, bury, put away"),
        ("begin_us", "argument", "begin, level, beyond"),
    ],
)
def test_a_retired_word_is_found(name: str, kind: str, house: str) -> None:
    row = next(row for row in TABLE if row.house == house)
    words = words_of(name.rpartition(".")[2] if kind == "use" else name)

    assert any(rule(Found(name, words, kind, "workers/made_up.py")) for rule in row.rules)


@pytest.mark.parametrize(
    "name",
    [
        "line.strip",
        "begin_transaction",
        "dead_letter",
        "command_line",
        "left_in_place",
        "duty_status",
    ],
)
def test_the_same_letters_in_another_word_are_left_alone(name: str) -> None:
    kind = "use" if "." in name else "name"
    words = words_of(name.rpartition(".")[2] if kind == "use" else name)
    found = Found(name, words, kind, "workers/made_up.py")

    assert not any(rule(found) for row in TABLE for rule in row.rules)
