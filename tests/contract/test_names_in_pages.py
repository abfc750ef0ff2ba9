"""The commands, options, settings and metrics that the pages name exist."""

import ast
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Counter, Gauge, Histogram
from typer.main import get_command

from runtime.process import metrics
from runtime.process.settings import describe
from workers.access.rights import Right
from workers.cli.app import COMMANDS, load
from workers.retention.tables import TABLE_ENTRIES
from workers.serving.api.access import ACCESS

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md"))
    if page.name != "CHANGELOG.md"  # it names what earlier releases had
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def text_of(page: Path) -> str:
    return page.read_text()


def commands_in(page: Path) -> list[str]:
    """Command lines of a page: lines of its shell blocks, and inline code."""
    text = text_of(page)
    lines = [
        line.partition(" #")[0].strip()
        for language, block in FENCE.findall(text)
        if language in {"sh", ""}
        for line in block.replace("\\\n", " ").splitlines()
    ]
    prose = FENCE.sub("", text)
    lines += [code.strip() for code in re.findall(r"`(wardstream [^`]+)`", prose)]
    return [line for line in lines if line.startswith("wardstream ")]


@cache
def command(name: str) -> Any:
    assert name in COMMANDS, f"there is no command {name}"
    return get_command(load(name))


def check(line: str) -> None:
    """Check that each word of a command line is a command or option that exists; skip values.

    `a|b` names two commands, `A` and `…` stand for any value.
    """
    parts = shlex.split(line.replace("…", "VALUE").replace("\\|", "|"))[1:]
    first, *rest = parts
    for name in first.split("|"):
        if not re.fullmatch(r"[a-z]+", name):
            return  # `wardstream COMMAND --help`, `wardstream --help`
        found = command(name)
        walked = list(rest)
        while hasattr(found, "commands") and walked and not walked[0].startswith(("-", "[")):
            names = walked.pop(0).split("|")
            missing = [one for one in names if one not in found.commands]
            assert not missing, f"{line}: {name} has no {missing}"
            found = found.commands[names[-1]]
        options = {option for one in found.params for option in (*one.opts, *one.secondary_opts)}
        for word in walked:
            if word.startswith("--"):
                option = word.partition("=")[0]
                assert option in options | {"--help"}, f"{line}: {option} is not an option"


def label(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_command_line_of_a_page_can_be_given(page: Path) -> None:
    for line in commands_in(page):
        check(line)


def test_a_command_or_option_that_does_not_exist_is_found() -> None:
    check("wardstream rebuild run --from 2h --dry-run")
    for wrong in ("wardstream deadman", "wardstream rebuild go", "wardstream verify --form 1h"):
        with pytest.raises(AssertionError):
            check(wrong)


@cache
def variables() -> set[str]:
    """Environment variables of settings, and those that the project's programs and files name."""
    names = {"WARDSTREAM_" + name.upper().replace(".", "__") for name, _ in describe()}
    sources = [*ROOT.glob("*/**/*.py"), ROOT / "Makefile", ROOT / "docker-compose.yml"]
    for path in sources:
        if not {".venv", "tests"} & {*path.relative_to(ROOT).parts}:
            names |= set(re.findall(r"WARDSTREAM_[A-Z_]+[A-Z]", path.read_text()))
    return names


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_variable_of_a_page_exists(page: Path) -> None:
    for name in re.findall(r"WARDSTREAM_[A-Z_]+[A-Z*_…]", text_of(page)):
        start = name.rstrip("*…")
        matches = start in variables() or (
            start.endswith("__") and any(one.startswith(start) for one in variables())
        )
        assert matches, name


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_metric_of_a_page_exists(page: Path) -> None:
    known = {
        one._name + ("_total" if isinstance(one, Counter) else "")
        for one in vars(metrics).values()
        if isinstance(one, Counter | Gauge | Histogram)
    }
    known.add("wardstream_roles")  # a claim of tokens, which begins like one
    for name in re.findall(r"\bwardstream_[a-z_]+", text_of(page)):
        assert name in known, name


@cache
def events() -> set[str]:
    """Names of log events, which look like settings: the first argument of a logger's method."""
    found = set()
    for folder in ("runtime", "models", "streams", "workers", "deploy"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        found.add(first.value)
    return found


def rights() -> set[str]:
    """Names of rights and of what the audit calls a view, which look like settings too."""
    return {right.value for right in Right} | {access.audit for access in ACCESS.values()}


def tables() -> set[str]:
    """Names of tables and views with their schema, which look like settings too."""
    return {entry.name for entry in TABLE_ENTRIES}


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_setting_of_a_page_exists(page: Path) -> None:
    names = {name for name, _ in describe()}
    sections = "|".join(sorted({name.partition(".")[0] for name in names if "." in name}))
    for name in re.findall(rf"`((?:{sections})\.[a-z_.]*[a-z_])`", text_of(page)):
        assert name in names | events() | rights() | tables(), name
