"""Each claim on the page of guarantees leads to a test, and its numbers are those in force."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from schemas.topics import TOPICS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guarantees.md"
RETENTION = ROOT / "deploy" / "timescale" / "migrations"
LINK = re.compile(r"\[\d+\]\(([^)#]+)#([^)]+)\)")
FACTS = ("cameras", "floors", "zones", "staff", "shifts", "requirements")


def claims(text: str) -> list[str]:
    """List items, table rows and paragraphs below the first heading of second rank."""
    below = re.sub(r"```.*?```", "", text[text.index("\n## ") :], flags=re.DOTALL)
    found: list[str] = []
    for block in re.split(r"\n\s*\n", below):
        lines = [line for line in block.strip().splitlines() if not line.startswith("#")]
        if all(line.startswith("|") for line in lines):
            found += lines[2:]
        elif any(line.startswith("- ") for line in lines):
            found += re.split(r"\n(?=- )", "\n".join(lines))
        elif not block.strip().endswith(":"):
            found.append(" ".join(lines))
    return [claim for claim in found if claim]


CLAIMS = claims(PAGE.read_text())


@cache
def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_the_page_has_claims_of_every_kind() -> None:
    assert len(CLAIMS) > 60
    assert sum(claim.startswith("- ") for claim in CLAIMS) > 20


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim[:60])
def test_a_claim_is_one_sentence_and_leads_to_a_test_that_exists(claim: str) -> None:
    links = LINK.findall(claim)
    words = LINK.sub("", claim)

    assert links, f"no test stands behind: {claim}"
    assert not re.search(r"[.!?] +[A-Z`]", words), f"more than one sentence: {words}"
    for target, name in links:
        path = (PAGE.parent / target).resolve()
        assert path.is_file(), f"{target} does not exist"
        assert name in names_in(path), f"{target} has no {name}"


def rows() -> dict[str, list[str]]:
    """Cells of every table row, by the names in its first cell."""
    found = {}
    for claim in CLAIMS:
        if claim.startswith("| `"):
            cells = [cell.strip() for cell in claim.strip("|").split("|")]
            found.update(dict.fromkeys(re.findall(r"`([^`]+)`", cells[0]), cells))
    return found


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_every_topic_is_told_with_how_long_it_is_kept(topic) -> None:  # type: ignore[no-untyped-def]
    hours = topic.retention_ms // 3_600_000
    kept = f"{hours} hours" if hours < 24 else f"{hours // 24} days"

    assert rows()[topic.name][3] == ("newest per key" if topic.cleanup == "compact" else kept)


def test_every_table_is_told_with_how_long_it_is_kept() -> None:
    text = "".join(path.read_text() for path in sorted(RETENTION.glob("*.sql")))
    kept = dict(re.findall(r"\('(\w+)', '\w+', INTERVAL '(\d+ days)'\)", text))

    told = {name: cells[2] for name, cells in rows().items() if "." not in name}

    assert {name: told[name] for name in kept} == kept
    assert {name: told[name] for name in FACTS} == dict.fromkeys(FACTS, "for ever")
    assert len(kept) == 8
