"""The supervisor restarts processes that ask for it, and stops all when one must not continue."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.errors import LaunchError
from deploy.local.state import start_ticks
from deploy.local.supervisor import Supervisor, Worker
from runtime.errors import EXIT_REPLAY, EXIT_STOP
from tests.support.waiting import eventually

DEADLINE_S = 30.0

SERVES_HEALTH = """
    from runtime.process.health import Health, serve_health
    from runtime.process.settings import Settings
    import signal
    health = Health("probe")
    serve_health(health, Settings())
    health.ready()
    print("serving")
    signal.pause()
"""


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path, {"COLOUR": "green"}) as supervisor:
        yield supervisor


def python(name: str, source: str, *arguments: str) -> Worker:
    """A process that runs a few lines of Python."""
    return Worker(
        name=name,
        program=(sys.executable, "-c", textwrap.dedent(source)),
        command=arguments,
    )


def starts(supervisor: Supervisor, name: str) -> list[float]:
    """Times at which the process started, from its own log, seconds of the monotonic clock."""
    log = supervisor.log(name)
    return [float(line) for line in log.read_text().split()] if log.exists() else []


def test_a_process_that_asks_for_it_is_restarted_until_its_work_is_done(
    supervised: Supervisor, tmp_path: Path
) -> None:
    counter = tmp_path / "runs"
    source = f"""
        import pathlib, sys
        counter = pathlib.Path(sys.argv[1])
        counter.write_text(counter.read_text() + "." if counter.exists() else ".")
        sys.exit(0 if counter.read_text() == "..." else {EXIT_REPLAY})
    """

    supervised.start(python("folder", source, str(counter)))

    assert supervised.wait("folder", DEADLINE_S) == 0
    assert supervised.restarts("folder") == 2
    assert supervised.failure is None


def test_a_process_that_is_asked_to_end_before_its_work_is_done_is_started_again(
    supervised: Supervisor, tmp_path: Path
) -> None:
    done = tmp_path / "done"
    source = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))"
    worker = python("server", f"{source}; print('serves', flush=True); signal.pause()")
    supervised.start(replace(worker, done=done.exists))
    eventually(lambda: "serves" in supervised.tail("server"))
    first = supervised.pid("server")

    os.kill(first, signal.SIGTERM)

    eventually(lambda: supervised.pid("server") != first and "serves" in supervised.tail("server"))
    done.touch()
    os.kill(supervised.pid("server"), signal.SIGTERM)
    assert supervised.wait("server", DEADLINE_S) == 0
    assert supervised.restarts("server") == 1


def test_each_restart_waits_longer_than_the_last(supervised: Supervisor) -> None:
    source = "import sys, time; print(time.monotonic(), flush=True); sys.exit(75)"

    supervised.start(python("hasty", source))

    eventually(lambda: len(starts(supervised, "hasty")) >= 4)
    at = starts(supervised, "hasty")
    assert at[1] - at[0] >= 0.2
    assert at[2] - at[1] >= 0.4
    assert at[3] - at[2] >= 0.8


def test_a_crash_is_restarted_but_what_a_test_killed_stays_dead_until_restarted(
    supervised: Supervisor,
) -> None:
    supervised.start(python("steady", "import signal; signal.pause()"))
    first = supervised.pid("steady")
    os.kill(first, signal.SIGKILL)
    eventually(lambda: supervised.pid("steady") != first and supervised.alive("steady"))

    second = supervised.pid("steady")
    supervised.kill("steady")
    assert supervised.wait("steady", DEADLINE_S) == -signal.SIGKILL
    supervised.start(python("crashing", "import sys; sys.exit(75)"))
    eventually(lambda: supervised.restarts("crashing") >= 2, DEADLINE_S, "restarts of `crashing`")
    assert supervised.pid("steady") == second

    supervised.restart("steady")
    assert supervised.alive("steady")
    assert supervised.pid("steady") != second


def test_a_process_that_must_stop_stops_all_others_and_reports_why(supervised: Supervisor) -> None:
    supervised.start(python("bystander", "import signal; signal.pause()"))
    source = f"import sys; print('two values for one key'); sys.exit({EXIT_STOP})"

    supervised.start(python("witness", source))

    eventually(lambda: supervised.failure is not None)
    assert "witness" in str(supervised.failure)
    assert "two values for one key" in str(supervised.failure)
    eventually(lambda: not supervised.alive("bystander"))
    assert supervised.restarts("witness") == 0


def test_who_waits_for_a_process_that_was_stopped_reads_which_process_stopped_all(
    supervised: Supervisor,
) -> None:
    supervised.start(python("bystander", "import signal; signal.pause()"))
    source = f"import sys; print('port 8080 is taken'); sys.exit({EXIT_STOP})"
    supervised.start(python("board", source))

    with pytest.raises(LaunchError, match=r"(?s)board stopped:.*port 8080 is taken"):
        supervised.wait_ready("bystander", DEADLINE_S)


def test_a_process_apart_that_must_stop_leaves_the_others_running(supervised: Supervisor) -> None:
    supervised.start(python("bystander", "import signal; signal.pause()"))
    apart = replace(python("source", f"import sys; sys.exit({EXIT_STOP})"), apart=True)

    supervised.start(apart)

    assert supervised.wait("source", DEADLINE_S) == EXIT_STOP
    last = python("last", "import sys; sys.exit(0)")  # the watcher has passed over both by its end
    supervised.start(last)
    assert supervised.wait("last", DEADLINE_S) == 0
    assert supervised.exit_status("source") == EXIT_STOP
    assert supervised.failure is None
    assert supervised.restarts("source") == 0
    assert supervised.alive("bystander")


def test_a_process_is_ready_when_its_own_health_page_says_so(supervised: Supervisor) -> None:
    supervised.start(python("probe", SERVES_HEALTH), ready_deadline_s=DEADLINE_S)

    assert "serving" in supervised.log("probe").read_text()
    assert supervised.metrics_port("probe") > 0


def test_a_process_that_dies_before_it_is_ready_is_reported_with_its_last_output(
    supervised: Supervisor,
) -> None:
    with pytest.raises(LaunchError, match=r"(?s)broken ended with exit status 0.*no weights"):
        supervised.start(python("broken", "print('no weights')"), ready_deadline_s=DEADLINE_S)


def test_a_job_returns_what_it_printed_and_a_failed_one_says_why(supervised: Supervisor) -> None:
    printed = supervised.run(
        python("job", "import os; print(os.environ['COLOUR'])"), deadline_s=DEADLINE_S
    )
    assert printed.strip() == "green"

    with pytest.raises(LaunchError, match=r"(?s)job ended with exit status 1.*ZeroDivisionError"):
        supervised.run(python("job", "1 / 0"), deadline_s=DEADLINE_S)


def test_a_stopped_process_and_one_that_ignores_the_signal_are_ended_too(
    supervised: Supervisor,
) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
    supervised.start(python("deaf", deaf + "\nwhile True: signal.pause()"))
    supervised.start(python("frozen", "import signal; signal.pause()"))
    eventually(lambda: "deaf" in supervised.log("deaf").read_text())
    supervised.kill("frozen", signal.SIGSTOP)

    assert supervised.stop("deaf", deadline_s=0.5) == -signal.SIGKILL
    assert supervised.stop("frozen", deadline_s=DEADLINE_S) == -signal.SIGTERM


def test_killing_the_supervisor_leaves_no_process(tmp_path: Path) -> None:
    source = f"""
        import os, pathlib, signal, sys
        from deploy.local.supervisor import Supervisor, Worker
        run_dir = pathlib.Path({str(tmp_path)!r})
        sleeper = (sys.executable, "-c", "import signal; signal.pause()")
        with Supervisor(run_dir, {{}}) as supervisor:
            supervisor.start(Worker(name="left", program=sleeper, command=()))
            print(supervisor.pid("left"), flush=True)
            signal.pause()
    """
    launcher = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)], stdout=subprocess.PIPE, text=True
    )
    with launcher:
        assert launcher.stdout is not None
        pid = int(launcher.stdout.readline())
        assert start_ticks(pid) is not None
        launcher.kill()

    eventually(lambda: start_ticks(pid) is None)
