"""Start the system's Chromium without a screen and without network requests of its own."""

import shutil

from playwright.sync_api import Browser, Playwright

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch(playwright: Playwright) -> Browser:
    """A headless Chromium.

    Raises:
        FileNotFoundError: It is not installed.
    """
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise FileNotFoundError("the board's tests need Chromium: apt-get install chromium")
    return playwright.chromium.launch(executable_path=program, args=QUIET)
