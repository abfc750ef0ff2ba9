"""No log line shows a credential: not in a value, a trace, a thread that dies, or a library's."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import logging, sys, threading
import structlog
from runtime.process.logging import configure_logging
from runtime.process.service import run_service
from runtime.process.settings import Settings

URL = "rtsp://viewer:Ward#9secret@127.0.0.1:9/s"

def fail(where):
    secret = URL
    raise ValueError(f"{where}: {secret}")

def body(service):
    log = structlog.get_logger("test")
    log.info("value", url=URL, deep={"of": [URL]}, error=ValueError(URL))
    logging.getLogger("library").warning("lost %s", URL)
    try:
        fail("library")
    except ValueError:
        logging.getLogger("library").exception("failed")
    thread = threading.Thread(target=fail, args=("thread",))
    thread.start()
    thread.join()
    fail("body")

sys.exit(run_service("test", body, Settings(log_format=sys.argv[1], metrics_port=0)))
"""


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_log_line_shows_a_credential(log_format: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, log_format], capture_output=True, text=True, check=False
    )

    assert done.returncode == 75
    assert "Ward" not in done.stderr.replace("wardstream", "")
    assert "9secret" not in done.stderr
    for where in ("library", "thread", "body"):
        assert f"ValueError: {where}: rtsp://127.0.0.1:9/s" in done.stderr
    assert done.stderr.count("127.0.0.1:9/s") >= 7
    if log_format == "json":
        lines = [line for line in done.stderr.splitlines() if line.startswith("{")]
        assert {json.loads(line)["event"] for line in lines} >= {"value", "thread.crash"}
