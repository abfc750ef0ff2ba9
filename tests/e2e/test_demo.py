"""The first command of the README, as a newcomer ends it; no process is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.state import read_state, start_ticks
from tests.support.waiting import eventually
from workers.cli.demo import ENDED

READY_S = 240.0


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "demo"


def start(run_dir: Path, clip: Path, *options: str) -> "subprocess.Popen[str]":
    """Run the demo in the background, in a process group of its own."""
    command = [sys.executable, "-m", "workers.cli", "demo", "--run-dir", str(run_dir)]
    command += ["--video", str(clip), "--port", "0", "--backend", "hog", "--fps", "5", *options]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1"},
    )


def lines_until(process: "subprocess.Popen[str]", word: str) -> Iterator[str]:
    """Lines that it prints, up to the one with `word`."""
    deadline = time.monotonic() + READY_S
    text = ""
    for line in process.stdout or ():
        yield line
        if word in line:
            return
        text += line
        assert time.monotonic() < deadline, f"{word!r} was not printed in time:\n{text}"
    raise AssertionError(f"it ended before it printed {word!r}:\n{text}")


def children(pid: int) -> set[int]:
    """All descendants of a process, including those in process groups of their own."""
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) == pid:
                found |= {int(entry.name), *children(int(entry.name))}
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "how",
    [
        pytest.param(signal.SIGINT, id="ctrl-c", marks=pytest.mark.chaos_long),
        pytest.param(signal.SIGKILL, id="kill-9"),
    ],
)
def test_no_exit_leaves_a_process_behind(run_dir: Path, clip: Path, how: signal.Signals) -> None:
    with start(run_dir, clip, "--keep") as process:
        list(lines_until(process, "live board at"))
        below = {pid: start_ticks(pid) for pid in children(process.pid)}
        assert len(below) >= 9, "services and processes"

        process.send_signal(how)

        output, _ = process.communicate(timeout=120)

    assert how is signal.SIGKILL or (process.returncode, ENDED in output) == (130, True)

    def all_ended() -> bool:
        return not any(started and start_ticks(pid) == started for pid, started in below.items())

    eventually(all_ended, 90, f"the end of {below.keys()}")


@pytest.mark.parametrize(
    ("how", "code"),
    [
        pytest.param(signal.SIGINT, 130, id="ctrl-c"),
        pytest.param(signal.SIGTERM, 128 + signal.SIGTERM, id="terminated"),
    ],
)
def test_a_demo_that_is_asked_to_end_while_it_starts_reports_its_end(
    run_dir: Path, clip: Path, how: signal.Signals, code: int
) -> None:
    with start(run_dir, clip, "--once") as process:
        list(lines_until(process, "starting Kafka"))

        process.send_signal(how)

        output, _ = process.communicate(timeout=120)

    assert (process.returncode, ENDED in output) == (code, True), output
    state = read_state(run_dir)
    assert not any(state.alive(pid) for pid in state.processes.values())


def test_a_video_that_cannot_be_read_is_answered_in_one_sentence(
    run_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "notes.mp4"
    file.write_text("this is no video")

    with start(run_dir, file, "--once") as process:
        output, _ = process.communicate(timeout=120)

    assert process.returncode == 78
    assert str(file) in output.replace("\n", "")
    assert "try another file" in output.replace("\n", " ")
