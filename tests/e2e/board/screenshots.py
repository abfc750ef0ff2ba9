"""Take pictures of the board with made-up people: `python -m tests.e2e.board.screenshots FOLDER`.

`docs/images/board.png` is `light-desktop.png` of such a run. Needs the services and Chromium.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from deploy.local.launcher import LocalServices
from tests.e2e.board.browser import launch
from tests.e2e.board.synthetic_ward import SyntheticWard, register
from tests.support.board_server import BoardServer
from tests.support.live_log import live_log_of
from tests.support.live_writer import LiveWriter

SIZES = {"desktop": (1440, 900), "phone": (390, 844), "wall": (1920, 1080)}


def main(folder: Path, model_name: str = "centernet_mobilenetv3") -> None:
    """Write `SCHEME-SIZE.png` for both colour schemes."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as run_dir,
        LocalServices(Path(run_dir)) as services,
        live_log_of(services) as log,
    ):
        url = services.environment["WARDSTREAM_REDIS_URL"]
        with (
            SyntheticWard(LiveWriter(log, url, "ward"), model_name),
            BoardServer(url, "ward", title="Ward 3") as board,
            sync_playwright() as playwright,
        ):
            register(board.registry)
            browser = launch(playwright)
            for scheme in ("light", "dark"):
                for name, (width, height) in SIZES.items():
                    page = browser.new_page(
                        viewport={"width": width, "height": height},
                        color_scheme="dark" if scheme == "dark" else "light",
                    )
                    page.goto(board.url)
                    page.wait_for_selector(".zone[data-stale=false]")
                    page.wait_for_timeout(3_000)  # trails grow behind the dots
                    page.screenshot(path=folder / f"{scheme}-{name}.png", full_page=name == "phone")
                    page.close()
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
