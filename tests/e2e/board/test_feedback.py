"""Somebody says on the board what is wrong, by keyboard alone, and reads whether it was kept."""

import re
from collections.abc import Callable

from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]
from playwright.sync_api import Page, expect

from runtime.clock import SystemClock
from runtime.kafka.reader import read_topic
from runtime.kafka.topics import wait_until_led
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import FEEDBACK
from tests.e2e.board.test_floor_plan import on_floor, ward
from tests.support.board_server import BoardServer
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.clusters import cluster_of
from tests.support.kept_audit import KeptAudit
from tests.support.live_writer import LiveWriter, track
from tests.support.services import Services
from workers.access.rights import AccessRole
from workers.registry.editing.database import Database
from workers.serving.evidence.feedback import FeedbackDesk
from workers.serving.evidence.writer import FeedbackWriter

Start = Callable[..., BoardServer]
Open = Callable[..., Page]

CALLERS = NamedCallers(
    person("coordinator", AccessRole.COORDINATOR), person("analyst", AccessRole.ANALYST)
)


def test_what_is_wrong_is_given_by_keyboard_and_kept_with_figure_and_frame(
    start_board: Start,
    open_page: Open,
    writer: LiveWriter,
    services: Services,
    registry_database: str,
    run_prefix: str,
) -> None:
    settings = Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=run_prefix,
    )
    SchemaRegistry(settings.registry_url).register(FEEDBACK)
    view, cluster, clock = ward(), cluster_of(settings), SystemClock()
    wanted = [NewTopic(cluster.name(FEEDBACK), FEEDBACK.partitions, 1, config=FEEDBACK.config)]
    admin = cluster.admin()
    for made in admin.create_topics(wanted).values():
        made.result(30.0)
    wait_until_led(admin, wanted, clock)
    writer.camera("west", [track(1, 200.0, 300.0)], model_name="yolox", model_version="2")
    for zone_id in ("bay-1", "bay-2"):
        writer.zone(zone_id, people=1, required=2)
    writer.floor(people=[on_floor(1, 3.0, 4.0, "west", role="nurse")])
    with Database(registry_database) as database:
        desk = FeedbackDesk(view, FeedbackWriter(cluster), KeptAudit(), clock, database)
        board = start_board(registry=view, authenticator=CALLERS, feedback=desk, stale_after_s=60.0)
        page = open_page(board.url, extra_http_headers={HEADER: "coordinator"})

        wrong = page.get_by_role("button", name="Wrong? Say what is wrong in Bay 1")
        wrong.press("Enter")
        dialog = page.get_by_role("dialog", name="What is wrong in Bay 1?")
        dialog.get_by_role("radio", name="Two people, not one").press("ArrowDown")
        expect(dialog.get_by_role("radio", name="Nobody is here")).to_be_checked()
        dialog.get_by_role("textbox").fill("a coat\non a chair")
        dialog.get_by_role("button", name="Send").press("Enter")
        receipt = re.compile(r"Kept at \d\d:\d\d. Thank you. The figures stay as they are.")
        expect(dialog.get_by_role("status")).to_have_text(receipt)
        page.keyboard.press("Enter")
        expect(dialog).to_have_count(0)
        expect(wrong).to_be_focused()

        page.locator(".plan .view").press("ArrowRight")
        page.locator(".plan .view").press("Enter")
        expect(page.locator(".plan .wrong")).to_be_visible()
        page.locator(".plan .wrong").press("Enter")
        dialog = page.get_by_role("dialog", name="What is wrong with person 1?")
        dialog.get_by_role("radio", name="Not this role").press("Space")
        dialog.get_by_role("button", name="Send").press("Enter")
        expect(dialog.get_by_role("status")).to_have_text(receipt)

    codec = cluster.registry.reader(FEEDBACK)
    messages = read_topic(cluster, FEEDBACK)
    first, second = sorted(
        (codec.decode(value) for one in messages if (value := one.value())),
        key=lambda record: record["given_at_us"],
    )
    assert (first["kind"], first["zone_id"], first["text"]) == (
        *("NOBODY_HERE", "bay-1"),
        "a coat on a chair",
    )
    assert (first["camera_id"], first["model_name"]) == ("west", "yolox")
    assert first["captured_us"] > 0
    assert (second["kind"], second["person_id"], second["role"]) == (
        *("NOT_THIS_ROLE", "ward-3:1"),
        "nurse",
    )
    assert first["as_of_us"] == second["as_of_us"]


def test_what_was_not_kept_says_so_and_who_may_not_say_it_is_not_asked(
    start_board: Start, open_page: Open, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=1, required=2)
    board = start_board(registry=ward(), authenticator=CALLERS, stale_after_s=60.0)
    analyst = open_page(board.url, extra_http_headers={HEADER: "analyst"})
    expect(analyst.locator(".zone[data-zone='bay-1'] .people")).to_have_text("1")
    expect(analyst.locator(".wrong:visible")).to_have_count(0)

    page = open_page(board.url, extra_http_headers={HEADER: "coordinator"})
    page.locator(".zone[data-zone='bay-1'] .wrong").click()
    expect(page.locator(".zone[data-zone='bay-2'] .wrong")).to_be_hidden()  # it has no figure
    page.get_by_label("The gap is wrong").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("Not kept")
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
