"""`state.json` of a run directory: what runs there, on which ports, how to reach it.

It holds a password, so only its owner may read it.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE = "state.json"

LAUNCHER_LOG = "launcher.log"
"""What the process in the background writes."""


@dataclass
class RunState:
    """What a launcher leaves for others to find.

    Attributes:
        ready: Whether all services answered.
        launcher: Process id of the launcher that holds the services.
        processes: Process id by name.
        started: Start time of each of these processes by process id, in clock ticks since
            boot; a later process with the same number has another.
        ports: Port by name.
        environment: Settings by which a process finds the services.
    """

    ready: bool = False
    launcher: int = 0
    processes: dict[str, int] = field(default_factory=dict)
    started: dict[str, int] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, pid: int) -> None:
        """Remember a process."""
        self.processes[name] = pid
        self.started[str(pid)] = start_ticks(pid) or 0

    def alive(self, pid: int) -> bool:
        """Whether the remembered process still runs."""
        return start_ticks(pid) is not None and start_ticks(pid) == self.started.get(str(pid))

    def write(self, run_dir: Path) -> None:
        """Replace the file in one step."""
        temporary = run_dir / f".{FILE}"
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(asdict(self), indent=2))
        temporary.rename(run_dir / FILE)


def make_run_dir(run_dir: Path) -> None:
    """Make a run directory if it is missing, and close it to other users: it holds people's data.

    PostgreSQL, which root starts as another user, may pass it: see `deploy.local.timescale`.
    """
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    run_dir.chmod(0o700)


def read_state(run_dir: Path) -> RunState:
    """The state of a run directory; an empty one when there is none."""
    try:
        return RunState(**json.loads((run_dir / FILE).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return RunState()


def start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None when it does not run."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])
