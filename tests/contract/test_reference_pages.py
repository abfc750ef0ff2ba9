"""The generated pages are up to date, and their hand-written tables name what the code has."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate.__main__ import FOLDER, NOTE, PAGES
from docs.generate.alerts import ALERTS
from docs.generate.dead_letters import REASONS
from workers.observation.views import KINDS

ROOT = Path(__file__).parents[2]
PRODUCT = ("schemas", "runtime", "models", "streams", "workers")


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text() == NOTE + PAGES[name](), "run `make docs`"


def calls(*folders: str) -> Iterator[ast.Call]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield node


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def test_every_alert_that_is_raised_is_on_its_page() -> None:
    found = set()
    for call in calls("workers/observation", "workers/watchdog"):
        for keyword in call.keywords:
            if name_of(call) == "Finding" and keyword.arg == "key":
                found.add(pattern_of(keyword.value))
    found.remove("/camera/ID")  # of a kind that depends on the verdict
    found |= {f"{kind}/camera/ID" for kind in KINDS}

    assert found == set(ALERTS)


def pattern_of(key: ast.expr) -> str:
    """An alert's id, with `NAME` or `ID` for the parts that the code fills in."""
    if isinstance(key, ast.Constant):
        return str(key.value)
    assert isinstance(key, ast.JoinedStr), ast.dump(key)
    parts = [part.value if isinstance(part, ast.Constant) else "" for part in key.values]
    text = "".join(map(str, parts))
    return text + ("ID" if text.endswith("camera/") else "NAME")


def constants() -> dict[str, str]:
    """Annotated string constants of modules, such as `GONE: Final = "gone"`."""
    found = {}
    for folder in PRODUCT:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.AnnAssign(
                        target=ast.Name(id=name), value=ast.Constant(value=str(text))
                    ):
                        found[name] = text
    return found


def test_every_reason_that_is_given_is_on_its_page() -> None:
    """`DeadLetter("reason", …)`, `UndecodableValue("reason", …)`, and constants of a reason."""
    named = constants()
    found = {named["GONE"], named["SHORTENED"]}
    for call in calls(*PRODUCT):
        name = name_of(call)
        is_super = name == "__init__" and len(call.args) == 2
        if call.args and (name in {"DeadLetter", "UndecodableValue"} or is_super):
            match call.args[0]:
                case ast.Constant(value=reason):
                    found.add(str(reason))
                case ast.Name(id=constant) if constant in named:
                    found.add(named[constant])
    found -= {"foreign_record", "expired_record"}  # answers of `dlq show`, never written

    assert found == set(REASONS)
