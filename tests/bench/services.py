"""What the services cost: a cold install by step, warm starts, and an idle minute.

    python -m tests.bench.services [--cold]

`--cold` installs everything into an empty folder first; packages that Maven or uv keep of
earlier downloads are fetched again too.
"""

import argparse
import os
import platform
import re
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from deploy.local.environment import install as install_environment
from deploy.local.install import install_all
from deploy.local.launcher import COMPONENTS, LocalServices
from deploy.local.progress import Progress
from tests.support.paths import ROOT

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
WARM_STARTS = 5


def cold_install() -> list[tuple[str, float]]:
    """Install everything with nothing at hand; seconds by step, and in all."""
    with tempfile.TemporaryDirectory(prefix="wardstream-cold-") as folder:
        empty = {
            "WARDSTREAM_CACHE": f"{folder}/cache",
            "UV_CACHE_DIR": f"{folder}/uv",
            "MAVEN_OPTS": f"-Dmaven.repo.local={folder}/maven",
        }
        clone = Path(folder) / "clone"
        clone.mkdir()
        for name in ("pyproject.toml", "requirements.lock", "README.md", "LICENSE"):
            (clone / name).write_bytes((ROOT / name).read_bytes())
        for name in ("schemas", "runtime", "models", "streams", "workers", "deploy"):
            (clone / name).symlink_to(ROOT / name)
        progress = Progress()
        started, cpu_before = time.monotonic(), children_cpu_s()
        with patch.dict(os.environ, empty):
            install_all(clone, tests=False, progress=progress)
        return [
            *progress.steps,
            ("everything, side by side", time.monotonic() - started),
            ("processor time of everything", children_cpu_s() - cpu_before),
        ]


def children_cpu_s() -> float:
    """Processor time of all child processes that have ended, seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def timed() -> Iterator[list[float]]:
    """Put the seconds that a block took into the list."""
    took: list[float] = []
    started = time.monotonic()
    yield took
    took.append(time.monotonic() - started)


def warm_starts(run_dir: Path) -> tuple[list[float], list[float], list[float], list[float]]:
    """First start in a new folder, starts with its data, their processor time, and stops.

    All in seconds.
    """
    processor: list[float] = []
    first: list[float] = []
    again: list[float] = []
    stops: list[float] = []
    for number in range(WARM_STARTS + 1):
        services = LocalServices(run_dir)
        with timed() as start:
            services.start()
        processor.append(sum(cpu_s(services.pid(name)) for name in COMPONENTS))
        with timed() as stop:
            services.stop()
        (again if number else first).extend(start)
        stops.extend(stop)
    return first, again, processor[1:], stops


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for each in found:
        found.extend(children.get(each, []))
    return found


def memory_mb(pid: int) -> float:
    """Memory of a family, shared pages counted once, in MB."""
    kilobytes = 0
    for each in family(pid):
        text = Path(f"/proc/{each}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+)", text, flags=re.MULTILINE)
        kilobytes += int(found.group(1)) if found else 0
    return kilobytes / 1024


def cpu_s(pid: int) -> float:
    """Processor time of a family so far, seconds."""
    ticks = 0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_S


def idle(run_dir: Path, seconds: float) -> list[tuple[str, float, float]]:
    """Memory (MB) and processor use (percent of one core) of each service at rest."""
    with LocalServices(run_dir) as services:
        before = {name: cpu_s(services.pid(name)) for name in COMPONENTS}
        time.sleep(seconds)
        return [
            (
                name,
                memory_mb(services.pid(name)),
                100 * (cpu_s(services.pid(name)) - before[name]) / seconds,
            )
            for name in COMPONENTS
        ]


def middle(seconds: list[float]) -> str:
    """The median, and the longest in brackets."""
    return f"{statistics.median(seconds):.1f} ({max(seconds):.1f})"


def report(*, cold: bool, seconds: float) -> str:
    """Tables in Markdown."""
    machine = (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"load average {os.getloadavg()[0]:.1f} at the start."
    )
    lines = [
        machine,
        "",
    ]
    if cold:
        lines += ["| cold install | s |", "|---|---|"]
        lines += [f"| {what} | {took:.1f} |" for what, took in cold_install()]
        lines.append("")
    install_environment(ROOT)
    with tempfile.TemporaryDirectory(prefix="wardstream-bench-") as folder:
        first, again, processor, stops = warm_starts(Path(folder) / "run")
        rows = idle(Path(folder) / "run", seconds)
    lines += [
        "| start and stop of all four | s |",
        "|---|---|",
        f"| first start in a new folder | {first[0]:.1f} |",
        f"| later starts, median of {len(again)} (longest) | {middle(again)} |",
        f"| processor time of a later start | {middle(processor)} |",
        f"| stop, median of {len(stops)} (longest) | {middle(stops)} |",
        "",
        f"| idle, {seconds:.0f} s | memory, MB (PSS) | processor, % of a core |",
        "|---|---|---|",
        *(f"| {name} | {memory:.0f} | {used:.1f} |" for name, memory, used in rows),
        f"| all | {sum(m for _, m, _ in rows):.0f} | {sum(p for _, _, p in rows):.1f} |",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cold", action="store_true", help="also install into an empty folder")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the idle look")
    options = parser.parse_args()
    sys.stdout.write(report(cold=options.cold, seconds=options.seconds))


if __name__ == "__main__":
    main()
