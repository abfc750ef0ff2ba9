"""Report of many runs, for people and as JSON lines."""

from collections import Counter
from pathlib import Path

import msgspec

from tests.chaos.pipeline.judge import Verdict
from tests.chaos.pipeline.quantiles import quantile
from tests.chaos.pipeline.run import Outcome


class Report:
    """Collects outcomes, compares each with the undisturbed run, and sums up.

    Args:
        path: File to which each outcome is appended as a line of JSON, or None.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._calm: Verdict | None = None
        self.outcomes: list[Outcome] = []

    def forget(self) -> None:
        """Forget the undisturbed run: the next runs have another input."""
        self._calm = None

    def calm(self, outcome: Outcome) -> None:
        """Add the undisturbed run, with which the next ones are compared."""
        before = self._calm
        self._calm = outcome.verdict
        if before is not None:
            outcome.verdict.mismatches += outcome.verdict.against(before)
        self._keep(outcome)

    def add(self, outcome: Outcome) -> None:
        """Add a run with faults."""
        if self._calm is not None and outcome.verdict.topics:
            outcome.verdict.mismatches += outcome.verdict.against(self._calm)
        self._keep(outcome)

    def _keep(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        injected = ", ".join(
            f"{s.fault}{'' if s.landed else ' (missed)'} {s.recovery_s:.1f} s"
            for s in outcome.injections
        )
        print(
            f"seed {outcome.seed}: {'held' if outcome.held else 'BROKEN'}, {outcome.sent} records "
            f"in {outcome.duration_s:.0f} s, {outcome.verdict.duplicates} duplicates; "
            f"{injected or 'undisturbed'}",
            flush=True,
        )
        for mismatch in outcome.verdict.mismatches:
            print(f"  {mismatch}", flush=True)
        if self._path is not None:
            with self._path.open("ab") as lines:
                lines.write(msgspec.json.encode(outcome) + b"\n")

    @property
    def held(self) -> bool:
        """Whether every run held."""
        return all(outcome.held for outcome in self.outcomes)

    def print(self) -> None:
        """Print the summary."""
        injections = [injection for outcome in self.outcomes for injection in outcome.injections]
        landed = Counter(injection.fault for injection in injections if injection.landed)
        recovery = [injection.recovery_s for injection in injections if injection.landed]
        records = sum(sum(o.verdict.records.values()) for o in self.outcomes)
        print(f"\n{'fault':32} landed  recovery p50, max (s)")
        for name in sorted(landed):
            own = [s.recovery_s for s in injections if s.landed and s.fault == name]
            print(f"{name:32} {landed[name]:6}  {quantile(own, 0.5):6.1f} {max(own):6.1f}")
        print(
            f"\n{len(self.outcomes)} runs, {sum(landed.values())} faults landed, "
            f"{len(injections) - sum(landed.values())} missed their moment and do not count\n"
            f"{sum(o.sent for o in self.outcomes)} records in, {records} distinct records out\n"
            f"mismatches: {sum(len(o.verdict.mismatches) for o in self.outcomes)}\n"
            f"duplicates on the wire: {sum(o.verdict.duplicates for o in self.outcomes)}\n"
            f"recovery: p50 {quantile(recovery, 0.5):.1f} s, p95 {quantile(recovery, 0.95):.1f} s, "
            f"max {max(recovery, default=0.0):.1f} s"
        )
