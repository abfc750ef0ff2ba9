"""Alerts of zones on the board: who should do what, since when, and why nobody is paged."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from runtime.facts.log import Fact
from schemas.topics import UNITS
from tests.e2e.board.test_floor_plan import ward
from tests.support.board_server import BoardServer
from tests.support.live_writer import LiveWriter, alert, now_us, unit_fact

Start = Callable[..., BoardServer]
Open = Callable[..., Page]


def test_an_alert_says_on_its_zone_on_the_plan_and_on_top_who_should_do_what(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=1, required=2)
    writer.zone("bay-2", people=9, identified=9, required=0)
    writer.floor()
    gap = alert("bay-1", figure_max=2)
    writer.alerts("ward-3", gap)
    board = start_board(registry=ward(), stale_after_s=60.0)
    page = open_page(board.url)
    wall = open_page(f"{board.url}wall.html")

    sentence = re.compile(
        r"Act now\. Bay 1: 1 nurse missing for sure, possibly 1 more, since .+\. "
        r"Charge nurse: Move a float to the zone\."
    )
    for where in (page, wall):
        expect(where.locator("#act")).to_have_text(sentence)
    badge = page.locator(".zone[data-zone='bay-1'] .alert")
    expect(badge.locator(".alert-head")).to_have_text(
        "Act now Charge nurse: Move a float to the zone"
    )
    label = page.locator(".plan .area[data-zone='bay-1']")
    expect(label.locator(".zone-urgency")).to_have_text("Act now")
    expect(label.locator(".alert-sign .icon")).to_be_visible()
    leads = re.compile(r"/alerts\.html\?alert=.*bay-1.*&opened=\d+$")
    for link in (badge.get_by_role("link"), label.locator("a.alert-sign")):
        expect(link).to_have_attribute("aria-label", "Show the alert of Bay 1: Act now")
        expect(link).to_have_attribute("href", leads)
    expect(wall.locator(".tile[data-zone='bay-1'] .tile-alert")).to_have_text(
        "Act now. Charge nurse: Move a float to the zone"
    )

    tile = wall.locator(".tile[data-zone='bay-1']").bounding_box()
    line = wall.locator(".tile[data-zone='bay-1'] .tile-alert").bounding_box()
    assert tile is not None
    assert line is not None
    assert line["y"] + line["height"] <= tile["y"] + tile["height"], "nothing is cut off"
    assert wall.evaluate("document.querySelector('#act').clientHeight < innerHeight / 4")

    full = {"kind": "OVER_CAPACITY", "figure_min": 9, "figure_max": 9, "threshold": 8}
    held = {"tier": "WARNING", "pages": False, "held_back_by": ["STALE"]}
    writer.alerts("ward-3", gap, alert("bay-2", **full, **held))

    badge = page.locator(".zone[data-zone='bay-2'] .alert")
    expect(badge.locator(".tier")).to_have_text("Warning")
    expect(badge.locator(".alert-why")).to_have_text(
        re.compile(
            r"9 people here, 8 at most allowed · since .+ · "
            r"Not paged because cameras do not see the zone$"
        )
    )
    shapes = {one.inner_html() for one in page.locator(".zone .alert .icon").all()}
    assert len(shapes) == 2
    expect(page.locator(".act-rest")).to_have_text("1 more alert.")
    expect(page.locator("#announce")).to_have_text("")  # nobody is called to what pages nobody

    writer.alerts("ward-3", alert("bay-2", tier="PAGE", **full))
    expect(page.locator("#act")).to_contain_text("Act now. Bay 2: 9 people here")
    expect(page.locator("#announce")).to_contain_text("New alert, Bay 2: 9 people here")
    writer.alerts("ward-3")
    for where in (page, wall):
        expect(where.locator("#act")).to_be_hidden()
    expect(page.locator(".alert")).to_have_count(0)
    page.reload()
    expect(page.locator(".zone[data-zone='bay-1'] .people")).to_have_text("1")
    expect(page.locator("#act")).to_be_hidden()


def test_a_rule_on_trial_calls_nobody_and_an_alert_of_a_floor_is_shown_beside_its_zones(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    view = ward()
    view.add([Fact(UNITS, unit_fact("east", zone_ids=["bay-2"]))], now_us())
    trial = {"stage": "PILOT", "pilot_unit_ids": ["east"]}
    silent = {"stage": "SILENT", "pages": False, "held_back_by": ["SILENT_RULE"]}
    cameras = {"kind": "CAMERA_MISSING", "figure_min": 2, "figure_max": 2, "tier": "WARNING"}
    writer.zone("bay-1", people=1)
    writer.zone("bay-2", people=1)
    writer.alerts(
        "ward-3",
        alert("bay-1", **trial),
        alert("bay-2", **trial),
        alert("bay-2", alert_id="gap@s/zone/bay-2", **silent),
        alert("", alert_id="cameras/floor/ward-3", **cameras, owner="", next_action=""),
    )
    page = open_page(start_board(registry=view, stale_after_s=60.0).url)

    expect(page.locator(".zone .alert")).to_have_count(1)
    expect(page.locator(".zone[data-zone='bay-2'] .alert .tier")).to_have_text("Act now")
    expect(page.locator("#floor-alerts .alert-why")).to_contain_text("Ward 3: 2 cameras silent")
