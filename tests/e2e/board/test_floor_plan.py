"""The plan of a floor in a real browser: people counted once, gaps, and what each camera sees."""

import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOORS, STAFF, UNITS, ZONES
from streams.domain.camera.pinhole import Pinhole
from tests.support.board_server import BoardServer
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.camera_room import HEIGHT, WIDTH, projection_from
from tests.support.kept_audit import KeptAudit
from tests.support.live_writer import (
    LiveWriter,
    camera_fact,
    floor_fact,
    now_us,
    staff_fact,
    track,
    unit_fact,
    zone_fact,
)
from workers.access.rights import AccessRole
from workers.registry.editing.sealed import Opened
from workers.registry.view import RegistryView
from workers.serving.api.people import Sources

Start = Callable[..., BoardServer]
Open = Callable[..., Page]

POSITIONS = {"west": (0.2, 0.2, 2.8), "east": (11.8, 0.2, 2.8)}
"""Where the cameras are, m; both look at the middle of the ward."""


def polygon(*corners: tuple[float, float]) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in corners]


def ward() -> RegistryView:
    view = RegistryView()
    view.add([Fact(FLOORS, floor_fact("ward-3", name="Ward 3"))], now_us())
    for camera_id, position in POSITIONS.items():
        pinhole = Pinhole(projection_from(position, (6.0, 4.0, 0.5)), WIDTH, HEIGHT)
        fact = camera_fact(
            camera_id,
            name=f"{camera_id.title()} camera",
            width=WIDTH,
            height=HEIGHT,
            projection=pinhole.projection.ravel().tolist(),
            homography=pinhole.homography(),
        )
        view.add([Fact(CAMERAS, fact)], now_us())
    for order, (zone_id, left, right) in enumerate((("bay-1", 1, 6), ("bay-2", 6, 11))):
        outline = polygon((left, 1), (right, 1), (right, 7), (left, 7))
        fact = zone_fact(
            zone_id,
            name=zone_id.replace("bay-", "Bay "),
            order=order,
            camera_id=None,
            space="FLOOR_M",
            polygon=outline,
        )
        view.add([Fact(ZONES, fact)], now_us())
    return view


def on_floor(number: int, x: float, y: float, *cameras: str, **fields: Any) -> dict[str, Any]:
    """A fused person."""
    return {
        "person_id": f"ward-3:{number}",
        "camera_ids": list(cameras),
        "x_m": x,
        "y_m": y,
        "zone_ids": ["bay-1" if x < 6 else "bay-2"],
        "observed": True,
        **fields,
    }


PEOPLE = [
    on_floor(1, 3.0, 4.0, "east", "west"),
    on_floor(2, 9.0, 4.0, "east", role="nurse", staff_id="s-2"),
]


@pytest.fixture
def watched(writer: LiveWriter) -> LiveWriter:
    """Both cameras see the first person, one sees the second; Bay 2 is short."""
    writer.camera("west", [track(1, 600.0, 400.0)])
    writer.camera("east", [track(1, 500.0, 400.0), track(2, 800.0, 450.0)])
    writer.zone("bay-1", people=1, identified=0, required=1)
    writer.zone("bay-2", people=1, identified=1, required=3)
    writer.floor(people=PEOPLE)
    return writer


def plan_of(page: Page) -> Locator:
    return page.locator(".plan[data-floor='ward-3']")


def positions(page: Page) -> list[tuple[float, float]]:
    """Where the dots are drawn, px."""
    texts = (
        plan_of(page)
        .locator(".crowd .mark")
        .evaluate_all("dots => dots.map(d => d.style.transform)")
    )
    return [
        (float(x), float(y))
        for text in texts
        for x, y in re.findall(r"translate\(([\d.]+)px, ([\d.]+)px\)", text)
    ]


def test_a_person_before_two_cameras_is_one_dot_on_the_plan(
    start_board: Start, open_page: Open, watched: LiveWriter
) -> None:
    page = open_page(start_board(registry=ward(), stale_after_s=60.0).url)
    plan = plan_of(page)

    expect(plan.locator(".name").first).to_have_text("Ward 3")
    expect(plan.locator(".count")).to_have_text("2 people, each counted once")
    expect(plan.locator(".crowd .mark")).to_have_count(2)
    expect(plan.locator(".crowd .mark.staff")).to_have_count(1)
    expect(plan.locator(".eyes-list li")).to_have_text(
        ["A East camera sees 2 people", "B West camera sees 1 person"]
    )
    expect(page.locator("#more-cameras .camera")).to_have_count(2)
    expect(page.locator("#cameras .camera")).to_have_count(0)

    first, second = positions(page)
    perMetre = (second[0] - first[0]) / 6.0  # noqa: N806 - as the page has it
    watched.floor(people=[on_floor(1, 3.0, 6.0, "west"), PEOPLE[1]])
    expect(plan.locator(".eyes-list li").first).to_contain_text("sees 1 person")
    moved, still = positions(page)

    assert still == pytest.approx(second)
    assert moved == pytest.approx((first[0], first[1] - 2.0 * perMetre), abs=0.3)


def test_each_role_has_a_shape_and_initials_and_who_is_not_identified_has_neither(
    start_board: Start, open_page: Open, watched: LiveWriter
) -> None:
    roles = {3: "physician", 4: "porter", 5: ""}
    others = [
        on_floor(n, n, 2.0, "east", role=role, staff_id=f"s-{n}") for n, role in roles.items()
    ]
    watched.floor(people=[*PEOPLE, *others])
    page = open_page(start_board(registry=ward(), stale_after_s=60.0).url)
    plan = plan_of(page)

    def mark(number: int) -> Locator:
        return plan.locator(f".mark[data-person='ward-3:{number}']")

    expect(plan.locator(".crowd .mark.staff")).to_have_count(4)
    expect(plan.locator(".crowd .role-letter")).to_have_text(["N", "P", "Po", ""])
    shapes = {mark(n).locator(".dot-staff").get_attribute("d") for n in (2, 3, 4)}
    assert len(shapes) == 3
    expect(mark(1).locator(".role-mark")).to_have_count(0)
    expect(mark(1).locator(".dot-person")).to_be_visible()
    expect(mark(2).locator(".dot-person")).to_be_hidden()
    expect(page.locator("#of-roles span")).to_have_text(["Nnurse", "Pphysician", "Poporter"])

    watched.floor(people=[PEOPLE[0], on_floor(2, 9.0, 4.0, "east")])
    expect(plan.locator(".crowd .mark.staff")).to_have_count(0)


def test_a_gap_is_shown_in_its_zone_by_shape_and_text(
    start_board: Start, open_page: Open, watched: LiveWriter
) -> None:
    page = open_page(start_board(registry=ward(), stale_after_s=60.0).url)
    short = plan_of(page).locator(".area[data-zone='bay-2']")

    expect(short).to_have_attribute("data-state", "short")
    expect(short.locator(".zone-name")).to_have_text("Bay 2: 1")
    expect(short.locator(".zone-state")).to_have_text("2 missing")
    signs = plan_of(page).locator(".sign").evaluate_all("all => all.map(one => one.innerHTML)")
    assert len(set(signs)) == 2

    watched.zone("bay-2", people=3, identified=3, required=3)
    expect(short.locator(".zone-name")).to_have_text("Bay 2: 3")
    expect(short.locator(".zone-state")).to_have_text("3 required")


def test_arrow_keys_show_which_cameras_see_each_person(
    start_board: Start, open_page: Open, watched: LiveWriter
) -> None:
    page = open_page(start_board(registry=ward(), stale_after_s=60.0).url)
    plan = plan_of(page)
    expect(plan.locator(".crowd .mark")).to_have_count(2)
    drawing = plan.locator(".view").first
    drawing.focus()

    page.keyboard.press("ArrowRight")
    expect(plan.locator(".detail")).to_have_text(
        "Person 1 · not identified · in Bay 1 · seen by A East camera and B West camera"
    )
    expect(plan.locator(".eyes-list [data-sees=true]")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    expect(plan.locator(".detail")).to_contain_text("Person 2 · nurse · pseudonym s-2 · in Bay 2")
    expect(plan.locator(".seen[data-sees=true]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(plan.locator(".detail")).to_contain_text("Point at a person")

    plan.locator(".crowd .mark[data-person='ward-3:1']").hover(force=True)
    expect(plan.locator(".detail")).to_contain_text("Person 1")


KNOWN = {"role": "nurse", "role_confidence": 0.968, "staff_id": "s-2"}


def test_who_somebody_is_says_from_what_how_sure_and_whether_they_are_on_shift_there(
    start_board: Start, open_page: Open, watched: LiveWriter
) -> None:
    shift = {"role_evidence": ["BADGE"], "duty_status": "NOT_EXPECTED"}
    maybe = {"candidates": [{"staff_id": "s-7", "confidence": 0.62}]}
    watched.floor(
        people=[
            on_floor(1, 3.0, 4.0, "east", **maybe),
            on_floor(2, 9.0, 4.0, "east", **KNOWN, **shift),
        ]
    )
    page = open_page(start_board(registry=ward(), stale_after_s=60.0).url)
    plan = plan_of(page)
    expect(plan.locator(".crowd .mark")).to_have_count(2)
    plan.locator(".view").first.focus()

    page.keyboard.press("ArrowRight")
    expect(plan.locator(".detail")).to_contain_text("not identified · may be s-7 62 % · in Bay 1")
    page.keyboard.press("ArrowRight")
    expect(plan.locator(".detail")).to_have_text(
        "Person 2 · nurse by badge, 96 % sure · pseudonym s-2 · "
        "on shift, but not planned in this zone · in Bay 2 · seen by A East camera"
    )
    page.keyboard.press("Enter")
    expect(plan.get_by_role("button", name="Show the name")).to_have_count(0)


class SetNames:
    """Names of a test."""

    def name_of(self, staff_id: str) -> Opened | None:
        return {"s-2": Opened("Ann Example", 1)}.get(staff_id)


def test_a_name_is_shown_to_who_has_the_right_and_says_why_and_is_in_the_audit(
    start_board: Start, open_page: Open, watched: LiveWriter
) -> None:
    registry, audit = ward(), KeptAudit()
    registry.add([Fact(STAFF, staff_fact("s-2", role="nurse"))], now_us())
    board = start_board(
        registry=registry,
        stale_after_s=60.0,
        authenticator=NamedCallers(person("ann", AccessRole.COORDINATOR)),
        sources=Sources(names=SetNames()),
        recorder=audit,
    )
    watched.floor(people=[PEOPLE[0], on_floor(2, 9.0, 4.0, "east", **KNOWN)])
    page = open_page(board.url, extra_http_headers={HEADER: "ann"})
    mark = plan_of(page).locator(".crowd .mark[data-person='ward-3:2']")
    expect(mark).to_be_visible()
    assert "Ann Example" not in page.content()

    mark.click(force=True)
    plan_of(page).get_by_role("button", name="Show the name").click()
    page.get_by_label("Why do you need the name").fill("Call to bay 1")
    page.get_by_role("dialog").get_by_role("button", name="Show the name").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("Ann Example")
    page.get_by_role("button", name="Close").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "Ann Example" not in page.content()
    assert "name.viewed" in audit.actions()


def test_a_lost_person_is_dashed_and_not_drawn_once_they_may_be_anywhere(
    start_board: Start, open_page: Open, watched: LiveWriter
) -> None:
    page = open_page(start_board(registry=ward(), stale_after_s=60.0).url)
    plan = plan_of(page)
    at_us = now_us()
    lost = {"observed": False, "last_observed_us": at_us - 4_000_000}
    hidden = on_floor(3, 4.0, 2.0, "west", position_sd_m=0.5, **lost)
    away = on_floor(4, 5.0, 2.0, "west", position_sd_m=4.0, **lost)
    blinked = {"observed": False, "last_observed_us": at_us - 400_000, "position_sd_m": 0.2}

    people = [PEOPLE[0], on_floor(2, 9.0, 4.0, "east", **blinked), hidden, away]
    watched.floor(people=people, as_of_us=at_us)

    expect(plan.locator(".count")).to_have_text("2 people, each counted once · 2 out of sight")
    expect(plan.locator(".crowd .mark.confirmed")).to_have_count(2)
    expect(plan.locator(".crowd .mark.lost")).to_have_attribute("data-person", "ward-3:3")
    scale = (positions(page)[1][0] - positions(page)[0][0]) / 6.0
    ring = plan.locator(".crowd .mark.lost .ring").get_attribute("r")
    assert float(ring or 0) == pytest.approx(2 * 0.5 * scale, abs=0.2)


def test_a_silent_camera_is_named_and_the_plan_does_not_claim_to_see_there(
    start_board: Start, open_page: Open, watched: LiveWriter
) -> None:
    page = open_page(start_board(registry=ward(), stale_after_s=60.0).url)
    plan = plan_of(page)
    expect(plan.locator(".trouble")).to_be_hidden()

    watched.floor(people=PEOPLE, cameras_missing=["west"])

    expect(plan.locator(".trouble")).to_have_text(
        "No pictures from West camera: people there may be missing."
    )
    expect(plan.locator(".eyes-list [data-silent=true]")).to_contain_text("SILENT")
    expect(plan.locator(".seen[data-silent=true]")).to_have_count(1)
    expect(plan.locator(".area[data-zone='bay-1'] .zone-state")).to_have_text(
        "STALE: camera silent"
    )


def test_a_plan_that_gets_old_turns_grey_and_says_so_and_is_there_after_a_reload(
    start_board: Start, open_page: Open, watched: LiveWriter
) -> None:
    page = open_page(start_board(registry=ward(), stale_after_s=2.0).url)
    plan = plan_of(page)

    for _ in range(2):
        expect(plan).to_have_attribute("data-stale", "true")
        expect(plan.locator(".fresh .word")).to_have_text("STALE")
        expect(plan.locator(".crowd .mark")).to_have_count(2)
        page.reload()


def test_a_floor_without_positions_in_metres_has_no_plan(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    registry = RegistryView()
    registry.add([Fact(CAMERAS, camera_fact("left")), Fact(ZONES, zone_fact("bay-1"))], now_us())
    writer.camera("left", [track(1, 200.0, 300.0)])
    page = open_page(start_board(registry=registry).url)

    expect(page.locator("#cameras .camera")).to_have_count(1)
    expect(page.locator(".plan")).to_have_count(0)
    expect(page.locator(".of-plans").first).to_be_hidden()


def test_a_nurse_of_one_bay_sees_the_people_of_that_bay_alone(
    start_board: Start, open_page: Open, watched: LiveWriter
) -> None:
    registry = ward()
    registry.add([Fact(UNITS, unit_fact("one", zone_ids=["bay-1"]))], now_us())
    registry.add([Fact(UNITS, unit_fact("two", zone_ids=["bay-2"]))], now_us())
    nurse = person("ann", AccessRole.COORDINATOR, units=("one",))
    board = start_board(registry=registry, stale_after_s=60.0, authenticator=NamedCallers(nurse))

    page = open_page(board.url, extra_http_headers={HEADER: "ann"})
    plan = plan_of(page)

    expect(plan.locator(".area[data-zone]")).to_have_count(1)
    expect(plan.locator(".crowd .mark")).to_have_count(1)
    expect(plan.locator(".crowd .mark")).to_have_attribute("data-person", "ward-3:1")
    watched.floor(people=[on_floor(1, 5.0, 4.0, "west"), on_floor(2, 7.0, 4.0, "west")])
    expect(plan.locator(".crowd .mark")).to_have_attribute("data-cameras", "west")
    expect(plan.locator(".crowd .mark")).to_have_count(1)


def test_the_plan_fits_its_window_whatever_its_size(
    start_board: Start, open_page: Open, watched: LiveWriter
) -> None:
    page = open_page(start_board(registry=ward(), stale_after_s=60.0).url)
    stage = plan_of(page).locator(".stage")

    for width, height in ((1440, 900), (1200, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        expect(stage).to_be_visible()
        assert page.locator("html").evaluate("html => html.scrollWidth") <= width
        box = stage.bounding_box()
        assert box is not None
        inner = stage.evaluate("stage => stage.clientWidth")
        expect(stage.locator(".view").first).to_have_attribute(
            "viewBox", re.compile(rf"^0 0 {inner} ")
        )
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["height"] <= 0.6 * height
        assert len(positions(page)) == 2
        for x, y in positions(page):
            assert 0 < x < box["width"]
            assert 0 < y < box["height"]


COVERED = """plan => {
  const box = (one) => one.getBoundingClientRect();
  const shown = (one) => box(one).width > 0;
  const meets = (a, b) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const all = (one, selector) => [...one.querySelectorAll(selector)].filter(shown);
  const labels = all(plan, ".label");
  const parts = labels.flatMap((one) => all(one, ".sign, text").map((part) => [one, box(part)]));
  const dots = all(plan, ".mark .dot-person, .mark .dot-staff").map(box);
  const hidden = dots.filter((dot) => {
    const [x, y, r] = [(dot.left + dot.right) / 2, (dot.top + dot.bottom) / 2, dot.width / 2];
    const gap = (at, least, most) => Math.max(least - at, 0, at - most);
    const away = (one) => Math.hypot(gap(x, one.left, one.right), gap(y, one.top, one.bottom));
    return parts.some(([, part]) => away(part) < r);
  });
  const mixed = parts.filter(([label, part]) =>
    parts.some(([other, its]) => other !== label && meets(part, its)));
  return [labels.length, dots.length, hidden.length, mixed.length];
}"""
"""Labels and people that are shown, people under a label, and labels under another one."""


def test_no_label_covers_a_person_or_another_label_however_small_the_plan_is(
    start_board: Start, open_page: Open, watched: LiveWriter
) -> None:
    page = open_page(start_board(registry=ward(), stale_after_s=60.0).url)
    plan, chance = plan_of(page), random.Random(4)
    seen = 0

    for size in ((390, 844), (1440, 900)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for crowd in (2, 8, 24):
            people = [
                on_floor(n, chance.uniform(1.2, 10.8), chance.uniform(1.2, 6.8), "east")
                for n in range(crowd)
            ]
            known = {"role": "nurse", "staff_id": "s-1"}
            watched.floor(people=[one | known if n % 2 else one for n, one in enumerate(people)])
            expect(plan.locator(".crowd .mark")).to_have_count(crowd)
            page.wait_for_timeout(300)  # dots glide to their places
            labels, dots, hidden, mixed = plan.evaluate(COVERED)
            assert (dots, hidden, mixed) == (crowd, 0, 0)
            seen += labels

    assert seen >= 9
    watched.floor(people=[])
    expect(plan.locator(".label .zone-name").first).to_be_visible()
