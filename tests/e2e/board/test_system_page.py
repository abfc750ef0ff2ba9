"""The page System in a browser: cameras, and what could not be processed."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.board.test_board import ward
from tests.support.board_server import BoardServer
from tests.support.live_writer import LiveWriter, now_us


def test_dead_letters_of_the_last_hour_are_shown_with_the_process_and_why(
    start_board: Callable[..., BoardServer], open_page: Callable[..., Page], writer: LiveWriter
) -> None:
    board = start_board(registry=ward())
    writer.camera("left", [])
    page = open_page(f"{board.url}system.html")
    counts = page.locator("#dead-letters")
    expect(counts).to_have_text("Not known: the log of dead letters was not read yet.")

    board.pipeline.dead_letters.current = True
    expect(counts).to_have_text("None.")

    for _ in range(3):
        board.pipeline.dead_letters.take("infer", "corrupt_jpeg", now_us())
    row = counts.locator("tbody tr")
    expect(row.locator("[data-column=stage]")).to_have_text("inferlooks for people")
    expect(row.locator("[data-column=reason]")).to_have_text("corrupt jpeg")
    expect(row.locator("[data-column=number]")).to_have_text("3")
    expect(page.locator("#cameras")).to_contain_text("Left half")
