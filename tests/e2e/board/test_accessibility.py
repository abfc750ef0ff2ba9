"""Every page in the light and in the dark, judged by axe: nothing serious."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.resources import files
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from runtime.clock import SystemClock
from tests.e2e.board.synthetic_ward import SyntheticWard, register
from tests.support.board_server import BoardServer
from tests.support.issuer import Issuer
from tests.support.kept_audit import KeptAudit
from tests.support.live_writer import LiveWriter
from tests.support.registry_api import registry_api
from workers.registry.editing.database import Database
from workers.registry.editing.store import RegistryStore
from workers.serving.api.registry.parts import Registry

WEB = files("workers.serving") / "web"
PAGES = [
    *sorted(
        f"{folder}{entry.name}"
        for folder in ("", "edit/")
        for entry in (WEB / folder).iterdir()
        if entry.name.endswith(".html")
    ),
    "?view=table",
]
"""Every page that there is: one that is added is judged too."""

SERIOUS = ("serious", "critical")
EVERYTHING = ["coordinator", "admin", "auditor", "analyst"]


@pytest.fixture(scope="module")
def registered(registry_database: str) -> str:
    """A database with a camera, a zone, a nurse, a shift and a rule."""
    bay = {"name": "Bay 1", "camera_id": "left", "polygon": [[100, 100], [400, 100], [400, 400]]}
    hours = {"starts": "2026-11-30T07:00", "ends": "2026-11-30T15:00"}
    camera = {"name": "Left half", "width": 800, "height": 600, "time_zone": "Europe/Berlin"}
    rule = {
        "kind": "off-shift",
        "schedule": ["mon-fri 21:00-06:00"],
        "owner": "charge nurse",
        "next_action": "ask who it is",
    }
    with registry_api(registry_database) as api:
        for path, row in (
            ("/cameras/left", camera),
            ("/zones/bay-1", bay),
            ("/staff/n-07", {"role": "nurse"}),
            ("/shifts/early", {"staff_id": "n-07", "zone_id": "bay-1", **hours}),
            ("/rules/gap", rule),
        ):
            assert api.put(path, row).status_code == 201
    return registry_database


@pytest.fixture
def board(
    start_board: Callable[..., BoardServer],
    writer: LiveWriter,
    registered: str,
    issuer: Issuer,
) -> Iterator[BoardServer]:
    """A board with people on it, before somebody who may see every page."""
    issuer.user |= {"sub": "u-1", "name": "Ann Ward", "wardstream_roles": EVERYTHING}
    with ExitStack() as stack:
        clock = SystemClock()
        database = stack.enter_context(Database(registered))
        editing = Registry(RegistryStore(database, clock), clock, KeptAudit())
        stack.enter_context(SyntheticWard(writer, "centernet_mobilenetv3"))
        board = start_board(login=issuer.settings(), editing=editing)
        register(board.registry)
        yield board


@pytest.mark.parametrize(("scheme", "rules"), [("light", None), ("dark", ["color-contrast"])])
def test_axe_finds_nothing_serious_on_any_page(
    board: BoardServer,
    open_page: Callable[..., Page],
    scheme: Literal["light", "dark"],
    rules: list[str] | None,
) -> None:
    page = open_page(board.url, color_scheme=scheme)
    expect(page.locator(".zone").first).to_be_visible()
    found = {}
    for path in PAGES:
        page.goto(f"{board.url}{path}")
        page.wait_for_load_state("load")
        expect(page.locator("h1, h2, [role=main], main").first).to_be_visible()
        page.wait_for_timeout(300)  # what the page reads is drawn
        found[path] = serious(page, rules)

    assert {path: violations for path, violations in found.items() if violations} == {}
    assert {"index.html", "wall.html", "edit/index.html"} <= {*PAGES}


def test_axe_finds_what_nobody_could_read(open_page: Callable[..., Page]) -> None:
    page = open_page("data:text/html,<html lang=en><title>T</title><main><h1>Ward</h1></main>")
    assert serious(page) == []

    page.set_content("<p style='color:#eee;background:#fff'>2 short</p><button></button>")

    assert {one.split(":")[0] for one in serious(page)} >= {"color-contrast", "button-name"}


def serious(page: Page, rules: list[str] | None = None) -> list[str]:
    """Violations that keep somebody from reading or using a page, with the elements.

    Args:
        page: The page.
        rules: Rules that it is judged by; None for all.
    """
    options = None if rules is None else {"runOnly": {"type": "rule", "values": rules}}
    answer: dict[str, Any] = Axe().run(page, options=options).response
    return [
        f"{one['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for one in answer["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
