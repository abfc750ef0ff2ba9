"""The pages for editing, in a real browser over a real registry."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import FilePayload, Page, Route, expect

from runtime.clock import SystemClock
from tests.support.board_server import BoardServer
from tests.support.issuer import Issuer
from tests.support.kept_audit import KeptAudit
from tests.support.registry_api import RegistryApi, registry_api
from workers.registry.editing.database import Database
from workers.registry.editing.store import RegistryStore
from workers.registry.files import read_rows
from workers.registry.rule_rows import RuleRow
from workers.serving.api.registry.parts import Registry

Open = Callable[..., Page]
Enter = Callable[..., Page]

CAMERA = {"name": "Left half", "width": 800, "height": 600, "time_zone": "Europe/Berlin"}
BAY = {"name": "Bay 1", "camera_id": "left", "polygon": [[100, 100], [400, 100], [400, 400]]}
SHIFT = {
    "staff_id": "n-07",
    "zone_id": "bay-1",
    "starts": "2026-11-30T07:00",
    "ends": "2026-11-30T15:00",
}
ANN = {"sub": "u-1", "name": "Ann Ward"}
BO = {"sub": "u-2", "name": "Bo Reed"}

NIGHTS = """
- rule_id: nights-a-nurse-is-missing
  name: "Nights: a nurse is missing"
  kind: coverage-gap
  zone_ids: [bay-1]
  roles: [nurse]
  open_after_s: 300
  schedule: [mon-fri 21:00-06:00]
  tier: page
  owner: charge nurse
  next_action: 'Move a float to "bay 2"'
  escalate_after_s: 600
  escalate_to: bed manager
"""


@pytest.fixture
def api(registry_database: str) -> Iterator[RegistryApi]:
    """What is registered: a camera, a zone, a nurse and a shift."""
    with registry_api(registry_database) as found:
        assert found.put("/cameras/left", CAMERA).status_code == 201
        assert found.put("/zones/bay-1", BAY).status_code == 201
        assert found.put("/staff/n-07", {"role": "nurse"}).status_code == 201
        assert found.put("/shifts/early", SHIFT).status_code == 201
        yield found


@pytest.fixture
def board(
    start_board: Callable[..., BoardServer],
    api: RegistryApi,
    registry_database: str,
    issuer: Issuer,
) -> Iterator[BoardServer]:
    with ExitStack() as stack:
        clock = SystemClock()
        database = stack.enter_context(Database(registry_database))
        editing = Registry(RegistryStore(database, clock), clock, KeptAudit())
        yield start_board(login=issuer.settings(), editing=editing)


@pytest.fixture
def enter(open_page: Open, board: BoardServer, issuer: Issuer) -> Enter:
    """Logs a coordinator in, and opens a page for editing."""

    def go(path: str, who: dict[str, str] = ANN, role: str = "coordinator") -> Page:
        issuer.user |= {**who, "sid": f"login-of-{who['sub']}", "wardstream_roles": [role]}
        page = open_page(f"{board.url}edit/{path}")
        expect(page.locator("#who")).to_contain_text(
            who["name"]
        )  # the provider has one user at once
        return page

    return go


def registered(api: RegistryApi, path: str) -> dict[str, object]:
    record: dict[str, object] = api.get(path)["record"]
    return record


def test_a_roster_is_imported_once_every_change_was_shown(enter: Enter, api: RegistryApi) -> None:
    page = enter("shifts.html")
    head = "shift_id,staff_id,zone_id,starts,ends\n"
    early = "early,n-07,bay-1,2026-11-30T06:00,2026-11-30T15:00\n"
    late = "late,n-07,bay-1,2026-12-01T15:00,2026-12-01T23:00\n"

    def choose(text: str) -> None:
        data = text.encode()
        file: FilePayload = {"name": "roster.csv", "mimeType": "text/csv", "buffer": data}
        page.locator("#import-file").set_input_files(file)

    choose(head + late.replace("n-07", "n-99"))
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("This file cannot be imported")
    expect(question).to_contain_text("n-99")
    question.get_by_role("button", name="Close").click()
    assert api.get("/shifts/early")["version"] == 1

    choose(head + early + late)
    expect(question).to_contain_text("1 added, 1 changed")
    expect(question.locator(".review li")).to_have_count(2)
    question.get_by_label("Why?").fill("the week's roster")
    question.get_by_role("button", name="Import", exact=True).click()
    expect(question).to_be_hidden()

    expect(page.locator("#announce")).to_contain_text("2 changes imported")
    found = api.get("/shifts/late")
    assert (found["version"], found["reason"]) == (1, "the week's roster")
    choose(head + early + late)
    expect(question).to_contain_text("The file changes nothing")


def hold(page: Page, path: str) -> list[Route]:
    """Hold back whatever is sent to be saved under a path; gives it, to be let go on."""
    held: list[Route] = []

    def take(route: Route) -> None:
        if route.request.method == "PUT":
            held.append(route)
        else:
            route.continue_()

    page.route(re.compile(f"/api/v1/registry/{path}"), take)
    return held


def let_go(page: Page, held: list[Route]) -> None:
    """Let what is held back go on, once it has come."""
    while not held:
        page.wait_for_timeout(20)
    held.pop().continue_()


def test_what_is_typed_while_a_zone_is_saved_is_neither_lost_nor_saved(
    enter: Enter, api: RegistryApi
) -> None:
    page = enter("")
    expect(page.locator("#work-heading")).to_have_text("Bay 1")
    held = hold(page, "zones/bay-1")
    page.get_by_label("Name", exact=True).fill("Bay one")
    page.locator("#reason").fill("as it is called")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#state")).to_have_text("Saving \N{HORIZONTAL ELLIPSIS}")
    page.get_by_label("Long stay after").fill("900")
    page.locator("#reason").fill("they stay too long")
    let_go(page, held)

    expect(page.locator("#state")).to_have_text("Not saved: long stay after")
    saved = api.get("/zones/bay-1")
    assert (saved["record"]["name"], saved["record"]["dwell_limit_s"]) == ("Bay one", None)
    assert saved["reason"] == "as it is called"
    assert page.get_by_label("Long stay after").input_value() == "900"
    page.get_by_role("button", name="Save", exact=True).click()
    let_go(page, held)
    expect(page.locator("#state")).to_contain_text("Saved as version 3")
    saved = api.get("/zones/bay-1")
    assert (saved["record"]["name"], saved["record"]["dwell_limit_s"]) == ("Bay one", 900)
    assert saved["reason"] == "they stay too long"


def test_what_is_typed_while_a_rule_is_saved_is_neither_lost_nor_saved(
    enter: Enter, api: RegistryApi
) -> None:
    assert api.ask("POST", "/imports", {"rule": yaml.safe_load(NIGHTS)}).status_code == 200
    page = enter("rules.html")
    held = hold(page, "rules/")
    page.get_by_label("Opens after").fill("600")
    page.get_by_role("button", name="Check and save").click()
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#state")).to_contain_text("Saving")
    page.get_by_label("Next action").fill("Call the float pool")
    let_go(page, held)

    expect(page.locator("#state")).to_have_text("Not saved: next action")
    assert page.get_by_label("Next action").input_value() == "Call the float pool"
    saved = registered(api, "/rules/nights-a-nurse-is-missing")
    assert (saved["open_after_s"], saved["next_action"]) == (600, 'Move a float to "bay 2"')


RESTATED = """async (rules) => {
    const { restated } = await import("/edit/rule_in_words.js");
    const name = (id) => id.toUpperCase();
    return rules.map((rule) => restated(rule, { zone: name, floor: name, unit: name })[0]);
}"""


def test_a_rule_of_badges_names_badges_in_two_positions_where_it_acts_on_them(enter: Enter) -> None:
    rule = {"kind": "badge-contradiction", "stage": "everywhere", "tier": "page", "owner": "Ann"}
    anywhere, one_zone, one_floor = enter("rules.html").evaluate(
        RESTATED,
        [
            {**rule, "threshold": 2},
            {**rule, "zone_ids": ["bay"]},
            {**rule, "zone_ids": ["bay"], "floor_ids": ["f1"]},
        ],
    )
    assert "at least 2 more than the people seen, or when 2 badges or more of any floor" in anywhere
    assert "any floor were read in two positions at once" in anywhere
    assert "two positions" not in one_zone
    assert "or when a badge of floor F1 was read in two positions at once" in one_floor


def test_a_zone_is_drawn_moved_and_saved_by_keyboard_alone(enter: Enter, api: RegistryApi) -> None:
    page = enter("")
    expect(page.locator("#work-heading")).to_have_text("Bay 1")
    press = page.keyboard.press

    page.locator("#new").focus()
    press("Enter")
    page.keyboard.type("Bay 2")
    press("Enter")
    expect(page.locator(".cursor")).to_be_focused()
    for keys in (["ArrowRight"] * 5, ["ArrowDown"] * 5, ["ArrowLeft"] * 5):
        press("Enter")
        for key in keys:
            press(key)
    press("Enter")
    press("f")
    expect(page.locator("#state")).to_have_text("Not saved: a new zone")
    press("Control+s")
    expect(page.locator("#state")).to_have_text("Saved as version 1. Takes effect in about 5 s.")
    square = [[400, 300], [450, 300], [450, 350], [400, 350]]
    assert registered(api, "/zones/bay-2")["polygon"] == square

    page.locator(".corner").first.focus()
    press("Shift+ArrowLeft")
    expect(page.locator(".corner").first).to_have_attribute(
        "aria-label", "Corner 1 of 4, 399 px right, 300 px down"
    )
    press("ArrowUp")
    press("Control+z")
    page.locator(".corner").nth(3).focus()
    press("Delete")
    page.get_by_label("Why?").fill("the window is no bed")
    press("Control+s")
    expect(page.locator("#state")).to_contain_text("Saved as version 2")
    answer = api.get("/zones/bay-2")
    assert answer["record"]["polygon"] == [[399, 300], *square[1:3]]
    assert (answer["edited_by_name"], answer["reason"]) == ("Ann Ward", "the window is no bed")
    page.locator("#history summary").click()
    expect(page.locator("#versions")).to_contain_text("the window is no bed")


def test_the_second_of_two_sees_what_changed_by_whom_and_chooses(
    enter: Enter, api: RegistryApi
) -> None:
    ann, bo = enter(""), enter("", BO)
    ann.get_by_label("Name").fill("Bay One")
    ann.get_by_label("Counts as in after").fill("2")
    bo.get_by_label("Name").fill("Bay 1, window")
    bo.get_by_label("Counts as out after").fill("3")
    bo.locator("#save").click()
    expect(bo.locator("#state")).to_contain_text("Saved as version 2")

    ann.locator("#save").click()
    question = ann.get_by_role("dialog")
    expect(question).to_contain_text("Bo Reed saved version 2")
    expect(question).to_contain_text("3 s, changed by Bo Reed: stays")
    expect(question).to_contain_text("2 s, changed by you: will be saved")
    result = question.get_by_role("button", name="Save the result")
    expect(result).to_be_disabled()
    question.get_by_role("button", name="Go on editing").click()
    expect(ann.get_by_label("Name")).to_have_value("Bay One")
    assert registered(api, "/zones/bay-1")["name"] == "Bay 1, window"

    ann.locator("#save").click()
    question.get_by_label("Bay One, yours").check()
    result.click()
    expect(ann.locator("#state")).to_contain_text("Saved as version 3")
    record = registered(api, "/zones/bay-1")
    assert record["name"] == "Bay One"
    assert (record["enter_after_ms"], record["leave_after_ms"]) == (2000, 3000)


def test_what_is_not_saved_outlives_a_login_that_has_ended(enter: Enter, api: RegistryApi) -> None:
    page = enter("")
    page.get_by_label("Name").fill("Bay One")

    page.context.clear_cookies()
    page.locator("#save").click()
    expect(page.locator("h1")).to_have_text("Your session has ended")
    assert registered(api, "/zones/bay-1")["name"] == "Bay 1"
    page.get_by_role("link", name="Log in").click()

    expect(page.locator("#state")).to_have_text("Not saved: name")
    page.locator("#save").click()
    expect(page.locator("#state")).to_contain_text("Saved as version 2")
    assert registered(api, "/zones/bay-1")["name"] == "Bay One"


def test_shifts_are_looked_over_before_they_are_saved(enter: Enter, api: RegistryApi) -> None:
    page = enter("shifts.html")
    page.get_by_label("Day").fill("2026-11-30")
    row = page.locator("tr[data-id='early']")
    ends = row.locator("input[name='ends']")
    expect(ends).to_have_value("2026-11-30T15:00")

    ends.fill("2026-12-09T15:00")
    page.get_by_role("button", name="Check and save").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("a shift of 224.0 h")
    question.get_by_role("button", name="Go on editing").click()

    ends.fill("2026-11-30T16:30")
    expect(row).to_contain_text("changed")
    page.get_by_role("button", name="Check and save").click()
    expect(question).to_contain_text("Changed: n-07 in Bay 1")
    question.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#state")).to_have_text("1 change saved. Takes effect in about 5 s.")
    shift = registered(api, "/shifts/early")
    assert (shift["starts"], shift["ends"]) == ("2026-11-30T06:00:00Z", "2026-11-30T15:30:00Z")


def test_a_ratio_and_the_census_that_it_relates_to_are_entered_in_their_tables(
    enter: Enter, api: RegistryApi
) -> None:
    assert api.put("/roles/nurse", {"covers": ["assistant"]}).status_code == 201
    assert api.put("/roles/guest", {"is_staff": False}).status_code == 201
    page = enter("requirements.html")
    page.get_by_role("button", name="Add a requirement").click()
    row = page.locator("tbody tr")
    row.locator("[name='zone_id']").select_option("bay-1")
    assert row.locator("[name='role'] option").all_inner_texts() == ["Choose …", "nurse"]
    row.locator("[name='role']").select_option("nurse")
    row.locator("[name='basis']").select_option(label="the census")
    page.get_by_role("button", name="Check and save").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("is missing: for how many people is count?")
    question.get_by_role("button", name="Go on editing").click()
    row.locator("[name='per']").fill("4")
    page.get_by_role("button", name="Check and save").click()
    question.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#state")).to_contain_text("1 change saved.")
    [need] = [one["record"] for one in api.get("/requirements")["items"]]
    assert (need["basis"], need["count"], need["per"], need["at_least"]) == ("census", 1, 4, 0)

    page = enter("census.html")
    row, question = page.locator("tbody tr"), page.get_by_role("dialog")
    page.get_by_role("button", name="Add a count").click()
    row.locator("[name='zone_id']").select_option("bay-1")
    row.locator("[name='people']").fill("6")
    page.get_by_role("button", name="Check and save").click()
    expect(question).to_contain_text("New: the count of Bay 1")
    question.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#state")).to_contain_text("1 change saved.")
    [count] = [one["record"] for one in api.get("/census")["items"]]
    assert (count["zone_id"], count["people"]) == ("bay-1", 6)


def test_roles_are_entered_looked_over_and_taken_back(enter: Enter, api: RegistryApi) -> None:
    """A new role is offered to stand in for at once; what makes no sense is refused by its row."""
    page = enter("roles.html", role="admin")
    question = page.get_by_role("dialog")
    page.get_by_label("New role").fill("assistant")
    page.get_by_role("button", name="Add the role").click()
    page.get_by_label("New role").fill("nurse")
    page.get_by_role("button", name="Add the role").click()
    nurse = page.locator("tr[data-id='nurse']")
    nurse.get_by_label("assistant").check()
    nurse.locator("[name='priority']").fill("1")
    nurse.locator("[name='is_staff']").select_option("no")
    page.get_by_role("button", name="Check and save").click()
    expect(question).to_contain_text("is for staff alone")
    question.get_by_role("button", name="Go on editing").click()
    nurse.locator("[name='is_staff']").select_option("yes")
    page.get_by_role("button", name="Check and save").click()
    expect(question).to_contain_text("New: nurse")
    expect(question).to_contain_text("stands in for assistant, filled first by 1, is staff yes")
    question.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#state")).to_contain_text("2 changes saved.")
    found = {one["id"]: one["record"] for one in api.get("/roles")["items"]}
    assert (found["nurse"]["covers"], found["nurse"]["priority"]) == (["assistant"], 1)
    assert found["assistant"]["is_staff"]

    nurse.get_by_label("assistant").uncheck()
    page.get_by_role("button", name="Check and save").click()
    expect(question).to_contain_text("stands in for assistant → nobody")
    question.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#state")).to_contain_text("1 change saved.")
    nurse.get_by_role("button", name="History: nurse").click()
    expect(page.locator("#versions li").first).to_contain_text("Stands in for: assistant → nobody")
    page.get_by_role("button", name="Take this change back").click()
    question.get_by_role("button", name="Take it back").click()
    expect(page.locator("#versions li")).to_have_count(3)
    assert registered(api, "/roles/nurse")["covers"] == ["assistant"]
    expect(nurse.get_by_label("assistant")).to_be_checked()

    page = enter("roles.html", BO)
    expect(page.locator("tr[data-id='nurse'] [name='priority']")).to_be_disabled()
    expect(page.locator("#add")).to_be_hidden()
    expect(page.locator("#bar")).to_be_hidden()


def record_of(text: str, folder: Path) -> dict[str, object]:
    """What an import of the only rule of a file would write."""
    path = folder / "rules.yaml"
    path.write_text(text)
    (row,) = read_rows(path, RuleRow)
    return row.fields()


def test_page_and_yaml_write_one_record_of_a_rule_that_is_versioned_and_undone(
    enter: Enter, api: RegistryApi, tmp_path: Path
) -> None:
    page = enter("rules.html")
    page.get_by_role("button", name="New rule").click()
    page.get_by_label("Name, as it will stand").fill("Nights: a nurse is missing")
    page.keyboard.press("Enter")
    page.locator("[data-field='roles']").get_by_label("nurse").check()
    page.locator("[data-field='zone_ids']").get_by_label("Bay 1").check()
    page.get_by_label("Opens after").fill("300")
    page.get_by_role("button", name="Add other hours").click()
    page.get_by_label("from", exact=True).fill("21:00")
    page.get_by_label("until", exact=True).fill("06:00")
    page.get_by_label("Tier").select_option("page")

    page.get_by_role("button", name="Check and save").click()
    owner = page.locator("[data-field='owner']")
    expect(owner.locator(".fault")).to_have_text("Is missing")
    expect(owner.locator("input")).to_be_focused()
    owner.locator("input").fill("charge nurse")
    page.get_by_label("Next action").fill('Move a float to "bay 2"')
    page.get_by_label("Escalates after").fill("600")
    page.get_by_label("Escalates to").fill("bed manager")
    expect(page.locator("#restated p").first).to_have_text(
        "Notifies nobody yet. It would page the charge nurse when Bay 1 has been short of a "
        "nurse for 5 min, Mon–Fri 21:00–06:00; again only when the gap has grown or another "  # noqa: RUF001 - as shown
        "role is short for 1 min; after 10 min without acknowledgement the bed manager."
    )

    page.get_by_role("button", name="Check and save").click()
    question = page.get_by_role("dialog")
    question.get_by_label("Reason").fill("nights were short twice")
    question.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#state")).to_have_text("Saved as version 1. Takes effect in about 5 s.")
    known = api.get("/rules/nights-a-nurse-is-missing")
    assert known["edited_by_name"] == "Ann Ward"

    with page.expect_download() as download:
        page.get_by_role("button", name="Save as YAML").click()
    exported = record_of(download.value.path().read_text(), tmp_path)
    assert exported == record_of(NIGHTS, tmp_path)
    assert api.ask("POST", "/imports", {"rule": yaml.safe_load(NIGHTS)}).json()["edit_id"] is None

    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".trial-state")).to_contain_text("Not tried: this board has no log")
    expect(page.locator("#burden")).to_contain_text("this board has no database to ask")

    page.get_by_label("Stage", exact=True).select_option("everywhere")
    page.get_by_role("button", name="Check and save").click()
    expect(question).to_contain_text("stage silent → everywhere")
    question.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#state")).to_contain_text("Saved as version 2")
    expect(page.locator("#restated p").first).to_contain_text("Pages the charge nurse when Bay")

    page.get_by_text("Earlier versions").click()
    expect(page.locator("#versions")).to_contain_text("Stage: silent → everywhere")
    expect(page.locator("#versions")).to_contain_text("registered (nights were short twice)")
    page.get_by_role("button", name="Take this change back").click()
    question.get_by_role("button", name="Take it back").click()
    expect(page.get_by_label("Stage", exact=True)).to_have_value("silent")
    again = api.get("/rules/nights-a-nurse-is-missing")
    assert (again["version"], again["record"]) == (3, known["record"])
